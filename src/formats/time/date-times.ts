import { GrowingArray } from '../text/growing-array.ts';
import { ReadingError } from '../reading-error.ts';
import { dateMs, type DateOrder, type DateText, readDateText } from './date-text.ts';
import { readIsoTime } from '../../core/blocks/iso-time.ts';
import type { Times } from './number-times.ts';

/** Difference between two times of day in ms from which the second one is on the next day. */
const dayWrap = 12 * 3_600_000;

const orders: readonly DateOrder[] = ['YMD', 'DMY', 'MDY'];

/**
 * Reads the dates and times of a column. If day and month can be either way, the other cells decide: an order in which all of
 * them are dates, or in which time advances evenly. Times of day without a date continue after midnight.
 */
export class DateTimes {
  readonly #name: string;
  readonly #hint: DateOrder | undefined;
  readonly #zone: number | undefined;
  /** The times by each order that is still possible. */
  readonly #times = new Map<DateOrder, GrowingArray>();
  readonly #invalid = new Map<DateOrder, number>();
  /** The first text whose order is open. */
  #open = '';
  #dated = 0;
  #clocks = 0;
  /** The first time of day without seconds. */
  #hourMinute = '';
  #local = 0;
  #zones = new Set<string>();
  #previousClock = -Infinity;
  #day = 0;

  /**
   * @param hint order that the name of the column or the lines before the table specify
   * @param zone offset from UTC in minutes of times without a zone
   */
  constructor(name: string, hint?: DateOrder, zone?: number) {
    this.#name = name;
    this.#hint = hint;
    this.#zone = zone;
    for (const order of orders) this.#times.set(order, new GrowingArray());
  }

  add(cell: string): void {
    const fast = readIsoTime(cell);
    if (fast) {
      if (!fast.zoned) this.#local++;
      this.#dated++;
      const time = fast.zoned ? fast.time : this.#inZone(fast.time);
      for (const order of orders) this.#times.get(order)!.push(time);
      return;
    }
    const text = readDateText(cell);
    if (text) this.#count(text);
    if (text && !text.fields && /^\d{1,2}:\d{2}$/.test(cell)) this.#hourMinute ||= cell;
    this.#push(cell, (order) => (!text ? NaN : text.fields ? this.#dateOf(text, order) : this.#clockOf(text, order)));
  }

