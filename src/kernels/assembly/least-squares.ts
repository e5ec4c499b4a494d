import { at } from './vector';

// byte offsets in the vectors of a pair of inputs: k of the step before, u, k, and the column c of a probe
const LAST: usize = 0;
const U: usize = 16;
const K: usize = 32;
const C: usize = 48;
const PAIR: usize = 64;

/** 2^64, a power of two, so that scaling does not round. */
const MAX_SCALE: f64 = 1.8446744073709552e19;

@inline
function double(base: usize, i: i32): usize {
  return base + (<usize>i << 3);
}

/** Returns the address of the entry of input `j` of the first vector. */
@inline
function input(vectors: usize, j: i32): usize {
  return vectors + <usize>(j >> 1) * PAIR + (<usize>(j & 1) << 3);
}

/** Returns the address of an entry of the lower triangle of tiles of 2 × 2. */
@inline
function entry(tiles: usize, i: i32, j: i32): usize {
  const row = max(i, j);
  const column = min(i, j);
  const tile = row >> 1;
  return double(tiles, 4 * (((tile * (tile + 1)) >> 1) + (column >> 1)) + 2 * (row & 1) + (column & 1));
}

export function leastSquares(
  state: i32,
  x: i32,
  length: i32,
  g: i32,
  outputs: i32,
  w: i32,
  b: i32,
  rate: f64,
  forgetting: f64,
  maxEnergy: f64,
  probe: i32,
  probeWeight: f64,
): f64 {
  const size = b ? length + 1 : length;
  const even = (size + 1) & ~1;
  const mean = at(state);
  const inversePower = double(mean, even);
  const gains = double(inversePower, even);
  const vectors = double(gains, 2 * even);
  const factors = double(vectors, 4 * even);
  const biases = double(factors, 4);
  const tiles = double(biases, (outputs + 1) & ~1);

  const energy = prepare(vectors, at(x), length, mean, inversePower, even, b != 0);
  store<f64>(factors, energy, 24);
  const scale = load<f64>(factors);
  const noise = energy > maxEnergy ? (forgetting * energy) / maxEnergy : forgetting;
  const probePart = load<f64>(factors, 16);
  if (probePart == 0) multiply(tiles, vectors, even, load<f64>(factors, 8));
  else multiplyProbed(tiles, vectors, even, load<f64>(factors, 8), probePart);
  const den = noise + scale * product(vectors, even);
  if (!(den > 0.5 * noise) || den == Infinity) return den;

  const part = scale / den;
  for (let j = 0; j < even; j += 2) {
    const pair = f64x2.mul(v128.load(input(vectors, j), K), f64x2.splat(part));
    v128.store64_lane(gains + (<usize>j << 2), f32x4.demote_f64x2_zero(pair), 0);
  }
  for (let o = 0; o < outputs; o++) {
    const step = rate * <f64>load<f32>(at(g + o));
    if (step == 0) continue;
    const kernel = at(w + (o & ~3) * ((length + 3) & ~3) + (o & 3) * 4);
    const change = updateWeights(kernel, length, <f32>step, gains, mean);
    if (!b) continue;
    // the bias without rounding, unless the bias was set by others
    let exact = load<f64>(double(biases, o));
    const place = at(b + o);
    const rounded = load<f32>(place);
    if (<f32>exact != rounded) exact = <f64>rounded;
    exact -= step * part * load<f64>(input(vectors, length), K) + change;
    store<f64>(double(biases, o), exact);
    store<f32>(place, <f32>exact);
  }

  const grown = scale / forgetting;
  store<f64>(factors, grown, 0);
  store<f64>(factors, part, 8);
  store<f64>(factors, 0, 16);
  if (probeWeight > 0) {
    const own = part * load<f64>(input(vectors, probe), K);
    for (let i = 0; i < even; i++) {
      const place = input(vectors, i);
      store<f64>(place, load<f64>(entry(tiles, i, probe)) - own * load<f64>(place, K), C);
    }
    store<f64>(factors, grown / (1 / probeWeight + grown * load<f64>(input(vectors, probe), C)), 16);
  }
  if (grown > MAX_SCALE) {
    store<f64>(factors, grown / MAX_SCALE);
    enlarge(double(factors, 1), 2);
    enlarge(tiles, even * ((even >> 1) + 1));
  }
  return den;
}

