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
