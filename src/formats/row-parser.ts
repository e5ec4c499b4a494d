import { initParser } from 'udsv';

/**
 * Turns lines into rows of trimmed cells. Every row must have as many cells as the first one; blank lines are left out.
 * Cells may be quoted by `"`, but must end on their line. Throws an Error that names the line otherwise.
 *
 * Lines are counted here before udsv splits them: it takes a short line's missing cells from the line below.
 */
export class RowParser {
  readonly #delimiter: string;
  /** Cells a row; 0 before the first. */
  columns = 0;
  /** Lines seen, blank ones too. */
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

  /** Where the cell that begins at `at` goes on behind its quotes; `at` if it has none. */
  #afterQuotes(line: string, at: number): number {
    let end = at;
    while (line[end] === ' ') end++;
    if (line[end] !== '"') return at;
    do {
      end = line.indexOf('"', end + 1) + 1;
      if (end === 0) throw new Error(`line ${this.lines} has a quoted cell that does not end on its line`);
    } while (line[end] === '"');
    return end;
  }
}

const noReplacement = { empty: undefined, null: undefined, NaN: undefined };
