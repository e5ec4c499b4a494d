import type { Arena } from './arena.ts';
import type { Kernels } from './kernels.ts';
import { activate, activateBack } from './plain/activations.ts';
import { convolutionLoops } from './plain/convolution.ts';
import { depthwiseLoops } from './plain/depthwise.ts';
import { forecastLoops } from './plain/forecast.ts';
import { gradientLoops } from './plain/gradients.ts';
import { leastSquaresLoops } from './plain/least-squares.ts';
import { optimizerLoops } from './plain/optimizers.ts';
import { poolLoops } from './plain/pools.ts';
import { proportionateLoops } from './plain/proportionate.ts';
import { rowLoops } from './plain/rows.ts';
import { softmax, softmaxBack } from './plain/softmax.ts';

/**
 * Creates the kernels in TypeScript, with every operation rounded to float32. They run without SIMD and are the
 * reference for it.
 */
export function plainKernels(arena: Arena): Kernels {
  const convolutions = convolutionLoops(arena);
  return {
    ...rowLoops(arena),
    ...convolutions,
    ...depthwiseLoops(arena),
    ...gradientLoops(arena, convolutions.energy),
    ...poolLoops(arena),
    ...leastSquaresLoops(arena),
    ...optimizerLoops(arena),
    ...proportionateLoops(arena),
    ...rowwiseLoops(arena),
    ...forecastLoops(arena),
  };
}

/** The loops of layers that process each frame separately. */
function rowwiseLoops(arena: Arena): Pick<Kernels, 'activate' | 'activateGradient' | 'softmax' | 'softmaxGradient'> {
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
