import { dateMs, type DateOrder, readDateText } from '../time/date-text.ts';

/** What the timestamps of a recording count from. */
export type StampKind = 'epoch' | 'date' | 'time of day';

const timeOfDay = /^(\d{1,2}):(\d{2}):(\d{2})(?:[.,](\d+))?$/;
const date = /^(\d{4})[-/](\d{2})[-/](\d{2})[T ]+(.*?) *(Z|[+-]\d{2}:?\d{2})?$/i;

/** The kind of timestamp in a cell; undefined if it contains none. A zero is not a timestamp. */
export function stampKind(cell: string): StampKind | undefined {
  if (timeOfDay.test(cell)) return 'time of day';
  if (!Number.isNaN(readDate(cell)) || ordersOf(cell).length > 0) return 'date';
  if (!Number.isNaN(readEpoch(cell))) return 'epoch';
  return Number.isNaN(readTimeOfDay(cell)) ? undefined : 'time of day';
}

/** Whether a cell contains a date with a time zone. */
export function hasZone(cell: string): boolean {
  return date.exec(cell)?.[5] !== undefined || readTimedText(cell)?.clock.zone !== undefined;
}

/** The orders of day, month, and year in which a cell is a date; empty if it contains none. */
export function ordersOf(cell: string): DateOrder[] {
  const text = readTimedText(cell);
  return text?.fields ? text.orders.filter((order) => !Number.isNaN(sensible(dateMs(text, order)))) : [];
}

/**
 * Creates a function that reads one cell after the other as a time in ms; NaN where a cell contains no timestamp of this
 * kind. `order` is that of dates that are not ISO 8601. Times of day count from the midnight before the first one and go on after midnight.
 */
export function stampReader(kind: StampKind, order?: DateOrder): (cell: string) => number {
  if (kind === 'epoch') return readEpoch;
  if (kind === 'date') return (cell) => readDate(cell, order);
  let last: number | undefined;
  return (cell) => {
    const time = readTimeOfDay(cell);
    if (Number.isNaN(time)) return NaN;
    last = time + (last === undefined ? 0 : Math.round((last - time) / day) * day);
    return last;
  };
}

const day = 86_400_000;

/** Seconds or milliseconds since 1970. */
function readEpoch(cell: string): number {
  const stamp = Number(cell);
  return sensible(stamp < 1e11 ? stamp * 1000 : stamp);
}

/** A date and time, in UTC unless it contains a zone. */
function readDate(cell: string, order?: DateOrder): number {
  const text = order && !date.test(cell) ? readTimedText(cell) : undefined;
  if (order && text) return text.fields && text.orders.includes(order) ? sensible(dateMs(text, order)) : NaN;
  const [, year, month, dayOfMonth, time = '', zone = 'Z'] = date.exec(cell) ?? [];
  return sensible(Date.parse(`${year}-${month}-${dayOfMonth}T00:00:00${zone}`) + readTimeOfDay(time));
}

/** A date, time, or both in any common notation, if it contains a time of day. */
function readTimedText(cell: string) {
  return /\d:\d\d/.test(cell) ? readDateText(cell) : undefined;
}

/** A time in ms between 1973 and 3300; NaN for others, because a zero is not a timestamp. */
function sensible(time: number): number {
  return time >= 1e11 && time < 4.2e13 ? time : NaN;
}

function readTimeOfDay(cell: string): number {
  const [, hours, minutes, seconds, fraction = '0'] = timeOfDay.exec(cell) ?? [];
  if (hours === undefined) {
    const text = readTimedText(cell);
    return text && !text.fields ? dateMs(text, 'YMD') : NaN;
  }
  return ((Number(hours) * 60 + Number(minutes)) * 60 + Number(seconds) + Number(`0.${fraction}`)) * 1000;
}
