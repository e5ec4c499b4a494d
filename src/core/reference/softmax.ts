import { framesOf } from './surroundings.ts';

/** y[n, c] = e^x[n, c] / Σ_i e^x[n, i]: the channels of each frame of x, [frames, channels], as shares of one. */
export function softmax(x: ArrayLike<number>, channels: number): Float64Array {
  const y = new Float64Array(x.length);
  for (let n = 0; n < framesOf('x', x, channels); n++) {
    const frame = Array.from({ length: channels }, (_, c) => x[n * channels + c]);
    // the same share of everything, so that nothing overflows
    const most = Math.max(...frame);
    const sum = frame.reduce((total, sample) => total + Math.exp(sample - most), 0);
    for (let c = 0; c < channels; c++) y[n * channels + c] = Math.exp(frame[c] - most) / sum;
  }
  return y;
}

/** ∂L/∂x[n, c] = y[n, c] (g[n, c] - Σ_i g[n, i] y[n, i]), where x is what went in and g = ∂L/∂y. */
export function softmaxGradient(x: ArrayLike<number>, channels: number, g: ArrayLike<number>): Float64Array {
  const y = softmax(x, channels);
  const input = new Float64Array(x.length);
  for (let n = 0; n < framesOf('x', x, channels); n++) {
    let mean = 0;
    for (let c = 0; c < channels; c++) mean += g[n * channels + c] * y[n * channels + c];
    for (let c = 0; c < channels; c++) input[n * channels + c] = y[n * channels + c] * (g[n * channels + c] - mean);
  }
  return input;
}
