/** PyTorch's [out, in, taps], the newest tap last → [out, taps, in] with the newest tap first. */
export function lagOrder({ shape, data }: { shape: number[]; data: number[] }): Float64Array {
  const [out, channels, taps] = shape;
  const w = new Float64Array(data.length);
  for (let o = 0; o < out; o++)
    for (let c = 0; c < channels; c++)
      for (let k = 0; k < taps; k++) w[(o * taps + k) * channels + c] = data[(o * channels + c) * taps + taps - 1 - k];
  return w;
}
