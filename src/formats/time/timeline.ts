import { MissingRateError, ReadingError, type ReadingOption } from '../reading-error.ts';
import type { Recording } from '../recording.ts';
import type { FrameCollector } from '../frame-collector.ts';
import type { Times } from './number-times.ts';
import { arePeriods, inferRate, isRegular, resolutionOf, usualSteps } from './sampling-rate.ts';
import { gapsOf, knownTimes, stepsOf } from './gaps.ts';
import { orderOf, type TimeOrder } from './time-order.ts';

/** What a timeline is made from. */
export interface TimelineInput extends Times {
  /** Name of the time column. */
  readonly name: string;
  /** The line of each row, from 1. */
  readonly lines: ArrayLike<number>;
  /** Sampling rate from the options, in Hz. */
  readonly rate?: number;
  /** Sampling rate that the file states outside the times, in Hz. */
  readonly stated?: number;
  /**
   * Whether `csvWriter` wrote the file: every step is a multiple of the period of `stated`, and a time that goes back starts a
   * segment.
   */
  readonly written?: boolean;
  /** Whether the file states that the frames are irregular: each keeps its time. */
  readonly irregular?: boolean;
  /** The option `maxGap` in s. */
  readonly maxGap?: number;
  /** Column that could name the source of each row; it helps if time goes back. */
  readonly series?: string;
}

/** The times of the rows of a table, and the gaps that they show. */
export interface Timeline {
  /** Sampling rate in Hz. */
  readonly rate: number;
  readonly facts: Pick<Recording, 'rateSource' | 'irregular' | 'undated' | 'localTime'>;
  /** Time of frame 0 in ms. */
  readonly start: number;
  readonly notes: readonly string[];
  /** Adds a row to the frames, at its time and after the missing frames before it; a row with a wild time is skipped. */
  add(row: number, samples: ArrayLike<number>, frames: FrameCollector): void;
}

/**
 * Determines the sampling rate, the gaps, and the segments from the times of all rows. The option `rate` takes precedence
 * over regular steps of another rate. Throws a ReadingError that names the line if time goes back, and a MissingRateError if
 * the rate is unknown.
 */
export function timelineOf(input: TimelineInput): Timeline {
  const { times, name, lines, rate: given, stated, undated, localTime } = input;
  const maxGap = input.maxGap === undefined ? undefined : input.maxGap * 1000;
  const order = orderOf(times, { maxGap, splits: input.written });
  if (order.back !== undefined) rejectBack(input, order.back);
  const known = knownTimes(times, order);
  const steps = stepsOf(known);
  const inferred = inferRate(steps);
  const multiples = input.written === true && stated !== undefined && given === undefined;
  const agrees = stated !== undefined && (multiples || Math.abs(inferred - stated) <= 0.02 * stated);
  const near = agrees ? stated : inferred;
  const irregular = input.irregular === true;
  const rate = given ?? (near > 0 ? near : (stated ?? (irregular ? 1 : NaN)));
  if (!(rate > 0))
    throw new MissingRateError(
      `the time column '${name}' does not determine the sampling rate: most of its times are equal or not ascending.`,
    );
  /** The resolution in ms of rounded times, if the options set the rate that they do not determine. */
  const coarse = given !== undefined && !irregular && !(inferred > 0) ? resolutionOf(steps) : undefined;
  const isOrdered = order.back === undefined && !irregular;
  const regular = isOrdered && (coarse !== undefined || (multiples ? arePeriods(steps, rate) : isRegular(steps, rate)));
  const keepsTimes = order.back === undefined && (irregular || regular || !isRegular(steps, near));
  const start = known.rows.length === 0 ? 0 : known.times[0] - (known.frames[0] * 1000) / rate;
  const lost = keepsTimes && regular ? gapsOf(known, rate, coarse) : new Map<number, number>();
  const unreadable = times.length - known.rows.length - order.wild.length;
  const repeated = regular ? steps.filter((step) => step === 0).length : 0;
  const wild = new Set(order.wild);
  const segments = new Set(keepsTimes ? order.segments : []);
  const tolerance = regular ? Math.max(500 / rate, 2 * (coarse ?? 0)) : 1e-3;
  let previous = NaN;
  return {
    rate,
    facts: {
      rateSource: given !== undefined ? 'options' : near > 0 ? 'times' : 'header',
      ...(keepsTimes && !regular && { irregular: true }),
      ...(undated && { undated }),
      ...(localTime && { localTime }),
    },
    start,
    notes: [
      ...input.notes,
      ...(order.back === undefined ? [] : [`${backAt(input, order.back)} Frames are counted at the set rate.`]),
      ...wildNotes(order, lines, times, undated),
      ...(order.back === undefined ? rateNotes(name, steps, { rate, inferred: near, regular, keepsTimes }) : []),
      ...(repeated === 0
        ? []
        : [
            `Timestamps of '${name}' that repeat the previous one: ${repeated}. These frames are timed by the sampling rate.`,
          ]),
      ...(unreadable === 0 || !keepsTimes
        ? []
        : [`Cells of '${name}' without a readable time: ${unreadable}. These frames are timed by the sampling rate.`]),
    ],
    add(row, samples, frames) {
      if (wild.has(row)) return;
      const now = keepsTimes ? times[row] : NaN;
      if (segments.has(row)) frames.startSegment(now);
      frames.skip(lost.get(row) ?? 0);
      if (!Number.isNaN(now) && (now !== previous || (!regular && given === undefined)))
        frames.setClock(now, tolerance);
      if (!Number.isNaN(now)) previous = now;
      frames.add(samples);
    },
  };
}

