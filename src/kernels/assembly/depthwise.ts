/**
 * Depthwise convolution: every kernel reads one channel. The lanes of a vector are four neighboring channels, so one load
 * reads one tap of four windows, and the four partial sums are four vectors.
 */
import { collect, spread } from './fours';
import { add, at, first } from './vector';

/**
 * Four kernels applied to two windows that begin one tap apart, so that each tap is loaded once. Like `twoKernels`, it
 * leaves the loop every two taps: V8 moves all loads of a block to its start, and those of four taps do not fit into the
 * registers.
 */
@inline
function twoWindows(
  x: usize, tap: usize, w: usize, taps: i32, bias: v128, y: usize, next: usize, gap: usize, n: i32,
): void {
  let a0 = f32x4.splat(0), a1 = f32x4.splat(0), a2 = f32x4.splat(0), a3 = f32x4.splat(0);
  let b0 = f32x4.splat(0), b1 = f32x4.splat(0), b2 = f32x4.splat(0), b3 = f32x4.splat(0);
  const end = w + (<usize>(taps & ~1) << 4);
  let held = v128.load(x);
  while (w < end) {
    const xb = v128.load(x + tap), w0 = v128.load(w), w1 = v128.load(w, 16);
    x += 2 * tap;
    const xc = v128.load(x);
    a0 = add(a0, held, w0);
    b0 = add(b0, xb, w0);
    a1 = add(a1, xb, w1);
    b1 = add(b1, xc, w1);
    held = xc;
    w += 32;
    if (w >= end) break;
    const xd = v128.load(x + tap), w2 = v128.load(w), w3 = v128.load(w, 16);
    x += 2 * tap;
    const xe = v128.load(x);
    a2 = add(a2, held, w2);
    b2 = add(b2, xd, w2);
    a3 = add(a3, xd, w3);
    b3 = add(b3, xe, w3);
    held = xe;
    w += 32;
  }
  if (taps & 1) {
    const xb = v128.load(x + tap), last = v128.load(w);
    if (taps & 2) {
      a2 = add(a2, held, last);
      b2 = add(b2, xb, last);
    } else {
      a0 = add(a0, held, last);
      b0 = add(b0, xb, last);
    }
  }
  spread(y, joined(a0, a1, a2, a3, bias), gap, n);
  spread(y + next, joined(b0, b1, b2, b3, bias), gap, n);
}

/** Two kernels of each of four channels, with weights at `w` and `v`, applied to one window. */
@inline
function twoKernels(
  x: usize, tap: usize, w: usize, v: usize, taps: i32, bias: v128, biasNext: v128, y: usize, gap: usize, n: i32,
): void {
  let a0 = f32x4.splat(0), a1 = f32x4.splat(0), a2 = f32x4.splat(0), a3 = f32x4.splat(0);
  let b0 = f32x4.splat(0), b1 = f32x4.splat(0), b2 = f32x4.splat(0), b3 = f32x4.splat(0);
  const end = w + (<usize>(taps & ~1) << 4);
  while (w < end) {
    const x0 = v128.load(x), x1 = v128.load(x + tap);
    a0 = add(a0, x0, v128.load(w));
    b0 = add(b0, x0, v128.load(v));
    a1 = add(a1, x1, v128.load(w, 16));
    b1 = add(b1, x1, v128.load(v, 16));
    x += 2 * tap;
    w += 32;
    v += 32;
    if (w >= end) break;
    const x2 = v128.load(x), x3 = v128.load(x + tap);
    a2 = add(a2, x2, v128.load(w));
    b2 = add(b2, x2, v128.load(v));
    a3 = add(a3, x3, v128.load(w, 16));
    b3 = add(b3, x3, v128.load(v, 16));
    x += 2 * tap;
    w += 32;
    v += 32;
  }
  if (taps & 1) {
    const last = v128.load(x);
    if (taps & 2) {
      a2 = add(a2, last, v128.load(w));
      b2 = add(b2, last, v128.load(v));
    } else {
      a0 = add(a0, last, v128.load(w));
      b0 = add(b0, last, v128.load(v));
    }
  }
  spread(y, joined(a0, a1, a2, a3, bias), gap, n);
  spread(y + 4, joined(b0, b1, b2, b3, biasNext), gap, n);
}

