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

// constants of the robust statistics, as in `Standardizer`
/** Samples beyond this magnitude count as missing. */
const maxSample = 2 ** 60;
/** Deviations beyond this multiple of the standard deviation are clipped. */
const clipFactor = 10;
/** Number of consecutive outliers after which the limit no longer grows. */
const maxClipped = 512;
/** Number of samples at the start of a channel whose outliers are excluded. */
const firstSamples = 16;
/** Minimum number of samples whose outliers are excluded. */
const minFirst = 8;
/** Deviations from the median beyond this multiple of the median absolute deviation are outliers. */
const medianFactor = 20;

/**
 * Returns the causal statistics of every channel of x, [frames, channels], by which each sample is scaled.
 *
 *     w = max(1/n, 1 - e^(-1/tau))        n = samples counted so far, including this one
 *     d = x - m;  m ← m + w d;  v ← (1 - w)(v + w d²);  scale = 1/√v, 0 where √v ≤ 2^-30 |m|
 *
 * A sample is fully included in the statistics that it is scaled by; those that are kept for later samples are robust:
 * d is clipped to 10 · 2^i √v for the i-th consecutive outlier, and outliers among the first 16 samples are excluded. Invalid
 * frames, non-finite samples, and samples beyond ±2^60 are not counted.
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
  const weight = (n: number) => Math.max(1 / n, minWeight);
  const include = ({ m, v }: Moments, w: number, d: number): Moments => ({
    m: m + w * d,
    v: (1 - w) * (v + w * d * d),
  });
  for (let c = 0; c < channels; c++) {
    const counted: number[] = [];
    let kept: Moments = { m: 0, v: 0 };
    let clipped = 0;
    for (let t = 0; t < frames; t++) {
      const sample = x[t * channels + c];
      let own = kept;
      if (valid[t] && Math.abs(sample) <= maxSample) {
        counted.push(sample);
        const n = counted.length;
        const d = sample - kept.m;
        const limit = clipFactor * 2 ** clipped * Math.sqrt(kept.v);
        own = include(kept, weight(n), d);
        const inliers = n <= firstSamples ? withoutOutliers(counted) : counted;
        if (inliers.length < n) {
          kept = { m: 0, v: 0 };
          inliers.forEach((inlier, i) => (kept = include(kept, weight(i + 1), inlier - kept.m)));
        } else if (n > firstSamples && kept.v > 0 && Math.abs(d) > limit) {
          clipped = Math.min(clipped + 1, maxClipped);
          kept = include(kept, weight(n), Math.sign(d) * limit);
        } else {
          clipped = 0;
          kept = own;
        }
      }
      mean[t * channels + c] = own.m;
      scale[t * channels + c] = Math.sqrt(own.v) > 2 ** -30 * Math.abs(own.m) ? 1 / Math.sqrt(own.v) : 0;
    }
  }
  return { mean, scale };
}

interface Moments {
  m: number;
  v: number;
}

/** Returns the samples that are not far from the median of all. */
function withoutOutliers(samples: readonly number[]): readonly number[] {
  if (samples.length < minFirst) return samples;
  const center = median(samples);
  const limit = medianFactor * median(samples.map((sample) => Math.abs(sample - center)));
  return limit > 0 ? samples.filter((sample) => Math.abs(sample - center) <= limit) : samples;
}

function median(samples: readonly number[]): number {
  const sorted = samples.toSorted((a, b) => a - b);
  return (sorted[(sorted.length - 1) >> 1] + sorted[sorted.length >> 1]) / 2;
}

/** y[n, c] = (x[n, c] - mean[n, c]) scale[n, c]; NaN for samples that are not finite or beyond ±2^60. */
export function runningNorm(x: ArrayLike<number>, { mean, scale }: RunningStatistics): Float64Array {
  return mean.map((m, i) => (Math.abs(x[i]) <= maxSample ? (x[i] - m) * scale[i] : NaN));
}

/** ∂L/∂x[n, c] = g[n, c] scale[n, c]: the statistics are treated as constants. */
export function runningNormGradient(g: ArrayLike<number>, { scale }: RunningStatistics): Float64Array {
  return scale.map((s, i) => g[i] * s);
}
