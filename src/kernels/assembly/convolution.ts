import { spread, store } from './fours';
import { add, at, first, join } from './vector';

/**
 * The loops below read windows that consist of `pieces` contiguous pieces of `width` numbers, a multiple of 4, with `gap`
 * bytes between them, followed by `rest` (0 … 3) numbers. Their bodies are limited to 14 sums and loads, because V8 moves
 * all loads of a body to its start.
 */

/** Four kernels applied to two windows. */
@inline
function fourByTwo(
  x: usize, next: usize, w: usize, pieces: i32, width: i32, gap: usize, rest: i32, b: usize, y: usize, yNext: usize,
  outputs: i32,
): void {
  let a0 = f32x4.splat(0), a1 = f32x4.splat(0), a2 = f32x4.splat(0), a3 = f32x4.splat(0);
  let b0 = f32x4.splat(0), b1 = f32x4.splat(0), b2 = f32x4.splat(0), b3 = f32x4.splat(0);
  do {
    const end = x + at(width);
    while (x < end) {
      const xa = v128.load(x), xb = v128.load(next);
      const w0 = v128.load(w), w1 = v128.load(w, 16), w2 = v128.load(w, 32), w3 = v128.load(w, 48);
      a0 = add(a0, xa, w0);
      b0 = add(b0, xb, w0);
      a1 = add(a1, xa, w1);
      b1 = add(b1, xb, w1);
      a2 = add(a2, xa, w2);
      b2 = add(b2, xb, w2);
      a3 = add(a3, xa, w3);
      b3 = add(b3, xb, w3);
      x += 16;
      next += 16;
      w += 64;
    }
    x += gap;
    next += gap;
  } while (--pieces);
  if (rest) {
    const mask = first(rest);
    const xa = v128.and(v128.load(x), mask), xb = v128.and(v128.load(next), mask);
    const w0 = v128.load(w), w1 = v128.load(w, 16), w2 = v128.load(w, 32), w3 = v128.load(w, 48);
    a0 = add(a0, xa, w0);
    b0 = add(b0, xb, w0);
    a1 = add(a1, xa, w1);
    b1 = add(b1, xb, w1);
    a2 = add(a2, xa, w2);
    b2 = add(b2, xb, w2);
    a3 = add(a3, xa, w3);
    b3 = add(b3, xb, w3);
  }
  const bias = b ? v128.load(b) : f32x4.splat(0);
  store(y, biased(join(a0, a1, a2, a3), b, bias), outputs);
  store(yNext, biased(join(b0, b1, b2, b3), b, bias), outputs);
}

/** Four kernels applied to one window. */
@inline
function four(
  x: usize, w: usize, pieces: i32, width: i32, gap: usize, rest: i32, b: usize, y: usize, outputs: i32,
): void {
  let a0 = f32x4.splat(0), a1 = f32x4.splat(0), a2 = f32x4.splat(0), a3 = f32x4.splat(0);
  do {
    const end = x + at(width);
    while (x < end) {
      const xa = v128.load(x);
      a0 = add(a0, xa, v128.load(w));
      a1 = add(a1, xa, v128.load(w, 16));
      a2 = add(a2, xa, v128.load(w, 32));
      a3 = add(a3, xa, v128.load(w, 48));
      x += 16;
      w += 64;
    }
    x += gap;
  } while (--pieces);
  if (rest) {
    const xa = v128.and(v128.load(x), first(rest));
    a0 = add(a0, xa, v128.load(w));
    a1 = add(a1, xa, v128.load(w, 16));
    a2 = add(a2, xa, v128.load(w, 32));
    a3 = add(a3, xa, v128.load(w, 48));
  }
  store(y, biased(join(a0, a1, a2, a3), b, b ? v128.load(b) : f32x4.splat(0)), outputs);
}

