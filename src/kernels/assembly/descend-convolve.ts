import { biased } from './convolution';
import { descendBias } from './gradients';
import { store } from './fours';
import { add, at, first, join } from './vector';

/** The new weights of a kernel for four numbers. */
@inline
function moved(w: v128, x: v128, g: v128, rate: v128): v128 {
  return add(w, rate, f32x4.mul(x, g));
}

/**
 * `descend` for one window at `x` with the gradients `g`, and then `convolve` of one window at `next`, with one pass over
 * the weights. The loop leaves its body in the middle, because V8 moves all loads of a body to its start.
 */
export function descendConvolve(
  x: usize, g: usize, step: f32, next: usize, length: i32, outputs: i32, w: usize, b: usize, y: usize,
): void {
  const rest = length & 3, whole = at(length & ~3), zero = f32x4.splat(0), rate = f32x4.splat(-step);
  if (b) descendBias(g, 0, 1, outputs, b, step);
  for (let left = outputs; left > 0; left -= 4) {
    const g0 = v128.load32_splat(g), g1 = left > 1 ? v128.load32_splat(g, 4) : zero;
    const g2 = left > 2 ? v128.load32_splat(g, 8) : zero, g3 = left > 3 ? v128.load32_splat(g, 12) : zero;
    let a0 = zero, a1 = zero, a2 = zero, a3 = zero, p = x, q = next;
    const end = p + whole;
    while (p < end) {
      const old = v128.load(p), taps = v128.load(q);
      const w0 = moved(v128.load(w), old, g0, rate), w1 = moved(v128.load(w, 16), old, g1, rate);
      v128.store(w, w0);
      v128.store(w, w1, 16);
      a0 = add(a0, taps, w0);
      a1 = add(a1, taps, w1);
      p += 16;
      q += 16;
      // never true
      if (p > end) break;
      const w2 = moved(v128.load(w, 32), old, g2, rate), w3 = moved(v128.load(w, 48), old, g3, rate);
      v128.store(w, w2, 32);
      v128.store(w, w3, 48);
      a2 = add(a2, taps, w2);
      a3 = add(a3, taps, w3);
      w += 64;
    }
    if (rest) {
      const mask = first(rest), old = v128.and(v128.load(p), mask), taps = v128.and(v128.load(q), mask);
      const w0 = moved(v128.load(w), old, g0, rate), w1 = moved(v128.load(w, 16), old, g1, rate);
      const w2 = moved(v128.load(w, 32), old, g2, rate), w3 = moved(v128.load(w, 48), old, g3, rate);
      v128.store(w, w0);
      v128.store(w, w1, 16);
      v128.store(w, w2, 32);
      v128.store(w, w3, 48);
      a0 = add(a0, taps, w0);
      a1 = add(a1, taps, w1);
      a2 = add(a2, taps, w2);
      a3 = add(a3, taps, w3);
      w += 64;
    }
    store(y, biased(join(a0, a1, a2, a3), b, b ? v128.load(b) : zero), left);
    if (b) b += 16;
    g += 16;
    y += 16;
  }
}
