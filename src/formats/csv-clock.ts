import type { FrameCollector } from './frame-collector.ts';
import { MissingRateError } from './recording.ts';
import { findTimeColumn, inferRate, isNewestFirst, isRegular, type TimeColumn, usualSteps } from './time-column.ts';

/** The times of the rows of a CSV table. */
export interface CsvClock {
  /** Sampling rate in Hz. */
  readonly rate: number;
  /** The time of the first row in ms; 0 without a time column. */
  readonly start: number;
  /** The time column, if there is one. */
  readonly column?: TimeColumn;
  /** Whether frames keep the times of that column; otherwise they are counted from `start` at the rate. */
  readonly keepsTimes: boolean;
  /** Whether the times are regular, so that they show gaps. */
  readonly regular: boolean;
  readonly notes: readonly string[];
}

/**
 * Determines the clock from the first rows. `first` contains the first non-empty cell of each column. The option `rate`
 * takes precedence over regular steps of another rate. Throws a MissingRateError if the rate is unknown, and an Error if
 * time runs backwards.
 */
export function readClock(
  names: readonly string[],
  headed: boolean,
  rows: readonly string[][],
  first: readonly string[],
  given?: number,
): CsvClock {
  const column = findTimeColumn(headed ? names : undefined, first);
  if (!column) {
    const unread = first.findIndex(looksLikeTime);
    const reason = unread < 0 ? 'the file has no time column.' : unreadableTimes(names[unread]);
    if (given === undefined) throw new MissingRateError(reason);
    return { rate: given, start: 0, keepsTimes: false, regular: false, notes: [] };
  }
  const name = names[column.index];
  const times = rows.map((row) => column.read(row[column.index]));
  if (isNewestFirst(times))
    throw new Error(`the times in the column '${name}' are descending. Sort the rows by ascending time.`);
  const inferred = inferRate(times);
  const rate = given ?? inferred;
  if (!(rate > 0))
    throw new MissingRateError(
      `the time column '${name}' does not determine the sampling rate: most of its times are equal or not ascending.`,
    );
  const regular = isRegular(times, rate);
  const keepsTimes = regular || !isRegular(times, inferred);
  const known = times.findIndex((time) => !Number.isNaN(time));
  const start = times[known] - (known * 1000) / rate;
  const irregular = `The time steps in the column '${name}' are irregular (most are ${usualSteps(times)} s). Each frame keeps its own time; ${shown(rate)} Hz is assumed where a sampling rate is needed.`;
  const overruled = `The time column '${name}' implies ${shown(inferred)} Hz, but the rate is set to ${shown(rate)} Hz. The set rate is used.`;
  return { rate, start, column, keepsTimes, regular, notes: regular ? [] : [keepsTimes ? irregular : overruled] };
}

/** Whether a cell looks like a date or a time of day in a format that is not read. */
export function looksLikeTime(cell: string): boolean {
  return /^(\d{1,2}([./-])\d{1,2}\2(\d{4}|\d{2})|\d{4}([./-])\d{1,2}\4\d{1,2}|\d{1,2}:\d{2})(\D|$)/.test(cell);
}

/** A note on a column whose times cannot be read. */
export function unreadableTimes(name: string): string {
  return `the column '${name}' contains times in an unknown format. Write times as 2025-03-01T12:00:00Z.`;
}

function shown(rate: number): string {
  return String(Number(rate.toPrecision(3)));
}

/** Sets the times of frames from the timestamps of a table, and skips the gaps that regular steps show. */
export class FrameTimes {
  readonly #clock: CsvClock;
  readonly #frames: FrameCollector;
  /** Accepted difference between the time of a frame and its timestamp in ms: half a step, or the rounding of floats. */
  readonly #tolerance: number;
  #previous = NaN;
  /** Frames since the previous timestamp. */
  #since = 1;
  #unreadable = 0;

  constructor(clock: CsvClock, frames: FrameCollector) {
    this.#clock = clock;
    this.#frames = frames;
    this.#tolerance = clock.regular ? 500 / clock.rate : 1e-3;
  }

  /** Reads the timestamp of the next row. Call it before its frame is added. */
  read(row: readonly string[]): void {
    const { column, keepsTimes, regular, rate } = this.#clock;
    if (!column || !keepsTimes) return;
    const now = column.read(row[column.index]);
    if (Number.isNaN(now)) {
      this.#since++;
      this.#unreadable++;
      return;
    }
    const periods = regular ? Math.round(((now - this.#previous) * rate) / 1000) : 0;
    if (periods > this.#since) this.#frames.skip(periods - this.#since);
    if (now !== this.#previous) this.#frames.setClock(now, this.#tolerance);
    this.#previous = now;
    this.#since = 1;
  }

  /** A note on timestamps that cannot be read. */
  notes(names: readonly string[]): string[] {
    if (this.#unreadable === 0) return [];
    const name = names[this.#clock.column?.index ?? 0];
    return [
      `Cells of '${name}' without a readable time: ${this.#unreadable}. These frames are timed by the sampling rate.`,
    ];
  }
}
