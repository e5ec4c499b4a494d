/** Timestamps that differ from the last one by more are compared with the following ones, in ms. */
const wildStep = 100;
/** A first timestamp that is earlier than the others by more is not part of the recording, in ms. */
const day = 86_400_000;

/**
 * The rows whose timestamps are wrong, because one of the next two continues the timestamps before them. NaN is a missing
 * timestamp.
 */
export function wildStamps(stamps: readonly number[]): number[] {
  const rows = [...stamps.keys()].filter((row) => !Number.isNaN(stamps[row]));
  const wild: number[] = [];
  let last: number | undefined;
  for (const [i, row] of rows.entries()) {
    const stamp = stamps[row];
    const next = rows.slice(i + 1, i + 3).map((following) => stamps[following]);
    const isWild =
      last === undefined
        ? next.length > 0 && next.every((following) => following < stamp - wildStep || following > stamp + day)
        : Math.abs(stamp - last) > wildStep && next.some((following) => Math.abs(following - last!) <= wildStep);
    if (isWild) wild.push(row);
    else last = stamp;
  }
  return wild;
}

/** The timestamps of rows, relative to the times of their frames. */
export interface RowClock {
  /** Time between frames in ms that the timestamps imply. */
  readonly period: number;
  /** Timestamp minus the time of the frame, in ms; that of the row before where the timestamp is missing. */
  readonly offsets: Float64Array;
  /** Typical difference between the offsets of neighboring rows in ms. */
  readonly jitter: number;
}

/**
 * Compares timestamps with the times of frames.
 *
 * @param lost frames lost before each row by the sample index
 * @param nominal time between frames in ms by the header
 */
export function rowClock(stamps: Float64Array, lost: readonly number[], nominal: number): RowClock {
  const frames = frameNumbers(lost);
  const period = impliedPeriod(stamps, frames, nominal);
  const origin = stamps.findIndex((stamp) => !Number.isNaN(stamp));
  const offsets = new Float64Array(stamps.length);
  for (let row = Math.max(0, origin); row < stamps.length; row++) {
    const offset = stamps[row] - stamps[origin] - (frames[row] - frames[origin]) * period;
    offsets[row] = Number.isNaN(offset) ? offsets[row - 1] : offset;
  }
  return { period, offsets, jitter: jitterOf(offsets) };
}

/** The number of each row's frame. */
export function frameNumbers(lost: readonly number[]): Float64Array {
  let frame = -1;
  return Float64Array.from(lost, (count) => (frame += 1 + count));
}

/** Difference of timestamps in ms that rounding can cause. */
export const resolution = 1.25;

/** The time between frames in ms: the nominal one, unless the timestamps go on steadily at another rate. */
function impliedPeriod(stamps: Float64Array, frames: Float64Array, nominal: number): number {
  const distance = Math.max(1, stamps.length >> 3);
  const periods = perFrame(stamps, frames, distance);
  const period = median(periods);
  const steady = median(periods.map((each) => Math.abs(each - period))) < period / 20;
  const difference = Math.abs(period - nominal);
  return steady && !(difference < nominal / 4 || difference * distance < resolution) ? period : nominal;
}

/** The time per frame in ms between rows that are `distance` apart. */
function perFrame(stamps: Float64Array, frames: Float64Array, distance: number): Float64Array {
  const row = (i: number) => (stamps[i + distance] - stamps[i]) / (frames[i + distance] - frames[i]);
  return Float64Array.from({ length: Math.max(0, stamps.length - distance) }, (_, i) => row(i)).filter(
    (period) => !Number.isNaN(period),
  );
}

/** Distances of rows, in which offsets are compared. */
const distances = [1, 3, 7, 15, 31];

/** The largest median difference between the offsets of neighboring rows. Losses do not change it. */
function jitterOf(offsets: Float64Array): number {
  const medians = distances
    .filter((distance) => distance === 1 || distance <= offsets.length / 8)
    .map((distance) => median(offsets.subarray(distance).map((offset, row) => Math.abs(offset - offsets[row]))));
  return Math.max(...medians) || 0;
}

/** The median; NaN if there are no numbers. */
function median(numbers: Float64Array): number {
  return (
    numbers
      .slice()
      .sort()
      .at(numbers.length >> 1) ?? NaN
  );
}
