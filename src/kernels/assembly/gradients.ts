import { add, at, first } from './vector';

/** The gradient of row `row` of a group of four, `rows` of which are kernels. */
@inline
function slope(g: usize, row: i32, rows: i32): f32 {
  return row < rows ? f32.load(g + at(row)) : 0;
}

/** Returns whether one of four kernels has a gradient. */
@inline
function isActive(g: usize, rows: i32): bool {
  return slope(g, 0, rows) !== 0 || slope(g, 1, rows) !== 0 || slope(g, 2, rows) !== 0 || slope(g, 3, rows) !== 0;
}

/** Adds the products of four gradients at `g` and their kernels at `p` to the window at `d`, whose whole vectors end at `end`. */
@inline
function fourBack(g: usize, rows: i32, p: usize, d: usize, end: usize, rest: i32): void {
  const g0 = f32x4.splat(slope(g, 0, rows)), g1 = f32x4.splat(slope(g, 1, rows));
  const g2 = f32x4.splat(slope(g, 2, rows)), g3 = f32x4.splat(slope(g, 3, rows));
  while (d < end) {
    v128.store(d, addFour(v128.load(d), p, g0, g1, g2, g3));
    d += 16;
    p += 64;
  }
  if (rest) {
    // the numbers after the window belong to another frame
    const held = v128.load(d);
    v128.store(d, v128.bitselect(addFour(held, p, g0, g1, g2, g3), held, first(rest)));
  }
}

/** Returns `sum` with the products of four gradients and four numbers each of their kernels at `p`. */
@inline
function addFour(sum: v128, p: usize, g0: v128, g1: v128, g2: v128, g3: v128): v128 {
  sum = add(sum, g0, v128.load(p));
  sum = add(sum, g1, v128.load(p, 16));
  sum = add(sum, g2, v128.load(p, 32));
  return add(sum, g3, v128.load(p, 48));
}

/** Like `fourBack`, for eight kernels: four at `p` and four at `q`. */
@inline
function eightBack(g: usize, rows: i32, p: usize, q: usize, d: usize, end: usize, rest: i32): void {
  const g0 = v128.load32_splat(g), g1 = v128.load32_splat(g, 4), g2 = v128.load32_splat(g, 8);
  const g3 = v128.load32_splat(g, 12), g4 = f32x4.splat(slope(g + 16, 0, rows)), g5 = f32x4.splat(slope(g + 16, 1, rows));
  const g6 = f32x4.splat(slope(g + 16, 2, rows)), g7 = f32x4.splat(slope(g + 16, 3, rows));
  while (d < end) {
    const sum = addFour(v128.load(d), p, g0, g1, g2, g3);
    p += 64;
    // never true; it divides the body, because V8 moves all loads of a body to its start
    if (d > end) break;
    v128.store(d, addFour(sum, q, g4, g5, g6, g7));
    d += 16;
    q += 64;
  }
  if (rest) {
    const held = v128.load(d);
    const sum = addFour(addFour(held, p, g0, g1, g2, g3), q, g4, g5, g6, g7);
    v128.store(d, v128.bitselect(sum, held, first(rest)));
  }
}

export function inputGradient(
  g: i32, gStep: i32, frames: i32, w: i32, length: i32, outputs: i32, dx: i32, dxStep: i32,
): void {
  const group = 4 * at((length + 3) & ~3), rest = length & 3;
  const whole = at(length & ~3);
  for (let n = 0; n < frames; n++) {
    let slopes = at(g + n * gStep), p = at(w);
    const window = at(dx + n * dxStep), end = window + whole;
    for (let rows = outputs; rows > 0;) {
      const active = isActive(slopes, rows);
      if (active && rows > 4 && isActive(slopes + 16, rows - 4)) {
        eightBack(slopes, rows - 4, p, p + group, window, end, rest);
        rows -= 8;
        slopes += 32;
        p += 2 * group;
      } else {
        if (active) fourBack(slopes, rows, p, window, end, rest);
        rows -= 4;
        slopes += 16;
        p += group;
      }
    }
  }
}

/** Stores the sum of four weights' products, or subtracts a multiple of it from the weights. */
@inline
function settle(to: usize, sum: v128, descends: bool, rate: v128): void {
  v128.store(to, descends ? add(v128.load(to), rate, sum) : sum);
}

/** `products` of four numbers of the windows, those in `mask`, and up to four kernels. */
@inline
function oneVector(
  x: usize, xStep: usize, g: usize, gStep: usize, frames: i32, rows: i32, d: usize, mask: v128, descends: bool, rate: v128,
): void {
  let s0 = descends ? f32x4.splat(0) : v128.load(d), s1 = descends ? f32x4.splat(0) : v128.load(d, 16);
  let s2 = descends ? f32x4.splat(0) : v128.load(d, 32), s3 = descends ? f32x4.splat(0) : v128.load(d, 48);
  for (let n = 0; n < frames; n++, x += xStep, g += gStep) {
    const taps = v128.and(v128.load(x), mask);
    s0 = add(s0, taps, v128.load32_splat(g));
    if (rows > 1) s1 = add(s1, taps, v128.load32_splat(g, 4));
    if (rows > 2) s2 = add(s2, taps, v128.load32_splat(g, 8));
    if (rows > 3) s3 = add(s3, taps, v128.load32_splat(g, 12));
  }
  settle(d, s0, descends, rate);
  settle(d + 16, s1, descends, rate);
  settle(d + 32, s2, descends, rate);
  settle(d + 48, s3, descends, rate);
}

