import { timeUnitOf } from './time-unit.ts';
import { zoneOf } from './calendar.ts';

/** What the name of a column says about times. */
export interface TimeName {
  /** Whether the column contains dates, by its name. */
  readonly dated: boolean;
  /** Length of the unit in ms. */
  readonly unit?: number;
  /** A unit that is not known, such as ticks. */
  readonly unknownUnit?: string;
  /** Sampling rate in Hz (`Time:128Hz`). */
  readonly rate?: number;
  /** Order of day and month in a format (`Date (dd/mm/yyyy)`). */
  readonly dates?: 'DMY' | 'MDY';
  /** Whether the times count from 1980, as those of GPS. */
  readonly gps?: true;
  /** Offset from UTC in minutes (`Time (GMT+01:00)`, `timestamp_utc`). */
  readonly zone?: number;
  /** A count of days from another origin than 1970, as ms since 1970 of day 0. */
  readonly dayZero?: number;
}

const words = (text: string) => new Set(text.split(' '));

/** Words of which a name of a time column contains at least one, in several languages. */
const timeWords = words(
  'time timestamp timestamps stamp ts t epoch clock zeit zeitstempel uhrzeit temps heure horodatage hora tiempo ora tempo tijd uptime elapsed',
);
const dateWords = words('date datetime dates datum fecha data year month mjd jd julian datenum');
/** Words that can stand beside them. */
const otherWords = words(
  'utc gmt local unix posix sample samples system device host lsl recording record measurement measured rel relative abs absolute at created recorded received log logger of day start since boot from in und the sensor exact raw event epoch 1970 gps mess',
);
const alone = words('seconds secs sec milliseconds millis msec ms micros microseconds usec us');
const notUnits = words('ticks tick samples sample frames frame counts count cycles cycle jiffies steps step index');

/** Days of other calendars: serials of MATLAB are counted from year 0, Julian days from noon. */
const dayZeros: Readonly<Record<string, number>> = {
  mjd: -40_587 * 864e5,
  jd: -2_440_587.5 * 864e5,
  julian: -2_440_587.5 * 864e5,
};

/**
 * Reads the name of a column: `Timestamp [s]`, `time_ms`, `t / s`, `Time (UTC)`, `Date/Time`, `Time:128Hz`, `Run 1: Time (s)`. Undefined if it is
 * not the name of a time column. `T` is a temperature.
 */
export function readTimeName(name: string): TimeName | undefined {
  const rated = /^(.+?)[:( ]\s*([\d.]+) ?(k?)Hz\)?$/i.exec(name);
  if (rated) {
    const base = readTimeName(rated[1]);
    return base && { unit: 1000, ...base, rate: Number(rated[2]) * (rated[3] ? 1000 : 1) };
  }
  const bracket =
    /^(.+?)[ _]*[([{]\s*([^)\]}]*?)\s*[)\]}]$/.exec(name) ?? /^(.+?)\s*(?:,|\/| in )\s*(\S{1,14})$/i.exec(name);
  if (bracket && tokensOf(bracket[2]).some((token) => !timeWords.has(token) && !dateWords.has(token))) {
    const base = readTimeName(bracket[1]);
    return base && { ...base, ...readUnit(bracket[2]) };
  }
  const tail = /^[^:]+:\s*(\D.*)$/.exec(name);
  if (tail) return readTimeName(tail[1]);
  const tokens = tokensOf(name);
  const [last = ''] = tokens.slice(-1);
  if (tokens.length === 1 && alone.has(last)) return { dated: false, unit: timeUnitOf(last) };
  const core = tokens.filter((token) => timeWords.has(token) || dateWords.has(token));
  if (core.length === 0 || name === 'T') return undefined;
  const unit = tokens.length > 1 ? timeUnitOf(last) : undefined;
  const unknownUnit = tokens.length > 1 && notUnits.has(last) ? last : undefined;
  const rest = tokens.filter((token) => !core.includes(token) && !otherWords.has(token));
  if (rest.length > (unit === undefined && unknownUnit === undefined ? 0 : 1)) return undefined;
  const dayZero = tokens.map((token) => dayZeros[token]).find((zero) => zero !== undefined);
  return {
    dated: core.some((token) => dateWords.has(token)),
    ...(unit !== undefined && { unit }),
    ...(unknownUnit !== undefined && { unknownUnit }),
    ...(dayZero !== undefined && { dayZero }),
    ...(tokens.includes('gps') && { gps: true }),
    ...(tokens.some((token) => token === 'utc' || token === 'gmt') && { zone: 0 }),
  };
}

/** Reads the text in brackets: a unit, a zone, or a format. */
function readUnit(text: string): Partial<TimeName> {
  const format = /(d+|m+)[./-](d+|m+)[./-]y+|y+[./-]m+|h+[:.]m+/i.exec(text);
  if (format) return format[1] ? { dates: /^d/i.test(format[1]) ? 'DMY' : 'MDY' } : {};
  const direct = timeUnitOf(text);
  if (direct !== undefined) return { unit: direct };
  if (notUnits.has(text.toLowerCase())) return { unknownUnit: text };
  const zone = zoneOf(text);
  if (zone !== undefined) return { zone };
  const left = text.split(/[\s_]+/).filter((word) => !otherWords.has(word.toLowerCase()) && zoneOf(word) === undefined);
  const unit = timeUnitOf(left.join(' '));
  return left.length === 0 ? {} : unit === undefined ? { unknownUnit: text } : { unit };
}

/** The words of a name in lower case: split at other characters, and before a capital letter that follows a small one. */
function tokensOf(name: string): string[] {
  return name
    .replace(/(\p{Ll})(\p{Lu})/gu, '$1 $2')
    .toLowerCase()
    .split(/[^\p{L}\p{N}µ]+/u)
    .filter((token) => token !== '');
}
