import { at } from './vector';

@inline
function double(base: usize, i: i32): usize {
  return base + (<usize>i << 3);
}

/** Returns the byte offset of an entry of a lower triangle of tiles of 2 × 2 float64. */
@inline
function entry(tiles: usize, i: i32, j: i32): usize {
  const tile = i >= j ? i >> 1 : j >> 1;
  const other = i >= j ? j >> 1 : i >> 1;
  const lower = i >= j ? 2 * (i & 1) + (j & 1) : 2 * (j & 1) + (i & 1);
  return double(tiles, 4 * (((tile * (tile + 1)) >> 1) + other) + lower);
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
  weight: f64,
  probe: i32,
  probeWeight: f64,
): f64 {
  const size = b ? length + 1 : length;
  const even = (size + 1) & ~1;
  const mean = at(state);
  const u = double(mean, even);
  const k = double(u, even);
  const last = double(k, even);
  const c = double(last, even);
  const factors = double(c, even);
  const biases = double(factors, 4);
  const tiles = double(biases, (outputs + 1) & ~1);
  const scale = load<f64>(factors);

  for (let j = 0; j < length; j++)
    store<f64>(double(u, j), <f64>load<f32>(at(x + j)) - load<f64>(double(mean, j)));
  if (b) store<f64>(double(u, length), 1);
  if (even > size) store<f64>(double(u, size), 0);
  memory.copy(last, k, <usize>even << 3);
  const probePart = load<f64>(factors, 16);
  if (probePart == 0) multiply(tiles, even, u, k, last, load<f64>(factors, 8));
  else multiplyProbed(tiles, even, u, k, last, load<f64>(factors, 8), c, probePart);

  const noise = forgetting / weight;
  let products = f64x2.splat(0);
  for (let j = 0; j < even; j += 2)
    products = f64x2.add(products, f64x2.mul(v128.load(double(u, j)), v128.load(double(k, j))));
  const den = noise + scale * (f64x2.extract_lane(products, 0) + f64x2.extract_lane(products, 1));
  if (!(den > 0.5 * noise) || den == Infinity) return den;

  const part = scale / den;
  for (let o = 0; o < outputs; o++) {
    const slope = load<f32>(at(g + o));
    if (slope == 0) continue;
    const step = rate * <f64>slope * part;
    const kernel = at(w + (o & ~3) * ((length + 3) & ~3) + (o & 3) * 4);
    const change = updateWeights(kernel, length, step, k, mean);
    if (!b) continue;
    // the bias without rounding, unless the bias was set by others
    let exact = load<f64>(double(biases, o));
    const place = at(b + o);
    const rounded = load<f32>(place);
    if (<f32>exact != rounded) exact = <f64>rounded;
    exact -= step * load<f64>(double(k, length)) + change;
    store<f64>(double(biases, o), exact);
    store<f32>(place, <f32>exact);
  }

  const grown = scale / forgetting;
  store<f64>(factors, grown, 0);
  store<f64>(factors, part, 8);
  store<f64>(factors, 0, 16);
  if (probeWeight > 0) {
    const own = part * load<f64>(double(k, probe));
    for (let i = 0; i < even; i++)
      store<f64>(double(c, i), load<f64>(entry(tiles, i, probe)) - own * load<f64>(double(k, i)));
    store<f64>(factors, grown / (1 / probeWeight + grown * load<f64>(double(c, probe))), 16);
  }
  if (grown > MAX_SCALE) {
    store<f64>(factors, grown / MAX_SCALE);
    enlarge(double(factors, 1), 2);
    enlarge(tiles, even * ((even >> 1) + 1));
  }
  return den;
}

/** 2^64, a power of two, so that scaling does not round. */
const MAX_SCALE: f64 = 1.8446744073709552e19;

function enlarge(values: usize, count: i32): void {
  for (let i = 0; i < count; i++) store<f64>(double(values, i), load<f64>(double(values, i)) * MAX_SCALE);
}

/** w -= step k. Returns the change of Σ w m. */
function updateWeights(w: usize, length: i32, step: f64, k: usize, m: usize): f64 {
  const factor = f64x2.splat(step);
  let sums = f64x2.splat(0);
  const whole = length & ~3;
  for (let j = 0; j < whole; j += 4) {
    const before = v128.load(w);
    const low = f64x2.promote_low_f32x4(before);
    const high = f64x2.promote_low_f32x4(v128.shuffle<i64>(before, before, 1, 1));
    const after = v128.shuffle<i64>(
      f32x4.demote_f64x2_zero(f64x2.sub(low, f64x2.mul(factor, v128.load(double(k, j))))),
      f32x4.demote_f64x2_zero(f64x2.sub(high, f64x2.mul(factor, v128.load(double(k, j), 16)))),
      0,
      2,
    );
    v128.store(w, after);
    const lowChange = f64x2.sub(f64x2.promote_low_f32x4(after), low);
    const highChange = f64x2.sub(f64x2.promote_low_f32x4(v128.shuffle<i64>(after, after, 1, 1)), high);
    sums = f64x2.add(sums, f64x2.mul(lowChange, v128.load(double(m, j))));
    sums = f64x2.add(sums, f64x2.mul(highChange, v128.load(double(m, j), 16)));
    w += 64;
  }
  let sum = f64x2.extract_lane(sums, 0) + f64x2.extract_lane(sums, 1);
  for (let j = whole; j < length; j++) {
    const before = <f64>load<f32>(w);
    const after = <f32>(before - step * load<f64>(double(k, j)));
    store<f32>(w, after);
    sum += (<f64>after - before) * load<f64>(double(m, j));
    w += 4;
  }
  return sum;
}