  #count({ fields, clock, unknownZone }: DateText): void {
    if (fields) this.#dated++;
    else this.#clocks++;
    if (fields && clock.zone === undefined) this.#local++;
    if (unknownZone !== undefined) this.#zones.add(unknownZone);
  }

  #dateOf(text: DateText, order: DateOrder): number {
    const known = text.orders.includes(order) ? order : text.orders.length === 1 ? text.orders[0] : undefined;
    const time = known ? dateMs(text, known) : NaN;
    return text.clock.zone === undefined ? this.#inZone(time) : time;
  }

  /** A time that was read as UTC, in the zone of the column. */
  #inZone(time: number): number {
    return time - (this.#zone ?? 0) * 60_000;
  }

  /** A time of day; it is on the next day if it is much smaller than the one before. */
  #clockOf(text: DateText, order: DateOrder): number {
    const clock = dateMs(text, order);
    if (order === orders[0]) {
      if (clock < this.#previousClock - dayWrap) this.#day++;
      this.#previousClock = clock;
    }
    return clock + this.#day * 86_400_000;
  }

  #push(cell: string, timeOf: (order: DateOrder) => number): void {
    const times = orders.map((order) => timeOf(order));
    for (const [i, order] of orders.entries()) {
      this.#times.get(order)!.push(times[i]);
      if (Number.isNaN(times[i])) this.#invalid.set(order, (this.#invalid.get(order) ?? 0) + 1);
    }
    if (this.#open === '' && new Set(times.filter((time) => !Number.isNaN(time))).size > 1) this.#open = cell;
  }

  /** The times of all cells. Throws a ReadingError if day and month cannot be told apart. */
  finish(): Times {
    const { order, note } = this.#order();
    const times = this.#times.get(order)!.numbers;
    const undated = this.#dated === 0 && this.#clocks > 0;
    const zones = [...this.#zones].map(
      (zone) => `The time zone ${zone} in the column '${this.#name}' is ambiguous; the times are read as UTC.`,
    );
    return {
      times,
      ...(undated && { undated: true }),
      ...(!undated && this.#local > 0 && this.#zone === undefined && { localTime: true }),
      notes: [...note, ...zones, ...(undated ? this.#clockNotes() : [])],
    };
  }

  #clockNotes(): string[] {
    return this.#hourMinute === ''
      ? []
      : [
          `Times such as '${this.#hourMinute}' in the column '${this.#name}' are read as hours and minutes. Set another format, such as mm:ss, with the option timeFormat.`,
        ];
  }

  #order(): { order: DateOrder; note: readonly string[] } {
    const fewest = Math.min(...orders.map((order) => this.#invalid.get(order) ?? 0));
    const possible = orders.filter((order) => (this.#invalid.get(order) ?? 0) === fewest);
    const [first, ...others] = possible;
    const same = (a: DateOrder, b: DateOrder) => {
      const [one, two] = [this.#times.get(a)!.numbers, this.#times.get(b)!.numbers];
      return one.every((time, i) => Object.is(time, two[i]));
    };
    const different = others.filter((other) => !same(first, other));
    if (different.length === 0) return { order: first, note: [] };
    if (this.#hint && possible.includes(this.#hint)) return { order: this.#hint, note: [] };
    const evenness = [first, ...different]
      .map((order) => ({ order, steps: unevenness(this.#times.get(order)!.numbers) }))
      .sort((a, b) => a.steps - b.steps);
    const [best, second] = evenness;
    const ways = [first, ...different].map((order) => formatOf(this.#open, order));
    if (!(best.steps * 10 < second.steps))
      throw new ReadingError(
        `the dates in the column '${this.#name}' can be read in several ways: '${this.#open}' is ${ways.join(' or ')}.`,
        ['timeFormat'],
        ways,
      );
    const chosen = formatOf(this.#open, best.order);
    return {
      order: best.order,
      note: [
        `The dates in the column '${this.#name}' are read as ${chosen}, because the time steps are then regular. Set another format with the option timeFormat.`,
      ],
    };
  }
}

/** Ratio of the longest to the median time step; Infinity if time goes back. */
function unevenness(times: Float64Array): number {
  const known = times.filter((time) => !Number.isNaN(time));
  const steps = known.slice(1).map((time, i) => time - known[i]);
  if (steps.some((step) => step < 0)) return Infinity;
  const sorted = steps.filter((step) => step > 0).sort();
  const median = sorted.at(Math.floor((sorted.length - 1) / 2)) ?? NaN;
  return (sorted.at(-1) ?? NaN) / median;
}

/** The format of a text with a date of numbers, such as `DD/MM/YYYY HH:mm`. */
function formatOf(text: string, order: DateOrder): string {
  let place = 0;
  const dated = text.replace(/\d+(?=[-/. ])|(?<=[-/. ])\d+/g, (digits) => {
    const part = place < 3 ? order[place++] : '';
    return part === 'Y' ? (digits.length > 2 ? 'YYYY' : 'YY') : part === '' ? digits : part + part;
  });
  const half = /[ap]\.?m\.?/i.test(text);
  return dated
    .replace(/\d+:\d+(:\d+)?/, (_, second?: string) => `${half ? 'hh' : 'HH'}:mm${second === undefined ? '' : ':ss'}`)
    .replace(/([.,])\d+/, '$1S')
    .replace(/[ap]\.?m\.?/i, 'A')
    .replace(/(Z|[+-]\d{2}:?\d{2})$/, 'Z');
}
