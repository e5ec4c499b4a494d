import { add, at, first } from './vector';

/** The gradient of row `row` of a group of four, `rows` of which are kernels. */
@inline
function slope(g: usize, row: i32, rows: i32): f32 {
  return row < rows ? f32.load(g + at(row)) : 0;
}

export function inputGradient(
  g: i32, gStep: i32, frames: i32, w: i32, length: i32, outputs: i32, dx: i32, dxStep: i32,
): void {
  const row = at((length + 3) & ~3);
  const whole = at(length & ~3);
  for (let n = 0; n < frames; n++) {
    const slopes = at(g + n * gStep), window = at(dx + n * dxStep);
    let group = at(w);
    for (let o = 0; o < outputs; o += 4) {
      const rows = outputs - o;
      const s0 = slope(slopes + at(o), 0, rows), s1 = slope(slopes + at(o), 1, rows);
      const s2 = slope(slopes + at(o), 2, rows), s3 = slope(slopes + at(o), 3, rows);
      if (s0 !== 0 || s1 !== 0 || s2 !== 0 || s3 !== 0) {
        const g0 = f32x4.splat(s0), g1 = f32x4.splat(s1), g2 = f32x4.splat(s2), g3 = f32x4.splat(s3);
        let d = window, p = group;
        const end = d + whole;
        while (d < end) {
          let sum = add(v128.load(d), g0, v128.load(p));
          sum = add(sum, g1, v128.load(p, 16));
          sum = add(sum, g2, v128.load(p, 32));
          v128.store(d, add(sum, g3, v128.load(p, 48)));
          d += 16;
          p += 64;
        }
        if (length & 3) {
          // the numbers after the window belong to another frame
          const held = v128.load(d);
          let sum = add(held, g0, v128.load(p));
          sum = add(sum, g1, v128.load(p, 16));
          sum = add(sum, g2, v128.load(p, 32));
          sum = add(sum, g3, v128.load(p, 48));
          v128.store(d, v128.bitselect(sum, held, first(length & 3)));
        }
      }
      group += 4 * row;
    }
  }
}

/** Stores the sum of four weights' products, or subtracts a multiple of it from the weights. */
@inline
function settle(to: usize, sum: v128, descends: bool, rate: v128): void {
  v128.store(to, descends ? add(v128.load(to), rate, sum) : sum);
}

/**
 * Σ_n g[n, o] x[n, j] in order of increasing n over `frames` frames: added to the sums at `to` or, if `descends`,
 * multiplied by `rate` (which is negative) and added to the weights there.
 */
@inline
function products(
  x: usize, xStep: usize, g: usize, gStep: usize, frames: i32, length: i32, outputs: i32, to: usize,
  descends: bool, rate: v128,
): void {
  const row = at((length + 3) & ~3);
  const whole = at(length & ~3);
  for (let o = 0; o < outputs; o += 4) {
    const rows = outputs - o;
    if (frames === 1) {
      const g0 = f32x4.splat(slope(g, 0, rows)), g1 = f32x4.splat(slope(g, 1, rows));
      const g2 = f32x4.splat(slope(g, 2, rows)), g3 = f32x4.splat(slope(g, 3, rows));
      let q = x, d = to;
      const end = q + whole;
      while (q < end) {
        const taps = v128.load(q);
        one(d, taps, g0, descends, rate);
        one(d + 16, taps, g1, descends, rate);
        one(d + 32, taps, g2, descends, rate);
        one(d + 48, taps, g3, descends, rate);
        q += 16;
        d += 64;
      }
      if (length & 3) {
        const taps = v128.and(v128.load(q), first(length & 3));
        one(d, taps, g0, descends, rate);
        one(d + 16, taps, g1, descends, rate);
        one(d + 32, taps, g2, descends, rate);
        one(d + 48, taps, g3, descends, rate);
      }
    } else {
      for (let j = 0; j < length; j += 4) {
        const mask = length - j < 4 ? first(length & 3) : i32x4.splat(-1);
        const d = to + 4 * at(j);
        let s0 = descends ? f32x4.splat(0) : v128.load(d), s1 = descends ? f32x4.splat(0) : v128.load(d, 16);
        let s2 = descends ? f32x4.splat(0) : v128.load(d, 32), s3 = descends ? f32x4.splat(0) : v128.load(d, 48);
        let q = x + at(j), from = g;
        for (let n = 0; n < frames; n++) {
          const taps = v128.and(v128.load(q), mask);
          s0 = add(s0, taps, v128.load32_splat(from));
          if (rows > 1) s1 = add(s1, taps, v128.load32_splat(from, 4));
          if (rows > 2) s2 = add(s2, taps, v128.load32_splat(from, 8));
          if (rows > 3) s3 = add(s3, taps, v128.load32_splat(from, 12));
          q += xStep;
          from += gStep;
        }
        settle(d, s0, descends, rate);
        settle(d + 16, s1, descends, rate);
        settle(d + 32, s2, descends, rate);
        settle(d + 48, s3, descends, rate);
      }
    }
    g += 16;
    to += 4 * row;
  }
}

