import { isMissing, isNumber } from './cell.ts';
import { readClock } from './csv-clock.ts';
import type { CsvClock } from './csv-clock.ts';
import { chooseColumns } from './csv-columns.ts';
import type { KeptColumns } from './columns.ts';
import { sniffedRows } from './headed-reader.ts';
import type { ReadOptions } from './recording.ts';
import { isoTime } from './time-column.ts';

/** How one CSV is laid out. */
export interface CsvLayout extends KeptColumns {
  /** Whether the first row names the columns. */
  readonly headed: boolean;
  readonly clock: CsvClock;
  /** Of all columns. */
  readonly names: readonly string[];
  /** What is left out, and what is odd about the times: a sentence each. */
  readonly notes: readonly string[];
}

/** Reads the layout off the first rows; throws an Error where they tell none. `commas`: decimal commas are read. */
export function readLayout(head: readonly string[][], options: ReadOptions, commas: boolean): CsvLayout {
  if (head.length === 0) throw new Error('the text is empty: it holds no row');
  const headed = isHeader(head[0], head[1]);
  const rows = head.slice(headed ? 1 : 0).slice(0, sniffedRows);
  if (rows.length === 0) throw new Error('the text holds a header and no row below it');
  const names = head[0].map((name, index) => (headed && name !== '' ? name : `column ${index + 1}`));
  const first = names.map((_, column) => rows.find((row) => !isMissing(row[column]))?.[column] ?? '');
  const clock = readClock(names, headed, rows, first, options.rate);
  const { columns, roles, notes } = chooseColumns(names, rows, clock.column?.index, options, commas);
  return { headed, clock, names, columns, roles, notes: [...clock.notes, ...notes] };
}

/** A header has words and no numbers, or a word over a number. */
function isHeader(first: readonly string[], second: readonly string[] | undefined): boolean {
  const isData = (cell: string) => isNumber(cell) || !Number.isNaN(isoTime(cell));
  const words = [...first.keys()].filter((column) => !isMissing(first[column]) && !isData(first[column]));
  if (words.length === 0) return false;
  return !first.some(isData) || words.some((column) => second !== undefined && isData(second[column]));
}
