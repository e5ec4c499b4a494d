/**
 * Exponentials, logarithms, and functions derived from them, for two numbers in double precision (f64x2).
 *
 * They use only +, -, ×, ÷, comparisons, and integer shifts, whose results IEEE 754 defines exactly, so every runtime
 * gives the same bits, and so does `../plain/elementary.ts`. Inputs are float32 numbers, promoted. Results, rounded to
 * float32, are within 1 ulp of the exact value, including subnormal numbers. NaN stays NaN. The polynomials are minimax
 * fits of the relative error, at most 2e-8.
 */

@inline
function both(x: f64): v128 {
  return f64x2.splat(x);
}

/** a b + c, each operation rounded. */
@inline
function step(a: v128, b: v128, c: f64): v128 {
  return f64x2.add(f64x2.mul(a, b), both(c));
}

/**
 * Limits x to ±350. Beyond that, e^x times any float32 number is 0 or Infinity in float32. (1 + e^x)² still fits a
 * double.
 */
@inline
function clamp(x: v128): v128 {
  return f64x2.pmax(f64x2.pmin(x, both(350)), both(-350));
}

/**
 * 1.5·2^52: a double of this size has no fractional bits, and its low bits are those of the integer that was added to
 * it.
 */
const ROUND: f64 = 6755399441055744;
const LN2: f64 = 0.6931471805599453;

/** The integer k nearest to x / ln 2, as k + ROUND. */
@inline
function nearest(x: v128): v128 {
  return step(x, both(1.4426950408889634), ROUND);
}

/** 2^k for k + ROUND. */
@inline
function power(k: v128): v128 {
  return i64x2.shl(i64x2.add(k, i64x2.splat(1023)), 52);
}

/** 2^-k for k + ROUND. */
@inline
function inversePower(k: v128): v128 {
  return i64x2.shl(i64x2.sub(i64x2.splat(1023), k), 52);
}

/** e^r - 1 for r = x - k ln 2, |r| <= ½ ln 2, so that e^x = 2^k (1 + excess). */
@inline
function excess(x: v128, k: v128): v128 {
  const r = f64x2.sub(x, f64x2.mul(f64x2.sub(k, both(ROUND)), both(LN2)));
  let q = step(r, both(0.0013888951027506058), 0.008369093884686414);
  q = step(q, r, 0.04166713555696886);
  q = step(q, r, 0.1666650591605814);
  q = step(q, r, 0.499999981236184);
  q = step(q, r, 1.0000000106732454);
  return f64x2.mul(q, r);
}

/** e^x. */
@inline
export function exp(x: v128): v128 {
  const z = clamp(x);
  const k = nearest(z);
  const scale = power(k);
  return f64x2.add(f64x2.mul(excess(z, k), scale), scale);
}

/** e^x - 1. The operands of the subtraction are exchanged so that -0 stays -0. */
@inline
export function expm1(x: v128): v128 {
  const z = clamp(x);
  const k = nearest(z);
  const scale = power(k);
  return f64x2.sub(f64x2.mul(excess(z, k), scale), f64x2.sub(both(1), scale));
}

/** 1 / (1 + e^-x) = E / (E + 2^-k), where e^x = 2^k E. */
@inline
export function sigmoid(x: v128): v128 {
  const z = clamp(x);
  const k = nearest(z);
  const e = f64x2.add(excess(z, k), both(1));
  return f64x2.div(e, f64x2.add(e, inversePower(k)));
}

/** σ'(x) = E 2^-k / (E + 2^-k)². */
@inline
export function sigmoidSlope(x: v128): v128 {
  const z = clamp(x);
  const k = nearest(z);
  const e = f64x2.add(excess(z, k), both(1));
  const scale = inversePower(k);
  const sum = f64x2.add(e, scale);
  return f64x2.div(f64x2.mul(e, scale), f64x2.mul(sum, sum));
}

/** tanh x = (E - 2^-k) / (E + 2^-k), where e^2x = 2^k E. The operands are exchanged so that -0 stays -0. */
@inline
export function tanh(x: v128): v128 {
  const z = clamp(f64x2.add(x, x));
  const k = nearest(z);
  const e = excess(z, k);
  const scale = inversePower(k);
  return f64x2.div(f64x2.sub(e, f64x2.sub(scale, both(1))), f64x2.add(e, f64x2.add(scale, both(1))));
}

/** 1 - tanh² x = 4 σ'(2x). This form avoids the cancellation of the difference for large |x|. */
@inline
export function tanhSlope(x: v128): v128 {
  return f64x2.mul(both(4), sigmoidSlope(f64x2.add(x, x)));
}

