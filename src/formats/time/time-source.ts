import { toMs } from '../../core/blocks/time-unit.ts';
import { numberOf, NotationFinder } from '../text/number-notation.ts';
import { GrowingArray } from '../text/growing-array.ts';
import { isMissing } from '../cell.ts';
import { ReadingError } from '../reading-error.ts';
import type { ReadOptions } from '../recording.ts';
import { invalid } from '../../core/check.ts';
import { calendarMs } from './calendar.ts';
import { readDateText } from './date-text.ts';
import { DateTimes } from './date-times.ts';
import { numberTimes, type Times } from './number-times.ts';
import { parseTimeFormat } from './time-format.ts';
import { readTimeName, type TimeName } from './time-name.ts';
import { epochUnitOf, knownTimeUnits, timeUnitOf } from './time-unit.ts';

/** The column of a table that contains the times, or the columns of date and time, and the reader of its cells. */
export interface TimeSource {
  readonly columns: readonly number[];
  /** The name of the column, or of both: `Date and Time`. */
  readonly name: string;
  /** Sampling rate in Hz in the name of the column. */
  readonly rate?: number;
  /** Reads the time of the next row. */
  add(cells: readonly string[]): void;
  /** The times of all rows. Throws a ReadingError if they are ambiguous. */
  finish(): Times;
}

/** What is known of a column: its name, and its cells in the first rows that are not missing. */
export interface TimeCandidate {
  /** Undefined without a header. */
  readonly name?: string;
  /** Unit from a row of units; '' if there is none. */
  readonly unit: string;
  readonly cells: readonly string[];
}

type Options = Pick<ReadOptions, 'timeUnit' | 'timeFormat' | 'rate'>;

/** The kinds of times in a column. */
type TimeKind = 'date and time' | 'date' | 'time of day' | 'number' | 'none';

/**
 * Finds the times of a table; undefined if there are none. In order of precedence: a column named time, date, timestamp, … with
 * dates or numbers; any column of dates; a column of ascending numbers that are times since 1970. A column of dates and one of
 * times of day belong together.
 *
 * @param order order of day and month, if the lines before the table specify it
 */
export function findTimeSource(
  candidates: readonly TimeCandidate[],
  options: Options,
  order?: 'DMY' | 'MDY',
): TimeSource | undefined {
  if (options.timeFormat !== undefined) return formattedSource(candidates, options.timeFormat);
  const calendar = calendarSource(candidates);
  if (calendar) return calendar;
  const names = candidates.map(({ name }) => (name === undefined ? undefined : readTimeName(name)));
  const kinds = candidates.map(({ cells }) => kindOf(cells));
  const find = (accepts: (kind: TimeKind, name: TimeName | undefined) => boolean) =>
    kinds.findIndex((kind, column) => accepts(kind, names[column]));
  const nameOf = (column: number) => candidates[column].name ?? `column ${column + 1}`;
  const places = [
    find((kind, name) => name !== undefined && kind === 'date and time'),
    find((kind, name) => name !== undefined && kind === 'date' && kinds.includes('time of day')),
    find((kind, name) => name !== undefined && kind === 'number'),
    find((kind, name) => name !== undefined && kind === 'date'),
    find((kind) => kind === 'date and time'),
    find((kind) => kind === 'date'),
    find((kind) => kind === 'time of day'),
    candidates.findIndex(({ unit, cells }) => timeUnitOf(unit) !== undefined && isAscending(cells)),
    candidates.findIndex(({ cells }) => isEpoch(cells)),
    candidates.findIndex(
      ({ cells }) => isAscending(cells) && cells.slice(0, 100).every((cell) => digitDate.test(cell)),
    ),
  ];
  const place = places.find((found) => found >= 0);
  if (place === undefined) return undefined;
  const about = names[place] ?? { dated: false };
  // A date can be a number: 20240129
  const isDate = kinds[place] === 'date' || (about.dated && cellsAreDates(candidates[place].cells));
  if (kinds[place] !== 'number' || (isDate && kinds.includes('time of day'))) {
    const clock = isDate ? kinds.indexOf('time of day') : -1;
    const columns = clock < 0 ? [place] : [place, clock];
    const dates = new DateTimes(columns.map(nameOf).join(' and '), about.dates ?? order, zoneIn(columns, names));
    return {
      columns,
      name: columns.map(nameOf).join(' and '),
      add: (cells) =>
        dates.add(
          columns
            .map((column) => cells[column])
            .join(' ')
            .trim(),
        ),
      finish: () => dates.finish(),
    };
  }
  return numberSource(place, nameOf(place), candidates[place], about, options);
}

