import { toMs } from '../../core/blocks/time-unit.ts';
import { ReadingError } from '../reading-error.ts';
import { calendarMs } from './calendar.ts';
import { unwrapCounter } from './counter-wrap.ts';
import { epochUnitOf, knownTimeUnits } from './time-unit.ts';
import type { TimeName } from './time-name.ts';

/** Times in ms, with what is known of their origin. */
export interface Times {
  /** In ms since 1970, or since an unknown origin; NaN where the cell cannot be read. */
  readonly times: Float64Array;
  /** Whether the origin is unknown. */
  readonly undated?: true;
  /** Whether the times have no zone and are read as UTC. */
  readonly localTime?: true;
  readonly notes: readonly string[];
}

/** Day 0 of spreadsheets (1900 system), in ms since 1970. */
const spreadsheetZero = Date.UTC(1899, 11, 30);
/** Day 0 of MATLAB's datenum. */
const matlabZero = -719_529 * 864e5;

/**
 * Interprets the numbers of a time column:
 *
 *     a unit from the name or the options    counted from 1970 if that is a plausible date, else from an unknown origin
 *     20240129, 202401292200, …              dates, if all of them are valid
 *     1.7e9, 1.7e12, 1.7e15, 1.7e18          s, ms, µs, or ns since 1970
 *     3.78e9, 1.33e17, 6.38e17            s since 1904, 100 ns since 1601, 100 ns since year 1, with a note
 *     45292.5 in a column of dates           days of a spreadsheet; 1999 in one: years
 *     other numbers                          seconds from an unknown origin, with a note; in a column of dates, an error
 *
 * @param given length of the unit in ms, from the options
 */
export function numberTimes(numbers: Float64Array, name: string, about: TimeName, given?: number): Times {
  const unwrapped = unwrapCounter(numbers);
  if (unwrapped) {
    const { notes, ...times } = numberTimes(unwrapped.numbers, name, about, given);
    const note = `The counter in the column '${name}' restarts at 0 after ${unwrapped.wrap - 1}. The later times continue from there.`;
    return { ...times, notes: [...notes, note] };
  }
  const unit = given ?? about.unit;
  const known = numbers.filter((number) => Number.isFinite(number)).sort();
  const median = known.at(Math.floor(known.length / 2)) ?? NaN;
  const scaled = (ms: number, zero = 0) => numbers.map((number) => inRange(number * ms + zero));
  if (unit !== undefined) return unitTimes(scaled, median, unit, name);
  if (about.unknownUnit !== undefined)
    throw new ReadingError(
      `the unit of the time column '${name}' must be ${knownTimeUnits}, got '${about.unknownUnit}'.`,
      ['timeUnit', 'rate'],
    );
  if (about.dayZero !== undefined) return { times: scaled(864e5, about.dayZero), notes: [] };
  const digits = [8, 12, 14, 10].find((count) => known.every((number) => !Number.isNaN(digitDate(number, count))));
  if (digits !== undefined && known.length > 0)
    return {
      times: numbers.map((number) => digitDate(number, digits)),
      localTime: true,
      notes: [
        `The numbers in the column '${name}' are read as dates, ${'YYYYMMDDHHmmss'.slice(0, digits)} (${median} is ${new Date(digitDate(median, digits)).toISOString()}).`,
      ],
    };
  const origin = known.length === 0 ? undefined : originOf(median, about);
  if (origin)
    return {
      times: numbers.map((number) => inRange(number * origin.ms + origin.zero)),
      notes: [`The numbers in the column '${name}' are read as ${origin.counted}.`],
    };
  const epoch = epochUnitOf(median);
  if (epoch) return { times: scaled(toMs(1, epoch)), notes: [] };
  const days = serialDays(known, about);
  if (days)
    return {
      times: numbers.map((number) => inRange(Math.round(number * 864e5) + days.zero)),
      localTime: true,
      notes: [`The numbers in the column '${name}' are read as dates, in days as ${days.counted}.`],
    };
  if (about.dated) return yearTimes(numbers, known, name);
  return {
    times: scaled(1000),
    undated: true,
    notes: [
      `The numbers in the column '${name}' have no unit and are read as seconds. Set another unit with the option timeUnit.`,
    ],
  };
}

