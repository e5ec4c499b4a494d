import { isMissing, sampleOf } from './cell.ts';

/** Reads the cells of columns, and counts those that hold no number. */
export class CellCount {
  readonly #columns: readonly number[];
  readonly #words: number[];
  readonly #missing: number[];
  /** The first word of each column. */
  readonly #word: string[];
  #rows = 0;

  constructor(columns: readonly number[]) {
    this.#columns = columns;
    this.#words = columns.map(() => 0);
    this.#missing = columns.map(() => 0);
    this.#word = columns.map(() => '');
  }

  /** The samples of one row. */
  read(row: readonly string[]): number[] {
    this.#rows++;
    return this.#columns.map((column, i) => {
      const sample = sampleOf(row[column]);
      if (Number.isNaN(sample)) this.#count(i, row[column]);
      return sample;
    });
  }

  /** What is to be said of the columns, by their labels: cells that are words, and columns that are mostly empty. */
  notes(labels: readonly string[]): string[] {
    const words = labels.flatMap((label, i) =>
      this.#words[i] > 0 ? [`${this.#words[i]} of ${label} ('${this.#word[i]}')`] : [],
    );
    const empty = labels.flatMap((label, i) =>
      this.#missing[i] > this.#rows / 2 ? [`${this.#missing[i]} of ${label}`] : [],
    );
    return [
      ...(words.length > 0 ? [`cells that are not numbers count as missing: ${words.join(', ')}`] : []),
      ...(empty.length > 0 ? [`most cells are empty and count as missing: ${empty.join(', ')}`] : []),
    ];
  }

  #count(i: number, cell: string): void {
    if (isMissing(cell)) this.#missing[i]++;
    else if (this.#words[i]++ === 0) this.#word[i] = cell;
  }
}
