import { resolution, rowClock, wildStamps } from './openbci-clock.ts';
import { findCycle, lostByCycle, type SampleCycle } from './openbci-counter.ts';

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
  /** Rows at which the clock was set. */
  readonly clockSet: readonly Contradiction[];
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
 * that agrees with them, else by the number of frames that fit. Where they do not settle, the sample index counts, and where the
 * clock was set (see `isClockSet`).
 *
 * @param indexes sample index of each row; NaN if it is not a number
 * @param stamps timestamp of each row in ms; NaN if it is missing
 * @param nominal time between frames in ms
 */
export function lostFrames(indexes: readonly number[], stamps: readonly number[], nominal: number): LostFrames {
  const cycle = findCycle(indexes.slice(0, cycleRows));
  const lost = cycle ? lostByCycle(cycle, indexes) : indexes.map(() => 0);
  const wild = wildStamps(stamps);
  const valid = Float64Array.from(stamps);
  for (const row of wild) valid[row] = NaN;
  const { period, offsets, jitter } = rowClock(valid, lost, nominal);
  const least = Math.max(0.6 * period, resolution);
  /** Whether the timestamps are those of the frames, and not of their arrival. */
  const exact = jitter <= period / 4;
  const tolerance = (rows: number) => (exact ? least : Math.max(least, 3 * jitter * (1 + 2 / Math.sqrt(rows))));
  const breaks = breaksIn(offsets, Math.max(least, 2 * jitter));
  const step = (row: number) => offsets[row] - offsets[row - 1];
  const isDisputed = (row: number) => lost[row] > 0 || valid[row] < valid[row - 1] - tolerance(Infinity);
  const corrected: Contradiction[] = [];
  const clockSet: Contradiction[] = [];
  let from = 0;
  for (const [i, row] of breaks.entries()) {
    const window = exact ? 16 : 512;
    const before = offsets.subarray(Math.max(from, row - window), row);
    let next = i + 1;
    while (breaks[next] < row + maxWindow && !isDisputed(breaks[next]) && step(breaks[next]) < step(row)) next++;
    const after = settled(offsets.subarray(row, breaks[next]), window, period);
    if (before.length < 2 || !after) continue;
    const difference = lowest(after) - lowest(before);
    const tolerated = tolerance(Math.min(before.length, after.length));
    if (Math.abs(difference) <= tolerated) continue;
    from = row;
    const frames = lost[row] + difference / period;
    if (frames < -tolerated / period) {
      clockSet.push({ row, difference });
      continue;
    }
    const cycles = wholeCycles(cycle, indexes[row], difference / period);
    const fits =
      cycles > 0 && Math.abs(difference - cycles * period) <= tolerated + (exact ? 0 : clockDrift * difference);
    if (!fits && difference > 0 && isClockSet(cycle, indexes, lost[row], row, difference, period)) {
      clockSet.push({ row, difference });
      continue;
    }
    lost[row] = fits ? lost[row] + cycles : Math.max(0, Math.round(frames));
    corrected.push({ row, difference });
  }
  return { lost, counted: cycle !== undefined, corrected, clockSet, stamps: valid, wild, period };
}

/** The frames in whole cycles nearest to `frames`; 0 if the index does not repeat or started again. */
function wholeCycles(cycle: SampleCycle | undefined, index: number, frames: number): number {
  if (!cycle || cycle.length === Infinity) return 0;
  const cycles = Math.round(frames / cycle.length);
  return cycles > 1 && cycle.positionsOf(index)[0] === 0 ? 0 : cycles * cycle.length;
}

/** Shortest gap in ms that counts although the sample index goes on. */
const longGap = 60_000;

/**
 * Whether timestamps that go on faster than the sample index, by no number of whole cycles, show that the clock was set. If the
 * sample index goes on without a step, that is the case up to a minute. If it rises by more, the board may have been restarted,
 * which takes longer than half a cycle. If it starts again
 * within its first cycle, the length of the cycle may be another one.
 */
function isClockSet(
  cycle: SampleCycle | undefined,
  indexes: readonly number[],
  lost: number,
  row: number,
  difference: number,
  period: number,
): boolean {
  if (!cycle || [row - 1, row].some((each) => cycle.positionsOf(indexes[each]).length === 0)) return false;
  const rises = indexes[row] > indexes[row - 1] || row > cycle.length;
  if (lost === 0 ? !rises && cycle.length === Infinity : !rises) return false;
  return lost === 0 ? difference < longGap : cycle.length < Infinity && difference / period < cycle.length / 2;
}

/** Rows from which the cycle of the sample index is determined. */
const cycleRows = 10_000;

/** Relative difference of the clocks of a board and a computer, at most. */
const clockDrift = 2e-3;

/** Rows whose offset differs from that of the row before by more than `tolerance`. */
function breaksIn(offsets: Float64Array, tolerance: number): number[] {
  return [...offsets.keys()].filter((row) => row > 0 && Math.abs(offsets[row] - offsets[row - 1]) > tolerance);
}

/** Rows in which offsets must settle. */
const maxWindow = 4096;

/**
 * The first `rows` offsets, or more of them until they no longer fall: while frames that waited arrive in a burst, they fall by
 * up to one period per row. Undefined if that does not happen, or if there is only one offset.
 */
function settled(offsets: Float64Array, rows: number, period: number): Float64Array | undefined {
  const window = offsets.subarray(0, rows);
  if (window.length < 2) return undefined;
  const half = window.length >> 1;
  const fall = lowest(window.subarray(0, half)) - lowest(window.subarray(half));
  if (fall <= Math.max(0.3, window.length / 10) * period) return window;
  return window.length < rows || rows >= maxWindow ? undefined : settled(offsets, 2 * rows, period);
}

const lowest = (offsets: Float64Array) => offsets.reduce((low, offset) => Math.min(low, offset), Infinity);
