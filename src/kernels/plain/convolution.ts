import type { Arena } from '../arena.ts';
import type { Kernels } from '../kernels.ts';

const f = Math.fround;

/** The loops of a convolution, forward. */
export function convolutionLoops(arena: Arena): Pick<Kernels, 'convolve' | 'energy'> {
  return {
    convolve(x, xStep, frames, w, b, length, outputs, y, yStep) {
      const m = arena.f32;
      for (let n = 0; n < frames; n++) {
        for (let o = 0; o < outputs; o++) {
          const row = rowOf(w, length, o);
          let [s0, s1, s2, s3] = [f(0), f(0), f(0), f(0)];
          let at = x + n * xStep;
          let tap = row;
          for (let j = 4; j <= length; j += 4, at += 4, tap += 16) {
            s0 = f(s0 + f(m[at] * m[tap]));
            s1 = f(s1 + f(m[at + 1] * m[tap + 1]));
            s2 = f(s2 + f(m[at + 2] * m[tap + 2]));
            s3 = f(s3 + f(m[at + 3] * m[tap + 3]));
          }
          const rest = length & 3;
          if (rest > 0) s0 = f(s0 + f(m[at] * m[tap]));
          if (rest > 1) s1 = f(s1 + f(m[at + 1] * m[tap + 1]));
          if (rest > 2) s2 = f(s2 + f(m[at + 2] * m[tap + 2]));
          const sum = f(f(s0 + s1) + f(s2 + s3));
          m[y + n * yStep + o] = b ? f(sum + m[b + o]) : sum;
        }
      }
    },

    energy(x, xStep, frames, length, before, more) {
      const m = arena.f32;
      let total = before;
      const sums = new Float32Array(4);
      for (let n = 0; n < frames; n++) {
        sums.fill(0);
        for (let j = 0; j < length; j++) {
          const sample = m[x + n * xStep + j];
          sums[j & 3] = f(sums[j & 3] + f(sample * sample));
        }
        total += f(f(sums[0] + sums[1]) + f(sums[2] + sums[3]));
        total += more;
      }
      return total;
    },
  };
}

/** Where the weights of kernel `o` begin; their fours lie 16 apart. */
export function rowOf(w: number, length: number, o: number): number {
  return w + (o & ~3) * ((length + 3) & ~3) + (o & 3) * 4;
}
