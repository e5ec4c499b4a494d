import type { FrameCollector } from './frame-collector.ts';
import { findTimeColumn, inferRate, isNewestFirst, isSteady, type TimeColumn, usualSteps } from './time-column.ts';

/** When the rows of a CSV were taken. */
export interface CsvClock {
  /** Hz. */
  readonly rate: number;
  /** The time of the first row in ms; 0 without a time column. */
  readonly begin: number;
  /** Where the table keeps its time, if anywhere. */
  readonly column?: TimeColumn;
  /** Whether frames keep the times of that column; else they are counted from `begin` by the rate. */
  readonly kept: boolean;
  /** Whether the times keep step with the rate, so that they tell gaps. */
  readonly steady: boolean;
  readonly notes: readonly string[];
}

/**
 * Reads the clock off the first rows, of which `first` has the first cell of each column that holds anything; a `rate` that
 * is given wins over even steps of another. Throws an Error where nothing tells the rate, and where time runs backwards.
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
    const why =
      unread < 0 ? 'no time column tells the rate: give it' : `${unreadTimes(names[unread])}, or give the rate`;
    if (given === undefined) throw new Error(`${why} with --rate (Hz)`);
    return { rate: given, begin: 0, kept: false, steady: false, notes: [] };
  }
  const name = names[column.index];
  const times = rows.map((row) => column.read(row[column.index]));
  if (isNewestFirst(times)) throw new Error(`its rows are newest first by '${name}': sort them by time`);
  const told = inferRate(times);
  const rate = given ?? told;
  if (!(rate > 0))
    throw new Error(
      `the time column '${name}' does not tell the rate (its median step is not > 0): give it with --rate (Hz)`,
    );
  const steady = isSteady(times, rate);
  const kept = steady || !isSteady(times, told);
  const known = times.findIndex((time) => !Number.isNaN(time));
  const begin = times[known] - (known * 1000) / rate;
  const uneven = `the steps of '${name}' are uneven (most are ${usualSteps(times)} s): frames keep their own times, and ${shown(rate)} frames a second are assumed where Hz are needed`;
  const overruled = `'${name}' tells ${shown(told)} Hz and --rate ${shown(rate)}: times are counted by --rate`;
  return { rate, begin, column, kept, steady, notes: steady ? [] : [kept ? uneven : overruled] };
}

/** Whether a cell is a date or a time of day as people write them. */
export function looksLikeTime(cell: string): boolean {
  return /^(\d{1,2}([./-])\d{1,2}\2(\d{4}|\d{2})|\d{4}([./-])\d{1,2}\4\d{1,2}|\d{1,2}:\d{2})(\D|$)/.test(cell);
}

/** What to do about a column whose times cannot be read. */
export function unreadTimes(name: string): string {
  return `the column '${name}' looks like times but cannot be read: write 2025-03-01T12:00:00Z`;
}

function shown(rate: number): string {
  return String(Number(rate.toPrecision(3)));
}

/** Places frames by the stamps of a table: in time, and behind the gaps that even steps tell. */
export class Stamps {
  readonly #clock: CsvClock;
  readonly #frames: FrameCollector;
  /** How far a frame's time may be off its stamp, in ms: half a step, or what floats lose. */
  readonly #slack: number;
  #before = NaN;
  /** Frames since the stamp before. */
  #since = 1;
  #unread = 0;

  constructor(clock: CsvClock, frames: FrameCollector) {
    this.#clock = clock;
    this.#frames = frames;
    this.#slack = clock.steady ? 500 / clock.rate : 1e-3;
  }

  /** Takes the next frame's row. */
  read(row: readonly string[]): void {
    const { column, kept, steady, rate } = this.#clock;
    if (!column || !kept) return;
    const now = column.read(row[column.index]);
    if (Number.isNaN(now)) {
      this.#since++;
      this.#unread++;
      return;
    }
    const periods = steady ? Math.round(((now - this.#before) * rate) / 1000) : 0;
    if (periods > this.#since) this.#frames.skip(periods - this.#since);
    if (now !== this.#before) this.#frames.setClock(now, this.#slack);
    this.#before = now;
    this.#since = 1;
  }

  /** What is to be said of stamps that are none. */
  notes(names: readonly string[]): string[] {
    if (this.#unread === 0) return [];
    return [
      `frames whose '${names[this.#clock.column?.index ?? 0]}' cannot be read count on by the rate: ${this.#unread}`,
    ];
  }
}
