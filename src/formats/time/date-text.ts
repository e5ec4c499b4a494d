import { type CalendarTime, calendarMs, fullYear, zoneOf } from './calendar.ts';
import { monthOf } from './month-names.ts';

/** Order of day, month, and year in a date of numbers. */
export type DateOrder = 'YMD' | 'DMY' | 'MDY';

/** A date and time read from text. The order of its numbers can still be open. */
export interface DateText {
  /** The three numbers of a date, as written; undefined for a time of day. */
  readonly fields?: readonly [string, string, string];
  /** The orders that the notation allows, before the values are considered. */
  readonly orders: readonly DateOrder[];
  readonly clock: CalendarTime;
  /** Whether the text contains a date but no time of day. */
  readonly dateOnly: boolean;
  /** A zone that is not known, such as CST. */
  readonly unknownZone?: string;
}

const clockPattern =
  /^(?:(\d+) days?,? +)?(\d{1,3})(?:[:.h](\d{2})(?:[:.m](\d{2})(?:[.,:](\d+))?s?)?)? *([ap])?\.?(?:m\.?)?$/i;
const zonePattern =
  /(?:\b|(?<=[ \d]))(Z|(?:UTC|GMT)?[+-]\d{1,2}(?::?\d{2})?|[A-Z]{2,5})(?: ?\([^)]*\)| ?\[[^\]]*\])?$/i;

/** A day of the week in English, German, French, Spanish, Italian, or Portuguese. */
const weekday =
  /^(mon|tue|wed|thu|fri|sat|sun|mo|di|mi|do|fr|sa|so|lun|mar|mer|mié|jeu|jue|gio|ven|vie|sam|sáb|dim|dom|seg|ter|qua|qui|sex)\p{L}*\.?,? +/iu;

const dates: readonly { pattern: RegExp; read: (parts: string[]) => Pick<DateText, 'fields' | 'orders'> }[] = [
  // 2024-01-29, 2024/1/29, 2024.01.29
  {
    pattern: /^(\d{4})([-/. ])(\d{1,2})\2(\d{1,2})/,
    read: ([, y, , m, d]) => ({ fields: [y, m, d], orders: ['YMD'] }),
  },
  // 2024-01
  { pattern: /^(\d{4})([-/])(\d{1,2})$/, read: ([, y, , m]) => ({ fields: [y, m, '1'], orders: ['YMD'] }) },
  // 20240129
  { pattern: /^(\d{4})(\d{2})(\d{2})(?=$|T|[ _-])/, read: ([, y, m, d]) => ({ fields: [y, m, d], orders: ['YMD'] }) },
  // 29.01.2024: with points, the day comes first
  { pattern: /^(\d{1,2})\.(\d{1,2})\.(\d{4}|\d{2})/, read: ([, d, m, y]) => ({ fields: [d, m, y], orders: ['DMY'] }) },
  // 29/01/2024, 01/29/2024
  {
    pattern: /^(\d{1,2})([-/ ])(\d{1,2})\2(\d{4})/,
    read: ([, a, , b, c]) => ({ fields: [a, b, c], orders: ['DMY', 'MDY'] }),
  },
  {
    pattern: /^(\d{1,2})([-/])(\d{1,2})\2(\d{2})(?!\d)/,
    read: ([, a, , b, c]) => ({ fields: [a, b, c], orders: ['DMY', 'MDY', 'YMD'] }),
  },
  // 29 Jan 2024, 29-JAN-24
  {
    pattern: /^(\d{1,2})\.?[-/ .]\s*(\p{L}{3,10})\.?[-/ .,]\s*(\d{4}|\d{2})(?!\d)/u,
    read: ([, d, m, y]) => ({ fields: [d, String(monthOf(m)), y], orders: ['DMY'] }),
  },
  // Jan 29, 2024
  {
    pattern: /^(\p{L}{3,10})\.? (\d{1,2}),? (\d{4})/u,
    read: ([, m, d, y]) => ({ fields: [String(monthOf(m)), d, y], orders: ['MDY'] }),
  },
  // 2024-Jan-29
  {
    pattern: /^(\d{4})[-/ ](\p{L}{3,10})[-/ ](\d{1,2})/u,
    read: ([, y, m, d]) => ({ fields: [y, String(monthOf(m)), d], orders: ['YMD'] }),
  },
];

/**
 * Reads a date and time, a date, or a time of day: ISO 8601 and the notations of spreadsheets, instruments, and programming
 * languages. Undefined if the text is none.
 *
 * Of an interval (`29.01.2024 00:00 - 29.01.2024 01:00`), it reads the start.
 *
 *     2024-01-29T22:00:00.5+01:00   29/01/2024 10:00 PM   29.01.24 22:00   Mon Jan 29 22:00:00 2024   22:00:00 29-JAN-2024
 */
