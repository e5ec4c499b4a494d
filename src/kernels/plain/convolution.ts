import type { Arena } from '../arena.ts';
import type { Kernels } from '../kernels.ts';

const f = Math.fround;

/** The forward loops of a convolution. */
export function convolutionLoops(
  arena: Arena,
): Pick<Kernels, 'convolve' | 'convolveTaps' | 'convolveHead' | 'convolveTail' | 'energy'> {
  const sums = new Float32Array(4);
  return {
    convolve(x, xStep, frames, w, b, length, outputs, y, yStep) {
      const m = arena.f32;
      for (let n = 0; n < frames; n++) {
        for (let o = 0; o < outputs; o++) {
          const row = rowOf(w, length, o);
          let s0 = f(0);
          let s1 = f(0);
          let s2 = f(0);
          let s3 = f(0);
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

    convolveTaps(x, xStep, frames, taps, tapStep, width, groups, w, b, outputs, y) {
      const m = arena.f32;
      const own = outputs / groups;
      const size = ((own + 3) & ~3) * taps * width;
      for (let n = 0; n < frames; n++) {
        for (let o = 0; o < outputs; o++) {
          const group = Math.floor(o / own);
          const row = rowOf(w + group * size, taps * width, o - group * own);
          let s0 = f(0);
          let s1 = f(0);
          let s2 = f(0);
          let s3 = f(0);
          let tap = row;
          for (let k = 0; k < taps; k++) {
            const piece = x + n * xStep + group * width + k * tapStep;
            for (let at = piece; at < piece + width; at += 4, tap += 16) {
              s0 = f(s0 + f(m[at] * m[tap]));
              s1 = f(s1 + f(m[at + 1] * m[tap + 1]));
              s2 = f(s2 + f(m[at + 2] * m[tap + 2]));
              s3 = f(s3 + f(m[at + 3] * m[tap + 3]));
            }
          }
          const sum = f(f(s0 + s1) + f(s2 + s3));
          m[y + n * outputs + o] = b ? f(sum + m[b + o]) : sum;
        }
      }
    },

    convolveHead(x, w, from, to, length, outputs, sums) {
      const m = arena.f32;
      if (from === 0) m.fill(0, sums, sums + 4 * ((outputs + 3) & ~3));
      for (let o = 0; o < outputs; o++) addProducts(m, x, rowOf(w, length, o), from, to, sums + 4 * o);
    },

    convolveTail(x, w, b, from, length, outputs, sums, y) {
      const m = arena.f32;
      for (let o = 0; o < outputs; o++) {
        const s = sums + 4 * o;
        addProducts(m, x, rowOf(w, length, o), from, length, s);
        const sum = f(f(m[s] + m[s + 1]) + f(m[s + 2] + m[s + 3]));
        m[y + o] = b ? f(sum + m[b + o]) : sum;
      }
    },

    energy(x, xStep, frames, length, before, more) {
      const m = arena.f32;
      let total = before;
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

/** Adds the products of numbers `from` … `to` of a window and a kernel's weights to the four partial sums at `sums`. */
function addProducts(m: Float32Array, x: number, row: number, from: number, to: number, sums: number): void {
  for (let j = from; j < to; j++) {
    const s = sums + (j & 3);
    m[s] = f(m[s] + f(m[x + j] * m[row + ((j & ~3) << 2) + (j & 3)]));
  }
}

/** Returns the offset of the weights of kernel `o`. Its groups of four are 16 numbers apart. */
export function rowOf(w: number, length: number, o: number): number {
  return w + (o & ~3) * ((length + 3) & ~3) + (o & 3) * 4;
}