/** `products` of eight numbers of the windows and four kernels. */
@inline
function twoVectors(
  x: usize, xStep: usize, g: usize, gStep: usize, frames: i32, d: usize, descends: bool, rate: v128,
): void {
  const zero = f32x4.splat(0);
  let s0 = descends ? zero : v128.load(d), s1 = descends ? zero : v128.load(d, 16);
  let s2 = descends ? zero : v128.load(d, 32), s3 = descends ? zero : v128.load(d, 48);
  let t0 = descends ? zero : v128.load(d, 64), t1 = descends ? zero : v128.load(d, 80);
  let t2 = descends ? zero : v128.load(d, 96), t3 = descends ? zero : v128.load(d, 112);
  for (let n = 0; n < frames; n++, x += xStep, g += gStep) {
    const left = v128.load(x), right = v128.load(x, 16);
    const g0 = v128.load32_splat(g), g1 = v128.load32_splat(g, 4);
    s0 = add(s0, left, g0);
    t0 = add(t0, right, g0);
    s1 = add(s1, left, g1);
    t1 = add(t1, right, g1);
    const g2 = v128.load32_splat(g, 8), g3 = v128.load32_splat(g, 12);
    s2 = add(s2, left, g2);
    t2 = add(t2, right, g2);
    s3 = add(s3, left, g3);
    t3 = add(t3, right, g3);
  }
  v128.store(d, descends ? add(v128.load(d), rate, s0) : s0);
  v128.store(d, descends ? add(v128.load(d, 16), rate, s1) : s1, 16);
  v128.store(d, descends ? add(v128.load(d, 32), rate, s2) : s2, 32);
  v128.store(d, descends ? add(v128.load(d, 48), rate, s3) : s3, 48);
  v128.store(d, descends ? add(v128.load(d, 64), rate, t0) : t0, 64);
  v128.store(d, descends ? add(v128.load(d, 80), rate, t1) : t1, 80);
  v128.store(d, descends ? add(v128.load(d, 96), rate, t2) : t2, 96);
  v128.store(d, descends ? add(v128.load(d, 112), rate, t3) : t3, 112);
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
        v128.store(d, one(v128.load(d), taps, g0, descends, rate));
        v128.store(d, one(v128.load(d, 16), taps, g1, descends, rate), 16);
        v128.store(d, one(v128.load(d, 32), taps, g2, descends, rate), 32);
        v128.store(d, one(v128.load(d, 48), taps, g3, descends, rate), 48);
        q += 16;
        d += 64;
      }
      if (length & 3) {
        const taps = v128.and(v128.load(q), first(length & 3));
        v128.store(d, one(v128.load(d), taps, g0, descends, rate));
        v128.store(d, one(v128.load(d, 16), taps, g1, descends, rate), 16);
        v128.store(d, one(v128.load(d, 32), taps, g2, descends, rate), 32);
        v128.store(d, one(v128.load(d, 48), taps, g3, descends, rate), 48);
      }
    } else {
      let q = x, d = to;
      const end = q + whole;
      for (; rows > 3 && q + 16 < end; q += 32, d += 128) twoVectors(q, xStep, g, gStep, frames, d, descends, rate);
      for (; q < end; q += 16, d += 64)
        oneVector(q, xStep, g, gStep, frames, rows, d, i32x4.splat(-1), descends, rate);
      if (length & 3) oneVector(q, xStep, g, gStep, frames, rows, d, first(length & 3), descends, rate);
    }
    g += 16;
    to += 4 * row;
  }
}

/** Returns a sum with the product of one frame added or, if `descends`, weights with a multiple of it added. */
@inline
function one(held: v128, taps: v128, g: v128, descends: bool, rate: v128): v128 {
  return descends ? add(held, rate, f32x4.mul(taps, g)) : add(held, taps, g);
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
  if (b) descendBias(at(g), at(gStep), frames, outputs, at(b), step);
}

/** Applies the bias part of `descend`. */
export function descendBias(g: usize, gStep: usize, frames: i32, outputs: i32, b: usize, step: f32): void {
  let left = outputs;
  for (; left > 3; left -= 4, g += 16, b += 16) {
    let sums = f32x4.splat(0);
    for (let n = 0; n < frames; n++) sums = f32x4.add(sums, v128.load(g + n * gStep));
    v128.store(b, f32x4.sub(v128.load(b), f32x4.mul(f32x4.splat(step), sums)));
  }
  for (; left > 0; left--, g += 4, b += 4) {
    let sum: f32 = 0;
    for (let n = 0; n < frames; n++) sum += f32.load(g + n * gStep);
    f32.store(b, f32.load(b) - step * sum);
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