/** The partial sums of two kernels and four windows. */
const partial: usize = memory.data(512, 16);

/**
 * Two kernels of each of four channels, with weights at `w` and `v`, applied to four windows. One partial sum is computed
 * after another, so that every load is used by two or four sums.
 */
@inline
function twoByFour(
  x: usize, step: usize, tap: usize, w: usize, v: usize, taps: i32, bias: v128, biasNext: v128, y: usize,
  frame: usize, gap: usize, n: i32,
): void {
  const end = w + (<usize>taps << 4), four = 4 * tap;
  for (let q: usize = 0; q < 4; q++) {
    let a0 = f32x4.splat(0), b0 = f32x4.splat(0), c0 = f32x4.splat(0), d0 = f32x4.splat(0);
    let a1 = f32x4.splat(0), b1 = f32x4.splat(0), c1 = f32x4.splat(0), d1 = f32x4.splat(0);
    let xa = x + q * tap, xb = xa + step, xc = xb + step, xd = xc + step;
    let w0 = w + (q << 4), w1 = v + (q << 4);
    while (w0 < end) {
      const k0 = v128.load(w0), k1 = v128.load(w1);
      const fa = v128.load(xa), fb = v128.load(xb), fc = v128.load(xc), fd = v128.load(xd);
      a0 = add(a0, fa, k0);
      a1 = add(a1, fa, k1);
      b0 = add(b0, fb, k0);
      b1 = add(b1, fb, k1);
      c0 = add(c0, fc, k0);
      c1 = add(c1, fc, k1);
      d0 = add(d0, fd, k0);
      d1 = add(d1, fd, k1);
      xa += four;
      xb += four;
      xc += four;
      xd += four;
      w0 += 64;
      w1 += 64;
    }
    const to = partial + (q << 7);
    v128.store(to, a0);
    v128.store(to, a1, 16);
    v128.store(to, b0, 32);
    v128.store(to, b1, 48);
    v128.store(to, c0, 64);
    v128.store(to, c1, 80);
    v128.store(to, d0, 96);
    v128.store(to, d1, 112);
  }
  for (let i: usize = 0; i < 4; i++) {
    const from = partial + (i << 5);
    const s0 = v128.load(from), s1 = v128.load(from, 128), s2 = v128.load(from, 256), s3 = v128.load(from, 384);
    const t0 = v128.load(from, 16), t1 = v128.load(from, 144), t2 = v128.load(from, 272), t3 = v128.load(from, 400);
    spread(y, joined(s0, s1, s2, s3, bias), gap, n);
    spread(y + 4, joined(t0, t1, t2, t3, biasNext), gap, n);
    y += frame;
  }
}

/** Four kernels applied to one window of four channels each. */
@inline
function one(x: usize, tap: usize, w: usize, taps: i32, bias: v128, y: usize, gap: usize, n: i32): void {
  let a0 = f32x4.splat(0), a1 = f32x4.splat(0), a2 = f32x4.splat(0), a3 = f32x4.splat(0);
  const end = w + (<usize>(taps & ~3) << 4);
  while (w < end) {
    a0 = add(a0, v128.load(x), v128.load(w));
    x += tap;
    a1 = add(a1, v128.load(x), v128.load(w, 16));
    x += tap;
    a2 = add(a2, v128.load(x), v128.load(w, 32));
    x += tap;
    a3 = add(a3, v128.load(x), v128.load(w, 48));
    x += tap;
    w += 64;
  }
  const rest = taps & 3;
  if (rest > 0) a0 = add(a0, v128.load(x), v128.load(w));
  if (rest > 1) a1 = add(a1, v128.load(x + tap), v128.load(w, 16));
  if (rest > 2) a2 = add(a2, v128.load(x + 2 * tap), v128.load(w, 32));
  spread(y, joined(a0, a1, a2, a3, bias), gap, n);
}

