import { integer } from '../check.ts';

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
