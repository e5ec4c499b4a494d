import type { Arena } from '../arena.ts';
import type { Kernels } from '../kernels.ts';

const f = Math.fround;

/** The loops of a depthwise convolution. */
export function depthwiseLoops(
  arena: Arena,
): Pick<
  Kernels,
  'depthwise' | 'depthwiseInputGradient' | 'depthwiseWeightGradient' | 'depthwiseEnergy' | 'depthwiseDot'
> {
  const sums = new Float32Array(4);
  return {
    depthwise(x, xStep, frames, taps, tapStep, w, b, channels, multiplier, y) {
      const m = arena.f32;
      const outputs = channels * multiplier;
      for (let n = 0; n < frames; n++) {
        for (let o = 0; o < outputs; o++) {
          const c = Math.floor(o / multiplier);
          let tap = rowOf(w, taps, multiplier, c, o - c * multiplier);
          let at = x + n * xStep + c;
          let s0 = f(0);
          let s1 = f(0);
          let s2 = f(0);
          let s3 = f(0);
          for (let j = 4; j <= taps; j += 4, at += 4 * tapStep, tap += 16) {
            s0 = f(s0 + f(m[at] * m[tap]));
            s1 = f(s1 + f(m[at + tapStep] * m[tap + 4]));
            s2 = f(s2 + f(m[at + 2 * tapStep] * m[tap + 8]));
            s3 = f(s3 + f(m[at + 3 * tapStep] * m[tap + 12]));
          }
          const rest = taps & 3;
          if (rest > 0) s0 = f(s0 + f(m[at] * m[tap]));
          if (rest > 1) s1 = f(s1 + f(m[at + tapStep] * m[tap + 4]));
          if (rest > 2) s2 = f(s2 + f(m[at + 2 * tapStep] * m[tap + 8]));
          const sum = f(f(s0 + s1) + f(s2 + s3));
          m[y + n * outputs + o] = b ? f(sum + m[b + o]) : sum;
        }
      }
    },

    depthwiseInputGradient(g, frames, w, taps, tapStep, channels, multiplier, dx, dxStep) {
      const m = arena.f32;
      for (let n = 0; n < frames; n++) {
        for (let c = 0; c < channels; c++) {
          const slopes = g + (n * channels + c) * multiplier;
          for (let r = 0; r < multiplier; r += 4) {
            const end = Math.min(multiplier, r + 4);
            if (!anyNonzero(m, slopes + r, slopes + end)) continue;
            for (let j = 0; j < taps; j++) {
              const at = dx + n * dxStep + j * tapStep + c;
              let sum = m[at];
              for (let q = r; q < end; q++)
                sum = f(sum + f(m[slopes + q] * m[rowOf(w, taps, multiplier, c, q) + 4 * j]));
              m[at] = sum;
            }
          }
        }
      }
    },

    depthwiseWeightGradient(x, xStep, frames, g, taps, tapStep, channels, multiplier, dw) {
      const m = arena.f32;
      for (let n = 0; n < frames; n++) {
        for (let c = 0; c < channels; c++) {
          for (let r = 0; r < multiplier; r++) {
            const slope = m[g + (n * channels + c) * multiplier + r];
            const row = rowOf(dw, taps, multiplier, c, r);
            for (let j = 0; j < taps; j++) {
              const at = row + 4 * j;
              m[at] = f(m[at] + f(m[x + n * xStep + j * tapStep + c] * slope));
            }
          }
        }
      }
    },

    depthwiseEnergy(x, taps, tapStep, channels, before) {
      const m = arena.f32;
      let total = before;
      for (let c = 0; c < channels; c++) {
        sums.fill(0);
        for (let j = 0; j < taps; j++) {
          const sample = m[x + j * tapStep + c];
          sums[j & 3] = f(sums[j & 3] + f(sample * sample));
        }
        total += f(f(sums[0] + sums[1]) + f(sums[2] + sums[3])) / channels;
      }
      return total;
    },

    depthwiseDot(a, b, taps, channels, multiplier) {
      const m = arena.f32;
      sums.fill(0);
      for (let c = 0; c < channels; c++) {
        for (let r = 0; r < multiplier; r += 4) {
          const end = Math.min(multiplier, r + 4);
          for (let j = 0; j < taps; j++) {
            const q = j & 3;
            for (let k = r; k < end; k++) {
              const at = rowOf(0, taps, multiplier, c, k) + 4 * j;
              sums[q] = f(sums[q] + f(m[a + at] * m[b + at]));
            }
          }
        }
      }
      return f(f(sums[0] + sums[1]) + f(sums[2] + sums[3]));
    },
  };
}

function anyNonzero(m: Float32Array, from: number, to: number): boolean {
  for (let i = from; i < to; i++) if (m[i] !== 0) return true;
  return false;
}

/** Returns the offset of the oldest weight of kernel `r` of channel `c`. */
function rowOf(w: number, taps: number, multiplier: number, c: number, r: number): number {
  return w + 4 * taps * ((c >> 2) * multiplier + r) + (c & 3);
}
