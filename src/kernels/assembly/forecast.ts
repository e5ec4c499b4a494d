import { at } from './vector';

const LAGS: i32 = 4;
const TAPS: i32 = 5;
const DAY_BINS: i32 = 12;
const LEARNING_RATE: f64 = 0.1;
const BLUR: f64 = 0.5;

/** Rows of weights that are read now, as addresses, and their shares. */
const rows: usize = memory.data(12 * 4, 16);
const shares: usize = memory.data(12 * 8, 16);

@inline
function both(x: f64): v128 {
  return f64x2.splat(x);
}

/** a b + c, each operation rounded. */
@inline
function step(a: v128, b: v128, c: v128): v128 {
  return f64x2.add(f64x2.mul(a, b), c);
}

/** Constants of `exp`, in pairs, because loading both lanes is faster than building them. */
// prettier-ignore
const constants: usize = memory.data<f64>([
  700, 700, -700, -700, -0.0, -0.0, 0.5, 0.5, 1, 1, 2, 2,
  1.4426950408889634, 1.4426950408889634, 0.3465735912322998, 0.3465735912322998,
  0.6931471803691238, 0.6931471803691238, 1.9082149292705877e-10, 1.9082149292705877e-10,
  4.1381367970572385e-8, 4.1381367970572385e-8, -0.0000016533902205465252, -0.0000016533902205465252,
  0.00006613756321437934, 0.00006613756321437934, -0.0027777777777015593, -0.0027777777777015593,
  0.16666666666666602, 0.16666666666666602, 3.725290298461914e-9, 3.725290298461914e-9,
  6755399441055744, 6755399441055744, 2.718281828459045, 2.718281828459045,
], 16);
const MAXIMUM = 0, MINIMUM = 1, SIGN = 2, HALF = 3, ONE = 4, TWO = 5;
const INVERSE_LN2 = 6, HALF_LN2 = 7, LN2_HIGH = 8, LN2_LOW = 9;
const P5 = 10, P4 = 11, P3 = 12, P2 = 13, P1 = 14, SMALL = 15, ROUND = 16, E = 17;

@inline
function constant(index: i32): v128 {
  return v128.load(constants + (<usize>index << 4));
}

/** 2^k of integers k, |k| < 1023. A double of the size of 1.5·2^52 has the bits of the integer that was added to it. */
@inline
function power(k: v128): v128 {
  return i64x2.shl(i64x2.add(f64x2.add(k, constant(ROUND)), i64x2.splat(1023)), 52);
}

/**
 * e^x, with x limited to ±700, to 1 ulp. The operations are those of fdlibm (K. C. Ng, e_exp.c, 1993), so that the bits
 * are those of `Math.exp` in V8.
 */
@inline
function exp(number: v128): v128 {
  const x = f64x2.pmax(f64x2.pmin(number, constant(MAXIMUM)), constant(MINIMUM));
  const size = f64x2.abs(x);
  const half = v128.or(v128.and(x, constant(SIGN)), constant(HALF));
  const nearest = step(x, constant(INVERSE_LN2), half);
  const k = f64x2.trunc(v128.and(f64x2.ge(size, constant(HALF_LN2)), nearest));
  const high = f64x2.sub(x, f64x2.mul(k, constant(LN2_HIGH)));
  const low = f64x2.mul(k, constant(LN2_LOW));
  const r = f64x2.sub(high, low);
  const t = f64x2.mul(r, r);
  let q = step(t, constant(P5), constant(P4));
  q = step(t, q, constant(P3));
  q = step(t, q, constant(P2));
  q = step(t, q, constant(P1));
  const c = f64x2.sub(r, f64x2.mul(t, q));
  const rest = f64x2.div(f64x2.mul(r, c), f64x2.sub(constant(TWO), c));
  const y = f64x2.sub(constant(ONE), f64x2.sub(f64x2.sub(low, rest), high));
  const e = f64x2.mul(y, power(k));
  const small = f64x2.lt(size, constant(SMALL));
  const one = f64x2.eq(x, constant(ONE));
  if (!v128.any_true(v128.or(small, one))) return e;
  return v128.bitselect(constant(E), v128.bitselect(f64x2.add(x, constant(ONE)), e, small), one);
}

@inline
function lowerBin(position: f64, bins: i32): i32 {
  return max<i32>(0, min<i32>(bins - 2, <i32>floor<f64>(position)));
}

@inline
function setRows(k: i32, row: usize, next: usize, share: f64, rest: f64): void {
  store<usize>(rows + (<usize>k << 3), row);
  store<usize>(rows + (<usize>k << 3), next, 4);
  store<f64>(shares + (<usize>k << 4), share);
  store<f64>(shares + (<usize>k << 4), rest, 8);
}

/** Selects the two rows of every tap and of the time of day. */
@inline
function activate(seen: usize, w: usize, bins: i32, day: f64): void {
  const bytes = <usize>bins << 3;
  const hours = w + <usize>(TAPS * bins) * bytes;
  const idle = hours + <usize>DAY_BINS * bytes;
  for (let k = 0; k < TAPS; k++) {
    const position = load<f64>(seen + (<usize>k << 3));
    if (position < 0) {
      setRows(k, idle, idle, 0, 0);
      continue;
    }
    const low = lowerBin(position, bins);
    const row = w + <usize>(k * bins + low) * bytes;
    setRows(k, row, row + bytes, 1 - position + <f64>low, position - <f64>low);
  }
  const hour = min<i32>(DAY_BINS - 1, <i32>floor<f64>(day * <f64>DAY_BINS));
  const late = day * <f64>DAY_BINS - <f64>hour;
  setRows(TAPS, hours + <usize>hour * bytes, hours + <usize>((hour + 1) % DAY_BINS) * bytes, 1 - late, late);
}