export function followError(
  difference: i32,
  pairs: i32,
  even: i32,
  error: f64,
  gain: f64,
  fastGain: f64,
): f64 {
  const vectors = at(pairs);
  const end = vectors + <usize>(even >> 1) * PAIR;
  let sums = f64x2.splat(0);
  let d = at(difference);
  for (let pair = vectors; pair < end; pair += PAIR) {
    sums = f64x2.add(sums, f64x2.mul(v128.load(d), v128.load(pair, U)));
    d += 16;
  }
  const fastError = error + (f64x2.extract_lane(sums, 0) + f64x2.extract_lane(sums, 1));
  const step = f64x2.splat(fastGain * fastError - gain * error);
  d = at(difference);
  for (let pair = vectors; pair < end; pair += PAIR) {
    v128.store(d, f64x2.sub(v128.load(d), f64x2.mul(step, v128.load(pair, K))));
    d += 16;
  }
  return fastError;
}

/** Sets u = (x - m, 1) and last = k. Returns the energy of u. */
function prepare(
  vectors: usize,
  x: usize,
  length: i32,
  mean: usize,
  inversePower: usize,
  even: i32,
  biased: bool,
): f64 {
  let vector = vectors;
  let sums = f64x2.splat(0);
  for (let j = 0; j < even; j += 2) {
    v128.store(vector, v128.load(vector, K), LAST);
    let inputs: v128;
    if (j + 1 < length) inputs = f64x2.sub(f64x2.promote_low_f32x4(v128.load64_zero(x)), v128.load(double(mean, j)));
    else if (j == length) inputs = f64x2(1, 0);
    else inputs = f64x2(<f64>load<f32>(x) - load<f64>(double(mean, j)), biased ? 1 : 0);
    v128.store(vector, inputs, U);
    sums = f64x2.add(sums, f64x2.mul(f64x2.mul(inputs, inputs), v128.load(double(inversePower, j))));
    vector += PAIR;
    x += 8;
  }
  return f64x2.extract_lane(sums, 0) + f64x2.extract_lane(sums, 1);
}

/** w -= step gains. Returns the change of Σ w m, which includes the rounding of w. */
function updateWeights(w: usize, length: i32, step: f32, gains: usize, mean: usize): f64 {
  const factor = f32x4.splat(step);
  let sums = f64x2.splat(0);
  let m = mean;
  const whole = length & ~3;
  const end = gains + (<usize>whole << 2);
  for (let gain = gains; gain < end; gain += 16) {
    const before = v128.load(w);
    const after = f32x4.sub(before, f32x4.mul(factor, v128.load(gain)));
    v128.store(w, after);
    const change = f32x4.sub(after, before);
    const high = v128.shuffle<i64>(change, change, 1, 1);
    sums = f64x2.add(sums, f64x2.mul(f64x2.promote_low_f32x4(change), v128.load(m)));
    sums = f64x2.add(sums, f64x2.mul(f64x2.promote_low_f32x4(high), v128.load(m, 16)));
    w += 64;
    m += 32;
  }
  let sum = f64x2.extract_lane(sums, 0) + f64x2.extract_lane(sums, 1);
  for (let j = whole; j < length; j++) {
    const before = load<f32>(w);
    const after = before - step * load<f32>(gains + (<usize>j << 2));
    store<f32>(w, after);
    sum += <f64>(after - before) * load<f64>(double(mean, j));
    w += 4;
  }
  return sum;
}

/** P -= last lastᵀ part; k = P u. */
function multiply(tiles: usize, vectors: usize, even: i32, part: f64): void {
  multiplyRows(tiles, vectors, even, part, 0, false);
}

