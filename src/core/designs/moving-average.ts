import { integer } from '../check.ts';

/** A moving-average kernel: every tap is 1 / taps. Group delay (taps - 1) / 2 frames. */
export function movingAverage(taps: number): Float64Array {
  return new Float64Array(integer('taps', taps, 1)).fill(1 / taps);
}
