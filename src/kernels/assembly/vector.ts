/** a + b c, rounded twice, or once in the 'fused' build if the machine supports it. */
@inline
export function add(a: v128, b: v128, c: v128): v128 {
  if (FUSED) return f32x4.relaxed_madd(b, c, a);
  return f32x4.add(a, f32x4.mul(b, c));
}

const lanes: usize = memory.data<i32>([0, 0, 0, 0, -1, 0, 0, 0, -1, -1, 0, 0, -1, -1, -1, 0], 16);

/** A mask with all bits set in the first `count` lanes, 0 … 3. */
@inline
export function first(count: i32): v128 {
  return v128.load(lanes + (<usize>count << 4));
}

/** Returns the byte offset of number `index`. */
@inline
export function at(index: i32): usize {
  return <usize>index << 2;
}

/** Returns (s0 + s1) + (s2 + s3) of each of four vectors. */
@inline
export function join(a: v128, b: v128, c: v128, d: v128): v128 {
  const ab = f32x4.add(v128.shuffle<f32>(a, b, 0, 4, 2, 6), v128.shuffle<f32>(a, b, 1, 5, 3, 7));
  const cd = f32x4.add(v128.shuffle<f32>(c, d, 0, 4, 2, 6), v128.shuffle<f32>(c, d, 1, 5, 3, 7));
  return f32x4.add(v128.shuffle<f32>(ab, cd, 0, 1, 4, 5), v128.shuffle<f32>(ab, cd, 2, 3, 6, 7));
}