@inline
function rowOf(j: i32): usize {
  return load<usize>(rows + (<usize>j << 2));
}

@inline
function shareOf(j: i32): v128 {
  return v128.load64_splat(shares + (<usize>j << 3));
}

/** s w of two neighboring rows. */
@inline
function pairSum(row: usize, next: usize, share: v128, rest: v128): v128 {
  return f64x2.add(f64x2.mul(share, v128.load(row)), f64x2.mul(rest, v128.load(next)));
}

/** y = x + Σ s w of the active rows of three taps from tap k on, without the one in the middle unless `middle`. */
@inline
function addTaps(x: usize, y: usize, k: i32, middle: bool, bytes: usize): void {
  const j = 2 * k;
  const r0 = rowOf(j), r1 = rowOf(j + 1), r2 = rowOf(j + 2), r3 = rowOf(j + 3), r4 = rowOf(j + 4), r5 = rowOf(j + 5);
  const s0 = shareOf(j), s1 = shareOf(j + 1), s2 = shareOf(j + 2), s3 = shareOf(j + 3), s4 = shareOf(j + 4), s5 = shareOf(j + 5);
  if (middle)
    for (let b: usize = 0; b < bytes; b += 16) {
      const two = f64x2.add(pairSum(r0 + b, r1 + b, s0, s1), pairSum(r2 + b, r3 + b, s2, s3));
      v128.store(y + b, f64x2.add(v128.load(x + b), f64x2.add(two, pairSum(r4 + b, r5 + b, s4, s5))));
    }
  else
    for (let b: usize = 0; b < bytes; b += 16) {
      const two = f64x2.add(pairSum(r0 + b, r1 + b, s0, s1), pairSum(r4 + b, r5 + b, s4, s5));
      v128.store(y + b, f64x2.add(v128.load(x + b), two));
    }
}

@inline
function descend(w: usize, share: v128, g: v128): void {
  v128.store(w, f64x2.sub(v128.load(w), f64x2.mul(share, g)));
}

/** w -= s g of three active rows from row j on. */
@inline
function descendThree(g: usize, j: i32, bytes: usize): void {
  const r0 = rowOf(j), r1 = rowOf(j + 1), r2 = rowOf(j + 2);
  const s0 = shareOf(j), s1 = shareOf(j + 1), s2 = shareOf(j + 2);
  for (let b: usize = 0; b < bytes; b += 16) {
    const x = v128.load(g + b);
    descend(r0 + b, s0, x);
    descend(r1 + b, s1, x);
    descend(r2 + b, s2, x);
  }
}

/** p̃ of category b, where p = `scale` e. */
@inline
function blurred(e: usize, b: i32, bins: i32, scale: f64): f64 {
  const at = e + (<usize>b << 3);
  const p = load<f64>(at) * scale;
  const before = b > 0 ? load<f64>(at - 8) * scale : p;
  const after = b < bins - 1 ? load<f64>(at, 8) * scale : p;
  return (1 - BLUR) * p + BLUR * 0.5 * (before + after);
}

export function forecast(state: i32, bins: i32, position: f64, dayBack: f64, day: f64, learning: i32): f64 {
  const seen = at(state);
  const e = seen + 48;
  const bytes = <usize>bins << 3;
  const w = e + bytes;
  const bias = w + <usize>(TAPS * bins + DAY_BINS + 1) * bytes;
  store<f64>(seen, dayBack, 32);
  activate(seen, w, bins, day);

  addTaps(bias, e, 0, true, bytes);
  addTaps(e, e, 3, dayBack >= 0, bytes);
  let sum: f64 = 0;
  for (let b: usize = 0; b < bytes; b += 16) {
    const x = exp(v128.load(e + b));
    v128.store(e + b, x);
    sum = sum + f64x2.extract_lane(x, 0) + f64x2.extract_lane(x, 1);
  }
  const scale = 1 / sum;

  const low = lowerBin(position, bins);
  const high = position - <f64>low;
  const found = (1 - high) * blurred(e, low, bins, scale) + high * blurred(e, low + 1, bins, scale);
  if (learning) {
    const target = e + (<usize>low << 3);
    const atLow = (load<f64>(target) * scale - (1 - high)) * LEARNING_RATE;
    const atHigh = (load<f64>(target, 8) * scale - high) * LEARNING_RATE;
    for (let b: usize = 0; b < bytes; b += 16)
      v128.store(e + b, f64x2.mul(f64x2.mul(v128.load(e + b), both(scale)), both(LEARNING_RATE)));
    store<f64>(target, atLow);
    store<f64>(target, atHigh, 8);
    for (let b: usize = 0; b < bytes; b += 16) {
      const g = v128.load(e + b);
      v128.store(bias + b, f64x2.sub(v128.load(bias + b), g));
    }
    for (let j = 0; j < 12; j += 3) descendThree(e, j, bytes);
  }
  for (let k = LAGS - 1; k > 0; k--) store<f64>(seen + (<usize>k << 3), load<f64>(seen + (<usize>(k - 1) << 3)));
  store<f64>(seen, position);
  return found;
}
