import type { Arena } from '../arena.ts';
import type { Kernels } from '../kernels.ts';

const f = Math.fround;

/** The loops of the adaptive step. */
export function proportionateLoops(arena: Arena): Pick<Kernels, 'dot' | 'squares' | 'proportionate'> {
  const sums = new Float32Array(4);
  const joined = () => f(f(sums[0] + sums[1]) + f(sums[2] + sums[3]));
  return {
    dot(a, b, count) {
      const m = arena.f32;
      sums.fill(0);
      for (let i = 0; i < count; i++) sums[i & 3] = f(sums[i & 3] + f(m[a + i] * m[b + i]));
      return joined();
    },

    squares(x, xStep, frames, length, y) {
      const m = arena.f32;
      for (let j = 0; j < length; j++) {
        for (let n = 0; n < frames; n++) {
          const sample = m[x + n * xStep + j];
          m[y + j] = f(m[y + j] + f(sample * sample));
        }
      }
    },

    proportionate(w, dw, h, u, mean, length, outputs, b, db, rate, energy, part, keep, biasRate) {
      const m = arena.f32;
      const row = (length + 3) & ~3;
      const move = (to: number, slope: number, trend: number, taps: number, even: number, share: number) => {
        const step = f(even + f(share * Math.abs(m[to])));
        const change = f(step * m[slope]);
        m[to] = f(m[to] - change);
        m[trend] = f(f(m[trend] * f(f(keep) - f(step * taps))) - change);
        m[slope] = 0;
        return change;
      };
      for (let o = 0; o < ((outputs + 3) >> 2) << 2; o++) {
        const start = (o & ~3) * row + (o & 3) * 4;
        const place = (j: number) => start + (j & ~3) * 4 + (j & 3);
        sums.fill(0);
        for (let j = 0; j < row; j++) sums[j & 3] = f(sums[j & 3] + Math.abs(m[w + place(j)]));
        const size = joined();
        sums.fill(0);
        for (let j = 0; j < row; j++) sums[j & 3] = f(sums[j & 3] + f(Math.abs(m[w + place(j)]) * m[u + j]));
        const share = size > f(1e-30) ? f(0.5 / size) : 0;
        const whole = f(f(f(part) * f(energy)) + f(share * joined()));
        const step = whole > f(1e-30) ? f(f(rate) / whole) : 0;
        const [even, own] = [f(step * f(part)), f(step * share)];
        sums.fill(0);
        for (let j = 0; j < row; j++) {
          const change = move(w + place(j), dw + place(j), h + place(j), m[u + j], even, own);
          sums[j & 3] = f(sums[j & 3] + f(m[mean + j] * change));
        }
        if (!b) continue;
        m[b + o] = f(f(m[b + o] - f(f(biasRate) * m[db + o])) + joined());
        m[db + o] = 0;
      }
    },
  };
}
