import { exp } from './elementary';

/** Loads two numbers from x, or the last one and 0. */
@inline
function loadPair(x: usize, n: i32): v128 {
  return f64x2.promote_low_f32x4(n > 1 ? v128.load64_zero(x) : v128.load32_zero(x));
}

@inline
function storePair(y: usize, pair: v128, n: i32): void {
  const rounded = f32x4.demote_f64x2_zero(pair);
  if (n > 1) v128.store64_lane(y, rounded, 0);
  else v128.store32_lane(y, rounded, 0);
}

@inline
function across(pair: v128): f64 {
  return f64x2.extract_lane(pair, 0) + f64x2.extract_lane(pair, 1);
}

/**
 * One frame: e^(x - max), rounded to float32, divided by their sum in double precision, with even and odd channels
 * summed separately.
 */
function frame(x: usize, y: usize, channels: i32): void {
  let most: f32 = -Infinity;
  for (let c = 0; c < channels; c++) most = max<f32>(most, load<f32>(x + (<usize>c << 2)));
  const shift = f64x2.splat(most);
  let sum = f64x2.splat(0);
  let n = channels, to = y;
  do {
    const e = exp(f64x2.sub(loadPair(x, n), shift));
    sum = f64x2.add(sum, n > 1 ? e : f64x2.replace_lane(e, 1, 0));
    storePair(to, e, n);
    x += 8;
    to += 8;
    n -= 2;
  } while (n > 0);
  const share = f64x2.splat(1 / across(sum));
  for (let n = channels; n > 0; n -= 2, y += 8) storePair(y, f64x2.mul(loadPair(y, n), share), n);
}

/** y[c] = e^x[c] / Σ e^x, [frames, channels]. y may be x. NaN or Infinity makes its frame NaN. */
export function softmax(x: usize, y: usize, frames: i32, channels: i32): void {
  const step = <usize>channels << 2;
  for (let n = 0; n < frames; n++, x += step, y += step) frame(x, y, channels);
}

/** ∂L/∂x[c] = y[c] (g[c] - Σ g y), 0 if every g of a frame is 0 or the sum is not finite. dx may be x, but not g. */
export function softmaxBack(x: usize, g: usize, dx: usize, frames: i32, channels: i32): void {
  const step = <usize>channels << 2;
  for (let i = 0; i < frames; i++, x += step, g += step, dx += step) {
    frame(x, dx, channels);
    let sum = f64x2.splat(0);
    let some = f64x2.splat(0);
    for (let n = channels, from = g, at = dx; n > 0; n -= 2, from += 8, at += 8) {
      const slope = loadPair(from, n);
      sum = f64x2.add(sum, f64x2.mul(slope, loadPair(at, n)));
      some = v128.or(some, f64x2.ne(slope, f64x2.splat(0)));
    }
    const mean = across(sum);
    if (!v128.any_true(some) || mean - mean != 0) memory.fill(dx, 0, step);
    else
      for (let n = channels, from = g, at = dx; n > 0; n -= 2, from += 8, at += 8)
        storePair(at, f64x2.mul(loadPair(at, n), f64x2.sub(loadPair(from, n), f64x2.splat(mean))), n);
  }
}
