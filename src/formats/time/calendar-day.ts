import { monthOf } from './month-names.ts';

/** A day of the calendar. */
export interface Day {
  readonly year: number;
  /** 1 to 12. */
  readonly month: number;
  readonly date: number;
}

/** Midnight of a day in ms since 1970. */
export function utcOf({ year, month, date }: Day): number {
  return Date.UTC(year, month - 1, date);
}

/**
 * The day in a text: day, month, year, or with four digits first: year, month, day, whatever separates them. Months are
 * numbers or names; a year yy >= 85 is 19yy, else 20yy. Undefined if there is none or it does not exist.
 *
 *     24.04.89, 24/4/89, 24-APR-1989, 1989-04-24, 19890424
 */
export function dayOf(text: string): Day | undefined {
  const parts =
    /^(\d{4}|\d{1,2})[\W_]+(\d{1,2}|\p{L}+)[\W_]+(\d{4}|\d{1,2})(T.*)?$/u.exec(text) ??
    /^((?:19|20)\d\d)(\d\d)(\d\d)$/.exec(text) ??
    /^(\d\d)(\d\d)(\d{4})$/.exec(text);
  if (!parts) return undefined;
  const [first, middle, last] = parts.slice(1, 4);
  const [year, date] = first.length === 4 ? [first, last] : [last, first];
  const day = {
    year: fullYear(year),
    month: /^\d/.test(middle) ? Number(middle) : monthOf(middle),
    date: Number(date),
  };
  const read = new Date(utcOf(day));
  const exists = day.month > 0 && read.getUTCMonth() === day.month - 1 && read.getUTCDate() === day.date;
  return exists ? day : undefined;
}

function fullYear(text: string): number {
  const year = Number(text);
  return text.length > 2 ? year : year + (year >= 85 ? 1900 : 2000);
}
