/**
 * The activations of a network over arrays of float32 numbers, four at a time. Arrays are byte offsets, aligned to 4.
 * The last, incomplete group of four is processed like the others, so that a number gives the same bits at any position.
 *
 * Each kind has its own loop: `kind` is a constant at each use, so the compiler removes the other branches.
 */
import { exp, expm1, gelu, geluSlope, log, sigmoid, sigmoidSlope, softplus, tanh, tanhSlope } from './elementary';
import { high, load, low, narrow, store } from './fours';

/** In the order of `activations` in `../activation-types.ts`. */
const enum Kind {
  Identity,
  Relu,
  LeakyRelu,
  Elu,
  Gelu,
  Softplus,
  Tanh,
  Sigmoid,
  Square,
  Abs,
  Log,
}

/** Returns whether float32 arithmetic is sufficient. */
@inline
function isPlain(kind: Kind): bool {
  return kind <= Kind.LeakyRelu || kind == Kind.Square || kind == Kind.Abs;
}

/** f(x) of two numbers, in double precision. */
@inline
function wideValue(kind: Kind, x: v128, alpha: f32): v128 {
  const a = f64x2.splat(alpha);
  if (kind == Kind.Elu) return v128.bitselect(f64x2.mul(a, expm1(x)), x, f64x2.lt(x, f64x2.splat(0)));
  if (kind == Kind.Gelu) return gelu(x);
  if (kind == Kind.Softplus) return softplus(x);
  if (kind == Kind.Tanh) return tanh(x);
  if (kind == Kind.Sigmoid) return sigmoid(x);
  return log(f64x2.pmax(x, a));
}

/** f'(x) of two numbers, in double precision. */
@inline
function wideSlope(kind: Kind, x: v128, alpha: f32): v128 {
  const a = f64x2.splat(alpha);
  const one = f64x2.splat(1);
  if (kind == Kind.Elu) return v128.bitselect(one, f64x2.mul(a, exp(x)), f64x2.gt(x, f64x2.splat(0)));
  if (kind == Kind.Gelu) return geluSlope(x);
  if (kind == Kind.Softplus) return sigmoid(x);
  if (kind == Kind.Tanh) return tanhSlope(x);
  if (kind == Kind.Sigmoid) return sigmoidSlope(x);
  return v128.andnot(f64x2.div(one, x), f64x2.lt(x, a));
}

/** f(x) of four numbers. */
@inline
function value(kind: Kind, x: v128, alpha: f32): v128 {
  const zero = f32x4.splat(0);
  if (kind == Kind.Identity) return x;
  if (kind == Kind.Relu) return v128.andnot(x, f32x4.le(x, zero));
  if (kind == Kind.LeakyRelu) return v128.bitselect(f32x4.mul(f32x4.splat(alpha), x), x, f32x4.lt(x, zero));
  if (kind == Kind.Square) return f32x4.mul(x, x);
  if (kind == Kind.Abs) return f32x4.abs(x);
  return narrow(wideValue(kind, low(x), alpha), wideValue(kind, high(x), alpha));
}

/** g f'(x) of four numbers. For the square, g x is doubled last, so that it does not overflow too early. */
@inline
function product(kind: Kind, x: v128, g: v128, alpha: f32): v128 {
  const zero = f32x4.splat(0);
  const one = f32x4.splat(1);
  const gx = f32x4.mul(g, x);
  if (kind == Kind.Identity) return g;
  if (kind == Kind.Relu) return f32x4.mul(g, v128.and(one, f32x4.gt(x, zero)));
  if (kind == Kind.LeakyRelu) return f32x4.mul(g, v128.bitselect(one, f32x4.splat(alpha), f32x4.gt(x, zero)));
  if (kind == Kind.Square) return f32x4.add(gx, gx);
  if (kind == Kind.Abs) return f32x4.mul(g, v128.bitselect(x, v128.and(one, f32x4.ne(x, zero)), f32x4.splat(-0.0)));
  return narrow(
    f64x2.mul(low(g), wideSlope(kind, low(x), alpha)),
    f64x2.mul(high(g), wideSlope(kind, high(x), alpha)),
  );
}

/**
 * g f'(x) of four numbers, 0 where g is 0 or x is not finite, so that NaN does not spread to outputs without a
 * gradient.
 */
