import type { Arena } from '../arena.ts';
import type { Kernels } from '../kernels.ts';

const f = Math.fround;

/** The loops of pooling layers. */
export function poolLoops(arena: Arena): Pick<Kernels, 'avgPool' | 'avgPoolGradient' | 'maxPool' | 'maxPoolGradient'> {
  const sums = new Float32Array(4);
  return {
    avgPool(x, xStep, frames, taps, channels, y) {
      const m = arena.f32;
      for (let n = 0; n < frames; n++) {
        for (let c = 0; c < channels; c++) {
          sums.fill(0);
          for (let k = 0; k < taps; k++) sums[k & 3] = f(sums[k & 3] + m[x + n * xStep + k * channels + c]);
          m[y + n * channels + c] = f(f(f(sums[0] + sums[1]) + f(sums[2] + sums[3])) / taps);
        }
      }
    },

    avgPoolGradient(g, frames, taps, channels, dx, dxStep) {
      const m = arena.f32;
      for (let n = 0; n < frames; n++) {
        for (let c = 0; c < channels; c++) {
          const share = f(m[g + n * channels + c] / taps);
          for (let k = 0; k < taps; k++) {
            const to = dx + n * dxStep + k * channels + c;
            m[to] = f(m[to] + share);
          }
        }
      }
    },

    maxPool(x, xStep, frames, taps, channels, y) {
      const m = arena.f32;
      for (let n = 0; n < frames; n++) {
        for (let c = 0; c < channels; c++) {
          const from = x + n * xStep + c;
          m[y + n * channels + c] = m[from + winner(m, from, taps, channels) * channels];
        }
      }
    },

    maxPoolGradient(x, xStep, g, frames, taps, channels, dx, dxStep) {
      const m = arena.f32;
      for (let n = 0; n < frames; n++) {
        for (let c = 0; c < channels; c++) {
          const to = dx + n * dxStep + c + winner(m, x + n * xStep + c, taps, channels) * channels;
          m[to] = f(m[to] + m[g + n * channels + c]);
        }
      }
    },
  };
}

/** Returns the tap, counted from the oldest, with the largest sample of the channel at `from`. */
function winner(m: Float32Array, from: number, taps: number, channels: number): number {
  let best = 0;
  for (let k = 1; k < taps; k++) {
    const largest = m[from + best * channels];
    const sample = m[from + k * channels];
    if (sample > largest || (Number.isNaN(sample) && !Number.isNaN(largest))) best = k;
  }
  return best;
}
