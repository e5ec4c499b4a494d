import { isNumber } from './cell.ts';

/** Where a table keeps its time, and how a cell of it reads, in ms; NaN where it does not. */
export interface TimeColumn {
  readonly index: number;
  read(cell: string): number;
}

const iso = /^(\d{4}-\d{2}-\d{2})(?:[T ](\d{2}:\d{2})(?::(\d{2})(?:[.,](\d+))?)?)? ?(?:(Z)|([+-]\d{2}):?(\d{2})?)?$/i;

/** An ISO 8601 date and time (a space may stand for the T) in ms since 1970; UTC unless it names a zone; NaN if it is none. */
export function isoTime(cell: string): number {
  const parts = iso.exec(cell);
  if (!parts) return NaN;
  const [, date, minute = '00:00', second = '00', fraction = '0', , zoneHour, zoneMinute = '00'] = parts;
  const whole = Date.parse(`${date}T${minute}:${second}${zoneHour ? `${zoneHour}:${zoneMinute}` : 'Z'}`);
  return whole + Number(`0.${fraction}`) * 1000;
}

/** How many ms a numeric stamp's unit has: by size it is seconds below 1e11, else ms, then µs, then ns (all since 1970). */
export function stampUnit(stamp: number): number {
  const size = Math.abs(stamp);
  return size < 1e11 ? 1000 : size < 1e14 ? 1 : size < 1e17 ? 1e-3 : 1e-6;
}

const timeName = /^([Dd]ate_?[Tt]ime|[Dd]ate|[Tt]ime|[Tt]ime_?[Ss]tamps?|DATE|TIME|TIMESTAMP|DATETIME|t)$/;

/**
 * Finds the time column of a table, or none. With a header: the first column named time, timestamp, date, datetime or t
 * (a unit may follow: `time (ms)`, `time_s`) whose first cell is a time, or else the first of ISO dates. Without: the first
 * column of ISO dates, or a first column of numbers that are seconds or ms after 1973 (1e8 and more).
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
    const ms = units.get(unit) ?? stampUnit(Number(cell));
    const read = (stamp: string) => (stamp === '' ? NaN : dateOf(Number(stamp) * ms));
    if (!Number.isNaN(read(cell))) return { index, read };
  }
  return undefined;
}

/** A time in ms that a date can have; NaN: another. */
function dateOf(time: number): number {
  return Math.abs(time) <= 8.64e15 ? time : NaN;
}

/** ms of each unit. */
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
 * The rate that stamps (ms) tell, in Hz: 1000 over the mean of those steps that lie within half a step of the median
 * one, so that stamps rounded to ms do not bend it; put on a whole Hz or a whole second where it is within 0.1 % of one.
 * NaN where the median step is not > 0.
 */
export function inferRate(times: readonly number[]): number {
  const steps = stepsOf(times);
  const median = quantileOf(steps, 0.5);
  if (!(median > 0)) return NaN;
  const usual = steps.filter((step) => Math.abs(step - median) <= median / 2);
  const mean = usual.reduce((sum, step) => sum + step, 0) / usual.length;
  return mean > 1000 ? 1 / whole(mean / 1000) : whole(1000 / mean);
}

/**
 * Whether stamps keep step with `rate`: at least four steps in five lie within half a step of it. Only then do they tell
 * where frames are missing; stamps that repeat or come in bursts do not.
 */
export function isSteady(times: readonly number[], rate: number): boolean {
  const step = 1000 / rate;
  const steps = stepsOf(times);
  return steps.filter((each) => Math.abs(each - step) < step / 2).length >= 0.8 * steps.length;
}

/** Whether stamps run backwards, as those of tables whose newest row stands first. */
export function isNewestFirst(times: readonly number[]): boolean {
  return quantileOf(stepsOf(times), 0.5) < 0;
}

/** How long four steps in five are, in s: `10 to 300`. */
export function usualSteps(times: readonly number[]): string {
  const steps = stepsOf(times);
  return [0.1, 0.9].map((share) => Number((quantileOf(steps, share) / 1000).toPrecision(3))).join(' to ');
}

/** NaN of none. */
function quantileOf(numbers: readonly number[], share: number): number {
  return [...numbers].sort((a, b) => a - b).at(Math.floor(share * numbers.length)) ?? NaN;
}

function stepsOf(times: readonly number[]): number[] {
  return times
    .slice(1)
    .map((time, before) => time - times[before])
    .filter((step) => !Number.isNaN(step));
}

function whole(number: number): number {
  const near = Math.round(number);
  return near > 0 && Math.abs(number - near) <= number / 1000 ? near : number;
}
