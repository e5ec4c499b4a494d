/** Aligns rows of cells in columns, two spaces apart: the first column to the left, the others as `align` says. */
export function textTable(rows: readonly (readonly string[])[], align: 'left' | 'right' = 'right'): string {
  const widths = rows[0].map((_, c) => Math.max(...rows.map((row) => row[c].length)));
  const line = (row: readonly string[]) =>
    row.map((cell, c) => (c === 0 || align === 'left' ? cell.padEnd(widths[c]) : cell.padStart(widths[c]))).join('  ');
  return rows.map((row) => `${line(row).trimEnd()}\n`).join('');
}
