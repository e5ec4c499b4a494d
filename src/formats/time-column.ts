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
