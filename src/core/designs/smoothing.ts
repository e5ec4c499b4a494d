import { integer, positive } from '../check.ts';

/** A moving-average kernel: every tap is 1 / taps. Group delay (taps - 1) / 2 frames. */
export function movingAverage(taps: number): Float64Array {
  return new Float64Array(integer('taps', taps, 1)).fill(1 / taps);
}

/** Options of `gaussian` and `gaussianDerivative`. */
export interface GaussianOptions {
  /** Kernel size. Default: 2 round(4 sigma) + 1, at least 3. */
  taps?: number;
}

/**
 * A Gaussian kernel with a standard deviation of `sigma` frames, normalized to a sum of 1.
 *
 *     w[k] ~ exp(-u² / 2 sigma²)          u = k - (taps - 1) / 2
 *
 * Smooths without ringing. Gain exp(-(2π f sigma / rate)² / 2). Group delay (taps - 1) / 2 frames.
 */
export function gaussian(sigma: number, { taps }: GaussianOptions = {}): Float64Array {
  positive('sigma', sigma, 'frames');
  const size = integer('taps', taps ?? 2 * Math.max(1, Math.round(4 * sigma)) + 1, 1);
  const w = Float64Array.from({ length: size }, (_, k) => Math.exp(-0.5 * ((k - (size - 1) / 2) / sigma) ** 2));
  const sum = w.reduce((total, tap) => total + tap, 0);
  return w.map((tap) => tap / sum);
}

/**
 * A kernel that computes the `order`-th derivative of a signal smoothed with a Gaussian of `sigma` frames, per frame^order.
 *
 *     w = c g(u) p(u)     p = the polynomial of degree `order` that is orthogonal, under g, to all of lower degree
 *
 * If the kernel covers the whole Gaussian, p is a Hermite polynomial and w is the sampled derivative of g. Because p is
 * computed from the taps themselves, w is also exact on a short kernel (up to rounding): the output is 0 for polynomials
 * of a lower degree and `order`! for t^order. Throws RangeError unless there are more than `order` taps.
 */
export function gaussianDerivative(sigma: number, order: number, options: GaussianOptions = {}): Float64Array {
  integer('order', order, 0);
  const bell = gaussian(sigma, options);
  const size = integer('taps', bell.length, order + 1);
  const u = Float64Array.from({ length: size }, (_, k) => (size - 1) / 2 - k);
  const power = (p: Float64Array): number => p.reduce((sum, value, k) => sum + bell[k] * value * value, 0);
  let before = new Float64Array(size);
  let polynomial = new Float64Array(size).fill(1);
  let scale = 1;
  for (let degree = 0; degree < order; degree++) {
    const shrink = degree === 0 ? 0 : power(polynomial) / power(before);
    const next = polynomial.map((value, k) => u[k] * value - shrink * before[k]);
    [before, polynomial] = [polynomial, next];
    scale *= degree + 1;
  }
  return polynomial.map((value, k) => (scale * bell[k] * value) / power(polynomial));
}

/**
 * A finite-difference kernel: the difference between consecutive frames, applied `order` times.
 *
 *     order 1: [1, -1]     order 2: [1, -2, 1]     order 3: [1, -3, 3, -1]
 *
 * For order >= 1 the taps sum to exactly 0. The output is 0 for polynomials of a degree below `order`. Group delay
 * order / 2 frames.
 */
export function difference(order = 1): Float64Array {
  integer('order', order, 0);
  const w = new Float64Array(order + 1);
  w[0] = 1;
  for (let pass = 0; pass < order; pass++) {
    for (let k = order; k > 0; k--) w[k] -= w[k - 1];
  }
  return w;
}
