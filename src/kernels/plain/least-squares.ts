import type { Arena } from '../arena.ts';
import type { Kernels } from '../kernels.ts';

const f = Math.fround;

/** Returns the length of a lower triangle whose rows have an even length, up to row `size`. */
export function triangleLength(size: number): number {
  const half = size >> 1;
  return size % 2 === 1 ? 2 * (half + 1) * (half + 1) : 2 * half * (half + 1);
}

/** The loop of recursive least squares. */
export function leastSquaresLoop(arena: Arena): Pick<Kernels, 'leastSquares'> {
  return {
    leastSquares(state, x, length, g, outputs, w, b, rate, forgetting, weight, probe, probeWeight) {
      const { f32 } = arena;
      const m = new Float64Array(f32.buffer, 4 * state);
      const size = b ? length + 1 : length;
      const even = (size + 1) & ~1;
      const [u, k, c, triangle] = [even, 2 * even, 3 * even, 4 * even];
      const row = (i: number) => triangle + triangleLength(i);
      for (let j = 0; j < length; j++) m[u + j] = f32[x + j] - m[j];
      if (b) m[u + length] = 1;
      if (even > size) m[u + size] = 0;

      m.fill(0, k, k + even);
      for (let i = 0; i < size; i++) {
        const p = row(i);
        const own = m[u + i];
        const sums = [0, 0];
        for (let j = 0; j < (i & ~1); j++) {
          sums[j & 1] += m[p + j] * m[u + j];
          m[k + j] += m[p + j] * own;
        }
        let sum = sums[0] + sums[1];
        if (i & 1) {
          sum += m[p + i - 1] * m[u + i - 1];
          m[k + i - 1] += m[p + i - 1] * own;
        }
        sum += m[p + i] * own;
        m[k + i] += sum;
      }
      const noise = forgetting / weight;
      let den = noise;
      let offset = 0;
      for (let j = 0; j < size; j++) den += m[u + j] * m[k + j];
      for (let j = 0; j < length; j++) offset += m[k + j] * m[j];

      if (!(den > 0.5 * noise) || den === Infinity) return den;

      const tall = (length + 3) & ~3;
      for (let o = 0; o < outputs; o++) {
        const slope = f32[g + o];
        if (slope === 0) continue;
        const step = (rate * slope) / den;
        const kernel = w + (o & ~3) * tall + (o & 3) * 4;
        for (let j = 0; j < length; j++) {
          const place = kernel + (j & ~3) * 4 + (j & 3);
          f32[place] = f(f32[place] - step * m[k + j]);
        }
        if (b) f32[b + o] = f(f32[b + o] - step * (m[k + length] - offset));
      }

      const [part, inverse] = [1 / den, 1 / forgetting];
      const probes = probeWeight > 0;
      if (probes) {
        const own = m[k + probe] / den;
        for (let i = 0; i < size; i++) {
          const p = i >= probe ? m[row(i) + probe] : m[row(probe) + i];
          m[c + i] = (p - own * m[k + i]) * inverse;
        }
        if (even > size) m[c + size] = 0;
      }
      const probePart = probes ? 1 / (1 / probeWeight + m[c + probe]) : 0;
      for (let i = 0; i < size; i++) {
        const p = row(i);
        const factor = m[k + i] * part;
        const probed = probes ? m[c + i] * probePart : 0;
        for (let j = 0; j <= (i | 1); j++) {
          const value = (m[p + j] - factor * m[k + j]) * inverse;
          m[p + j] = probes ? value - probed * m[c + j] : value;
        }
      }
      return den;
    },
  };
}
