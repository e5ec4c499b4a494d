import { integer, invalid, oneOf } from '../check.ts';
import { checkNotEmpty } from './convolution.ts';
import { padded } from './padding.ts';

const modes = ['constant', 'edge', 'reflect', 'symmetric', 'wrap', 'mean', 'median'] as const;

/** The padding modes of `pad`, with numpy.pad's names. */
export type PadMode = (typeof modes)[number];

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
