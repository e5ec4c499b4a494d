import { integer, invalid, oneOf } from '../check.ts';
import type { Padding } from '../layers/windowing.ts';
import { checkNotEmpty } from './convolution.ts';

const paddings: readonly Padding[] = ['zeros', 'constant', 'edge', 'mean', 'median', 'reflect', 'symmetric', 'wrap'];

/** The padding before the first frame and after the last. */
export interface ReferencePadding {
  /** Default 'zeros'. */
  padding?: Padding;
  /** Value of 'constant' padding. Default 0. */
  padValue?: number;
  /** Number of nearest frames for 'mean' and 'median'. Default (and at most): all. */
  statLength?: number;
  /** Period of 'wrap' in frames. Default (and at most): the length of the recording. */
  period?: number;
}

/** A recording with padding at any distance. */
export interface PaddedRecording {
  /** Returns the sample of channel `c` at frame `t`, any integer. */
  at(t: number, c: number): number;
  /**
   * Returns the frame whose samples are at `t`: `t` itself inside the recording, otherwise the copied frame, or -1 if
   * none is copied.
   */
  source(t: number): number;
}

/**
 * Pads a recording x, [frames, channels], with numpy.pad's modes, at any distance.
 *
 *     edge       a a a [a b c] c c c          reflect    b c b [a b c] b a b
 *     wrap       a b c [a b c] a b c          symmetric  c b a [a b c] c b a
 *     wrap, period 2   b a b [a b c] b c b    (before: the first period again and again; after: the last)
 *
 * 'mean' and 'median' use the first statLength frames on the left and the last ones on the right, for each channel.
 */
export function padded(x: ArrayLike<number>, channels: number, spec: ReferencePadding): PaddedRecording {
  const padding = oneOf('padding', spec.padding ?? 'zeros', paddings);
  const frames = x.length / channels;
  const source = (t: number): number => (t >= 0 && t < frames ? t : sourceOutside(t, frames, padding, spec.period));
  const constant = padding === 'constant' ? (spec.padValue ?? 0) : 0;
  let outside: (t: number, c: number) => number = () => constant;
  if (padding === 'mean' || padding === 'median') {
    const nearest = Math.min(frames, integer('statLength', spec.statLength ?? Math.max(1, frames), 1));
    const summary = (from: number): number[] =>
      Array.from({ length: channels }, (_, c) => meanOrMedian(padding, x, channels, c, from, nearest));
    const [before, after] = [summary(0), summary(frames - nearest)];
    outside = (t, c) => (t < 0 ? before[c] : after[c]);
  }
  const at = (t: number, c: number): number => {
    const s = source(t);
    return s < 0 ? outside(t, c) : x[s * channels + c];
  };
  return { at, source };
}

/** Returns the frame whose copy is at `t`, outside 0 … frames - 1, or -1 if the padding copies none. */
function sourceOutside(t: number, frames: number, padding: Padding, period: number = frames): number {
  if (frames === 0) return -1;
  if (padding === 'edge') return t < 0 ? 0 : frames - 1;
  if (padding === 'reflect') {
    if (frames === 1) return 0;
    const place = modulo(t, 2 * (frames - 1));
    return place < frames ? place : 2 * (frames - 1) - place;
  }
  if (padding === 'symmetric') {
    const place = modulo(t, 2 * frames);
    return place < frames ? place : 2 * frames - 1 - place;
  }
  if (padding === 'wrap') {
    const round = Math.min(frames, integer('period', period, 1));
    return t < 0 ? modulo(t, round) : frames - round + modulo(t - frames, round);
  }
  return -1;
}

/** Returns the mean or the median of `count` frames of channel `c` of x, [frames, channels], from frame `from` on. */
function meanOrMedian(
  kind: 'mean' | 'median',
  x: ArrayLike<number>,
  channels: number,
  c: number,
  from: number,
  count: number,
): number {
  const near = Array.from({ length: count }, (_, t) => x[(from + t) * channels + c]);
  if (kind === 'mean') return near.reduce((sum, sample) => sum + sample, 0) / count;
  if (near.some(Number.isNaN)) return NaN;
  near.sort((a, b) => a - b);
  return (near[(count - 1) >> 1] + near[count >> 1]) / 2;
}

function modulo(a: number, n: number): number {
  return ((a % n) + n) % n;
}

/** Returns the number of frames in `x`. Throws RangeError if its length is not a multiple of `channels`. */
export function framesOf(name: string, x: ArrayLike<number>, channels: number): number {
  if (x.length % channels !== 0) throw invalid(`${name}.length`, `a multiple of the ${channels} channels`, x.length);
  return x.length / channels;
}

/** The padding modes of `pad`, with numpy.pad's names. */
export type PadMode = 'constant' | 'edge' | 'reflect' | 'symmetric' | 'wrap' | 'mean' | 'median';

const modes: readonly PadMode[] = ['constant', 'edge', 'reflect', 'symmetric', 'wrap', 'mean', 'median'];

/** Options of `pad`. */
export interface PadOptions {
  /** Value of 'constant' padding. Default 0. */
  value?: number;
  /** Number of nearest samples for 'mean' and 'median'. Default (and at most): all. */
  statLength?: number;
}

/**
 * Pads a recording of one channel with `width` samples on both sides, or [left, right] samples, like numpy.pad.
 *
 *     pad([a, b, c], [2, 1], 'reflect')   →   c b [a b c] b
 *
 * If the width is larger than the recording, the pattern continues. Throws RangeError for an empty recording or a width
 * below 0, and TypeError for an unknown mode.
 */
export function pad(
  x: ArrayLike<number>,
  width: number | readonly [left: number, right: number],
  mode: PadMode = 'constant',
  { value = 0, statLength }: PadOptions = {},
): Float64Array {
  checkNotEmpty('x', x);
  oneOf('mode', mode, modes);
  if (typeof value !== 'number') throw invalid('value', 'a number', value, TypeError);
  if (statLength !== undefined) integer('statLength', statLength, 1);
  if (typeof width !== 'number' && !Array.isArray(width))
    throw invalid('width', 'an integer >= 0, or [left, right]', width, TypeError);
  const [left, right] = typeof width === 'number' ? [width, width] : width;
  integer('width', left, 0);
  integer('width', right, 0);
  const recording = padded(x, 1, { padding: mode, padValue: value, statLength });
  return Float64Array.from({ length: left + x.length + right }, (_, i) => recording.at(i - left, 0));
}