/** Throws a ReadingError for times that go back, unless the sampling rate is set and they are not descending. */
function rejectBack(input: TimelineInput, back: number): void {
  const { times, series } = input;
  const steps = times.subarray(1).map((time, row) => time - times[row]);
  const descending = steps.filter((step) => step < 0).length > 0.8 * steps.length;
  if (descending)
    throw new ReadingError(`the times in the column '${input.name}' are descending: ${backAt(input, back)}`, ['sort']);
  if (input.rate !== undefined) return;
  const restarts = times[back] <= (times.find((time) => !Number.isNaN(time)) ?? NaN);
  const restart = restarts
    ? ' The times start again there. If the file contains two recordings, divide it before this line.'
    : '';
  const order: ReadingOption[] = restarts ? ['rate'] : ['sort', 'rate'];
  const options: ReadingOption[] = series === undefined ? order : ['series', ...order];
  throw new ReadingError(backAt(input, back) + restart, options, series === undefined ? [] : [series]);
}

/** A sentence on the row before which time goes back. */
function backAt({ times, lines, name, undated, localTime }: TimelineInput, back: number): string {
  let before = back - 1;
  while (before > 0 && !(times[before] > times[back])) before--;
  const step = times[before] - times[back];
  const hour = localTime && step > 1_800_000 && step <= 3_600_000;
  const daylight = hour
    ? ' In local time, one hour is repeated when daylight saving time ends: write the times in UTC or with a time zone.'
    : '';
  return `line ${lines[back]}: the time in the column '${name}' goes back from ${shownTime(times[before], undated)} to ${shownTime(times[back], undated)}.${daylight}`;
}

function wildNotes(
  { wild }: TimeOrder,
  lines: ArrayLike<number>,
  times: Float64Array,
  undated: true | undefined,
): string[] {
  if (wild.length === 0) return [];
  const shown = wild.slice(0, 5).map((row) => `line ${lines[row]} (${shownTime(times[row], undated)})`);
  const more = wild.length > shown.length ? `, and ${wild.length - shown.length} more` : '';
  return [`Skipped rows with timestamps that are inconsistent with the surrounding rows: ${shown.join(', ')}${more}.`];
}

function rateNotes(
  name: string,
  steps: Float64Array,
  { rate, inferred, regular, keepsTimes }: { rate: number; inferred: number; regular: boolean; keepsTimes: boolean },
): string[] {
  if (regular) return [];
  return keepsTimes
    ? [
        `The time steps in the column '${name}' are irregular (most are ${usualSteps(steps)} s). Each frame keeps its own time; ${shownRate(rate)} Hz is assumed where a sampling rate is needed.`,
      ]
    : [
        `The time column '${name}' implies ${shownRate(inferred)} Hz, but the rate is set to ${shownRate(rate)} Hz. The set rate is used.`,
      ];
}

function shownRate(rate: number): string {
  return String(Number(rate.toPrecision(3)));
}

function shownTime(time: number, undated: true | undefined): string {
  return undated ? `${Number((time / 1000).toFixed(6))} s` : new Date(time).toISOString();
}
