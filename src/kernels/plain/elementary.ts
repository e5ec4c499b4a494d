/*
 * Exponentials, logarithms, and functions derived from them, in double precision. They perform the same operations as
 * `assembly/elementary.ts`, so that every runtime gives the same bits. Inputs are float32 numbers. Results, rounded to
 * float32, are within 1 ulp of the exact value, including subnormal numbers. NaN stays NaN. The polynomials are minimax
 * fits of the relative error, at most 2e-8.
 */

const double = new Float64Array(1);
/** The bits of `double`: low half, high half (little-endian, like every machine that runs WebAssembly). */
const halves = new Uint32Array(double.buffer);

/** 1.5·2^52: a double of this size has no fractional bits, so adding it rounds to an integer. */
const round = 6755399441055744;
const ln2 = 0.6931471805599453;

/**
 * Limits x to ±350. Beyond that, e^x times any float32 number is 0 or Infinity in float32. (1 + e^x)² still fits a
 * double.
 */
function clamp(x: number): number {
  const z = x > 350 ? 350 : x;
  return z < -350 ? -350 : z;
}

/** The integer k nearest to x / ln 2. */
function nearest(x: number): number {
  return x * 1.4426950408889634 + round - round;
}

/** 2^k. */
function power(k: number): number {
  halves[0] = 0;
  halves[1] = (k + 1023) << 20;
  return double[0];
}

/** e^r - 1 for r = x - k ln 2, |r| <= ½ ln 2, so that e^x = 2^k (1 + excess). */
function excess(x: number, k: number): number {
  const r = x - k * ln2;
  let q = r * 0.0013888951027506058 + 0.008369093884686414;
  q = q * r + 0.04166713555696886;
  q = q * r + 0.1666650591605814;
  q = q * r + 0.499999981236184;
  q = q * r + 1.0000000106732454;
  return q * r;
}

/** e^x. */
export function exp(x: number): number {
  const z = clamp(x);
  const k = nearest(z);
  const scale = power(k);
  return excess(z, k) * scale + scale;
}

/** e^x - 1. The operands of the subtraction are exchanged so that -0 stays -0. */
export function expm1(x: number): number {
  const z = clamp(x);
  const k = nearest(z);
  const scale = power(k);
  return excess(z, k) * scale - (1 - scale);
}

/** 1 / (1 + e^-x) = E / (E + 2^-k), where e^x = 2^k E. */
export function sigmoid(x: number): number {
  const z = clamp(x);
  const k = nearest(z);
  const e = excess(z, k) + 1;
  return e / (e + power(-k));
}

/** σ'(x) = E 2^-k / (E + 2^-k)². */
export function sigmoidSlope(x: number): number {
  const z = clamp(x);
  const k = nearest(z);
  const e = excess(z, k) + 1;
  const scale = power(-k);
  const sum = e + scale;
  return (e * scale) / (sum * sum);
}

/** tanh x = (E - 2^-k) / (E + 2^-k), where e^2x = 2^k E. The operands are exchanged so that -0 stays -0. */
export function tanh(x: number): number {
  const z = clamp(x + x);
  const k = nearest(z);
  const e = excess(z, k);
  const scale = power(-k);
  return (e - (scale - 1)) / (e + (scale + 1));
}

/** 1 - tanh² x = 4 σ'(2x). This form avoids the cancellation of the difference for large |x|. */
export function tanhSlope(x: number): number {
  return 4 * sigmoidSlope(x + x);
}

/**
 * ln u, where `less` is u - 1 (exact even if u is not): u = 2^k m with √½ <= m < √2, and ln m = 2 artanh(s) with
 * s = (m - 1) / (m + 1). -Infinity at 0, NaN below. The term of k is subtracted so that -0 stays -0.
 */
function logarithm(u: number, less: number): number {
  if (!(u < Infinity)) return u;
  if (u <= 0) return u < 0 ? NaN : -Infinity;
  const root = 0x3fe6a09e;
  double[0] = u;
  const bits = halves[1] + (0x3ff00000 - root);
  const minusK = 1023 - (bits >>> 20);
  halves[1] = (bits & 0xfffff) + root;
  const f = minusK === 0 ? less : double[0] - 1;
  const s = f / (f + 2);
  const z = s * s;
  let q = z * 0.29925652094008925 + 0.399747948904266;
  q = q * z + 0.6666681595081312;
  q = q * z + 1.9999999986213424;
  return q * s - minusK * ln2;
}

/** ln x. */
export function log(x: number): number {
  return logarithm(x, x - 1);
}

/** ln(1 + x). */
export function log1p(x: number): number {
  return logarithm(x + 1, x);
}

/** ln(1 + e^x), computed as x for x > 20. Its derivative is the sigmoid. */
export function softplus(x: number): number {
  return x > 20 ? x : log1p(exp(x));
}

/** e^(-x²/2). */
function bell(x: number): number {
  return exp(x * x * -0.5);
}

/**
 * x Φ(x) of the standard normal distribution: Φ(-a) = e^(-a²/2) P(a) / Q(a), a fit of Mills' ratio over √2π, and
 * Φ(a) = 1 - Φ(-a). `a` is limited so that Infinity stays Infinity. -Infinity gives NaN, like -Infinity · 0.
 */
export function gelu(x: number): number {
  const below = x < 0;
  const a = below ? -x : x > 350 ? 350 : x;
  let p = a * 0.004691881804905504 + 0.044415334803126746;
  p = p * a + 0.19428915388443502;
  p = p * a + 0.4529352138272626;
  p = p * a + 0.5000000071330543;
  let q = a * 0.011760767148776594 + 0.1113354103496009;
  q = q * a + 0.4986917051334291;
  q = q * a + 1.247968693745113;
  q = q * a + 1.703755943060381;
  q = q * a + 1;
  const tail = (bell(x) * p) / q;
  return x * (below ? tail : 1 - tail);
}

/**
 * Φ(x) + x φ(x). For x = -a it is e^(-a²/2) (a0 - a) P(a) / Q(a), where -a0 is its zero, so that the relative error is
 * small there too. For x = a it is 1 minus that.
 */
export function geluSlope(x: number): number {
  const a = Math.abs(x);
  let p = a * 0.01144497615948455 + 0.1018460903854876;
  p = p * a + 0.3932432578299827;
  p = p * a + 0.7693287070916549;
  p = p * a + 0.6650779839101936;
  let q = a * 0.028688248252184544 + 0.23372612486902153;
  q = q * a + 0.8223876430414081;
  q = q * a + 1.4223617534954505;
  q = q * a + 1;
  const slope = ((0.7517915246935645 - a) * bell(x) * p) / q;
  return x < 0 ? slope : 1 - slope;
}
