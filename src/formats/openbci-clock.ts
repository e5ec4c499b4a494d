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
  /** Median of the absolute difference between the offsets of consecutive rows, in ms. */
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
  const jitter = median(stepsOf(offsets).map(Math.abs)) || 0;
  return { period, offsets, jitter };
}

/** The number of each row's frame. */
export function frameNumbers(lost: readonly number[]): Float64Array {
  let frame = -1;
  return Float64Array.from(lost, (count) => (frame += 1 + count));
}

/** Rows from which the mean period is determined. */
const manyRows = 256;

/**
 * The time between frames in ms. The header is right if the steps agree with it, apart from the drift of the two clocks; else
 * regular steps or, in a long recording, the mean period are right.
 */
function impliedPeriod(stamps: Float64Array, frames: Float64Array, nominal: number): number {
  const steps = perFrame(stamps, frames, 1);
  const step = median(steps);
  const regular = step > 0 && median(steps.map((each) => Math.abs(each - step))) < step / 4;
  if (regular && Math.abs(step - nominal) > nominal / 4) return step;
  const mean = stamps.length < manyRows ? nominal : median(perFrame(stamps, frames, stamps.length >> 3));
  return mean > 0 && (!regular || Math.abs(mean / nominal - 1) < 0.02) ? mean : nominal;
}

/** The time per frame in ms between rows that are `distance` apart. */
function perFrame(stamps: Float64Array, frames: Float64Array, distance: number): Float64Array {
  const row = (i: number) => (stamps[i + distance] - stamps[i]) / (frames[i + distance] - frames[i]);
  return Float64Array.from({ length: Math.max(0, stamps.length - distance) }, (_, i) => row(i)).filter(
    (period) => !Number.isNaN(period),
  );
}

function stepsOf(numbers: Float64Array): Float64Array {
  return numbers.subarray(1).map((number, before) => number - numbers[before]);
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
