import { at } from './vector';

export function sgd(
  w: i32,
  dw: i32,
  velocity: i32,
  count: i32,
  rate: f32,
  momentum: f32,
  nesterov: i32,
  decay: f32,
): void {
  const zero = f32x4.splat(0),
    mu = f32x4.splat(rate),
    m = f32x4.splat(momentum),
    lambda = f32x4.splat(decay);
  let to = at(w),
    from = at(dw),
    v = at(velocity);
  const end = to + at(count);
  if (!velocity && !(decay > 0)) {
    for (; to < end; to += 16, from += 16) {
      v128.store(to, f32x4.sub(v128.load(to), f32x4.mul(mu, v128.load(from))));
      v128.store(from, zero);
    }
    return;
  }
  for (; to < end; to += 16, from += 16, v += 16) {
    const weights = v128.load(to);
    let slope = v128.load(from);
    if (decay > 0) slope = f32x4.add(slope, f32x4.mul(lambda, weights));
    if (velocity) {
      const moved = f32x4.add(f32x4.mul(m, v128.load(v)), slope);
      v128.store(v, moved);
      slope = nesterov ? f32x4.add(slope, f32x4.mul(m, moved)) : moved;
    }
    v128.store(to, f32x4.sub(weights, f32x4.mul(mu, slope)));
    v128.store(from, zero);
  }
}

export function rmsprop(
  w: i32,
  dw: i32,
  square: i32,
  count: i32,
  rate: f32,
  alpha: f32,
  rest: f32,
  epsilon: f32,
  decay: f32,
): void {
  const zero = f32x4.splat(0),
    mu = f32x4.splat(rate),
    keep = f32x4.splat(alpha),
    fresh = f32x4.splat(rest);
  const least = f32x4.splat(epsilon),
    lambda = f32x4.splat(decay);
  for (let i = 0; i < count; i += 4) {
    const weights = v128.load(at(w + i));
    const slope = f32x4.add(v128.load(at(dw + i)), f32x4.mul(lambda, weights));
    const mean = f32x4.add(f32x4.mul(keep, v128.load(at(square + i))), f32x4.mul(f32x4.mul(fresh, slope), slope));
    v128.store(at(square + i), mean);
    const root = f32x4.add(f32x4.sqrt(mean), least);
    v128.store(at(w + i), f32x4.sub(weights, f32x4.div(f32x4.mul(mu, slope), root)));
    v128.store(at(dw + i), zero);
  }
}

export function adam(
  w: i32,
  dw: i32,
  mean: i32,
  square: i32,
  count: i32,
  length: f32,
  correction: f32,
  keep: f32,
  decay: f32,
  beta1: f32,
  rest1: f32,
  beta2: f32,
  rest2: f32,
  epsilon: f32,
): void {
  const zero = f32x4.splat(0),
    step = f32x4.splat(length),
    scale = f32x4.splat(correction);
  const kept = f32x4.splat(keep),
    lambda = f32x4.splat(decay),
    least = f32x4.splat(epsilon);
  const b1 = f32x4.splat(beta1),
    r1 = f32x4.splat(rest1),
    b2 = f32x4.splat(beta2),
    r2 = f32x4.splat(rest2);
  for (let i = 0; i < count; i += 4) {
    const weights = v128.load(at(w + i));
    const slope = f32x4.add(v128.load(at(dw + i)), f32x4.mul(lambda, weights));
    const m = f32x4.add(f32x4.mul(b1, v128.load(at(mean + i))), f32x4.mul(r1, slope));
    const v = f32x4.add(f32x4.mul(b2, v128.load(at(square + i))), f32x4.mul(f32x4.mul(r2, slope), slope));
    v128.store(at(mean + i), m);
    v128.store(at(square + i), v);
    const root = f32x4.add(f32x4.div(f32x4.sqrt(v), scale), least);
    v128.store(at(w + i), f32x4.sub(f32x4.mul(weights, kept), f32x4.div(f32x4.mul(step, m), root)));
    v128.store(at(dw + i), zero);
  }
}