/** P -= last lastᵀ part; k = P u. */
function multiply(tiles: usize, even: i32, u: usize, k: usize, last: usize, part: f64): void {
  let p = tiles;
  for (let i = 0; i < even; i += 2) {
    const factor0 = f64x2.splat(load<f64>(double(last, i)) * part);
    const factor1 = f64x2.splat(load<f64>(double(last, i), 8) * part);
    const own0 = f64x2.splat(load<f64>(double(u, i)));
    const own1 = f64x2.splat(load<f64>(double(u, i), 8));
    let sums0 = f64x2.splat(0);
    let sums1 = f64x2.splat(0);
    const end = <usize>i << 3;
    for (let j: usize = 0; j < end; j += 16) {
      const before = v128.load(last + j);
      const input = v128.load(u + j);
      const values0 = f64x2.sub(v128.load(p), f64x2.mul(factor0, before));
      const values1 = f64x2.sub(v128.load(p, 16), f64x2.mul(factor1, before));
      v128.store(p, values0);
      v128.store(p, values1, 16);
      sums0 = f64x2.add(sums0, f64x2.mul(values0, input));
      sums1 = f64x2.add(sums1, f64x2.mul(values1, input));
      const both = f64x2.add(f64x2.mul(values0, own0), f64x2.mul(values1, own1));
      v128.store(k + j, f64x2.add(v128.load(k + j), both));
      p += 32;
    }
    const before = v128.load(last + end);
    const values0 = f64x2.sub(v128.load(p), f64x2.mul(factor0, before));
    const values1 = f64x2.sub(v128.load(p, 16), f64x2.mul(factor1, before));
    finishRows(p, values0, values1, u + end, k + end, sums0, sums1);
    p += 32;
  }
}

/** P -= last lastᵀ part + c cᵀ probePart; k = P u. */
function multiplyProbed(
  tiles: usize,
  even: i32,
  u: usize,
  k: usize,
  last: usize,
  part: f64,
  c: usize,
  probePart: f64,
): void {
  let p = tiles;
  for (let i = 0; i < even; i += 2) {
    const factor0 = f64x2.splat(load<f64>(double(last, i)) * part);
    const factor1 = f64x2.splat(load<f64>(double(last, i), 8) * part);
    const probed0 = f64x2.splat(load<f64>(double(c, i)) * probePart);
    const probed1 = f64x2.splat(load<f64>(double(c, i), 8) * probePart);
    const own0 = f64x2.splat(load<f64>(double(u, i)));
    const own1 = f64x2.splat(load<f64>(double(u, i), 8));
    let sums0 = f64x2.splat(0);
    let sums1 = f64x2.splat(0);
    const end = <usize>i << 3;
    for (let j: usize = 0; j < end; j += 16) {
      const before = v128.load(last + j);
      const column = v128.load(c + j);
      const input = v128.load(u + j);
      const values0 = f64x2.sub(f64x2.sub(v128.load(p), f64x2.mul(factor0, before)), f64x2.mul(probed0, column));
      const values1 = f64x2.sub(f64x2.sub(v128.load(p, 16), f64x2.mul(factor1, before)), f64x2.mul(probed1, column));
      v128.store(p, values0);
      v128.store(p, values1, 16);
      sums0 = f64x2.add(sums0, f64x2.mul(values0, input));
      sums1 = f64x2.add(sums1, f64x2.mul(values1, input));
      const both = f64x2.add(f64x2.mul(values0, own0), f64x2.mul(values1, own1));
      v128.store(k + j, f64x2.add(v128.load(k + j), both));
      p += 32;
    }
    const before = v128.load(last + end);
    const column = v128.load(c + end);
    const values0 = f64x2.sub(f64x2.sub(v128.load(p), f64x2.mul(factor0, before)), f64x2.mul(probed0, column));
    const values1 = f64x2.sub(f64x2.sub(v128.load(p, 16), f64x2.mul(factor1, before)), f64x2.mul(probed1, column));
    finishRows(p, values0, values1, u + end, k + end, sums0, sums1);
    p += 32;
  }
}

/** Stores the diagonal tile of two rows, which stays symmetric, and their entries of k. */
@inline
function finishRows(p: usize, values0: v128, values1: v128, u: usize, k: usize, sums0: v128, sums1: v128): void {
  const symmetric = v128.shuffle<i64>(values0, values1, 0, 2);
  v128.store(p, symmetric);
  v128.store(p, values1, 16);
  const input = v128.load(u);
  const first = f64x2.add(sums0, f64x2.mul(symmetric, input));
  const second = f64x2.add(sums1, f64x2.mul(values1, input));
  v128.store(k, f64x2.add(v128.shuffle<i64>(first, second, 0, 2), v128.shuffle<i64>(first, second, 1, 3)));
}
