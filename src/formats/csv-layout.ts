import { sniffedRows } from './headed-reader.ts';
import { isMissing, isNumber } from './cell.ts';
import { keptColumns } from './columns.ts';
import type { KeptColumns } from './columns.ts';
import type { ReadOptions } from './recording.ts';
import { findTimeColumn, isoTime } from './time-column.ts';
import type { TimeColumn } from './time-column.ts';
import { inferRate, isSteady } from './time-step.ts';

/** How one CSV is laid out. */
export interface CsvLayout extends KeptColumns {
  /** Whether the first row names the columns. */
  readonly headed: boolean;
  readonly time?: TimeColumn;
  /** The time of the first row in ms; 0 without a time column. */
  readonly begin: number;
  /** Hz. */
  readonly rate: number;
  /** Whether the time column tells gaps. */
  readonly steady: boolean;
  /** Of the columns that are kept. */
  readonly labels: readonly string[];
}

/** Reads the layout off the first rows; throws an Error where they tell none. */
export function readLayout(head: readonly string[][], options: ReadOptions): CsvLayout {
  if (head.length === 0) throw new Error('the text is empty: it holds no row');
  const headed = isHeader(head[0], head[1]);
  const rows = head.slice(headed ? 1 : 0).slice(0, sniffedRows);
  if (rows.length === 0) throw new Error('the text holds a header and no row below it');
  const names = head[0].map((name, index) => (headed && name !== '' ? name : `column ${index + 1}`));
  const time = findTimeColumn(headed ? names : undefined, rows[0]);
  const times = time ? rows.map((row) => time.read(row[time.index])) : [];
  const rate = options.rate ?? inferRate(times);
  if (!(rate > 0)) throw new Error(`${whyNoRate(time && names[time.index])}: give it with --rate (Hz)`);
  const { columns, roles } = keptColumns(names, options, () => numericColumns(rows, time?.index));
  if (columns.length === 0) throw new Error(`no column holds numbers; the columns are ${names.join(', ')}`);
  const labels = columns.map((column) => names[column]);
  return { headed, time, begin: times[0] ?? 0, rate, steady: isSteady(times, rate), columns, roles, labels };
}

function whyNoRate(time: string | undefined): string {
  return time === undefined
    ? 'no time column tells the rate'
    : `the time column '${time}' does not tell the rate (its median step is not > 0)`;
}

/** Columns with a number in some row, and in at least half of the cells that hold anything. */
function numericColumns(rows: readonly string[][], time: number | undefined): number[] {
  return [...rows[0].keys()].filter((column) => {
    if (column === time) return false;
    const cells = rows.map((row) => row[column]).filter((cell) => !isMissing(cell));
    const numbers = cells.filter(isNumber).length;
    return numbers > 0 && numbers >= cells.length / 2;
  });
}

/** A header has words and no numbers, or a word over a number. */
function isHeader(first: readonly string[], second: readonly string[] | undefined): boolean {
  const isData = (cell: string) => isNumber(cell) || !Number.isNaN(isoTime(cell));
  const words = [...first.keys()].filter((column) => !isMissing(first[column]) && !isData(first[column]));
  if (words.length === 0) return false;
  return !first.some(isData) || words.some((column) => second !== undefined && isData(second[column]));
}
