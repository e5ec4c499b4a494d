import { readIsoTime } from '../core/blocks/iso-time.ts';
import { ProtocolError } from './protocol-error.ts';
import { checkedLabels, looksLikeTime } from './named-samples.ts';
import { isTimeName } from './time-field.ts';

/** A decimal number. */
export const numberCell: RegExp = /^[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?$/;
/** Cells that mean a missing sample. */
export const missingCell: RegExp = /^(|na|n\/a|nan|null|none|-|\?)$/i;

/** Splits a row into cells, which can be surrounded by spaces. */
export type Splitter = (line: string) => string[];

/** What the columns of a table contain. */
export interface Columns {
  /** Names of the columns; absent without a header. */
  header?: string[];
  count: number;
  /** Positions of the columns that contain samples. */
  samples: number[];
  /** Positions of the columns that contain the time. */
  times: number[];
  warnings: string[];
}

/** Returns how rows are split: at semicolons, tabs, or commas in the first row, or at spaces if all rows have some. */
export function splitterOf(first: string, last: string): Splitter {
  const separator = [';', '\t', ','].find((mark) => first.includes(mark));
  const spaced = /^[^\s"]+([ ]+[^\s"]+)+$/;
  if (separator === undefined && spaced.test(first.trim()) && spaced.test(last.trim()))
    return (line) => line.trim().split(/ +/);
  const mark = separator ?? ',';
  return (line) => (line.includes('"') ? quotedCells(line, mark) : line.split(mark));
}

/** Returns the columns of a table from its first row, and from its second row if the first one is a header. */
export function columnsOf(first: readonly string[], second: readonly string[] | undefined): Columns {
  const count = first.length;
  const all = first.map((_, at) => at);
  if (!isHeader(first)) return { count, samples: all, times: [], warnings: [] };
  const header = first.map((cell) => cell.trim());
  const value = (at: number) => (second?.[at] ?? '').trim();
  const isUnnamedTime = (at: number) =>
    at === 0 && (looksLikeTime(value(at)) || (numberCell.test(value(at)) && looksLikeTime(Number(value(at)))));
  const times = all.filter((at) => (header[at] === '' ? isUnnamedTime(at) : isTimeName(header[at])));
  const samples = all.filter((at) => header[at] !== '' && !times.includes(at));
  if (samples.length === 0)
    throw new ProtocolError('bad-message', 'body must contain at least one named column of numbers, got none');
  checkedLabels(samples.map((at) => header[at]));
  const warnings = all
    .filter((at) => header[at] === '' && !times.includes(at) && value(at) !== '')
    .map((at) => `column ${at + 1} has no name and is ignored`);
  return { header, count, samples, times, warnings: warnings.slice(0, 8) };
}

/** Whether a row names columns: it contains no numbers and no times, and at least one name. */
function isHeader(row: readonly string[]): boolean {
  const cells = row.map((cell) => cell.trim());
  const isName = (cell: string) => !numberCell.test(cell) && !missingCell.test(cell) && !readIsoTime(cell);
  return cells.some(isName) && cells.every((cell) => cell === '' || isName(cell));
}

/** Splits a row; a cell in double quotes can contain the separator, and `""` for a quote. */
function quotedCells(line: string, separator: string): string[] {
  const cells: string[] = [];
  const cell = new RegExp(` *(?:"((?:[^"]|"")*)" *|(?! *")([^${separator}]*))(${separator}|$)`, 'y');
  for (;;) {
    const found = cell.exec(line);
    if (!found) throw new ProtocolError('bad-message', 'cell must end with a double quote if it starts with one');
    const [, quoted, plain, end] = found;
    cells.push(quoted === undefined ? plain : quoted.replaceAll('""', '"'));
    if (end === '') return cells;
  }
}
