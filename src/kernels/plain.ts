import type { Arena } from './arena.ts';
import type { Kernels } from './kernels.ts';
import { convolutionLoops } from './plain/convolution.ts';
import { gradientLoops } from './plain/gradients.ts';
import { optimizerLoops } from './plain/optimizers.ts';
import { poolLoops } from './plain/pools.ts';
import { proportionateLoops } from './plain/proportionate.ts';
import { rowLoops } from './plain/rows.ts';
import { rowwiseLoops } from './plain/rowwise.ts';

/** Creates the kernels in TypeScript, with every operation rounded to float32. They run without SIMD and are the reference for it. */
export function plainKernels(arena: Arena): Kernels {
  const convolutions = convolutionLoops(arena);
  return {
    ...rowLoops(arena),
    ...convolutions,
    ...gradientLoops(arena, convolutions.energy),
    ...poolLoops(arena),
    ...optimizerLoops(arena),
    ...proportionateLoops(arena),
    ...rowwiseLoops(arena),
  };
}
