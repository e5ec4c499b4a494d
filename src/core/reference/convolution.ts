import { integer, invalid, oneOf } from '../check.ts';

const modes = ['full', 'same', 'valid'] as const;

/** Which outputs: all that are not zero, as many as the longer argument has, or only those whose taps all lie inside. */
export type ConvolutionMode = (typeof modes)[number];

/** Settings of `convolve` and `correlate`. */
export interface ConvolutionOptions {
  /** Default of `convolve`: 'full'; of `correlate`: 'valid'. */
  mode?: ConvolutionMode;
  /** Every stride-th output of stride 1, the first included; default 1. */
  stride?: number;
}

/**
 * Convolution of one channel, as numpy.convolve: the kernel is flipped, tap 0 meets the newest sample.
 *
 *     y[i] = Σ_k w[k] x[i - k]          equation (1); zeros around the recording
 *
 * 'full' has x.length + w.length - 1 outputs, 'same' max(…) of them starting ⌊(min - 1) / 2⌋ later, 'valid'
 * max - min + 1 starting min - 1 later, where max and min are the longer and the shorter length: swapping x and w
 * changes nothing. Throws TypeError for an unknown mode, RangeError for an empty argument or a stride below 1.
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
 * Correlation of one channel, as numpy.correlate: the kernel slides over the recording without a flip.
 *
 *     y[i] = Σ_k w[k] x[i + k]          i = the lag by which w is moved; zeros around the recording
 *
 * Lags rise from output to output. 'full' starts at lag -(w.length - 1), 'same' at -⌊w.length / 2⌋, 'valid' at 0.
 * Where w is the longer one, numpy correlates w with x and turns the result round, which moves those starts.
 * Throws as `convolve` does.
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
 * How alike a recording is to itself, moved by 0, 1, … lags: Float64Array [lags + 1].
 *
 *     r[i] = Σ_t x[t] x[t + i]
 *
 * The second half of `correlate(x, x, { mode: 'full' })`: nothing is subtracted and nothing is divided.
 * `lags` is the largest one, at most (and by default) x.length - 1. Throws RangeError for an empty recording.
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

/** Throws unless `values` is a list of at least one number. */
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
  usual: ConvolutionMode,
): { mode: ConvolutionMode; stride: number } {
  checkNotEmpty('x', x);
  checkNotEmpty('w', w);
  return { mode: oneOf('mode', options.mode ?? usual, modes), stride: integer('stride', options.stride ?? 1, 1) };
}
