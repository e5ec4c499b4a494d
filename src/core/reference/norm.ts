import { positive } from '../check.ts';
import type { WeightedGradients } from './linear.ts';
import { framesOf } from './padding.ts';

/** Scales and shifts every channel of x, [frames, channels]: y[n, c] = w[c] x[n, c] + b[c]. */
export function affineNorm(x: ArrayLike<number>, w: ArrayLike<number>, b: ArrayLike<number>): Float64Array {
  framesOf('x', x, w.length);
  return Float64Array.from({ length: x.length }, (_, i) => w[i % w.length] * x[i] + b[i % w.length]);
}

/**
 * Returns the gradients of `affineNorm`: ∂L/∂w[c] = Σ_n g[n, c] x[n, c], ∂L/∂b[c] = Σ_n g[n, c], ∂L/∂x[n, c] = g[n, c]
 * w[c].
 */
export function affineNormGradients(
  x: ArrayLike<number>,
  w: ArrayLike<number>,
  g: ArrayLike<number>,
): WeightedGradients {
  const channels = w.length;
  const [input, weight, bias] = [x, w, w].map(({ length }) => new Float64Array(length));
  for (let n = 0; n < framesOf('x', x, channels); n++) {
    for (let c = 0; c < channels; c++) {
      weight[c] += g[n * channels + c] * x[n * channels + c];
      bias[c] += g[n * channels + c];
      input[n * channels + c] = g[n * channels + c] * w[c];
    }
  }
  return { input, weight, bias };
}

/**
 * The mean that a running norm subtracts from each sample, and the scale that it multiplies the result by, both
 * [frames, channels].
 */
export interface RunningStatistics {
  mean: Float64Array;
  scale: Float64Array;
}

/**
 * Returns the causal statistics of every channel of x, [frames, channels], after each frame.
 *
 *     w = max(1/n, 1 - e^(-1/tau))        n = samples counted so far, including this one
 *     d = x - m;  m ← m + w d;  v ← (1 - w)(v + w d²);  scale = 1/√v, 0 where √v ≤ 2^-30 |m|
 *
 * Invalid frames and non-finite samples are not counted.
 */
export function runningStatistics(
  x: ArrayLike<number>,
  channels: number,
  valid: ArrayLike<number>,
  tau: number = 100,
): RunningStatistics {
  const minWeight = 1 - Math.exp(-1 / positive('tau', tau, 'frames'));
  const frames = framesOf('x', x, channels);
  const mean = new Float64Array(x.length);
  const scale = new Float64Array(x.length);
  for (let c = 0; c < channels; c++) {
    let [n, m, v] = [0, 0, 0];
    for (let t = 0; t < frames; t++) {
      const sample = x[t * channels + c];
      if (valid[t] && Number.isFinite(sample)) {
        n++;
        const w = Math.max(1 / n, minWeight);
        const d = sample - m;
        m += w * d;
        v = (1 - w) * (v + w * d * d);
      }
      mean[t * channels + c] = m;
      scale[t * channels + c] = Math.sqrt(v) > 2 ** -30 * Math.abs(m) ? 1 / Math.sqrt(v) : 0;
    }
  }
  return { mean, scale };
}

/** y[n, c] = (x[n, c] - mean[n, c]) scale[n, c]. */
export function runningNorm(x: ArrayLike<number>, { mean, scale }: RunningStatistics): Float64Array {
  return mean.map((m, i) => (x[i] - m) * scale[i]);
}

/** ∂L/∂x[n, c] = g[n, c] scale[n, c]: the statistics are treated as constants. */
export function runningNormGradient(g: ArrayLike<number>, { scale }: RunningStatistics): Float64Array {
  return scale.map((s, i) => g[i] * s);
}