/** Counts from other years than 1970, which would be implausible dates if they counted from 1970. */
const origins = [
  {
    from: 3.4e9,
    to: 4.1e9,
    ms: 1000,
    zero: Date.UTC(1904, 0, 1),
    counted: 'seconds since 1904, as LabVIEW counts them',
  },
  {
    from: 1.2e17,
    to: 1.4e17,
    ms: 1e-4,
    zero: Date.UTC(1601, 0, 1),
    counted: '100 ns since 1601, as Windows counts them',
  },
  {
    from: 6.2e17,
    to: 6.6e17,
    ms: 1e-4,
    zero: -62_135_596_800_000,
    counted: '100 ns since year 1, as .NET counts them',
  },
];
/** GPS time counts leap seconds: 18 since 1980. */
const gps = { ms: 1000, zero: Date.UTC(1980, 0, 6) - 18_000, counted: 'seconds of GPS time, which starts in 1980' };

function originOf(number: number, about: TimeName): { ms: number; zero: number; counted: string } | undefined {
  if (about.gps && epochUnitOf(number) === 's') return gps;
  return origins.find(({ from, to }) => number >= from && number <= to);
}

function unitTimes(scaled: (ms: number) => Float64Array, median: number, unit: number, name: string): Times {
  const times = scaled(unit);
  if (unit <= 1000 && median * unit > 5e12 && epochUnitOf(median))
    throw new ReadingError(
      `the times in the column '${name}' are too large for their unit: ${median} is after the year 2100.`,
      ['timeUnit'],
      [epochUnitOf(median)!],
    );
  const dated = unit <= 1000 && median * unit >= 1e11;
  return dated ? { times, notes: [] } : { times, undated: true, notes: [] };
}

/** A number whose digits are a date (8 digits), with hours (10), minutes (12), and seconds (14); NaN if it is none. */
function digitDate(number: number, digits: number): number {
  const text = String(number);
  if (text.length !== digits || !/^(19|20)\d+$/.test(text)) return NaN;
  const [month, day, hour, minute, second] = [4, 6, 8, 10, 12].map((at) => Number(text.slice(at, at + 2)));
  return hour > 23 ? NaN : calendarMs({ year: Number(text.slice(0, 4)), month, day, hour, minute, second });
}

/** The origin of serial days. Spreadsheets print them with many digits; a column of seconds has no such numbers. */
function serialDays(known: Float64Array, { dated }: TimeName): { zero: number; counted: string } | undefined {
  const [first, last] = [known.at(0) ?? NaN, known.at(-1) ?? NaN];
  const fine = known.some((number) => (String(number).split('.').at(1)?.length ?? 0) >= 5);
  if (!dated && !(fine && last - first < 3650 && first > 30_000)) return undefined;
  if (first >= 20_000 && last < 80_000) return { zero: spreadsheetZero, counted: 'spreadsheets count them' };
  if (first >= 693_000 && last < 770_000) return { zero: matlabZero, counted: 'MATLAB counts them' };
  return undefined;
}

function yearTimes(numbers: Float64Array, known: Float64Array, name: string): Times {
  const years = known.every((year) => Number.isInteger(year) && year >= 1000 && year <= 2500);
  if (!years)
    throw new ReadingError(
      `the column '${name}' contains numbers (${known.at(0)}) that are not dates in a known notation.`,
      ['timeFormat', 'timeUnit', 'rate'],
    );
  return {
    times: numbers.map((year) => calendarMs({ year })),
    localTime: true,
    notes: [`The numbers in the column '${name}' are read as years.`],
  };
}

/** A time in ms if it is in the range of dates, else NaN. */
function inRange(time: number): number {
  return Math.abs(time) <= 8.64e15 ? time : NaN;
}
