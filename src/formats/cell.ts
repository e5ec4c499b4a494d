/** The number in a cell; NaN for a missing sample: an empty cell, 'NaN', text, or a number that is not finite. */
export function sampleOf(cell: string): number {
  if (cell === '') return NaN;
  const sample = Number(cell);
  return Number.isFinite(sample) ? sample : NaN;
}

/** Common words and signs for a missing sample, such as those of R, spreadsheets, and databases. */
const missing =
  /^(nan|null|nil|<?na>?|n\.?a\.?|n\/a|none|missing|unavailable|unknown|undefined|[-+]?inf(inity)?|[-?.*]+|\\n|#(n\/?a|nv|null!|num!|zahl!|value!|wert!|div\/0!|ref!|bezug!))$/i;

/** Whether a cell marks a missing sample: it is empty or one of the common words for it. */
export function isMissing(cell: string): boolean {
  return cell === '' || missing.test(cell);
}

/** Whether a cell contains a number. */
export function isNumber(cell: string): boolean {
  return !Number.isNaN(sampleOf(cell));
}

/** Reads the cells of columns and counts those without a number. */
export class CellCount {
  readonly #columns: readonly number[];
  readonly #texts: number[];
  readonly #missing: number[];
  /** The first text of each column. */
  readonly #firstText: string[];
  #rows = 0;

  constructor(columns: readonly number[]) {
    this.#columns = columns;
    this.#texts = columns.map(() => 0);
    this.#missing = columns.map(() => 0);
    this.#firstText = columns.map(() => '');
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

  /** Notes on the columns, by their labels: cells that contain text, and columns that are mostly empty. */
  notes(labels: readonly string[]): string[] {
    const texts = labels.flatMap((label, i) =>
      this.#texts[i] > 0 ? [`${this.#texts[i]} in ${label} ('${this.#firstText[i]}')`] : [],
    );
    const empty = labels.flatMap((label, i) =>
      this.#missing[i] > this.#rows / 2 ? [`${this.#missing[i]} in ${label}`] : [],
    );
    return [
      ...(texts.length > 0 ? [`Cells that are not numbers are read as missing samples: ${texts.join(', ')}.`] : []),
      ...(empty.length > 0 ? [`Most cells are empty and are read as missing samples: ${empty.join(', ')}.`] : []),
    ];
  }

  #count(i: number, cell: string): void {
    if (isMissing(cell)) this.#missing[i]++;
    else if (this.#texts[i]++ === 0) this.#firstText[i] = cell;
  }
}

/** Converts decimal commas (`20,5`) to points in tables whose cells are not separated by commas. */
export class DecimalCommas {
  /** Indexes of the columns that contained decimal commas. */
  readonly columns: Set<number> = new Set();

  /** Converts the cells of `rows` in place. */
  convert(rows: readonly string[][]): void {
    for (const row of rows)
      for (const [column, cell] of row.entries()) {
        if (!/^[-+]?\d*,\d+(e[-+]?\d+)?$/i.test(cell)) continue;
        row[column] = cell.replace(',', '.');
        this.columns.add(column);
      }
  }
}