/** Eight kernels applied to one window: four with weights at `w` and four at `v`, which end together. */
@inline
function eight(
  x: usize, w: usize, v: usize, pieces: i32, width: i32, gap: usize, rest: i32, b: usize, y: usize, outputs: i32,
): void {
  let a0 = f32x4.splat(0), a1 = f32x4.splat(0), a2 = f32x4.splat(0), a3 = f32x4.splat(0);
  let b0 = f32x4.splat(0), b1 = f32x4.splat(0), b2 = f32x4.splat(0), b3 = f32x4.splat(0);
  do {
    const end = w + 4 * at(width), vEnd = v + 4 * at(width);
    while (w < end) {
      const xa = v128.load(x);
      a0 = add(a0, xa, v128.load(w));
      a1 = add(a1, xa, v128.load(w, 16));
      a2 = add(a2, xa, v128.load(w, 32));
      a3 = add(a3, xa, v128.load(w, 48));
      w += 64;
      // never true here; it divides the body
      if (v >= vEnd) break;
      b0 = add(b0, xa, v128.load(v));
      b1 = add(b1, xa, v128.load(v, 16));
      b2 = add(b2, xa, v128.load(v, 32));
      b3 = add(b3, xa, v128.load(v, 48));
      x += 16;
      v += 64;
    }
    x += gap;
  } while (--pieces);
  if (rest) {
    const xa = v128.and(v128.load(x), first(rest));
    a0 = add(a0, xa, v128.load(w));
    a1 = add(a1, xa, v128.load(w, 16));
    a2 = add(a2, xa, v128.load(w, 32));
    a3 = add(a3, xa, v128.load(w, 48));
    b0 = add(b0, xa, v128.load(v));
    b1 = add(b1, xa, v128.load(v, 16));
    b2 = add(b2, xa, v128.load(v, 32));
    b3 = add(b3, xa, v128.load(v, 48));
  }
  const zero = f32x4.splat(0);
  v128.store(y, biased(join(a0, a1, a2, a3), b, b ? v128.load(b) : zero));
  store(y + 16, biased(join(b0, b1, b2, b3), b, b ? v128.load(b, 16) : zero), outputs - 4);
}

/** Two kernels applied to up to four windows, `step` bytes apart. */
@inline
function twoByFour(
  xa: usize, step: usize, count: i32, w: usize, pieces: i32, width: i32, gap: usize, rest: i32, b: usize, y: usize,
  frame: usize,
): void {
  let a0 = f32x4.splat(0), a1 = f32x4.splat(0), b0 = f32x4.splat(0), b1 = f32x4.splat(0);
  let c0 = f32x4.splat(0), c1 = f32x4.splat(0), d0 = f32x4.splat(0), d1 = f32x4.splat(0);
  // missing windows repeat the last one
  let xb = count > 1 ? xa + step : xa;
  let xc = count > 2 ? xb + step : xb;
  let xd = count > 3 ? xc + step : xc;
  do {
    const end = w + 4 * at(width);
    while (w < end) {
      const w0 = v128.load(w), w1 = v128.load(w, 16);
      const fa = v128.load(xa), fb = v128.load(xb), fc = v128.load(xc), fd = v128.load(xd);
      a0 = add(a0, fa, w0);
      a1 = add(a1, fa, w1);
      b0 = add(b0, fb, w0);
      b1 = add(b1, fb, w1);
      c0 = add(c0, fc, w0);
      c1 = add(c1, fc, w1);
      d0 = add(d0, fd, w0);
      d1 = add(d1, fd, w1);
      xa += 16;
      xb += 16;
      xc += 16;
      xd += 16;
      w += 64;
    }
    xa += gap;
    xb += gap;
    xc += gap;
    xd += gap;
  } while (--pieces);
  if (rest) {
    const mask = first(rest), w0 = v128.and(v128.load(w), mask), w1 = v128.and(v128.load(w, 16), mask);
    const fa = v128.and(v128.load(xa), mask), fb = v128.and(v128.load(xb), mask);
    a0 = add(a0, fa, w0);
    a1 = add(a1, fa, w1);
    b0 = add(b0, fb, w0);
    b1 = add(b1, fb, w1);
    const fc = v128.and(v128.load(xc), mask), fd = v128.and(v128.load(xd), mask);
    c0 = add(c0, fc, w0);
    c1 = add(c1, fc, w1);
    d0 = add(d0, fd, w0);
    d1 = add(d1, fd, w1);
  }
  const bias = b ? v128.load64_splat(b) : f32x4.splat(0);
  const ab = biased(join(a0, a1, b0, b1), b, bias), cd = biased(join(c0, c1, d0, d1), b, bias);
  v128.store64_lane(y, ab, 0);
  if (count > 1) v128.store64_lane(y + frame, ab, 1);
  if (count > 2) v128.store64_lane(y + 2 * frame, cd, 0);
  if (count > 3) v128.store64_lane(y + 3 * frame, cd, 1);
}

