import type { ColumnProfile } from '../text/column-profile.ts';

const idName =
  /(^|[\s_])(id|device|dev|sensor|series|station|node|host|tag|point|channel|site|room|source|name|entity|machine|unit|mac|field|variable|metric|parameter)s?([\s_]|$)/i;

/** The rows of a table by their source, which a column names. */
export class SourceColumn {
  readonly column: number;
  readonly name: string;
  /** Names of the sources in order of appearance. */
  readonly sources: string[] = [];
  readonly #places = new Map<string, number>();
  /** The source of each row. */
  readonly rows: number[] = [];

  constructor(column: number, profiles: readonly ColumnProfile[]) {
    this.column = column;
    this.name = profiles[column].name;
  }

  add(cell: string): void {
    let place = this.#places.get(cell);
    if (place === undefined) {
      place = this.sources.push(cell) - 1;
      this.#places.set(cell, place);
    }
    this.rows.push(place);
  }

  /**
   * The first row at which the time repeats or goes back because another source begins; undefined if the sources do not
   * explain it. Each source must have several rows with ascending times.
   */
  conflict(times: Float64Array): number | undefined {
    const last = this.sources.map(() => -Infinity);
    let [first, repeated]: [number | undefined, number] = [undefined, 0];
    for (const [row, source] of this.rows.entries()) {
      const time = times[row];
      if (Number.isNaN(time)) continue;
      if (time <= last[source]) return undefined;
      if (row > 0 && time <= times[row - 1]) first ??= row;
      if (last[source] > -Infinity) repeated++;
      last[source] = time;
    }
    return repeated > 0 ? first : undefined;
  }

  /** Whether the source changes with most rows, though time advances. */
  get alternates(): boolean {
    const changes = this.rows.filter((source, row) => row > 0 && source !== this.rows[row - 1]).length;
    return (
      this.sources.length > 1 &&
      this.rows.length >= 2 * this.sources.length &&
      changes > 0.5 * this.rows.length &&
      idName.test(this.name)
    );
  }
}

/** The columns that could name the sources of the rows: texts, or numbers in a column with the name of an identifier. */
export function sourceColumns(profiles: readonly ColumnProfile[], used: readonly number[]): SourceColumn[] {
  return [...profiles.entries()]
    .filter(([column, { distinct, missing, texts, name, isDiscrete }]) => {
      const named = isDiscrete && idName.test(name);
      return (
        !used.includes(column) && distinct !== undefined && distinct.size > 1 && missing === 0 && (texts > 0 || named)
      );
    })
    .map(([column]) => new SourceColumn(column, profiles));
}
