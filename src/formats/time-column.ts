import { isNumber } from './cell.ts';

/** The time column of a table. */
export interface TimeColumn {
  readonly index: number;
  /** The time of a cell in ms; NaN if it cannot be read. */
  read(cell: string): number;
}

const iso = /^(\d{4}-\d{2}-\d{2})(?:[T ](\d{2}:\d{2})(?::(\d{2})(?:[.,](\d+))?)?)? ?(?:(Z)|([+-]\d{2}):?(\d{2})?)?$/i;

/** An ISO 8601 date and time (with T or a space) in ms since 1970, in UTC unless it contains a zone; NaN if it is invalid. */
export function isoTime(cell: string): number {
  const parts = iso.exec(cell);
  if (!parts) return NaN;
  const [, date, minute = '00:00', second = '00', fraction = '0', , zoneHour, zoneMinute = '00'] = parts;
  const whole = Date.parse(`${date}T${minute}:${second}${zoneHour ? `${zoneHour}:${zoneMinute}` : 'Z'}`);
  return whole + Number(`0.${fraction}`) * 1000;
}

/** The unit of a numeric timestamp in ms, by its size: seconds below 1e11, then ms, µs, and ns (all since 1970). */
export function timestampUnit(timestamp: number): number {
  const size = Math.abs(timestamp);
  return size < 1e11 ? 1000 : size < 1e14 ? 1 : size < 1e17 ? 1e-3 : 1e-6;
}

const timeName = /^([Dd]ate_?[Tt]ime|[Dd]ate|[Tt]ime|[Tt]ime_?[Ss]tamps?|DATE|TIME|TIMESTAMP|DATETIME|t)$/;

/**
 * Finds the time column of a table; undefined if there is none. With a header, it is the first column named time, timestamp,
 * date, datetime, or t (a unit may follow: `time (ms)`, `time_s`) whose first cell is a time, or else the first column of ISO
 * dates. Without a header, it is the first column of ISO dates, or a first column of numbers >= 1e8 (times after 1973).
 */
export function findTimeColumn(names: readonly string[] | undefined, first: readonly string[]): TimeColumn | undefined {
  return timeColumnOf(names, first) ?? (names && timeColumnOf(undefined, first.map(datesOnly)));
}

const datesOnly = (cell: string) => (Number.isNaN(isoTime(cell)) ? '' : cell);

function timeColumnOf(names: readonly string[] | undefined, first: readonly string[]): TimeColumn | undefined {
  for (const [index, cell] of first.entries()) {
    const [name, unit] = names ? splitUnit(names[index]) : ['', ''];
    if (names && !timeName.test(name)) continue;
    if (!Number.isNaN(isoTime(cell))) return { index, read: isoTime };
    if (!isNumber(cell) || (!names && (index > 0 || Number(cell) < 1e8))) continue;
    const ms = units.get(unit) ?? timestampUnit(Number(cell));
    const read = (stamp: string) => (stamp === '' ? NaN : dateOf(Number(stamp) * ms));
    if (!Number.isNaN(read(cell))) return { index, read };
  }
  return undefined;
}

/** A time in ms if it is in the range of dates, else NaN. */
function dateOf(time: number): number {
  return Math.abs(time) <= 8.64e15 ? time : NaN;
}

/** Units in ms. */
const units: ReadonlyMap<string, number> = new Map([
  ['s', 1000],
  ['sec', 1000],
  ['seconds', 1000],
  ['ms', 1],
  ['us', 1e-3],
  ['µs', 1e-3],
  ['ns', 1e-6],
]);

function splitUnit(name: string): [string, string] {
  const parts = /^(.*?)(?:[ _]?[([](\w+|µs)[)\]]|[ _](s|sec|seconds|ms|us|µs|ns))?$/i.exec(name);
  return parts ? [parts[1], (parts[2] ?? parts[3] ?? '').toLowerCase()] : [name, ''];
}

/**
 * The sampling rate in Hz that timestamps (ms) imply: 1000 divided by the mean of the steps that differ from the median by at
 * most half of it, so that rounding to ms does not bias it. Rates within 0.1 % of a whole number of Hz, or periods within
 * 0.1 % of a whole number of seconds, are rounded. NaN if the median step is not > 0.
 */
export function inferRate(times: readonly number[]): number {
  const steps = stepsOf(times);
  const median = quantileOf(steps, 0.5);
  if (!(median > 0)) return NaN;
  const typical = steps.filter((step) => Math.abs(step - median) <= median / 2);
  const mean = typical.reduce((sum, step) => sum + step, 0) / typical.length;
  return mean > 1000 ? 1 / rounded(mean / 1000) : rounded(1000 / mean);
}

/**
 * Whether timestamps are regular at `rate`: at least 80 % of the steps differ from its period by less than half of it. Only
 * then do they show missing frames; timestamps that repeat or come in bursts do not.
 */
export function isRegular(times: readonly number[], rate: number): boolean {
  const step = 1000 / rate;
  const steps = stepsOf(times);
  return steps.filter((each) => Math.abs(each - step) < step / 2).length >= 0.8 * steps.length;
}

/** Whether timestamps run backwards, as in tables with the newest row first. */
export function isNewestFirst(times: readonly number[]): boolean {
  return quantileOf(stepsOf(times), 0.5) < 0;
}

/** The range of the middle 80 % of steps in s: `10 to 300`. */
export function usualSteps(times: readonly number[]): string {
  const steps = stepsOf(times);
  return [0.1, 0.9].map((share) => Number((quantileOf(steps, share) / 1000).toPrecision(3))).join(' to ');
}

/** A quantile; NaN if there are no numbers. */
function quantileOf(numbers: readonly number[], share: number): number {
  return [...numbers].sort((a, b) => a - b).at(Math.floor(share * numbers.length)) ?? NaN;
}

function stepsOf(times: readonly number[]): number[] {
  return times
    .slice(1)
    .map((time, before) => time - times[before])
    .filter((step) => !Number.isNaN(step));
}

/** `number`, or the nearest integer if it is within 0.1 % of it. */
function rounded(number: number): number {
  const near = Math.round(number);
  return near > 0 && Math.abs(number - near) <= number / 1000 ? near : number;
}
