/** The number in a cell, or NaN: an empty cell, 'NaN', text and what is not finite are missing samples. */
export function sampleOf(cell: string): number {
  if (cell === '') return NaN;
  const sample = Number(cell);
  return Number.isFinite(sample) ? sample : NaN;
}

/** Whether a cell says that a sample is missing, in one of the usual words. */
export function isMissing(cell: string): boolean {
  return cell === '' || /^(nan|null|na|n\/a|none|[-+]?inf(inity)?)$/i.test(cell);
}

/** Whether a cell holds a number. */
export function isNumber(cell: string): boolean {
  return !Number.isNaN(sampleOf(cell));
}

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

/** Reads `20,5` as 20.5 in cells that have no comma between them, and remembers in which columns. */
export class DecimalCommas {
  /** Places of columns in which there were some. */
  readonly columns: Set<number> = new Set();

  /** Writes points for commas, in place. */
  read(rows: readonly string[][]): void {
    for (const row of rows)
      for (const [column, cell] of row.entries()) {
        if (!/^[-+]?\d*,\d+(e[-+]?\d+)?$/i.test(cell)) continue;
        row[column] = cell.replace(',', '.');
        this.columns.add(column);
      }
  }
}
