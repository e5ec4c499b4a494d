import { integer } from '../check.ts';

/**
 * The difference of one frame and the one before it, `order` times over: [1, -1], [1, -2, 1], [1, -3, 3, -1], …
 *
 * Sums to exactly 0 (order >= 1), and is blind to polynomials below its order. Group delay order / 2 frames.
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