@inline
function gradient(kind: Kind, x: v128, g: v128, alpha: f32): v128 {
  const zero = f32x4.splat(0);
  const live = v128.and(f32x4.ne(g, zero), f32x4.eq(f32x4.sub(x, x), zero));
  return v128.and(product(kind, x, g, alpha), live);
}

/**
 * Plain kinds process whole groups of four first, without a branch. The loop of the others has its condition at the end,
 * because V8 hoists its one or two dozen constants only out of such loops.
 */
@inline
function forward(kind: Kind, x: usize, y: usize, n: i32, alpha: f32): void {
  if (isPlain(kind)) for (; n >= 4; n -= 4, x += 16, y += 16) v128.store(y, value(kind, v128.load(x), alpha));
  if (n <= 0) return;
  do {
    store(y, value(kind, load(x, n), alpha), n);
    x += 16;
    y += 16;
    n -= 4;
  } while (n > 0);
}

/** Like `forward`. */
@inline
function backward(kind: Kind, x: usize, g: usize, dx: usize, n: i32, alpha: f32): void {
  if (isPlain(kind))
    for (; n >= 4; n -= 4, x += 16, g += 16, dx += 16)
      v128.store(dx, gradient(kind, v128.load(x), v128.load(g), alpha));
  if (n <= 0) return;
  do {
    store(dx, gradient(kind, load(x, n), load(g, n), alpha), n);
    x += 16;
    g += 16;
    dx += 16;
    n -= 4;
  } while (n > 0);
}

/**
 * As list elements, the loops stay separate functions. As branches of one function, none would keep its constants in
 * registers.
 */
const forwards: StaticArray<(x: usize, y: usize, n: i32, alpha: f32) => void> = [
  (x, y, n, alpha) => forward(Kind.Identity, x, y, n, alpha),
  (x, y, n, alpha) => forward(Kind.Relu, x, y, n, alpha),
  (x, y, n, alpha) => forward(Kind.LeakyRelu, x, y, n, alpha),
  (x, y, n, alpha) => forward(Kind.Elu, x, y, n, alpha),
  (x, y, n, alpha) => forward(Kind.Gelu, x, y, n, alpha),
  (x, y, n, alpha) => forward(Kind.Softplus, x, y, n, alpha),
  (x, y, n, alpha) => forward(Kind.Tanh, x, y, n, alpha),
  (x, y, n, alpha) => forward(Kind.Sigmoid, x, y, n, alpha),
  (x, y, n, alpha) => forward(Kind.Square, x, y, n, alpha),
  (x, y, n, alpha) => forward(Kind.Abs, x, y, n, alpha),
  (x, y, n, alpha) => forward(Kind.Log, x, y, n, alpha),
];

const backwards: StaticArray<(x: usize, g: usize, dx: usize, n: i32, alpha: f32) => void> = [
  (x, g, dx, n, alpha) => backward(Kind.Identity, x, g, dx, n, alpha),
  (x, g, dx, n, alpha) => backward(Kind.Relu, x, g, dx, n, alpha),
  (x, g, dx, n, alpha) => backward(Kind.LeakyRelu, x, g, dx, n, alpha),
  (x, g, dx, n, alpha) => backward(Kind.Elu, x, g, dx, n, alpha),
  (x, g, dx, n, alpha) => backward(Kind.Gelu, x, g, dx, n, alpha),
  (x, g, dx, n, alpha) => backward(Kind.Softplus, x, g, dx, n, alpha),
  (x, g, dx, n, alpha) => backward(Kind.Tanh, x, g, dx, n, alpha),
  (x, g, dx, n, alpha) => backward(Kind.Sigmoid, x, g, dx, n, alpha),
  (x, g, dx, n, alpha) => backward(Kind.Square, x, g, dx, n, alpha),
  (x, g, dx, n, alpha) => backward(Kind.Abs, x, g, dx, n, alpha),
  (x, g, dx, n, alpha) => backward(Kind.Log, x, g, dx, n, alpha),
];

/** y = f(x) of n numbers. y may be x. */
export function activate(kind: Kind, x: usize, y: usize, n: i32, alpha: f32): void {
  unchecked(forwards[kind])(x, y, n, alpha);
}

/** dx = g f'(x) of n numbers, 0 where g is 0 or x is not finite. dx may be x or g. */
export function activateBack(kind: Kind, x: usize, g: usize, dx: usize, n: i32, alpha: f32): void {
  unchecked(backwards[kind])(x, g, dx, n, alpha);
}
