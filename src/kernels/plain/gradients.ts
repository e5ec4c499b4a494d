import type { Arena } from '../arena.ts';
import type { Kernels } from '../kernels.ts';
import { rowOf } from './convolution.ts';

const f = Math.fround;

/** The backward loops of a convolution. */
export function gradientLoops(
  arena: Arena,
  energy: Kernels['energy'],
): Pick<Kernels, 'inputGradient' | 'weightGradient' | 'descend' | 'biasGradient'> {
  return {
    inputGradient(g, gStep, frames, w, length, outputs, dx, dxStep) {
      const m = arena.f32;
      for (let n = 0; n < frames; n++) {
        for (let o = 0; o < outputs; o++) {
          if (isIdle(m, g + n * gStep, o & ~3, outputs)) continue;
          const slope = m[g + n * gStep + o];
          const row = rowOf(w, length, o);
          const to = dx + n * dxStep;
          for (let j = 0; j < length; j++) m[to + j] = f(m[to + j] + f(slope * m[row + packed(j)]));
        }
      }
    },

    weightGradient(x, xStep, frames, g, gStep, length, outputs, dw) {
      const m = arena.f32;
      for (let o = 0; o < outputs; o++) {
        const row = rowOf(dw, length, o);
        for (let j = 0; j < length; j++) {
          let sum = m[row + packed(j)];
          for (let n = 0; n < frames; n++) sum = f(sum + f(m[x + n * xStep + j] * m[g + n * gStep + o]));
          m[row + packed(j)] = sum;
        }
      }
    },

    descend(x, xStep, frames, g, gStep, length, outputs, w, b, rate, epsilon) {
      const m = arena.f32;
      let total = 0;
      for (let n = 0; n < frames && epsilon >= 0; n++)
        if (hasGradient(m, g + n * gStep, outputs)) total = energy(x + n * xStep, xStep, 1, length, total, b ? 1 : 0);
      total = epsilon < 0 ? 1 : epsilon + total;
      const step = f(rate / total);
      for (let o = 0; o < outputs; o++) {
        const row = rowOf(w, length, o);
        for (let j = 0; j < length; j++) {
          let sum = f(m[x + j] * m[g + o]);
          for (let n = 1; n < frames; n++) sum = f(sum + f(m[x + n * xStep + j] * m[g + n * gStep + o]));
          m[row + packed(j)] = f(m[row + packed(j)] - f(step * sum));
        }
        if (!b) continue;
        let sum = f(0);
        for (let n = 0; n < frames; n++) sum = f(sum + m[g + n * gStep + o]);
        m[b + o] = f(m[b + o] - f(step * sum));
      }
    },

    biasGradient(g, gStep, frames, outputs, db) {
      const m = arena.f32;
      for (let n = 0; n < frames; n++) {
        for (let o = 0; o < outputs; o++) m[db + o] = f(m[db + o] + m[g + n * gStep + o]);
      }
    },
  };
}

/** Returns whether a row of ∂L/∂y is not all zeros. */
function hasGradient(m: Float32Array, g: number, outputs: number): boolean {
  for (let o = 0; o < outputs; o++) if (m[g + o] !== 0) return true;
  return false;
}

/** Returns whether none of the four kernels from `o` on has a gradient. */
function isIdle(m: Float32Array, g: number, o: number, outputs: number): boolean {
  for (let i = o; i < Math.min(o + 4, outputs); i++) if (m[g + i] !== 0) return false;
  return true;
}

/** Returns the index of number j of a row in packed weights. */
function packed(j: number): number {
  return ((j & ~3) << 2) + (j & 3);
}
