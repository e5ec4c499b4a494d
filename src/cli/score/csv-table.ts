import { readFileSync } from 'node:fs';
import { invalid } from '../../core/check.ts';
import { isMissing, isNumber, sampleOf } from '../../formats/cell.ts';
import { RowParser } from '../../formats/row-parser.ts';
import { asUsage } from '../failure.ts';

/** A table as text: the names of its columns, and its rows below them. */
export interface Table {
  readonly names: readonly string[];
  readonly rows: readonly (readonly string[])[];
}

/** Reads a whole CSV file that has a header. Throws a UsageError whose sentence begins with the path, also where it holds no row. */
export function readTable(path: string, delimiter: string): Table {
  return asUsage(() => {
    const [names = [], ...rows] = new RowParser(delimiter).parse(readFileSync(path, 'utf8').split(/\r?\n/));
    if (rows.length === 0) throw new RangeError('holds no rows');
    return { names, rows };
  }, path);
}

/** The numbers of one column of a table, NaN where one is missing. Throws where there is no such column, or a word in it. */
export function column({ names, rows }: Table, name: string): Float64Array {
  const at = names.indexOf(name);
  if (at < 0) throw new RangeError(`no column is named ${name}; the columns are ${names.join(', ')}`);
  return Float64Array.from(rows, (row, i) => {
    const cell = row[at];
    if (!isNumber(cell) && !isMissing(cell)) throw invalid(`${name} in row ${i + 1}`, 'a number', cell);
    return sampleOf(cell);
  });
}
