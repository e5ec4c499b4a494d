import { at } from './vector';

/** Returns the byte offset of the row `i` of a lower triangle of float64, whose rows have an even length. */
@inline
function row(triangle: usize, i: i32): usize {
  // Σ_{r < i} (r + 2) & ~1
  const half = i >> 1;
  return triangle + (<usize>(i & 1 ? 2 * (half + 1) * (half + 1) : 2 * half * (half + 1)) << 3);
}

@inline
function double(base: usize, i: i32): usize {
  return base + (<usize>i << 3);
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
  const c = double(k, even);
  const triangle = double(c, even);
  for (let j = 0; j < length; j++)
    store<f64>(double(u, j), <f64>load<f32>(at(x + j)) - load<f64>(double(mean, j)));
  if (b) store<f64>(double(u, length), 1);
  if (even > size) store<f64>(double(u, size), 0);

  multiply(triangle, u, k, size);
  const noise = forgetting / weight;
  let den = noise;
  let offset: f64 = 0;
  for (let j = 0; j < size; j++) den += load<f64>(double(u, j)) * load<f64>(double(k, j));
  for (let j = 0; j < length; j++) offset += load<f64>(double(k, j)) * load<f64>(double(mean, j));

  if (!(den > 0.5 * noise) || den == Infinity) return den;

  const tall = (length + 3) & ~3;
  for (let o = 0; o < outputs; o++) {
    const slope = load<f32>(at(g + o));
    if (slope == 0) continue;
    const step = (rate * <f64>slope) / den;
    const kernel = w + (o & ~3) * tall + (o & 3) * 4;
    for (let j = 0; j < length; j++) {
      const place = at(kernel + (j & ~3) * 4 + (j & 3));
      store<f32>(place, <f32>(<f64>load<f32>(place) - step * load<f64>(double(k, j))));
    }
    if (!b) continue;
    const change = step * (load<f64>(double(k, length)) - offset);
    store<f32>(at(b + o), <f32>(<f64>load<f32>(at(b + o)) - change));
  }

  // c = column `probe` of the updated triangle, and its weight
  const inverse = 1 / forgetting;
  if (!(probeWeight > 0)) {
    update(triangle, k, 1 / den, inverse, size);
    return den;
  }
  const own = load<f64>(double(k, probe)) / den;
  for (let i = 0; i < size; i++) {
    const p = i >= probe ? load<f64>(row(triangle, i) + (<usize>probe << 3)) : load<f64>(row(triangle, probe) + (<usize>i << 3));
    store<f64>(double(c, i), (p - own * load<f64>(double(k, i))) * inverse);
  }
  if (even > size) store<f64>(double(c, size), 0);
  updateTwice(triangle, k, 1 / den, inverse, c, 1 / (1 / probeWeight + load<f64>(double(c, probe))), size);
  return den;
}

/** k = P u. */
function multiply(triangle: usize, u: usize, k: usize, size: i32): void {
  const even = (size + 1) & ~1;
  for (let j = 0; j < even; j += 2) v128.store(double(k, j), f64x2.splat(0));
  for (let i = 0; i < size; i++) {
    const p = row(triangle, i);
    const own = load<f64>(double(u, i));
    const factor = f64x2.splat(own);
    let sums = f64x2.splat(0);
    const pairs = i & ~1;
    for (let j = 0; j < pairs; j += 2) {
      const values = v128.load(double(p, j));
      sums = f64x2.add(sums, f64x2.mul(values, v128.load(double(u, j))));
      v128.store(double(k, j), f64x2.add(v128.load(double(k, j)), f64x2.mul(values, factor)));
    }
    let sum = f64x2.extract_lane(sums, 0) + f64x2.extract_lane(sums, 1);
    if (i & 1) {
      const value = load<f64>(double(p, i - 1));
      sum += value * load<f64>(double(u, i - 1));
      store<f64>(double(k, i - 1), load<f64>(double(k, i - 1)) + value * own);
    }
    sum += load<f64>(double(p, i)) * own;
    store<f64>(double(k, i), load<f64>(double(k, i)) + sum);
  }
}

/** P = (P - k kᵀ part) inverse. */
function update(triangle: usize, k: usize, part: f64, inverse: f64, size: i32): void {
  const scale = f64x2.splat(inverse);
  for (let i = 0; i < size; i++) {
    const p = row(triangle, i);
    const factor = f64x2.splat(load<f64>(double(k, i)) * part);
    for (let j = 0; j <= i; j += 2) {
      const values = f64x2.sub(v128.load(double(p, j)), f64x2.mul(factor, v128.load(double(k, j))));
      v128.store(double(p, j), f64x2.mul(values, scale));
    }
  }
}

/** P = (P - k kᵀ part) inverse - c cᵀ probePart. */
function updateTwice(
  triangle: usize,
  k: usize,
  part: f64,
  inverse: f64,
  c: usize,
  probePart: f64,
  size: i32,
): void {
  const scale = f64x2.splat(inverse);
  for (let i = 0; i < size; i++) {
    const p = row(triangle, i);
    const factor = f64x2.splat(load<f64>(double(k, i)) * part);
    const probed = f64x2.splat(load<f64>(double(c, i)) * probePart);
    for (let j = 0; j <= i; j += 2) {
      const values = f64x2.sub(v128.load(double(p, j)), f64x2.mul(factor, v128.load(double(k, j))));
      v128.store(
        double(p, j),
        f64x2.sub(f64x2.mul(values, scale), f64x2.mul(probed, v128.load(double(c, j)))),
      );
    }
  }
}
