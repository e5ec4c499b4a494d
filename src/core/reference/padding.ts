import { integer, invalid, oneOf } from '../check.ts';

const paddings = ['zeros', 'constant', 'edge', 'mean', 'median', 'reflect', 'symmetric', 'wrap'] as const;

/** What taps see before the first frame and after the last. */
export interface Padding {
  /** Default 'zeros'. */
  padding?: (typeof paddings)[number];
  /** What 'constant' repeats; default 0. */
  padValue?: number;
  /** How many of the nearest frames 'mean' and 'median' look at; default (and at most) all. */
  statLength?: number;
  /** Frames after which 'wrap' comes round; default (and at most) the length of the recording. */
  period?: number;
}

/** A recording and what lies around it. */
export interface PaddedRecording {
  /** What a tap on frame `t` (any integer) sees of channel `c`. */
  at(t: number, c: number): number;
  /** The frame that stands at `t`: itself inside the recording, else the one that is copied there; -1 = none is. */
  source(t: number): number;
}

/**
 * Lays a padding around a recording x, [frames, channels]: the names and the values are numpy.pad's, at any distance.
 *
 *     edge       a a a [a b c] c c c          reflect    b c b [a b c] b a b
 *     wrap       a b c [a b c] a b c          symmetric  c b a [a b c] c b a
 *     wrap, period 2   b a b [a b c] b c b    (before: the first period again and again; after: the last)
 *
 * mean and median stand for the first statLength frames on the left and the last ones on the right, channel by channel.
 */
export function padded(x: ArrayLike<number>, channels: number, spec: Padding): PaddedRecording {
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

/** The frame whose copy stands at `t`, outside 0 … frames - 1; -1 where the padding copies none. */
function sourceOutside(t: number, frames: number, padding: (typeof paddings)[number], period: number = frames): number {
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

/** The mean or the median of `count` frames of channel `c` of x, [frames, channels], from frame `from` on. */
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

/** How many whole frames `x` holds; throws RangeError where its length is not a multiple of `channels`. */
export function framesOf(name: string, x: ArrayLike<number>, channels: number): number {
  if (x.length % channels !== 0) throw invalid(`${name}.length`, `a multiple of its ${channels} channels`, x.length);
  return x.length / channels;
}
