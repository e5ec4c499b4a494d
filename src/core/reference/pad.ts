import { integer, invalid, oneOf } from '../check.ts';
import { checkNotEmpty } from './convolution.ts';
import { padded } from './padding.ts';

const modes = ['constant', 'edge', 'reflect', 'symmetric', 'wrap', 'mean', 'median'] as const;

/** numpy.pad's names. */
export type PadMode = (typeof modes)[number];

/** Settings of `pad`. */
export interface PadOptions {
  /** What 'constant' repeats; default 0. */
  value?: number;
  /** How many of the nearest samples 'mean' and 'median' look at; default (and at most) all. */
  statLength?: number;
}

/**
 * A recording of one channel with `width` samples more on both sides, or [left, right] of them, as numpy.pad.
 *
 *     pad([a, b, c], [2, 1], 'reflect')   →   c b [a b c] b
 *
 * A width larger than the recording goes on in the same way, to and fro or round and round. Throws RangeError for an
 * empty recording or a width below 0, TypeError for an unknown mode.
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
  const seen = padded(x, 1, { padding: mode, padValue: value, statLength });
  return Float64Array.from({ length: left + x.length + right }, (_, i) => seen.at(i - left, 0));
}
