import { type CellSplitter, cellSplitter } from './openbci-cells.ts';
import { rowClock } from './openbci-clock.ts';
import { findCycle, lostByCycle } from './openbci-counter.ts';
import { hasZone, ordersOf, type StampKind, stampKind, stampReader } from './openbci-stamps.ts';
import type { DateOrder } from '../time/date-text.ts';
import { MissingRateError, type ReadOptions } from '../recording.ts';

/** The layout of the rows of an OpenBCI file. */
export interface OpenbciLayout {
  readonly split: CellSplitter;
  /** Names of all columns; the first one is the sample index. */
  readonly names: readonly string[];
  /** Numbers of cells of complete rows. */
  readonly lengths: ReadonlySet<number>;
  readonly rate: number;
  readonly rateSource: 'options' | 'header' | 'times';
  /** The column of the timestamps; undefined if there is none. */
  readonly stamps: StampColumn | undefined;
  /** Sentences on what was assumed. */
  readonly notes: readonly string[];
}

/** A column of timestamps. */
export interface StampColumn {
  readonly column: number;
  readonly kind: StampKind;
  /** Whether it contains dates without a time zone. */
  readonly local: boolean;
  /** Order of day, month, and year. */
  readonly order?: DateOrder;
}

/**
 * Determines the layout from the comments and the first lines below them. The versions of the GUI write:
 *
 *     1-3   index, channels, acceleration, time of day                      (no number of channels)
 *     4     index, channels, acceleration, time of day, ms since 1970
 *     5-6   a row of names; index, channels, …, s since 1970, …, local date and time
 *
 * Throws a MissingRateError if the rate is unknown, and an Error if the number of channels is.
 */
export function openbciLayout(comments: string, lines: readonly string[], options: ReadOptions): OpenbciLayout {
  const head = lines.find(isNames)?.split(/[,;\t]/);
  const data = lines.filter((line) => !isNames(line));
  const split = cellSplitter(data, head?.length);
  const all = data.map(split).filter((row) => !row.every(isZero));
  if (all.length === 0) throw new Error('the file has no frames');
  const counts = lengthsOf(all);
  const count = head && all.some((row) => row.length === head.length) ? head.length : counts[0];
  const rows = all.filter((row) => row.length === count);
  const notes: string[] = [];
  const stamps = stampColumn(rows, count, notes);
  const names = head
    ? Array.from({ length: count }, (_, column) => head[column]?.replaceAll('"', '').trim() || `column ${column + 1}`)
    : defaultNames(rows, channelCount(comments, rows, options, notes));
  const lengths = new Set(head ? [count] : counts);
  return { split, names, lengths, stamps, notes, ...samplingRate(comments, rows, stamps, options, notes) };
}

/** Whether a line contains names of columns: it starts with a letter. */
export function isNames(line: string): boolean {
  return /^\s*"?(?!nan\b)[a-z]/i.test(line);
}

/** Whether a cell contains zero or a time; rows of such cells can precede the first frame. */
export function isZero(cell: string): boolean {
  return cell.includes(':') || Number(cell) === 0;
}

/**
 * The numbers of cells of rows, the most common one first. In files without names, acceleration or digital inputs can be in
 * some rows only; a number that only one or two rows have comes from damage.
 */
function lengthsOf(rows: readonly string[][]): [number, ...number[]] {
  const counts = new Map<number, number>();
  for (const { length } of rows) counts.set(length, (counts.get(length) ?? 0) + 1);
  const [[first], ...others] = [...counts].sort((a, b) => b[1] - a[1]);
  return [first, ...others.filter(([, count]) => count >= Math.max(3, rows.length / 50)).map(([length]) => length)];
}

/** The column with the most informative timestamps: since 1970, else dates, else times of day. */
function stampColumn(rows: readonly string[][], count: number, notes: string[]): StampColumn | undefined {
  const unknown: string[] = [];
  const found = Array.from({ length: count }, (_, column): Partial<StampColumn> => {
    const cells = rows.map((row) => row[column]);
    const cell = cells.find((each) => stampKind(each) !== undefined) ?? '';
    const kind = stampKind(cell);
    const orders = kind === 'date' ? commonOrders(cells) : [];
    const isAmbiguous = orders.length > 1;
    if (column > 0 && isAmbiguous) unknown.push(`Dates such as '${cell}' are ignored: day and month are ambiguous.`);
    const other = kind === undefined ? cells.find((each) => /\d:\d/.test(each)) : undefined;
    if (other !== undefined) unknown.push(`Times such as '${other}' are ignored: their format is not known.`);
    if (kind === undefined || isAmbiguous) return {};
    return { column, kind, local: kind === 'date' && !hasZone(cell), ...(orders.length > 0 && { order: orders[0] }) };
  }).slice(1);
  const kinds: readonly StampKind[] = ['epoch', 'date', 'time of day'];
  const column = kinds.flatMap((kind) => found.filter((each) => each.kind === kind)).at(0) as StampColumn | undefined;
  if (!column) notes.push(...unknown);
  return column;
}

