import { integer, invalid, oneOf } from '../check.ts';

/**
 * Which outputs are returned: all that can be nonzero, as many as the longer argument has samples, or those whose taps
 * are all inside.
 */
export type ConvolutionMode = 'full' | 'same' | 'valid';

const modes: readonly ConvolutionMode[] = ['full', 'same', 'valid'];

/** Options of `convolve` and `correlate`. */
export interface ConvolutionOptions {
  /** Default: 'full' for `convolve`, 'valid' for `correlate`. */
  mode?: ConvolutionMode;
  /** Return every stride-th output of stride 1, including the first. Default 1. */
  stride?: number;
}

/**
 * Convolution of one channel, like numpy.convolve: the kernel is flipped, so tap 0 applies to the newest sample.
 *
 *     y[i] = Σ_k w[k] x[i - k]          equation (1); zeros around the recording
 *
 * With max and min as the lengths of the longer and the shorter argument, 'full' returns x.length + w.length - 1 outputs,
 * 'same' returns max outputs, starting ⌊(min - 1) / 2⌋ later, and 'valid' returns max - min + 1 outputs, starting min - 1
 * later. Exchanging x and w does not change the result. Throws TypeError for an unknown mode, and RangeError for an empty
 * argument or a stride below 1.
 */
export function convolve(x: ArrayLike<number>, w: ArrayLike<number>, options: ConvolutionOptions = {}): Float64Array {
  const { mode, stride } = checkArguments(x, w, options, 'full');
  const longer = Math.max(x.length, w.length);
  const shorter = Math.min(x.length, w.length);
  const first = { full: 0, same: Math.floor((shorter - 1) / 2), valid: shorter - 1 }[mode];
  const y = new Float64Array(Math.ceil(outputCount(longer, shorter, mode) / stride));
  for (let n = 0; n < y.length; n++) {
    for (let k = 0; k < w.length; k++) {
      const t = first + n * stride - k;
      if (t >= 0 && t < x.length) y[n] += w[k] * x[t];
    }
  }
  return y;
}

/**
 * Correlation of one channel, like numpy.correlate: the kernel slides over the recording without being flipped.
 *
 *     y[i] = Σ_k w[k] x[i + k]          i = the lag of w; zeros around the recording
 *
 * Lags increase from output to output. 'full' starts at lag -(w.length - 1), 'same' at -⌊w.length / 2⌋, 'valid' at 0.
 * If w is longer than x, numpy correlates w with x and reverses the result, which changes the first lags. Throws like
 * `convolve`.
 */
export function correlate(x: ArrayLike<number>, w: ArrayLike<number>, options: ConvolutionOptions = {}): Float64Array {
  const { mode, stride } = checkArguments(x, w, options, 'valid');
  const swapped = w.length > x.length;
  const longer = Math.max(x.length, w.length);
  const shorter = Math.min(x.length, w.length);
  const first = {
    full: 1 - w.length,
    same: swapped ? Math.floor(x.length / 2) - (w.length - 1) : -Math.floor(w.length / 2),
    valid: swapped ? x.length - w.length : 0,
  }[mode];
  const y = new Float64Array(Math.ceil(outputCount(longer, shorter, mode) / stride));
  for (let n = 0; n < y.length; n++) {
    for (let k = 0; k < w.length; k++) {
      const t = first + n * stride + k;
      if (t >= 0 && t < x.length) y[n] += w[k] * x[t];
    }
  }
  return y;
}

/**
 * The autocorrelation of a recording for lags 0, 1, … lags: Float64Array [lags + 1].
 *
 *     r[i] = Σ_t x[t] x[t + i]
 *
 * Equals the second half of `correlate(x, x, { mode: 'full' })`, without centering or normalization. `lags` is the largest
 * lag, at most (and by default) x.length - 1. Throws RangeError for an empty recording.
 */
export function autocorrelation(x: ArrayLike<number>, { lags = x.length - 1 }: { lags?: number } = {}): Float64Array {
  checkNotEmpty('x', x);
  if (integer('lags', lags, 0) >= x.length) throw invalid('lags', `an integer <= ${x.length - 1}`, lags);
  const r = new Float64Array(lags + 1);
  for (let i = 0; i <= lags; i++) {
    for (let t = 0; t + i < x.length; t++) r[i] += x[t] * x[t + i];
  }
  return r;
}

/** Throws unless `values` is an array with at least one number. */
export function checkNotEmpty(name: string, values: ArrayLike<number>): void {
  const list: unknown = values;
  if (!Array.isArray(list) && !(ArrayBuffer.isView(list) && !(list instanceof DataView)))
    throw invalid(name, 'an array of numbers', values, TypeError);
  if (values.length === 0) throw invalid(name, 'an array of at least one number', values);
}

function outputCount(longer: number, shorter: number, mode: ConvolutionMode): number {
  return { full: longer + shorter - 1, same: longer, valid: longer - shorter + 1 }[mode];
}

function checkArguments(
  x: ArrayLike<number>,
  w: ArrayLike<number>,
  options: ConvolutionOptions,
  defaultMode: ConvolutionMode,
): { mode: ConvolutionMode; stride: number } {
  checkNotEmpty('x', x);
  checkNotEmpty('w', w);
  return {
    mode: oneOf('mode', options.mode ?? defaultMode, modes),
    stride: integer('stride', options.stride ?? 1, 1),
  };
}