/**
 * ln u, where `less` is u - 1 (exact even if u is not): u = 2^k m with √½ <= m < √2, and ln m = 2 artanh(s) with
 * s = (m - 1) / (m + 1). -Infinity at 0, NaN below. The term of k is subtracted so that -0 stays -0.
 */
@inline
function logarithm(u: v128, less: v128): v128 {
  const root: i64 = 0x3fe6a09e00000000;
  const bits = i64x2.add(u, i64x2.splat(0x3ff0000000000000 - root));
  const m = i64x2.add(v128.and(bits, i64x2.splat(0x000fffffffffffff)), i64x2.splat(root));
  const exponent = v128.or(i64x2.shr_u(bits, 52), i64x2.splat(0x4330000000000000));
  const minusK = f64x2.sub(both(4503599627370496 + 1023), exponent);
  const f = v128.bitselect(less, f64x2.sub(m, both(1)), f64x2.eq(minusK, both(0)));
  const s = f64x2.div(f, f64x2.add(f, both(2)));
  const z = f64x2.mul(s, s);
  let q = step(z, both(0.29925652094008925), 0.399747948904266);
  q = step(q, z, 0.6666681595081312);
  q = step(q, z, 1.9999999986213424);
  const y = f64x2.sub(f64x2.mul(q, s), f64x2.mul(minusK, both(LN2)));
  const finite = v128.bitselect(y, u, f64x2.lt(u, both(Infinity)));
  const positive = v128.bitselect(both(-Infinity), finite, f64x2.eq(u, both(0)));
  return v128.or(positive, f64x2.lt(u, both(0)));
}

/** ln x. */
@inline
export function log(x: v128): v128 {
  return logarithm(x, f64x2.sub(x, both(1)));
}

/** ln(1 + x). */
@inline
export function log1p(x: v128): v128 {
  return logarithm(f64x2.add(x, both(1)), x);
}

/** ln(1 + e^x), computed as x for x > 20. Its derivative is the sigmoid. */
@inline
export function softplus(x: v128): v128 {
  return v128.bitselect(x, log1p(exp(x)), f64x2.gt(x, both(20)));
}

/** e^(-x²/2). */
@inline
function bell(x: v128): v128 {
  return exp(f64x2.mul(f64x2.mul(x, x), both(-0.5)));
}

/**
 * x Φ(x) of the standard normal distribution: Φ(-a) = e^(-a²/2) P(a) / Q(a), a fit of Mills' ratio over √2π, and
 * Φ(a) = 1 - Φ(-a). `a` is limited so that Infinity stays Infinity. -Infinity gives NaN, like -Infinity · 0.
 */
@inline
export function gelu(x: v128): v128 {
  const a = f64x2.pmax(f64x2.pmin(x, both(350)), f64x2.neg(x));
  let p = step(a, both(0.004691881804905504), 0.044415334803126746);
  p = step(p, a, 0.19428915388443502);
  p = step(p, a, 0.4529352138272626);
  p = step(p, a, 0.5000000071330543);
  let q = step(a, both(0.011760767148776594), 0.1113354103496009);
  q = step(q, a, 0.4986917051334291);
  q = step(q, a, 1.247968693745113);
  q = step(q, a, 1.703755943060381);
  q = step(q, a, 1);
  const tail = f64x2.div(f64x2.mul(bell(x), p), q);
  return f64x2.mul(x, v128.bitselect(tail, f64x2.sub(both(1), tail), f64x2.lt(x, both(0))));
}

/**
 * Φ(x) + x φ(x). For x = -a it is e^(-a²/2) (a0 - a) P(a) / Q(a), where -a0 is its zero, so that the relative error is
 * small there too. For x = a it is 1 minus that.
 */
@inline
export function geluSlope(x: v128): v128 {
  const a = f64x2.abs(x);
  let p = step(a, both(0.01144497615948455), 0.1018460903854876);
  p = step(p, a, 0.3932432578299827);
  p = step(p, a, 0.7693287070916549);
  p = step(p, a, 0.6650779839101936);
  let q = step(a, both(0.028688248252184544), 0.23372612486902153);
  q = step(q, a, 0.8223876430414081);
  q = step(q, a, 1.4223617534954505);
  q = step(q, a, 1);
  const near = f64x2.mul(f64x2.sub(both(0.7517915246935645), a), bell(x));
  const below = f64x2.div(f64x2.mul(near, p), q);
  return v128.bitselect(below, f64x2.sub(both(1), below), f64x2.lt(x, both(0)));
}
