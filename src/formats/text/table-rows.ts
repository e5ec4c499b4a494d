import type { Line } from './lines.ts';
import { isBlank, type Row, rowsOf } from './rows.ts';
import { isComment, type TableStart, unquoted } from './table-start.ts';

/** Share of the rows that may be short. */
const maxShort = 0.1;

/**
 * The rows of a table, each with as many cells as the table has columns. Comments, repeated headers, and a last row that was
 * cut are skipped; missing cells at the end of a row are empty. Throws an Error that names the line of a row with too many
 * cells, or if many rows have too few.
 */
export class TableRows {
  readonly #start: TableStart;
  #rows = 0;
  #short = 0;
  #firstShort: { line: number; cells: number } | undefined;
  #cut = 0;
  #comments = 0;
  #headers = 0;

  constructor(start: TableStart) {
    this.#start = start;
  }

  /** @param lines all lines of the text */
  *of(lines: Iterable<Line>): Generator<Row> {
    const { columns, delimiter, names, units, singleQuoted } = this.#start;
    const header = names?.join('\0');
    const below = units?.join('\0');
    for (const row of rowsOf(this.#dataLines(lines), delimiter)) {
      const { cells } = row;
      if (singleQuoted) for (const [i, cell] of cells.entries()) cells[i] = unquoted(cell);
      if (cells.length > columns && !cells.slice(columns).every((cell) => cell === ''))
        throw this.#wrongCells(row.line, cells.length);
      cells.length = Math.min(cells.length, columns);
      if (header !== undefined && cells[0] === names?.[0] && cells.join('\0') === header) this.#headers++;
      else if (below !== undefined && this.#headers > 0 && cells.join('\0') === below) this.#headers++;
      else if (cells.length < columns && !row.ended) this.#cut = row.line;
      else {
        this.#rows++;
        if (cells.length < columns) {
          this.#short++;
          this.#firstShort ??= { line: row.line, cells: cells.length };
          while (cells.length < columns) cells.push('');
        }
        yield row;
      }
    }
    if (this.#firstShort && this.#short > maxShort * this.#rows + 1)
      throw this.#wrongCells(this.#firstShort.line, this.#firstShort.cells);
  }

  /** Sentences on rows that are skipped or incomplete. */
  notes(): string[] {
    const { columns } = this.#start;
    return [
      ...(this.#firstShort
        ? [
            `Rows with fewer than ${columns} cells: ${this.#short} (the first one is line ${this.#firstShort.line}). Their missing cells are read as missing samples.`,
          ]
        : []),
      ...(this.#cut > 0 ? [`The last row (line ${this.#cut}) is incomplete and is skipped.`] : []),
      ...(this.#headers > 0 ? [`Skipped repeated headers: ${this.#headers}.`] : []),
      ...(this.#comments > 0 ? [`Skipped comments between the rows: ${this.#comments}.`] : []),
    ];
  }

  *#dataLines(lines: Iterable<Line>): Generator<Line> {
    const { firstLine } = this.#start;
    for (const line of lines) {
      if (line.number < firstLine) continue;
      if (isComment(line.text)) this.#comments++;
      else if (line.text.includes('\0')) {
        const text = line.text.replaceAll('\0', '');
        if (!isBlank(text)) yield { ...line, text };
      } else yield line;
    }
  }

  #wrongCells(line: number, count: number): Error {
    const { columns } = this.#start;
    return new Error(`line ${line} must have ${columns} cell${columns > 1 ? 's' : ''}, got ${count}`);
  }
}