/** One kernel applied to up to six windows, `step` bytes apart. */
@inline
function oneBySix(
  xa: usize, step: usize, count: i32, w: usize, pieces: i32, width: i32, gap: usize, rest: i32, b: usize, y: usize,
  frame: usize,
): void {
  let a = f32x4.splat(0), b0 = f32x4.splat(0), c = f32x4.splat(0);
  let d = f32x4.splat(0), e = f32x4.splat(0), f = f32x4.splat(0);
  // missing windows repeat the last one
  let xb = count > 1 ? xa + step : xa;
  let xc = count > 2 ? xb + step : xb;
  let xd = count > 3 ? xc + step : xc;
  let xe = count > 4 ? xd + step : xd;
  let xf = count > 5 ? xe + step : xe;
  do {
    const end = w + 4 * at(width);
    while (w < end) {
      const taps = v128.load(w);
      a = add(a, v128.load(xa), taps);
      b0 = add(b0, v128.load(xb), taps);
      c = add(c, v128.load(xc), taps);
      d = add(d, v128.load(xd), taps);
      e = add(e, v128.load(xe), taps);
      f = add(f, v128.load(xf), taps);
      xa += 16;
      xb += 16;
      xc += 16;
      xd += 16;
      xe += 16;
      xf += 16;
      w += 64;
    }
    xa += gap;
    xb += gap;
    xc += gap;
    xd += gap;
    xe += gap;
    xf += gap;
  } while (--pieces);
  if (rest) {
    const mask = first(rest), taps = v128.load(w);
    a = add(a, v128.and(v128.load(xa), mask), taps);
    b0 = add(b0, v128.and(v128.load(xb), mask), taps);
    c = add(c, v128.and(v128.load(xc), mask), taps);
    d = add(d, v128.and(v128.load(xd), mask), taps);
    e = add(e, v128.and(v128.load(xe), mask), taps);
    f = add(f, v128.and(v128.load(xf), mask), taps);
  }
  const bias = b ? v128.load32_splat(b) : f32x4.splat(0);
  spread(y, biased(join(a, b0, c, d), b, bias), frame, count);
  if (count > 4) spread(y + 4 * frame, biased(join(e, f, e, f), b, bias), frame, count - 4);
}

/** One kernel applied to six windows that begin one number apart, as in a stream of one channel. */
@inline
function oneBySixAdjacent(x: usize, w: usize, width: i32, rest: i32, b: usize, y: usize, frame: usize): void {
  let a = f32x4.splat(0), b0 = f32x4.splat(0), c = f32x4.splat(0);
  let d = f32x4.splat(0), e = f32x4.splat(0), f = f32x4.splat(0);
  const end = x + at(width);
  while (x < end) {
    const taps = v128.load(w);
    a = add(a, v128.load(x), taps);
    b0 = add(b0, v128.load(x, 4), taps);
    c = add(c, v128.load(x, 8), taps);
    d = add(d, v128.load(x, 12), taps);
    e = add(e, v128.load(x, 16), taps);
    f = add(f, v128.load(x, 20), taps);
    x += 16;
    w += 64;
  }
  if (rest) {
    const mask = first(rest), taps = v128.load(w);
    a = add(a, v128.and(v128.load(x), mask), taps);
    b0 = add(b0, v128.and(v128.load(x, 4), mask), taps);
    c = add(c, v128.and(v128.load(x, 8), mask), taps);
    d = add(d, v128.and(v128.load(x, 12), mask), taps);
    e = add(e, v128.and(v128.load(x, 16), mask), taps);
    f = add(f, v128.and(v128.load(x, 20), mask), taps);
  }
  const bias = b ? v128.load32_splat(b) : f32x4.splat(0);
  spread(y, biased(join(a, b0, c, d), b, bias), frame, 4);
  spread(y + 4 * frame, biased(join(e, f, e, f), b, bias), frame, 2);
}

