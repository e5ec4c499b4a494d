import { invalid } from '../../core/check.ts';
import { defaultMaxGap } from '../segments.ts';

/** What determines the times of the records of a file. */
export interface RecordStamps {
  /** Onset of each record in s since the start of the file; undefined where a record does not contain it. */
  readonly onsets: readonly (number | undefined)[];
  /** Duration of a record in s, by the header. */
  readonly duration: number;
  /** Frames per record. */
  readonly frames: number;
  /** Whether the header marks the file as discontinuous, so that its onsets must be right. */
  readonly discontinuous: boolean;
  /** Longest gap in s; a longer one starts a new segment. */
  readonly maxGap?: number;
}

/** Where records are: record i starts at frame `starts[i]`, `onsets[i]` s after the start of the file. */
export interface RecordTimes {
  readonly onsets: readonly number[];
  readonly starts: readonly number[];
  /** First frames of later segments. */
  readonly segments: readonly number[];
  /** Deviation of an onset in s that is due to rounding and jitter. */
  readonly jitter: number;
  readonly notes: readonly string[];
}

/** The times of a file without frames. */
export const noRecords: RecordTimes = { onsets: [], starts: [], segments: [], jitter: 0, notes: [] };

/** Share of its duration by which records can be farther apart because the clocks of a recorder differ. */
const maxDrift = 0.05;

/**
 * Determines where the records of a file are from the onsets that they contain. Frames are missing before a record if it and
 * the next two are late, by at least half a frame and by more than jitter. What is late follows the onsets, so that no frames
 * are lost to a clock that drifts against the sampling rate:
 *
 *     records of 1 s, 10 frames   0  1.004  2.008  3.012    no frames are missing: the records are 1.004 s apart
 *                                 0  1.3    2      3        no frames are missing: one onset is late
 *                                 0  1      5.5    6.5      35 frames are missing before record 3
 *
 * An absent onset, or one that goes back, is an error in a discontinuous file. Otherwise it is ignored, as is one that the
 * next ones contradict, and notes report these and gaps, which the header does not announce.
 * @throws RangeError that names the record and its onset
 */
export function recordTimes(stamps: RecordStamps): RecordTimes {
  const { duration, frames, discontinuous, maxGap = defaultMaxGap } = stamps;
  const clock = frames / duration;
  const given = discontinuous ? checkedOnsets(stamps) : filledOnsets(stamps);
  const { step, jitter } = usualStep({ onsets: given, duration, frames });
  const threshold = Math.max(0.5 / clock, 3 * jitter);
  const expectedAt = (i: number) => given[0] + i * step;
  const delays = given.map((onset, i) => onset - expectedAt(i));
  const agree = (a: number, b: number) => Math.abs(a - b) <= Math.max(duration / 2, threshold);

  const onsets: number[] = [];
  const starts: number[] = [];
  const segments: number[] = [];
  const jumps: string[] = [];
  const ignored: string[] = [];
  /** How late the last records are, without those that are ignored. */
  let levels = [0];
  let next = 0;
  /** Rounding error of the missing frames. */
  let rest = 0;
  for (const [i, own] of delays.entries()) {
    const confirmed = Math.min(...delays.slice(i, i + 3));
    const gap = (agree(own, confirmed) ? own : confirmed) - Math.max(...levels);
    if (confirmed - Math.max(...levels) > threshold) {
      jumps.push(`record ${i + 1} starts at ${shown(given[i])} s, ${shown(gap)} s after the end of the previous one`);
      levels = [Math.max(...levels) + gap];
      const lost = gap * clock + rest;
      next += gap > maxGap ? 1 : Math.round(lost);
      rest = gap > maxGap ? 0 : lost - Math.round(lost);
      if (gap > maxGap) segments.push(next);
    }
    const trusted = discontinuous || agree(own, levels[levels.length - 1]);
    const onset = trusted ? given[i] : expectedAt(i) + levels[levels.length - 1];
    if (trusted) levels = [...levels.slice(-2), own];
    else ignored.push(`record ${i + 1} starts at ${shown(given[i])} s, but is expected at ${shown(onset)} s`);
    onsets.push(onset);
    starts.push(next);
    next += frames;
  }
  const drifts = Math.abs(step - duration) * given.length > Math.max(0.5 / clock, 2 * jitter);
  return {
    onsets,
    starts,
    segments,
    jitter,
    notes: [
      ...(discontinuous ? [] : summary('The header does not mark the file as discontinuous, but', jumps, 'gaps')),
      ...summary('An onset is ignored:', ignored, 'ignored onsets'),
      ...(drifts
        ? [
            `The records are ${shown(step)} s apart, but contain ${shown(duration)} s: the clocks of the recorder differ. This difference is not counted as lost frames.`,
          ]
        : []),
    ],
  };
}

