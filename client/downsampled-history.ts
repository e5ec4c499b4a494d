/**
 * A history of unlimited length in fixed memory. When it is full, neighboring entries are averaged in pairs, and from then
 * on each stored entry averages twice as many new ones. NaN is ignored.
 */
export class DownsampledHistory {
  readonly #columns: Float64Array[];
  readonly #capacity: number;
  readonly #pending: { sum: number; count: number }[];
  #length = 0;
  /** New entries per stored entry. */
  #factor = 1;
  #pendingEntries = 0;

  constructor(columns: number, capacity = 512) {
    this.#capacity = capacity;
    this.#columns = Array.from({ length: columns }, () => new Float64Array(capacity));
    this.#pending = this.#columns.map(() => ({ sum: 0, count: 0 }));
  }

  get length(): number {
    return this.#length;
  }

  /** The stored entries of a column, as a view. */
  column(at: number): Float64Array {
    return this.#columns[at].subarray(0, this.#length);
  }

  /** Adds one entry with a number for each column. */
  add(entry: readonly number[]): void {
    entry.forEach((value, at) => {
      if (!Number.isFinite(value)) return;
      this.#pending[at].sum += value;
      this.#pending[at].count++;
    });
    if (++this.#pendingEntries < this.#factor) return;
    this.#pending.forEach((pending, at) => {
      this.#columns[at][this.#length] = pending.count > 0 ? pending.sum / pending.count : NaN;
      pending.sum = 0;
      pending.count = 0;
    });
    this.#pendingEntries = 0;
    if (++this.#length === this.#capacity) this.#halve();
  }

  #halve(): void {
    this.#length = this.#capacity >> 1;
    this.#factor *= 2;
    for (const column of this.#columns)
      for (let at = 0; at < this.#length; at++) column[at] = mean(column[2 * at], column[2 * at + 1]);
  }
}

function mean(a: number, b: number): number {
  if (Number.isNaN(a)) return b;
  return Number.isNaN(b) ? a : (a + b) / 2;
}