export function readDateText(text: string): DateText | undefined {
  const [begin, end] = text.split(/ [-–] /);
  if (end !== undefined && /:\d/.test(end)) return readDateText(begin);
  const { rest, zone } = withoutZone(text.trim());
  const found = findDate(rest) ?? findDate(rest.replace(weekday, ''));
  const clockText = found ? found.rest : rest;
  const clock = clockText === '' ? {} : readClock(clockText, found !== undefined);
  if (!clock || (!found && (zone !== undefined || clockText === ''))) return undefined;
  if (!found) return { orders: [], clock, dateOnly: false };
  const offset = zone === undefined ? undefined : zoneOf(zone);
  return {
    ...found.date,
    clock: offset === undefined ? clock : { ...clock, zone: offset },
    dateOnly: clockText === '',
    ...(zone !== undefined && offset === undefined && { unknownZone: zone }),
  };
}

/** Splits a zone off the end of a text. It follows a time of day: `2024-01-29` does not end with an offset. */
function withoutZone(text: string): { rest: string; zone?: string } {
  const found = zonePattern.exec(text);
  if (!found || /^[ap]m$/i.test(found[1])) return { rest: text };
  const rest = text.slice(0, found.index).trimEnd();
  const known = zoneOf(found[1]) !== undefined;
  const timed = known
    ? /(:\d{2}([.,]\d+)?|T\d{2,6}|\d [AP]M|:\d{2} \d{4})$/i.test(rest)
    : /:\d{2}([.,]\d+)?( [ap]m)?$/i.test(rest);
  return timed ? { rest, zone: found[1] } : { rest: text };
}

/** The date in a text, and the text without it; the date can be first or last, or enclose the time (`Jan 29 22:00 2024`). */
function findDate(text: string): { date: Pick<DateText, 'fields' | 'orders'>; rest: string } | undefined {
  const enclosed = /^(\p{L}{3,10}) +(\d{1,2}) +(\d{1,2}:[\d:.]+) +(\d{4})$/u.exec(text);
  const whole = enclosed ? `${enclosed[1]} ${enclosed[2]}, ${enclosed[4]} ${enclosed[3]}` : text;
  const timeFirst = /^(\d{1,2}:\d{2}[\d:.]*(?: ?[ap]\.?m\.?)?),? +(\S.*)$/i.exec(whole);
  for (const [candidate, clock] of [[whole, ''], ...(timeFirst ? [[timeFirst[2], timeFirst[1]]] : [])]) {
    for (const { pattern, read } of dates) {
      const parts = pattern.exec(candidate);
      if (!parts) continue;
      const date = read([...parts]);
      const rest = candidate.slice(parts[0].length);
      if (date.fields?.includes('NaN') || !/^($|T(?=\d)|[,\s]+|[-_:/](?=\d))/i.test(rest)) continue;
      if (clock === '' || rest === '') return { date, rest: clock || rest.replace(/^(T|[,\s]+(at )?|[-_:/])/i, '') };
    }
  }
  return undefined;
}

/** A time of day or a duration; after a date, also as 220000 or 22-00-00. */
function readClock(text: string, dated: boolean): CalendarTime | undefined {
  const minutes = dated ? null : /^(\d{1,3}):(\d{2})[.,](\d+)$/.exec(text);
  if (minutes) return { minute: 0, second: Number(minutes[1]) * 60 + Number(`${minutes[2]}.${minutes[3]}`) };
  const separated = dated ? text.replace(/^(\d{2})-?(\d{2})(?:-?(\d{2}))?(?=$|[.,])/, joinClock) : text;
  const parts = clockPattern.exec(separated);
  if (!parts) return undefined;
  const [, days, hour, minute, second, fraction = '0', half] = parts;
  if (minute === undefined && (!half || !dated)) return undefined;
  return {
    hour: Number(hour) + 24 * Number(days ?? 0),
    minute: Number(minute ?? 0),
    second: Number(`${second ?? '0'}.${fraction}`),
    ...(half && { afternoon: /p/i.test(half) }),
  };
}

const joinClock = (_: string, hour: string, minute: string, second?: string) =>
  [hour, minute, ...(second === undefined ? [] : [second])].join(':');

/** The time of a text in ms since 1970 with its numbers in an order; NaN if a number is out of its range. */
export function dateMs({ fields, clock }: DateText, order: DateOrder): number {
  if (!fields) return calendarMs(clock);
  const [day, month, year] = ['D', 'M', 'Y'].map((part) => fields[order.indexOf(part)]);
  return calendarMs({
    ...clock,
    year: fullYear(Number(year), year.length),
    month: Number(month),
    day: Number(day),
  });
}
