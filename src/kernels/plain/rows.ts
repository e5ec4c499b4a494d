import type { Arena } from '../arena.ts';
import type { Kernels } from '../kernels.ts';

/** The loops that copy and fill numbers. */
export function rowLoops(arena: Arena): Pick<Kernels, 'write' | 'fill' | 'gather' | 'scatter'> {
  return {
    write(x, y, count) {
      const m = arena.f32;
      let nonFinite = 0;
      for (let i = 0; i < count; i++) {
        const number = m[x + i];
        nonFinite += number - number;
        m[y + i] = number;
      }
      return nonFinite === 0 ? 1 : 0;
    },

    fill(y, count, number) {
      arena.f32.fill(number, y, y + count);
    },

    gather(x, xStep, frames, taps, tapStep, width, y) {
      const m = arena.f32;
      let to = y;
      for (let n = 0; n < frames; n++) {
        for (let k = 0; k < taps; k++) {
          const run = x + n * xStep + k * tapStep;
          for (let c = 0; c < width; c++) m[to++] = m[run + c];
        }
      }
    },

    scatter(x, taps, tapStep, width, y) {
      const m = arena.f32;
      let from = x;
      for (let k = 0; k < taps; k++) {
        for (let c = 0; c < width; c++) m[y + k * tapStep + c] = m[from++];
      }
    },
  };
}
