import { readFileSync } from 'node:fs';
import { invalid } from '../../core/check.ts';
import { isMissing, isNumber, sampleOf } from '../../formats/cell.ts';
import { linesOf } from '../../formats/text/lines.ts';
import { rowsOf } from '../../formats/text/rows.ts';
import { asUsage } from '../failure.ts';

/** A table of a benchmark: the column names and the rows as text. */
export interface Table {
  readonly names: readonly string[];
  readonly rows: readonly (readonly string[])[];
}

/** Reads a CSV file with a header. Throws a UsageError that starts with the path, also if there are no rows. */
export function readTable(path: string, delimiter: ',' | ';'): Table {
  return asUsage(() => {
    const [header, ...rows] = rowsOf(linesOf([readFileSync(path, 'utf8')]), delimiter);
    if (rows.length === 0) throw new RangeError('the file has no rows');
    const wrong = rows.find(({ cells }) => cells.length !== header.cells.length);
    if (wrong)
      throw new RangeError(`line ${wrong.line} must have ${header.cells.length} cells, got ${wrong.cells.length}`);
    return { names: header.cells, rows: rows.map(({ cells }) => cells) };
  }, path);
}

/** The numbers of a column; NaN for a missing one. Throws if there is no such column or a cell is text. */
export function column({ names, rows }: Table, name: string): Float64Array {
  const at = names.indexOf(name);
  if (at < 0) throw new RangeError(`the column '${name}' is missing; the columns are ${names.join(', ')}`);
  return Float64Array.from(rows, (row, i) => {
    const cell = row[at];
    if (!isNumber(cell) && !isMissing(cell)) throw invalid(`${name} in row ${i + 1}`, 'a number', cell);
    return sampleOf(cell);
  });
}
