import { store } from './fours';
import { add, at, first, join } from './vector';

/** Four kernels applied to two windows. */
@inline
function fourByTwo(x: usize, next: usize, w: usize, length: i32, b: usize, y: usize, yNext: usize, outputs: i32): void {
  let a0 = f32x4.splat(0), a1 = f32x4.splat(0), a2 = f32x4.splat(0), a3 = f32x4.splat(0);
  let b0 = f32x4.splat(0), b1 = f32x4.splat(0), b2 = f32x4.splat(0), b3 = f32x4.splat(0);
  const end = x + at(length & ~3);
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
  if (length & 3) {
    const mask = first(length & 3);
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
function four(x: usize, w: usize, length: i32, b: usize, y: usize, outputs: i32): void {
  let a0 = f32x4.splat(0), a1 = f32x4.splat(0), a2 = f32x4.splat(0), a3 = f32x4.splat(0);
  const end = x + at(length & ~3);
  while (x < end) {
    const xa = v128.load(x);
    a0 = add(a0, xa, v128.load(w));
    a1 = add(a1, xa, v128.load(w, 16));
    a2 = add(a2, xa, v128.load(w, 32));
    a3 = add(a3, xa, v128.load(w, 48));
    x += 16;
    w += 64;
  }
  if (length & 3) {
    const xa = v128.and(v128.load(x), first(length & 3));
    a0 = add(a0, xa, v128.load(w));
    a1 = add(a1, xa, v128.load(w, 16));
    a2 = add(a2, xa, v128.load(w, 32));
    a3 = add(a3, xa, v128.load(w, 48));
  }
  store(y, biased(join(a0, a1, a2, a3), b, b ? v128.load(b) : f32x4.splat(0)), outputs);
}

@inline
function biased(sums: v128, b: usize, bias: v128): v128 {
  return b ? f32x4.add(sums, bias) : sums;
}

export function convolve(
  x: i32, xStep: i32, frames: i32, w: i32, b: i32, length: i32, outputs: i32, y: i32, yStep: i32,
): void {
  const row = at((length + 3) & ~3);
  const window = at(xStep), frame = at(yStep);
  let wAt = at(w);
  for (let o = 0; o < outputs; o += 4) {
    const bias = b ? at(b + o) : 0;
    const last = outputs - o;
    let from = at(x), to = at(y + o);
    let n = 1;
    for (; n < frames; n += 2) {
      fourByTwo(from, from + window, wAt, length, bias, to, to + frame, last);
      from += 2 * window;
      to += 2 * frame;
    }
    if (n === frames) four(from, wAt, length, bias, to, last);
    wAt += 4 * row;
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
