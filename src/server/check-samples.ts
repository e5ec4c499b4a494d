/** Replaces non-finite samples by NaN and marks their frames invalid; returns the validity, if any frame is invalid. */
export function invalidateNonFinite(
  data: Float32Array,
  channels: number,
  valid: Uint8Array | undefined,
): Uint8Array | undefined {
  let validity = valid;
  for (let i = 0; i < data.length; i++) {
    if (Number.isFinite(data[i])) continue;
    data[i] = NaN;
    validity ??= new Uint8Array(data.length / channels).fill(1);
    validity[Math.floor(i / channels)] = 0;
  }
  return validity;
}
