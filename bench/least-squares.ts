/** Errors of conventional recursive least squares in double precision, [frames, outputs]; NaN before the first target. */
export function leastSquaresErrors(
  { x, channels }: { x: Float32Array; channels: number },
  target: Float32Array,
  { taps, outputs = 1, lag = 0, forgetting = 1 }: { taps: number; outputs?: number; lag?: number; forgetting?: number },
): Float64Array {
  const size = channels * taps + 1;
  const frames = x.length / channels;
  const p = new Float64Array(size * size);
  for (let i = 0; i < size; i++) p[i * size + i] = 100;
  const [weights, u, k] = [new Float64Array(size * outputs), new Float64Array(size), new Float64Array(size)];
  const errors = new Float64Array(frames * outputs).fill(NaN);
  for (let t = 0; t + lag < frames; t++) {
    for (let j = 0; j < taps; j++)
      for (let c = 0; c < channels; c++) u[j * channels + c] = t < j ? 0 : x[(t - j) * channels + c];
    u[size - 1] = 1;
    let den = forgetting;
    for (let i = 0; i < size; i++) {
      k[i] = 0;
      for (let j = 0; j < size; j++) k[i] += p[i * size + j] * u[j];
      den += u[i] * k[i];
    }
    for (let o = 0; o < outputs; o++) {
      let error = -target[(t + lag) * outputs + o];
      for (let i = 0; i < size; i++) error += weights[o * size + i] * u[i];
      errors[(t + lag) * outputs + o] = error;
      for (let i = 0; i < size; i++) weights[o * size + i] -= (error * k[i]) / den;
    }
    for (let i = 0; i < size; i++)
      for (let j = 0; j <= i; j++) {
        const value = (p[i * size + j] - (k[i] * k[j]) / den) / forgetting;
        p[i * size + j] = p[j * size + i] = value;
      }
  }
  return errors;
}
