import { initParser } from 'udsv';

/**
 * Splits lines into rows of trimmed cells. Every row must have as many cells as the first one; blank lines are skipped.
 * Cells may be quoted with `"` but must end on the same line; otherwise `parse` throws an Error with the line number.
 *
 * Cells are counted before udsv splits the lines, because udsv fills a short line with cells of the next one.
 */
export class RowParser {
  readonly #delimiter: string;
  /** Cells per row; 0 before the first row. */
  columns = 0;
  /** Lines parsed, including blank ones. */
  lines: number;

  constructor(delimiter: string, linesBefore = 0) {
    this.#delimiter = delimiter;
    this.lines = linesBefore;
  }

  parse(lines: readonly string[]): string[][] {
    const kept: string[] = [];
    let quoted = false;
    for (const line of lines) {
      this.lines++;
      if (/^ *$/.test(line)) continue;
      const cells = this.#count(line);
      if (this.columns === 0) this.columns = cells;
      if (cells !== this.columns)
        throw new Error(
          `line ${this.lines} must have ${this.columns} cell${this.columns > 1 ? 's' : ''}, got ${cells}`,
        );
      quoted ||= line.includes('"');
      kept.push(line);
    }
    if (kept.length === 0) return [];
    const parser = initParser({
      col: this.#delimiter,
      row: '\n',
      encl: quoted ? '"' : '',
      esc: quoted ? '"' : '',
      trim: true,
      cols: Array.from({ length: this.columns }, (_, index) => ({ name: `${index}`, type: 's', repl: noReplacement })),
    });
    return parser.stringArrs<string[]>(kept.join('\n'));
  }

  #count(line: string): number {
    const quotes = line.includes('"');
    for (let cells = 1, at = 0; ; cells++) {
      if (quotes) at = this.#afterQuotes(line, at);
      at = line.indexOf(this.#delimiter, at) + 1;
      if (at === 0) return cells;
    }
  }

  /** The position after the quoted part of the cell that starts at `at`; `at` if it is not quoted. */
  #afterQuotes(line: string, at: number): number {
    let end = at;
    while (line[end] === ' ') end++;
    if (line[end] !== '"') return at;
    do {
      end = line.indexOf('"', end + 1) + 1;
      if (end === 0) throw new Error(`line ${this.lines} contains a quoted cell that does not end on the same line`);
    } while (line[end] === '"');
    return end;
  }
}

const noReplacement = { empty: undefined, null: undefined, NaN: undefined };