@inline
function one(to: usize, taps: v128, g: v128, descends: bool, rate: v128): void {
  settle(to, descends ? f32x4.mul(taps, g) : add(v128.load(to), taps, g), descends, rate);
}

export function weightGradient(
  x: i32, xStep: i32, frames: i32, g: i32, gStep: i32, length: i32, outputs: i32, dw: i32,
): void {
  products(at(x), at(xStep), at(g), at(gStep), frames, length, outputs, at(dw), false, f32x4.splat(0));
}

/** Returns whether a row of ∂L/∂y is not all zeros. */
export function hasGradient(g: usize, outputs: i32): boolean {
  for (let o = 0; o < outputs; o++) if (f32.load(g + at(o)) !== 0) return true;
  return false;
}

export function descend(
  x: i32, xStep: i32, frames: i32, g: i32, gStep: i32, length: i32, outputs: i32, w: i32, b: i32,
  rate: f64, epsilon: f64,
): void {
  let total: f64 = 1;
  if (epsilon >= 0) {
    total = 0;
    for (let n = 0; n < frames; n++)
      if (hasGradient(at(g + n * gStep), outputs)) total = energy(x + n * xStep, xStep, 1, length, total, b ? 1 : 0);
    total += epsilon;
  }
  const step = <f32>(rate / total);
  products(at(x), at(xStep), at(g), at(gStep), frames, length, outputs, at(w), true, f32x4.splat(-step));
  for (let o = 0; b && o < outputs; o++) {
    let sum: f32 = 0;
    for (let n = 0; n < frames; n++) sum += f32.load(at(g + n * gStep + o));
    f32.store(at(b + o), f32.load(at(b + o)) - step * sum);
  }
}

export function biasGradient(g: i32, gStep: i32, frames: i32, outputs: i32, db: i32): void {
  for (let n = 0; n < frames; n++) {
    const from = at(g + n * gStep);
    for (let o = 0; o < outputs; o++) {
      const to = at(db + o);
      f32.store(to, f32.load(to) + f32.load(from + at(o)));
    }
  }
}

export function energy(x: i32, xStep: i32, frames: i32, length: i32, before: f64, more: f64): f64 {
  let total = before;
  for (let n = 0; n < frames; n++) {
    let q = at(x + n * xStep), sums = f32x4.splat(0);
    const end = q + at(length & ~3);
    while (q < end) {
      const taps = v128.load(q);
      sums = add(sums, taps, taps);
      q += 16;
    }
    if (length & 3) {
      const taps = v128.and(v128.load(q), first(length & 3));
      sums = add(sums, taps, taps);
    }
    const pairs = f32x4.extract_lane(sums, 0) + f32x4.extract_lane(sums, 1);
    total += <f64>(pairs + (f32x4.extract_lane(sums, 2) + f32x4.extract_lane(sums, 3)));
    total += more;
  }
  return total;
}
