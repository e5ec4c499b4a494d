/** Number of values from which a bulk copy is faster than a loop. */
const bulkCopyThreshold = 48;

/** Copies `count` numbers from offset `from` of `source` to offset `to` of `target`. */
export function copyNumbers(source: Float32Array, from: number, count: number, target: Float32Array, to: number): void {
  if (count >= bulkCopyThreshold) target.set(source.subarray(from, from + count), to);
  else for (let i = 0; i < count; i++) target[to + i] = source[from + i];
}