const calendarNames = [
  ['year', 'yr', 'yyyy'],
  ['month', 'mon', 'mo', 'mm'],
  ['day', 'dd', 'mday', 'dom'],
  ['hour', 'hours', 'hr', 'hh'],
  ['minute', 'minutes', 'min'],
  ['second', 'seconds', 'sec'],
];

/** The source of times in columns of numbers named year, month, and day, and maybe hour, minute, and second. */
function calendarSource(candidates: readonly TimeCandidate[]): TimeSource | undefined {
  const placeOf = (names: readonly string[]) =>
    candidates.findIndex(({ name = '', cells }) => names.includes(name.toLowerCase()) && isInteger(cells.at(0)));
  const places = calendarNames.map(placeOf);
  if (places.slice(0, 3).some((place) => place < 0)) return undefined;
  const columns = places.filter((place) => place >= 0);
  const times = new GrowingArray();
  let zero = false;
  return {
    columns,
    name: columns.map((column) => candidates[column].name).join(' and '),
    add: (cells) => {
      const [year, month, day, hour, minute, second] = places.map((place) =>
        place < 0 ? 0 : Number(cells[place] || NaN),
      );
      if (month === 0) zero = true;
      times.push(calendarMs({ year, month, day, hour, minute, second }));
    },
    finish: () => {
      if (zero)
        throw new ReadingError(`the numbers in the column '${candidates[places[1]].name}' must be 1 to 12, got 0.`, [
          'rate',
        ]);
      return { times: times.numbers, localTime: true, notes: [] };
    },
  };
}

function isInteger(cell: string | undefined): boolean {
  return cell !== undefined && /^\d+$/.test(cell);
}

/** The zone that the name of one of the columns contains. */
function zoneIn(columns: readonly number[], names: readonly (TimeName | undefined)[]): number | undefined {
  return columns.map((column) => names[column]?.zone).find((zone) => zone !== undefined);
}

function numberSource(
  column: number,
  name: string,
  { unit: below, cells }: TimeCandidate,
  named: TimeName,
  { timeUnit, rate }: Options,
): TimeSource | undefined {
  const given = timeUnit === undefined ? undefined : timeUnitOf(timeUnit);
  if (timeUnit !== undefined && given === undefined) throw invalid('timeUnit', knownTimeUnits, timeUnit);
  const unitBelow = timeUnitOf(below);
  const about: TimeName = {
    ...named,
    ...(unitBelow !== undefined && { unit: unitBelow }),
    ...(unitBelow === undefined && below !== '' && named.unit === undefined && { unknownUnit: below }),
  };
  // Without a known unit, the set sampling rate is the only clock.
  if (given === undefined && about.unit === undefined && about.unknownUnit !== undefined && rate !== undefined)
    return {
      columns: [column],
      name,
      add: () => {},
      finish: () => ({ times: new Float64Array(0), undated: true, notes: [] }),
    };
  const finder = new NotationFinder();
  for (const cell of cells) finder.add(cell);
  const notation = finder.notation(undefined, false);
  const numbers = new GrowingArray();
  return {
    columns: [column],
    name,
    ...(named.rate !== undefined && { rate: named.rate }),
    add: (row) => numbers.push(numberOf(row[column], notation)),
    finish: () => numberTimes(numbers.numbers, name, about, given),
  };
}

