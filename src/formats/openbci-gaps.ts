import { rowClock, wildStamps } from './openbci-clock.ts';
import { findCycle, lostByCycle } from './openbci-counter.ts';

/** A row at which the timestamps contradict the sample index. */
export interface Contradiction {
  readonly row: number;
  /** Time in ms by which the timestamps go on faster than the sample index; negative: slower. */
  readonly difference: number;
}

/** The frames lost before each row of a recording. */
export interface LostFrames {
  readonly lost: readonly number[];
  /** Whether the sample index counts frames. */
  readonly counted: boolean;
  /** Rows before which the timestamps determine the size of the gap. */
  readonly corrected: readonly Contradiction[];
  /** Rows at which the clock was set back. */
  readonly setBack: readonly Contradiction[];
  /** Timestamps without those that are wrong (NaN). */
  readonly stamps: Float64Array;
  /** Rows whose timestamps are wrong. */
  readonly wild: readonly number[];
  /** Time between frames in ms that the timestamps imply. */
  readonly period: number;
}

/**
 * Determines the lost frames from the sample index, which is exact up to whole cycles, and the timestamps, which are late by a
 * varying delay because frames arrive in bursts.
 *
 *     offset of a row = timestamp - time of its frame by the sample index
 *
 * The least offsets before and after a row are compared, so bursts and pauses of the radio link do not look like losses. Where
 * they differ by more than the jitter, the timestamps determine the size of the gap: by whole cycles of the sample index if
 * that agrees with them, else by the number of frames that fit. Where they do not settle, the sample index counts.
 *
 * @param indexes sample index of each row; NaN if it is not a number
 * @param stamps timestamp of each row in ms; NaN if it is missing
 * @param nominal time between frames in ms
 */
export function lostFrames(indexes: readonly number[], stamps: readonly number[], nominal: number): LostFrames {
  const cycle = findCycle(indexes);
  const lost = cycle ? lostByCycle(cycle, indexes) : indexes.map(() => 0);
  const wild = wildStamps(stamps);
  const valid = Float64Array.from(stamps);
  for (const row of wild) valid[row] = NaN;
  const { period, offsets, jitter } = rowClock(valid, lost, nominal);
  const tolerance = (rows: number) =>
    jitter <= period / 4 ? 0.6 * period : Math.max(0.6 * period, 6 * jitter * (1 + 2 / Math.sqrt(rows)));
  const breaks = breaksIn(offsets, Math.max(0.6 * period, 2 * jitter));
  const ends = endsOf(breaks, (row) => lost[row] > 0 || valid[row] < valid[row - 1] - tolerance(Infinity));
  const corrected: Contradiction[] = [];
  const setBack: Contradiction[] = [];
  let from = 0;
  for (const [i, row] of breaks.entries()) {
    const before = offsets.subarray(Math.max(from, row - shortWindow), row);
    const after = settled(offsets.subarray(row, ends[i]), period);
    if (!after) continue;
    const difference = least(after) - least(before);
    const tolerated = tolerance(Math.min(before.length, after.length));
    if (Math.abs(difference) <= tolerated) continue;
    from = row;
    const frames = lost[row] + difference / period;
    if (frames < -tolerated / period) {
      setBack.push({ row, difference });
      continue;
    }
    const length = cycle?.length ?? Infinity;
    const cycles = length === Infinity ? 0 : Math.round(difference / period / length) * length;
    const fits = cycles > 0 && Math.abs(difference - cycles * period) <= tolerated;
    lost[row] = fits ? lost[row] + cycles : Math.max(0, Math.round(frames));
    corrected.push({ row, difference });
  }
  return { lost, counted: cycle !== undefined, corrected, setBack, stamps: valid, wild, period };
}

/** Rows whose offset differs from that of the row before by more than `tolerance`. */
function breaksIn(offsets: Float64Array, tolerance: number): number[] {
  return [...offsets.keys()].filter((row) => row > 0 && Math.abs(offsets[row] - offsets[row - 1]) > tolerance);
}

/** For each break, the first later one that satisfies `isEnd`; Infinity if there is none. */
function endsOf(breaks: readonly number[], isEnd: (row: number) => boolean): number[] {
  let end = Infinity;
  return breaks
    .map((_, i) => breaks[breaks.length - 1 - i])
    .map((row) => {
      const found = end;
      if (isEnd(row)) end = row;
      return found;
    })
    .reverse();
}

/** Rows in which the least offset is searched first, and at most. */
const shortWindow = 512;
const longWindow = 4096;

/**
 * The first offsets after a row, as many as are needed until they no longer fall: while frames that waited arrive in a burst,
 * they fall by up to one period per row. Undefined if that does not happen, or if there is only one row.
 */
function settled(offsets: Float64Array, period: number): Float64Array | undefined {
  if (offsets.length < 2) return undefined;
  for (let rows = shortWindow; ; rows *= 2) {
    const window = offsets.subarray(0, rows);
    const half = window.length >> 1;
    const fall = least(window.subarray(0, half)) - least(window.subarray(half));
    if (fall <= Math.max(0.3, window.length / 10) * period) return window;
    if (window.length < rows || rows === longWindow) return undefined;
  }
}

const least = (offsets: Float64Array) => offsets.reduce((low, offset) => Math.min(low, offset), Infinity);