/** The four partial sums and the bias. A sum is never -0, so a bias of 0 changes nothing. */
@inline
function joined(s0: v128, s1: v128, s2: v128, s3: v128, bias: v128): v128 {
  return f32x4.add(f32x4.add(f32x4.add(s0, s1), f32x4.add(s2, s3)), bias);
}

export function depthwise(
  x: i32, xStep: i32, frames: i32, taps: i32, tapStep: i32, w: i32, b: i32, channels: i32, multiplier: i32, y: i32,
): void {
  const step = at(xStep), tap = at(tapStep), gap = at(multiplier), frame = at(channels * multiplier);
  const size = <usize>taps << 4;
  const pairs = xStep === tapStep && frames > 1;
  let wAt = at(w);
  for (let c = 0; c < channels; c += 4) {
    const n = channels - c;
    let r = 0;
    if (!pairs) {
      for (; r < multiplier - 1; r += 2) {
        const o = c * multiplier + r;
        const bias = b ? collect(at(b + o), gap, n) : f32x4.splat(0);
        const biasNext = b ? collect(at(b + o + 1), gap, n) : f32x4.splat(0);
        let from = at(x + c), to = at(y + o), left = frames;
        for (; left > 3; left -= 4) {
          twoByFour(from, step, tap, wAt, wAt + size, taps, bias, biasNext, to, frame, gap, n);
          from += 4 * step;
          to += 4 * frame;
        }
        for (; left > 0; left--) {
          twoKernels(from, tap, wAt, wAt + size, taps, bias, biasNext, to, gap, n);
          from += step;
          to += frame;
        }
        wAt += 2 * size;
      }
    }
    for (; r < multiplier; r++) {
      const o = c * multiplier + r;
      const bias = b ? collect(at(b + o), gap, n) : f32x4.splat(0);
      let from = at(x + c), to = at(y + o), left = frames;
      if (pairs) {
        for (; left > 1; left -= 2) {
          twoWindows(from, tap, wAt, taps, bias, to, frame, gap, n);
          from += 2 * step;
          to += 2 * frame;
        }
      }
      for (; left > 0; left--) {
        one(from, tap, wAt, taps, bias, to, gap, n);
        from += step;
        to += frame;
      }
      wAt += size;
    }
  }
}

/** A mask for the first n of four channels. */
@inline
function present(n: i32): v128 {
  return n < 4 ? first(n) : i32x4.splat(-1);
}

export function depthwiseInputGradient(
  g: i32, frames: i32, w: i32, taps: i32, tapStep: i32, channels: i32, multiplier: i32, dx: i32, dxStep: i32,
): void {
  const tap = at(tapStep), gap = at(multiplier), size = <usize>taps << 4;
  const zero = f32x4.splat(0);
  for (let i = 0; i < frames; i++) {
    let wAt = at(w);
    for (let c = 0; c < channels; c += 4) {
      const n = channels - c;
      for (let r = 0; r < multiplier; r += 4) {
        const rows = min(multiplier - r, 4);
        const slopes = at(g + (i * channels + c) * multiplier + r);
        const g0 = collect(slopes, gap, n), g1 = rows > 1 ? collect(slopes + 4, gap, n) : zero;
        const g2 = rows > 2 ? collect(slopes + 8, gap, n) : zero, g3 = rows > 3 ? collect(slopes + 12, gap, n) : zero;
        const any = v128.or(
          v128.or(f32x4.ne(g0, zero), f32x4.ne(g1, zero)),
          v128.or(f32x4.ne(g2, zero), f32x4.ne(g3, zero)),
        );
        if (v128.any_true(any)) {
          let d = at(dx + i * dxStep + c), p = wAt;
          for (let j = 0; j < taps; j++) {
            // the numbers after the last channel belong to another frame
            const held = v128.load(d);
            let sum = add(held, g0, v128.load(p));
            if (rows > 1) sum = add(sum, g1, v128.load(p + size));
            if (rows > 2) sum = add(sum, g2, v128.load(p + 2 * size));
            if (rows > 3) sum = add(sum, g3, v128.load(p + 3 * size));
            v128.store(d, v128.bitselect(sum, held, any));
            d += tap;
            p += 16;
          }
        }
        wAt += <usize>rows * size;
      }
    }
  }
}

