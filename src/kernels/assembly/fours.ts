/**
 * Loading, storing, and converting four float32 numbers of an array (f32x4) and the two pairs of doubles (f64x2) they
 * give.
 */

/** Loads the first n of four numbers from x, and 0 for the others. Reads no further. */
@inline
export function load(x: usize, n: i32): v128 {
  if (n >= 4) return v128.load(x);
  let four = v128.load32_zero(x);
  if (n > 1) four = v128.load32_lane(x, four, 1, 4);
  if (n > 2) four = v128.load32_lane(x, four, 2, 8);
  return four;
}

/** Stores the first n of four numbers. Writes no further. */
@inline
export function store(y: usize, four: v128, n: i32): void {
  if (n >= 4) v128.store(y, four);
  else {
    v128.store32_lane(y, four, 0);
    if (n > 1) v128.store32_lane(y, four, 1, 4);
    if (n > 2) v128.store32_lane(y, four, 2, 8);
  }
}

/** Stores the first n of four numbers, `gap` bytes apart. */
@inline
export function spread(y: usize, four: v128, gap: usize, n: i32): void {
  if (gap === 4) store(y, four, n);
  else {
    v128.store32_lane(y, four, 0);
    if (n > 1) v128.store32_lane(y + gap, four, 1);
    if (n > 2) v128.store32_lane(y + 2 * gap, four, 2);
    if (n > 3) v128.store32_lane(y + 3 * gap, four, 3);
  }
}

/** Loads up to four numbers, `gap` bytes apart, and 0 for the others. */
@inline
export function collect(x: usize, gap: usize, n: i32): v128 {
  let four = v128.load32_zero(x);
  if (n > 1) four = v128.load32_lane(x + gap, four, 1);
  if (n > 2) four = v128.load32_lane(x + 2 * gap, four, 2);
  if (n > 3) four = v128.load32_lane(x + 3 * gap, four, 3);
  return four;
}

@inline
export function low(four: v128): v128 {
  return f64x2.promote_low_f32x4(four);
}

@inline
export function high(four: v128): v128 {
  return f64x2.promote_low_f32x4(v128.shuffle<f64>(four, four, 1, 0));
}

/** Rounds two pairs to four float32 numbers. */
@inline
export function narrow(low: v128, high: v128): v128 {
  return v128.shuffle<f64>(f32x4.demote_f64x2_zero(low), f32x4.demote_f64x2_zero(high), 0, 2);
}