/** The source of times in the format of the options. Throws a ReadingError if no column has it. */
function formattedSource(candidates: readonly TimeCandidate[], text: string): TimeSource {
  const format = parseTimeFormat(text);
  const share = (columns: readonly number[]) => {
    const rows = Math.min(...columns.map((column) => candidates[column].cells.length), 100);
    const cells = Array.from({ length: rows }, (_, row) =>
      columns.map((column) => candidates[column].cells[row]).join(' '),
    );
    return cells.filter((cell) => !Number.isNaN(format.read(cell))).length / Math.max(1, rows);
  };
  const singles = [...candidates.keys()].map((column) => [column]);
  const pairs = singles.flatMap(([date]) =>
    singles.filter(([clock]) => clock !== date).map(([clock]) => [date, clock]),
  );
  const named = (columns: readonly number[]) => columns.every((column) => readTimeName(candidates[column].name ?? ''));
  const columns = [...singles.filter(named), ...singles, ...pairs.filter(named), ...pairs].find(
    (each) => share(each) > 0.5,
  );
  if (!columns) {
    const first = candidates.map(({ cells }) => `'${cells.at(0) ?? ''}'`).slice(0, 5);
    throw new ReadingError(
      `no column contains times in the format '${text}'; the first cells are ${first.join(', ')}.`,
      ['timeFormat'],
    );
  }
  const times = new GrowingArray();
  return {
    columns,
    name: columns.map((column) => candidates[column].name ?? `column ${column + 1}`).join(' and '),
    add: (cells) => times.push(format.read(columns.map((column) => cells[column]).join(' '))),
    finish: () => ({
      times: times.numbers,
      ...(format.dated ? !format.zoned && { localTime: true } : { undated: true }),
      notes: [],
    }),
  };
}

/** The kind of at least half of the cells. */
function kindOf(cells: readonly string[]): TimeKind {
  const counts = new Map<TimeKind, number>();
  for (const cell of cells.slice(0, 100)) {
    const kind = cellKind(cell);
    counts.set(kind, (counts.get(kind) ?? 0) + 1);
  }
  const [kind, count] = [...counts].reduce((best, next) => (next[1] > best[1] ? next : best), ['none', 0]);
  return count >= Math.min(100, cells.length) / 2 ? kind : 'none';
}

function cellKind(cell: string): TimeKind {
  if (/^[-+]?[\d.,]*\d[\d.,]*(e[-+]?\d+)?$/i.test(cell) && !/^\d{1,2}\.\d{1,2}\.(\d{2}|\d{4})$/.test(cell))
    return 'number';
  const text = isMissing(cell) ? undefined : readDateText(cell);
  return !text ? 'none' : !text.fields ? 'time of day' : text.dateOnly ? 'date' : 'date and time';
}

/** Whether the first cell is a date of eight digits. */
function cellsAreDates(cells: readonly string[]): boolean {
  return /^(19|20)\d{6}$/.test(cells.at(0) ?? '');
}

/** A date with hours, as digits. */
const digitDate = /^(19|20)\d\d(0[1-9]|1[0-2])(0[1-9]|[12]\d|3[01])([01]\d|2[0-3])([0-5]\d){0,2}$/;

/** Whether the first cells are numbers in ascending order. */
function isAscending(cells: readonly string[]): boolean {
  const numbers = cells.slice(0, 100).map(Number);
  return numbers.length > 1 && numbers.every((number, i) => i === 0 || number > numbers[i - 1]);
}

/** Whether numbers are ascending times since 1970, between 2001 and 2128. */
function isEpoch(cells: readonly string[]): boolean {
  const numbers = cells.slice(0, 100).map(Number);
  const unit = epochUnitOf(numbers.at(0) ?? NaN);
  return (
    unit !== undefined &&
    toMs(numbers[0], unit) >= 1e12 &&
    numbers.every((number, i) => epochUnitOf(number) === unit && (i === 0 || number >= numbers[i - 1])) &&
    (numbers.length === 1 || numbers[numbers.length - 1] > numbers[0])
  );
}