/** The largest onset in s whose frame index is exact and whose date is valid. @param clock frames per second */
export function maxOnset(clock: number): number {
  return Math.min(8e12, 2 ** 52 / clock);
}

function checkedOnsets({ onsets, duration, frames }: RecordStamps): number[] {
  const most = maxOnset(frames / duration);
  return onsets.map((onset, i) => {
    const name = `the onset of record ${i + 1}`;
    if (onset === undefined)
      throw new Error(`record ${i + 1} must contain its onset because the file is discontinuous (EDF+D)`);
    if (Math.abs(onset) > most) throw invalid(name, `within ${most} s`, onset);
    const end = (onsets[i - 1] ?? -Infinity) + duration;
    // An overlap of less than half a record is jitter.
    if (onset < end - duration / 2) throw invalid(name, `>= ${shown(end)} s, the end of the previous record`, onset);
    return onset;
  });
}

function filledOnsets({ onsets, duration, frames }: RecordStamps): number[] {
  const most = maxOnset(frames / duration);
  const filled: number[] = [];
  for (const [i, onset] of onsets.entries()) {
    const known = onset !== undefined && Math.abs(onset) <= most;
    filled.push(known ? onset : i === 0 ? 0 : filled[i - 1] + duration);
  }
  return filled;
}

/**
 * The usual time between records whose distance is about their duration, and the deviation from it that nine of ten do not
 * exceed, in s. Fewer than three of them do not show a drift. The median shows a steady drift; where onsets have jitter, longer and
 * shorter steps balance, and the slope between distant onsets does.
 */
function usualStep({ onsets, duration, frames }: GivenOnsets): { step: number; jitter: number } {
  const steps = onsets.slice(1).map((onset, i) => onset - onsets[i]);
  const within = nearBound(steps, duration);
  const near = steps.filter((step) => Math.abs(step - duration) <= within);
  if (near.length < 3) return { step: duration, jitter: 0 };
  const median = quantileOf(near, 0.5);
  const jitter = deviationOf(near, median);
  if (jitter <= duration / frames / 2) return { step: median, jitter };
  const step = slopeOf(near);
  return { step, jitter: deviationOf(near, step) };
}

interface GivenOnsets {
  readonly onsets: readonly number[];
  readonly duration: number;
  readonly frames: number;
}

/** Largest jitter of a step, as a share of the duration of a record. */
const maxJitter = 0.25;

/** The deviation in s up to which steps are due to drift and jitter: a larger one if that balances shorter steps. */
function nearBound(steps: readonly number[], duration: number): number {
  const drift = maxDrift * duration * (1 + 1e-6);
  const imbalance = (bound: number) => {
    const near = steps.filter((step) => Math.abs(step - duration) <= bound);
    if (near.length < 3) return Infinity;
    return Math.abs(near.reduce((sum, step) => sum + step - duration, 0)) / near.length;
  };
  const wider = [2 * drift, maxJitter * duration].find(
    (bound) => imbalance(bound) < Math.min(imbalance(drift), drift) / 4,
  );
  return wider ?? drift;
}

/** The median slope between records that are up to 64 apart. */
function slopeOf(steps: readonly number[]): number {
  const distance = Math.max(1, Math.min(64, steps.length >> 1));
  const onsets = [0];
  for (const step of steps) onsets.push(onsets[onsets.length - 1] + step);
  return quantileOf(
    onsets.slice(distance).map((onset, i) => (onset - onsets[i]) / distance),
    0.5,
  );
}

function deviationOf(steps: readonly number[], step: number): number {
  return quantileOf(
    steps.map((each) => Math.abs(each - step)),
    0.9,
  );
}

function quantileOf(numbers: readonly number[], share: number): number {
  return [...numbers].sort((a, b) => a - b)[Math.floor(share * (numbers.length - 1))];
}

function shown(seconds: number): number {
  return Number(seconds.toPrecision(9));
}

function summary(head: string, cases: readonly string[], plural: string): string[] {
  if (cases.length === 0) return [];
  return [`${head} ${cases[0]}${cases.length > 1 ? `, the first of ${cases.length} ${plural}` : ''}.`];
}
