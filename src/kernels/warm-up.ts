import type { Arena } from './arena.ts';
import type { Kernels } from './kernels.ts';

const warmUpCalls = 100;
const [length, outputs, frames] = [32, 8, 4];

/** Runs the most frequent loops on zeros until the runtime has optimized them. */
export function warmUp(kernels: Kernels, arena: Arena): void {
  const size = 4 * length * outputs;
  const [x, w, y] = [arena.allocate(size), arena.allocate(size), arena.allocate(size)];
  for (let i = 0; i < warmUpCalls; i++) {
    kernels.write(x, y, length);
    kernels.fill(y, length, 0);
    kernels.convolve(x, 4, 1, w, 0, length, outputs, y, outputs);
    kernels.convolve(x, 4, frames, w, 0, length, outputs, y, outputs);
    kernels.convolveTaps(x, 8, 1, 4, 8, 8, 1, w, 0, outputs, y);
    kernels.depthwise(x, 8, 1, length, 8, w, 0, 8, 1, y);
    kernels.depthwise(x, 8, frames, length, 8, w, 0, 8, 1, y);
    kernels.inputGradient(y, outputs, 1, w, length, outputs, x, 4);
    kernels.weightGradient(x, 4, 1, y, outputs, length, outputs, w);
    kernels.descend(x, 4, 1, y, outputs, length, outputs, w, 0, 0, -1);
    kernels.energy(x, 4, 1, length, 0, 0);
    kernels.sgd(w, x, 0, size, 0, 0, 0, 0);
  }
  for (const part of [x, w, y]) arena.release(part, size);
}
