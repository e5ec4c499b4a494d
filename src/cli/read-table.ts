import { readFileSync } from 'node:fs';
import { RowParser } from '../formats/row-parser.ts';
import { asUsage } from './usage-error.ts';

/** A table as text: the names of its columns, and its rows below them. */
export interface Table {
  readonly names: readonly string[];
  readonly rows: readonly (readonly string[])[];
}

/** Reads a whole CSV file that has a header. Throws a UsageError whose sentence begins with the path. */
export function readTable(path: string, delimiter: string): Table {
  return asUsage(() => {
    const [names = [], ...rows] = new RowParser(delimiter).parse(readFileSync(path, 'utf8').split(/\r?\n/));
    return { names, rows };
  }, path);
}

/** The numbers of one column of a table. Throws where it has none of that name. */
export function column({ names, rows }: Table, name: string): Float64Array {
  const at = names.indexOf(name);
  if (at < 0) throw new RangeError(`no column is named ${name}; the columns are ${names.join(', ')}`);
  return Float64Array.from(rows, (row) => Number(row[at]));
}