/** One kernel applied to one window. */
@inline
function one(x: usize, w: usize, pieces: i32, width: i32, gap: usize, rest: i32, b: usize, y: usize): void {
  let sums = f32x4.splat(0);
  do {
    const end = x + at(width);
    while (x < end) {
      sums = add(sums, v128.load(x), v128.load(w));
      x += 16;
      w += 64;
    }
    x += gap;
  } while (--pieces);
  if (rest) sums = add(sums, v128.and(v128.load(x), first(rest)), v128.load(w));
  const low = f32x4.extract_lane(sums, 0) + f32x4.extract_lane(sums, 1);
  const sum = low + (f32x4.extract_lane(sums, 2) + f32x4.extract_lane(sums, 3));
  f32.store(y, b ? sum + f32.load(b) : sum);
}

/** Adds a bias to sums unless `b` is 0. */
@inline
export function biased(sums: v128, b: usize, bias: v128): v128 {
  return b ? f32x4.add(sums, bias) : sums;
}

/** Applies `outputs` kernels to `frames` windows, `window` bytes apart. */
@inline
function apply(
  x: usize, window: usize, frames: i32, pieces: i32, width: i32, gap: usize, rest: i32, w: usize, row: usize, b: i32,
  outputs: i32, y: usize, frame: usize,
): void {
  if (frames > 1) several(x, window, frames, pieces, width, gap, rest, w, row, b, outputs, y, frame);
  if ((frames & 1) === 0) return;
  x += <usize>(frames - 1) * window;
  y += <usize>(frames - 1) * frame;
  let o = 0;
  for (; outputs - o > 4; o += 8) {
    eight(x, w, w + 4 * row, pieces, width, gap, rest, b ? at(b + o) : 0, y + at(o), outputs - o);
    w += 8 * row;
  }
  if (outputs - o > 1) four(x, w, pieces, width, gap, rest, b ? at(b + o) : 0, y + at(o), outputs - o);
  else if (outputs > o && frames === 1) one(x, w, pieces, width, gap, rest, b ? at(b + o) : 0, y + at(o));
}

/**
 * Applies the kernels to several windows. The last window of an odd number is left to the caller, unless a group of four
 * has only one or two kernels.
 */
@inline
function several(
  x: usize, window: usize, frames: i32, pieces: i32, width: i32, gap: usize, rest: i32, w: usize, row: usize, b: i32,
  outputs: i32, y: usize, frame: usize,
): void {
  for (let o = 0; o < outputs; o += 4) {
    const bias = b ? at(b + o) : 0;
    const last = outputs - o;
    let from = x, to = y + at(o), left = frames;
    if (last === 1) {
      if (pieces === 1 && window === 4) {
        for (; left > 5; left -= 6) {
          oneBySixAdjacent(from, w, width, rest, bias, to, frame);
          from += 24;
          to += 6 * frame;
        }
      }
      for (; left > 1; left -= 6) {
        oneBySix(from, window, left, w, pieces, width, gap, rest, bias, to, frame);
        from += 6 * window;
        to += 6 * frame;
      }
      if (left === 1) one(from, w, pieces, width, gap, rest, bias, to);
    } else if (last === 2) {
      for (; left > 0; left -= 4) {
        twoByFour(from, window, left, w, pieces, width, gap, rest, bias, to, frame);
        from += 4 * window;
        to += 4 * frame;
      }
    } else {
      for (; left > 1; left -= 2) {
        fourByTwo(from, from + window, w, pieces, width, gap, rest, bias, to, to + frame, last);
        from += 2 * window;
        to += 2 * frame;
      }
    }
    w += 4 * row;
  }
}

