import type { Arena } from '../arena.ts';
import type { Kernels } from '../kernels.ts';
import { activate, activateBack } from './activations.ts';
import { softmax, softmaxBack } from './softmax.ts';

/** The loops of layers that process each frame separately. */
export function rowwiseLoops(
  arena: Arena,
): Pick<Kernels, 'activate' | 'activateGradient' | 'softmax' | 'softmaxGradient'> {
  return {
    activate: (kind, x, y, count, alpha) => {
      activate(arena.f32, kind, x, y, count, alpha);
    },
    activateGradient: (kind, x, g, dx, count, alpha) => {
      activateBack(arena.f32, kind, x, g, dx, count, alpha);
    },
    softmax: (x, y, rows, channels) => {
      softmax(arena.f32, x, y, rows, channels);
    },
    softmaxGradient: (x, g, dx, rows, channels) => {
      softmaxBack(arena.f32, x, g, dx, rows, channels);
    },
  };
}
