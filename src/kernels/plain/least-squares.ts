import type { Arena } from '../arena.ts';
import type { Kernels } from '../kernels.ts';

const f = Math.fround;
/** A power of two, so that scaling by it does not round. */
const maxScale = 2 ** 64;

/** The vectors of each pair of inputs. */
const [last, u, k, c] = [0, 1, 2, 3];

/** Offsets in the state of `leastSquares`, in numbers of float64, and its length. */
export interface LeastSquaresLayout {
  /** The inverse power of every input, by which the energy of a window is measured; 0 for the bias. m is before it. */
  readonly inversePower: number;
  /** k / s in float32. */
  readonly gains: number;
  /** The fast weights minus the weights, for one sum of the outputs; see `followError`. */
  readonly difference: number;
  /** k of the step before, u, k, and c, for each pair of inputs. */
  readonly vectors: number;
  /** The scale of P, which must be > 0, the factors of the two pending updates, and the energy of the last window. */
  readonly factors: number;
  /** The biases of all outputs, without rounding. */
  readonly biases: number;
  /** The lower triangle of P in tiles of 2 × 2. */
  readonly tiles: number;
  readonly length: number;
}

/** Returns the layout of the state for `size` weights per output. */
export function leastSquaresLayout(size: number, outputs: number): LeastSquaresLayout {
  const even = (size + 1) & ~1;
  const vectors = 4 * even;
  const factors = vectors + 4 * even;
  const biases = factors + 4;
  const tiles = biases + ((outputs + 1) & ~1);
  const length = tiles + even * (even / 2 + 1);
  return { inversePower: even, gains: 2 * even, difference: 3 * even, vectors, factors, biases, tiles, length };
}

/** Returns the offset of entry [i, j] of a symmetric matrix in its lower triangle of tiles of 2 × 2. */
export function tileEntry(i: number, j: number): number {
  if (i < j) return tileEntry(j, i);
  const row = i >> 1;
  return 4 * ((row * (row + 1)) / 2 + (j >> 1)) + 2 * (i & 1) + (j & 1);
}

/** The loops of recursive least squares. */
export function leastSquaresLoops(arena: Arena): Pick<Kernels, 'leastSquares' | 'followError'> {
  return {
    followError(difference, pairs, even, error, gain, fastGain) {
      const m = new Float64Array(arena.f32.buffer);
      const [d, vectors] = [difference / 2, pairs / 2];
      const place = (vector: number, j: number) => vectors + 8 * (j >> 1) + 2 * vector + (j & 1);
      const sums = [0, 0];
      for (let j = 0; j < even; j++) sums[j & 1] += m[d + j] * m[place(u, j)];
      const fastError = error + (sums[0] + sums[1]);
      const step = fastGain * fastError - gain * error;
      for (let j = 0; j < even; j++) m[d + j] -= step * m[place(k, j)];
      return fastError;
    },
    leastSquares(state, x, length, g, outputs, w, b, rate, forgetting, maxEnergy, probe, probeWeight) {
      const { f32 } = arena;
      const m = new Float64Array(f32.buffer, 4 * state);
      const size = b ? length + 1 : length;
      const even = (size + 1) & ~1;
      const { inversePower, gains, vectors, factors, biases, tiles } = leastSquaresLayout(size, outputs);
      const place = (vector: number, j: number) => vectors + 8 * (j >> 1) + 2 * vector + (j & 1);
      const energies = [0, 0];
      for (let j = 0; j < even; j++) {
        m[place(last, j)] = m[place(k, j)];
        const input = j < length ? f32[x + j] - m[j] : Number(j < size);
        m[place(u, j)] = input;
        energies[j & 1] += input * input * m[inversePower + j];
      }
      const energy = energies[0] + energies[1];
      m[factors + 3] = energy;

      const [scale, lastPart, probePart] = [m[factors], m[factors + 1], m[factors + 2]];
      const pending = (p: number, i: number, j: number) => {
        const value = m[p] - m[place(last, i)] * lastPart * m[place(last, j)];
        return probePart === 0 ? value : value - m[place(c, i)] * probePart * m[place(c, j)];
      };
      let p = tiles;
      for (let i = 0; i < even; i += 2) {
        const sums = [0, 0, 0, 0];
        for (let j = 0; j <= i; j += 2, p += 4) {
          for (let n = 0; n < 4; n++) m[p + n] = pending(p + n, i + (n >> 1), j + (n & 1));
          if (j === i) m[p + 1] = m[p + 2];
          for (let n = 0; n < 4; n++) sums[n] += m[p + n] * m[place(u, j + (n & 1))];
          for (let n = 0; n < 2 && j < i; n++)
            m[place(k, j + n)] += m[p + n] * m[place(u, i)] + m[p + 2 + n] * m[place(u, i + 1)];
        }
        m[place(k, i)] = sums[0] + sums[1];
        m[place(k, i + 1)] = sums[2] + sums[3];
      }
      const noise = energy > maxEnergy ? (forgetting * energy) / maxEnergy : forgetting;
      const products = [0, 0];
      for (let j = 0; j < even; j++) products[j & 1] += m[place(u, j)] * m[place(k, j)];
      const den = noise + scale * (products[0] + products[1]);
      if (!(den > 0.5 * noise) || den === Infinity) return den;

      const part = scale / den;
      const gainsAt = state + 2 * gains;
      for (let j = 0; j < even; j++) f32[gainsAt + j] = m[place(k, j)] * part;
      const tall = (length + 3) & ~3;
      const whole = length & ~3;
      for (let o = 0; o < outputs; o++) {
        const step = rate * f32[g + o];
        if (step === 0) continue;
        const kernel = w + (o & ~3) * tall + (o & 3) * 4;
        const update = (j: number) => {
          const weight = kernel + (j & ~3) * 4 + (j & 3);
          const before = f32[weight];
          f32[weight] = f(before - f(f(step) * f32[gainsAt + j]));
          return f(f32[weight] - before) * m[j];
        };
        const changes = [0, 0];
        for (let j = 0; j < whole; j++) changes[j & 1] += update(j);
        let change = changes[0] + changes[1];
        for (let j = whole; j < length; j++) change += update(j);
        if (!b) continue;
        const exact = f(m[biases + o]) === f32[b + o] ? m[biases + o] : f32[b + o];
        m[biases + o] = exact - (step * part * m[place(k, length)] + change);
        f32[b + o] = f(m[biases + o]);
      }

      const grown = scale / forgetting;
      m[factors] = grown;
      m[factors + 1] = part;
      m[factors + 2] = 0;
      if (probeWeight > 0) {
        const own = part * m[place(k, probe)];
        for (let i = 0; i < even; i++) m[place(c, i)] = m[tiles + tileEntry(i, probe)] - own * m[place(k, i)];
        m[factors + 2] = grown / (1 / probeWeight + grown * m[place(c, probe)]);
      }
      if (grown > maxScale) {
        m[factors] /= maxScale;
        for (let i = 1; i < 3; i++) m[factors + i] *= maxScale;
        for (let i = 0; i < even * (even / 2 + 1); i++) m[tiles + i] *= maxScale;
      }
      return den;
    },
  };
}