/** The orders of day, month, and year in which the most cells are dates. */
function commonOrders(cells: readonly string[]): DateOrder[] {
  const counts = new Map<DateOrder, number>();
  for (const order of cells.flatMap(ordersOf)) counts.set(order, (counts.get(order) ?? 0) + 1);
  const most = Math.max(...counts.values());
  return [...counts.keys()].filter((order) => counts.get(order) === most);
}

/** The numbers of channels of the boards: Cyton with Daisy, Cyton, and Ganglion. */
const boards = [16, 8, 4];

/** The number of channels of a file without a row of names. */
function channelCount(comments: string, rows: readonly string[][], { columns }: ReadOptions, notes: string[]): number {
  const available = valueColumns(rows);
  const stated = numberIn(comments, 'Number of channels');
  if (stated > available && !columns)
    throw new Error(`%Number of channels must be at most ${available}, the number of columns, got ${stated}`);
  if (stated > 0) return Math.min(stated, available);
  const derived = boards.find((channels) => available >= channels && available - channels <= 6);
  if (derived === undefined && !columns)
    throw new Error(
      `the file has no %Number of channels line, and its ${available} columns of samples match no OpenBCI board. Select the channels with the option columns.`,
    );
  if (derived !== undefined && !columns)
    notes.push(`The file has no %Number of channels line: the first ${derived} columns are read as channels.`);
  return derived ?? 0;
}

/** The number of columns between the sample index and the timestamps. */
function valueColumns(rows: readonly string[][]): number {
  const first = rows[0].findIndex(
    (_, column) => column > 0 && rows.some((row) => stampKind(row[column]) !== undefined),
  );
  return (first < 0 ? rows[0].length : first) - 1;
}

/** Names like those of version 5 of the GUI. Three columns after the channels are the acceleration. */
function defaultNames(rows: readonly string[][], channels: number): string[] {
  const acceleration = valueColumns(rows) === channels + 3;
  return rows[0].map((_, column) => {
    if (column === 0) return 'Sample Index';
    if (column <= channels) return `EXG Channel ${column - 1}`;
    if (acceleration && column <= channels + 3) return `Accel Channel ${column - 1 - channels}`;
    return `column ${column + 1}`;
  });
}

/** A number in a comment such as `%Sample Rate = 250.0 Hz`; NaN if there is none. */
function numberIn(comments: string, name: string): number {
  const found = new RegExp(`%\\s*${name}\\s*[=:]\\s*(\\d+(?:[.,]\\d+)?)`, 'i').exec(comments)?.[1] ?? 'NaN';
  return Number(found.replace(',', '.'));
}

/** Sampling rates of OpenBCI boards in Hz. */
const rates = [125, 200, 250, 400, 500, 800, 1000, 1600, 2000, 3200, 4000, 6400, 8000, 12800, 16000, 25600];

type SamplingRate = Pick<OpenbciLayout, 'rate' | 'rateSource'>;

/** The rate of the options, of the header, or, within 3 %, that of the timestamps. */
function samplingRate(
  comments: string,
  rows: readonly string[][],
  stamps: StampColumn | undefined,
  options: ReadOptions,
  notes: string[],
): SamplingRate {
  if (options.rate !== undefined) return { rate: options.rate, rateSource: 'options' };
  const stated = numberIn(comments, 'Sample Rate');
  if (stated > 0) return { rate: stated, rateSource: 'header' };
  const indexes = rows.map((row) => Number(row[0]));
  const cycle = findCycle(indexes);
  const read = stampReader(stamps?.kind ?? 'epoch', stamps?.order);
  const times = Float64Array.from(rows, (row) => (stamps ? read(row[stamps.column]) : NaN));
  const measured = 1000 / rowClock(times, cycle ? lostByCycle(cycle, indexes) : indexes.map(() => 0), NaN).period;
  const rate = rates.find((each) => Math.abs(each / measured - 1) < 0.03);
  if (rate === undefined) throw new MissingRateError('the file has no %Sample Rate line.');
  notes.push(`The file has no %Sample Rate line: the timestamps imply ${rate} Hz.`);
  return { rate, rateSource: 'times' };
}
