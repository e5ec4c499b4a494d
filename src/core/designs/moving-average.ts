import { integer } from '../check.ts';

/** The mean of the last `taps` frames: every tap is 1 / taps. Group delay (taps - 1) / 2 frames. */
export function movingAverage(taps: number): Float64Array {
  return new Float64Array(integer('taps', taps, 1)).fill(1 / taps);
}
