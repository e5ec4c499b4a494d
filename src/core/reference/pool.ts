import { integer, invalid } from '../check.ts';
import { anchorOf, outputsOf } from './alignment.ts';
import { framesOf } from './padding.ts';

/** The spec of average pooling, which uses whole windows of each channel. */
export interface AvgPool {
  kernelSize: number;
  /** Default: kernelSize. */
  stride?: number;
}

/**
 * The mean of each window of a recording x, [frames, channels]. Returns a new array [outputs, channels].
 *
 *     y[n, c] = 1/K Σ_k x[nS + K-1 - k, c]
 *
 * Equals a convolution in mode 'valid' whose taps are all 1/K: the first output needs K frames.
 */
export function avgPool(x: ArrayLike<number>, channels: number, pool: AvgPool): Float64Array {
  const { K, S, outputs } = layout(x, channels, pool);
  const y = new Float64Array(outputs * channels);
  for (let n = 0; n < outputs; n++) {
    for (let c = 0; c < channels; c++) {
      for (let k = 0; k < K; k++) y[n * channels + c] += x[(n * S + K - 1 - k) * channels + c] / K;
    }
  }
  return y;
}

/**
 * Returns ∂L/∂x, [frames, channels], of `avgPool` for g = ∂L/∂y: each frame receives 1/K of the gradient of every
 * window that contains it.
 */
export function avgPoolGradient(
  x: ArrayLike<number>,
  channels: number,
  g: ArrayLike<number>,
  pool: AvgPool,
): Float64Array {
  const { K, S, outputs } = layout(x, channels, pool);
  if (g.length !== outputs * channels) throw invalid('g.length', `${outputs} outputs x ${channels} channels`, g.length);
  const input = new Float64Array(x.length);
  for (let n = 0; n < outputs; n++) {
    for (let c = 0; c < channels; c++) {
      for (let k = 0; k < K; k++) input[(n * S + K - 1 - k) * channels + c] += g[n * channels + c] / K;
    }
  }
  return input;
}

function layout(x: ArrayLike<number>, channels: number, pool: AvgPool): { K: number; S: number; outputs: number } {
  const K = integer('kernelSize', pool.kernelSize, 1);
  const S = integer('stride', pool.stride ?? K, 1);
  const outputs = outputsOf(framesOf('x', x, channels), anchorOf('valid', K - 1), S);
  return { K, S, outputs };
}

/** The spec of max pooling, which uses whole windows of each channel. */
export interface MaxPool {
  kernelSize: number;
  /** Default: kernelSize. */
  stride?: number;
}

/**
 * The largest sample of each window of a recording x, [frames, channels]. Returns a new array [outputs, channels].
 *
 *     y[n, c] = max_k x[nS + K-1 - k, c]
 *
 * NaN counts as larger than every number. The first output needs K frames.
 */
export function maxPool(x: ArrayLike<number>, channels: number, pool: MaxPool): Float64Array {
  return Float64Array.from(largestPlaces(x, channels, pool), (at) => x[at]);
}

/**
 * Returns ∂L/∂x, [frames, channels], of `maxPool` for g = ∂L/∂y: the largest sample, the oldest of equal ones, receives
 * all of it.
 */
export function maxPoolGradient(
  x: ArrayLike<number>,
  channels: number,
  g: ArrayLike<number>,
  pool: MaxPool,
): Float64Array {
  const places = largestPlaces(x, channels, pool);
  if (g.length !== places.length) throw invalid('g.length', `${places.length}`, g.length);
  const input = new Float64Array(x.length);
  places.forEach((at, i) => (input[at] += g[i]));
  return input;
}

/** Returns the index in x, [frames, channels], of the largest sample for each output [n, c]. */
function largestPlaces(x: ArrayLike<number>, channels: number, pool: MaxPool): number[] {
  const K = integer('kernelSize', pool.kernelSize, 1);
  const S = integer('stride', pool.stride ?? K, 1);
  const outputs = outputsOf(framesOf('x', x, channels), anchorOf('valid', K - 1), S);
  return Array.from({ length: outputs * channels }, (_, i) => {
    const [n, c] = [Math.floor(i / channels), i % channels];
    const window = Array.from({ length: K }, (_, k) => (n * S + k) * channels + c);
    return window.reduce((best, at) => (isLarger(x[at], x[best]) ? at : best));
  });
}

function isLarger(sample: number, best: number): boolean {
  return sample > best || (Number.isNaN(sample) && !Number.isNaN(best));
}