export function convolve(
  x: i32, xStep: i32, frames: i32, w: i32, b: i32, length: i32, outputs: i32, y: i32, yStep: i32,
): void {
  const row = at((length + 3) & ~3);
  apply(
    at(x), at(xStep), frames, 1, length & ~3, 0, length & 3, at(w), row, b, outputs, at(y), at(yStep),
  );
}

export function convolveTaps(
  x: i32, xStep: i32, frames: i32, taps: i32, tapStep: i32, width: i32, groups: i32, w: i32, b: i32, outputs: i32,
  y: i32,
): void {
  const row = at(taps * width), gap = at(tapStep - width), own = outputs / groups, size = row * ((own + 3) & ~3);
  for (let group = 0; group < groups; group++) {
    const first = group * own;
    apply(
      at(x + group * width), at(xStep), frames, taps, width, gap, 0, at(w) + <usize>group * size, row,
      b ? b + first : 0, own, at(y + first), at(outputs),
    );
  }
}

/** Adds numbers `from` … `to` of a window, both multiples of 4, to the four partial sums of four kernels. */
@inline
function partial(x: usize, w: usize, end: usize, sums: usize): void {
  let a0 = v128.load(sums), a1 = v128.load(sums, 16), a2 = v128.load(sums, 32), a3 = v128.load(sums, 48);
  while (x < end) {
    const xa = v128.load(x);
    a0 = add(a0, xa, v128.load(w));
    a1 = add(a1, xa, v128.load(w, 16));
    a2 = add(a2, xa, v128.load(w, 32));
    a3 = add(a3, xa, v128.load(w, 48));
    x += 16;
    w += 64;
  }
  v128.store(sums, a0);
  v128.store(sums, a1, 16);
  v128.store(sums, a2, 32);
  v128.store(sums, a3, 48);
}

export function convolveHead(x: i32, w: i32, from: i32, to: i32, length: i32, outputs: i32, sums: i32): void {
  const row = at((length + 3) & ~3);
  for (let o = 0; o < outputs; o += 4) {
    const four = at(sums + 4 * o);
    if (from === 0) memory.fill(four, 0, 64);
    partial(at(x + from), at(w + 4 * from) + <usize>o * row, at(x + to), four);
  }
}

export function convolveTail(
  x: i32, w: i32, b: i32, from: i32, length: i32, outputs: i32, sums: i32, y: i32,
): void {
  const row = at((length + 3) & ~3);
  const whole = length & ~3;
  for (let o = 0; o < outputs; o += 4) {
    const four = at(sums + 4 * o);
    const rows = at(w) + <usize>o * row;
    partial(at(x + from), rows + 4 * at(from), at(x + whole), four);
    let a0 = v128.load(four), a1 = v128.load(four, 16), a2 = v128.load(four, 32), a3 = v128.load(four, 48);
    if (length & 3) {
      const xa = v128.and(v128.load(at(x + whole)), first(length & 3));
      const last = rows + 4 * at(whole);
      a0 = add(a0, xa, v128.load(last));
      a1 = add(a1, xa, v128.load(last, 16));
      a2 = add(a2, xa, v128.load(last, 32));
      a3 = add(a3, xa, v128.load(last, 48));
    }
    const bias = b ? at(b + o) : 0;
    store(at(y + o), biased(join(a0, a1, a2, a3), bias, bias ? v128.load(bias) : f32x4.splat(0)), outputs - o);
  }
}