export function depthwiseWeightGradient(
  x: i32, xStep: i32, frames: i32, g: i32, taps: i32, tapStep: i32, channels: i32, multiplier: i32, dw: i32,
): void {
  const tap = at(tapStep), gap = at(multiplier);
  let to = at(dw);
  for (let c = 0; c < channels; c += 4) {
    const n = channels - c;
    const mask = present(n);
    for (let r = 0; r < multiplier; r++) {
      for (let i = 0; i < frames; i++) {
        const slope = collect(at(g + (i * channels + c) * multiplier + r), gap, n);
        let d = to, q = at(x + i * xStep + c);
        for (let j = 0; j < taps; j++) {
          v128.store(d, add(v128.load(d), v128.and(v128.load(q), mask), slope));
          d += 16;
          q += tap;
        }
      }
      to += <usize>taps << 4;
    }
  }
}

export function depthwiseEnergy(x: i32, taps: i32, tapStep: i32, channels: i32, before: f64): f64 {
  const tap = at(tapStep);
  let total = before;
  for (let c = 0; c < channels; c += 4) {
    let s0 = f32x4.splat(0), s1 = f32x4.splat(0), s2 = f32x4.splat(0), s3 = f32x4.splat(0);
    let q = at(x + c), left = taps;
    for (; left > 3; left -= 4) {
      s0 = square(s0, q);
      s1 = square(s1, q + tap);
      s2 = square(s2, q + 2 * tap);
      s3 = square(s3, q + 3 * tap);
      q += 4 * tap;
    }
    if (left > 0) s0 = square(s0, q);
    if (left > 1) s1 = square(s1, q + tap);
    if (left > 2) s2 = square(s2, q + 2 * tap);
    const sums = f32x4.add(f32x4.add(s0, s1), f32x4.add(s2, s3));
    const n = channels - c;
    total += <f64>f32x4.extract_lane(sums, 0) / <f64>channels;
    if (n > 1) total += <f64>f32x4.extract_lane(sums, 1) / <f64>channels;
    if (n > 2) total += <f64>f32x4.extract_lane(sums, 2) / <f64>channels;
    if (n > 3) total += <f64>f32x4.extract_lane(sums, 3) / <f64>channels;
  }
  return total;
}

@inline
function square(sum: v128, x: usize): v128 {
  const four = v128.load(x);
  return add(sum, four, four);
}

export function depthwiseDot(a: i32, b: i32, taps: i32, channels: i32, multiplier: i32): f64 {
  const size = <usize>taps << 4;
  let sums = f32x4.splat(0);
  for (let c = 0; c < channels; c++) {
    const rows = size * (c >> 2) * multiplier + at(c & 3);
    for (let r = 0; r < multiplier; r += 4) {
      const end = min(multiplier, r + 4);
      for (let j = 0; j < taps; j += 4) {
        for (let q = r; q < end; q++) {
          const from = rows + <usize>q * size + (<usize>j << 4);
          const n = taps - j;
          sums = f32x4.add(sums, f32x4.mul(collect(at(a) + from, 16, n), collect(at(b) + from, 16, n)));
        }
      }
    }
  }
  const pairs = f32x4.extract_lane(sums, 0) + f32x4.extract_lane(sums, 1);
  return <f64>(pairs + (f32x4.extract_lane(sums, 2) + f32x4.extract_lane(sums, 3)));
}
