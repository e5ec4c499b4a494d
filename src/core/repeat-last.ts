/** `numbers`, and then the last `period` of them over and over, `more` in all. */
export function repeatLast(numbers: Float32Array, period: number, more: number): Float32Array {
  const all = new Float32Array(numbers.length + more);
  all.set(numbers);
  for (let i = numbers.length; i < all.length; i++) all[i] = all[i - period];
  return all;
}