/** P -= last lastᵀ part + c cᵀ probePart; k = P u. */
function multiplyProbed(tiles: usize, vectors: usize, even: i32, part: f64, probePart: f64): void {
  multiplyRows(tiles, vectors, even, part, probePart, true);
}

/** `probed` is a constant of each of two copies of the loop. */
@inline
function multiplyRows(tiles: usize, vectors: usize, even: i32, part: f64, probePart: f64, probed: bool): void {
  let p = tiles;
  const end = vectors + <usize>(even >> 1) * PAIR;
  for (let row = vectors; row < end; row += PAIR) {
    const factor0 = f64x2.splat(load<f64>(row, LAST) * part);
    const factor1 = f64x2.splat(load<f64>(row, LAST + 8) * part);
    const probed0 = f64x2.splat(load<f64>(row, C) * probePart);
    const probed1 = f64x2.splat(load<f64>(row, C + 8) * probePart);
    const own0 = f64x2.splat(load<f64>(row, U));
    const own1 = f64x2.splat(load<f64>(row, U + 8));
    let sums0 = f64x2.splat(0);
    let sums1 = f64x2.splat(0);
    for (let column = vectors; column < row; column += PAIR) {
      const last = v128.load(column, LAST);
      let values0 = minus(v128.load(p), factor0, last);
      let values1 = minus(v128.load(p, 16), factor1, last);
      if (probed) {
        const c = v128.load(column, C);
        values0 = minus(values0, probed0, c);
        values1 = minus(values1, probed1, c);
      }
      v128.store(p, values0);
      v128.store(p, values1, 16);
      const inputs = v128.load(column, U);
      sums0 = f64x2.add(sums0, f64x2.mul(values0, inputs));
      sums1 = f64x2.add(sums1, f64x2.mul(values1, inputs));
      const both = f64x2.add(f64x2.mul(values0, own0), f64x2.mul(values1, own1));
      v128.store(column, f64x2.add(v128.load(column, K), both), K);
      p += 32;
    }
    const last = v128.load(row, LAST);
    let values0 = minus(v128.load(p), factor0, last);
    let values1 = minus(v128.load(p, 16), factor1, last);
    if (probed) {
      const c = v128.load(row, C);
      values0 = minus(values0, probed0, c);
      values1 = minus(values1, probed1, c);
    }
    finishRows(p, values0, values1, row, sums0, sums1);
    p += 32;
  }
}

/** Returns uᵀ k. */
function product(vectors: usize, even: i32): f64 {
  let sums = f64x2.splat(0);
  const end = vectors + <usize>(even >> 1) * PAIR;
  for (let pair = vectors; pair < end; pair += PAIR)
    sums = f64x2.add(sums, f64x2.mul(v128.load(pair, U), v128.load(pair, K)));
  return f64x2.extract_lane(sums, 0) + f64x2.extract_lane(sums, 1);
}

@inline
function minus(values: v128, factor: v128, vector: v128): v128 {
  return f64x2.sub(values, f64x2.mul(factor, vector));
}

/** Stores the diagonal tile of two rows, which stays symmetric, and their entries of k. */
@inline
function finishRows(p: usize, values0: v128, values1: v128, row: usize, sums0: v128, sums1: v128): void {
  const symmetric = v128.shuffle<i64>(values0, values1, 0, 2);
  v128.store(p, symmetric);
  v128.store(p, values1, 16);
  const inputs = v128.load(row, U);
  const first = f64x2.add(sums0, f64x2.mul(symmetric, inputs));
  const second = f64x2.add(sums1, f64x2.mul(values1, inputs));
  v128.store(row, f64x2.add(v128.shuffle<i64>(first, second, 0, 2), v128.shuffle<i64>(first, second, 1, 3)), K);
}

function enlarge(values: usize, count: i32): void {
  for (let i = 0; i < count; i++) store<f64>(double(values, i), load<f64>(double(values, i)) * MAX_SCALE);
}
