/** A date and a time of day as written; omitted parts are not in the text. */
export interface CalendarTime {
  readonly year?: number;
  /** From 1. */
  readonly month?: number;
  readonly day?: number;
  readonly hour?: number;
  readonly minute?: number;
  /** With its fraction. */
  readonly second?: number;
  /** Whether the hour is one of a 12-hour clock after noon (true) or before (false). */
  readonly afternoon?: boolean;
  /** Offset from UTC in minutes; absent if the text contains no known zone. */
  readonly zone?: number;
}

/**
 * The time in ms since 1970, read as UTC without a zone; NaN if a part is out of its range. Without a year, in ms since
 * midnight.
 */
export function calendarMs(time: CalendarTime): number {
  const { year, month = 1, day = 1, minute = 0, second = 0, zone = 0 } = time;
  const hour = hourOf(time);
  if (
    !(hour <= 24 || year === undefined) ||
    (minute > 59 && time.hour !== undefined) ||
    (year !== undefined && second >= 61)
  )
    return NaN;
  const clock = ((hour * 60 + minute - zone) * 60 + second) * 1000;
  if (year === undefined) return clock;
  if (month < 1 || month > 12 || day < 1 || day > daysIn(year, month)) return NaN;
  return year < 100 ? NaN : Date.UTC(year, month - 1, day) + clock;
}

function hourOf({ hour = 0, afternoon }: CalendarTime): number {
  if (afternoon === undefined) return hour;
  return hour < 1 || hour > 12 ? NaN : (hour % 12) + (afternoon ? 12 : 0);
}

function daysIn(year: number, month: number): number {
  return new Date(Date.UTC(year, month, 0)).getUTCDate();
}

/** The full year of a year with two digits: 1969 to 2068, as in POSIX. */
export function fullYear(year: number, digits: number): number {
  return digits > 2 ? year : year + (year >= 69 ? 1900 : 2000);
}

/** Offsets of zones from UTC in hours. Abbreviations with several meanings, such as CST, are not among them. */
const zones: Readonly<Record<string, number>> = {
  z: 0, utc: 0, gmt: 0, wet: 0, west: 1, cet: 1, mez: 1, cest: 2, mesz: 2, eet: 2, eest: 3, msk: 3, jst: 9, kst: 9,
  aest: 10, aedt: 11, nzst: 12, nzdt: 13, est: -5, edt: -4, cdt: -5, mst: -7, mdt: -6, pst: -8, pdt: -7,
}; // prettier-ignore

/** The offset of a zone from UTC in minutes: Z, UTC, +01:00, -0500, UTC+1, GMT+0100, CET, …; undefined if it is unknown. */
export function zoneOf(text: string): number | undefined {
  const offset = /^(?:utc|gmt)?([+-])(\d{1,2}):?(\d{2})?$/i.exec(text);
  if (offset) return (offset[1] === '-' ? -1 : 1) * (Number(offset[2]) * 60 + Number(offset[3] ?? 0));
  const named = Object.hasOwn(zones, text.toLowerCase()) ? zones[text.toLowerCase()] : undefined;
  return named === undefined ? undefined : named * 60;
}
