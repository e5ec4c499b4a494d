import { at, first, join } from './vector';

/** Σ a b in four partial sums. */
export function dot(a: i32, b: i32, count: i32): f64 {
  let sums = f32x4.splat(0);
  for (let i = 0; i < count; i += 4) {
    sums = f32x4.add(sums, f32x4.mul(v128.load(at(a + i)), v128.load(at(b + i))));
  }
  const pairs = f32x4.extract_lane(sums, 0) + f32x4.extract_lane(sums, 1);
  return <f64>(pairs + (f32x4.extract_lane(sums, 2) + f32x4.extract_lane(sums, 3)));
}

/** y[j] += Σ_n x[n, j]². */
export function squares(x: i32, xStep: i32, frames: i32, length: i32, y: i32): void {
  for (let j = 0; j < length; j += 4) {
    const mask = length - j < 4 ? first(length - j) : i32x4.splat(-1);
    let sums = v128.load(at(y + j)), from = at(x + j);
    for (let n = 0; n < frames; n++, from += at(xStep)) {
      const taps = v128.and(v128.load(from), mask);
      sums = f32x4.add(sums, f32x4.mul(taps, taps));
    }
    v128.store(at(y + j), sums);
  }
}

@inline
function addSize(sums: v128, w: usize): v128 {
  return f32x4.add(sums, f32x4.abs(v128.load(w)));
}

@inline
function addEnergy(sums: v128, w: usize, u: v128): v128 {
  return f32x4.add(sums, f32x4.mul(f32x4.abs(v128.load(w)), u));
}

@inline
function move(w: usize, dw: usize, h: usize, u: v128, even: v128, share: v128, keep: v128): v128 {
  const weights = v128.load(w), slope = v128.load(dw);
  const step = f32x4.add(even, f32x4.mul(share, f32x4.abs(weights)));
  const change = f32x4.mul(step, slope);
  v128.store(w, f32x4.sub(weights, change));
  const kept = f32x4.sub(keep, f32x4.mul(step, u));
  v128.store(h, f32x4.sub(f32x4.mul(v128.load(h), kept), change));
  v128.store(dw, f32x4.splat(0));
  return change;
}

export function proportionate(
  w: i32, dw: i32, h: i32, u: i32, mean: i32, length: i32, outputs: i32, b: i32, db: i32,
  rate: f32, energy: f32, part: f32, keep: f32, biasRate: f32,
): void {
  const zero = f32x4.splat(0), kept = f32x4.splat(keep), row = at((length + 3) & ~3);
  for (let o = 0; o < outputs; o += 4) {
    const from = at(w) + <usize>o * row;
    let l0 = zero, l1 = zero, l2 = zero, l3 = zero, e0 = zero, e1 = zero, e2 = zero, e3 = zero;
    for (let j: usize = 0; j < row; j += 16) {
      const p = from + 4 * j, taps = v128.load(at(u) + j);
      l0 = addSize(l0, p);
      l1 = addSize(l1, p + 16);
      l2 = addSize(l2, p + 32);
      l3 = addSize(l3, p + 48);
      e0 = addEnergy(e0, p, taps);
      e1 = addEnergy(e1, p + 16, taps);
      e2 = addEnergy(e2, p + 32, taps);
      e3 = addEnergy(e3, p + 48, taps);
    }
    const size = join(l0, l1, l2, l3), seen = join(e0, e1, e2, e3);
    const share = v128.and(f32x4.div(f32x4.splat(0.5), size), f32x4.gt(size, f32x4.splat(1e-30)));
    const whole = f32x4.add(f32x4.splat(part * energy), f32x4.mul(share, seen));
    const step = v128.and(f32x4.div(f32x4.splat(rate), whole), f32x4.gt(whole, f32x4.splat(1e-30)));
    const even = f32x4.mul(step, f32x4.splat(part)), own = f32x4.mul(step, share);
    const n0 = v128.shuffle<f32>(even, even, 0, 0, 0, 0), n1 = v128.shuffle<f32>(even, even, 1, 1, 1, 1);
    const n2 = v128.shuffle<f32>(even, even, 2, 2, 2, 2), n3 = v128.shuffle<f32>(even, even, 3, 3, 3, 3);
    const s0 = v128.shuffle<f32>(own, own, 0, 0, 0, 0), s1 = v128.shuffle<f32>(own, own, 1, 1, 1, 1);
    const s2 = v128.shuffle<f32>(own, own, 2, 2, 2, 2), s3 = v128.shuffle<f32>(own, own, 3, 3, 3, 3);
    const slopes = at(dw) + <usize>o * row, trend = at(h) + <usize>o * row;
    let c0 = zero, c1 = zero, c2 = zero, c3 = zero;
    for (let j: usize = 0; j < row; j += 16) {
      const p = 4 * j, taps = v128.load(at(u) + j), middle = v128.load(at(mean) + j);
      c0 = f32x4.add(c0, f32x4.mul(middle, move(from + p, slopes + p, trend + p, taps, n0, s0, kept)));
      c1 = f32x4.add(c1, f32x4.mul(middle, move(from + p + 16, slopes + p + 16, trend + p + 16, taps, n1, s1, kept)));
      c2 = f32x4.add(c2, f32x4.mul(middle, move(from + p + 32, slopes + p + 32, trend + p + 32, taps, n2, s2, kept)));
      c3 = f32x4.add(c3, f32x4.mul(middle, move(from + p + 48, slopes + p + 48, trend + p + 48, taps, n3, s3, kept)));
    }
    if (b) {
      const moved = f32x4.sub(v128.load(at(b + o)), f32x4.mul(f32x4.splat(biasRate), v128.load(at(db + o))));
      v128.store(at(b + o), f32x4.add(moved, join(c0, c1, c2, c3)));
      v128.store(at(db + o), zero);
    }
  }
}
