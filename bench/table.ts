/** Formats rows under a header as text columns: the first left-aligned, the others right-aligned. */
export function table(header: readonly string[], rows: readonly (readonly string[])[]): string {
  const widths = header.map((title, c) =>
    Math.max(...[title, ...rows.map((row) => row[c])].map(({ length }) => length)),
  );
  const line = (cells: readonly string[]) =>
    cells
      .map((cell, c) => (c === 0 ? cell.padEnd(widths[c]) : cell.padStart(widths[c])))
      .join('  ')
      .trimEnd();
  return [header, ...rows].map(line).join('\n');
}

/** Formats a number with three significant digits: 0.0712, 3.45, 1290. */
export function digits(x: number): string {
  if (!Number.isFinite(x)) return '-';
  return x === 0 ? '0' : x.toFixed(Math.max(0, 2 - Math.floor(Math.log10(Math.abs(x)))));
}

/** Returns the GFLOP/s of `operations` in `us` µs. */
export function gflops(operations: number, us: number): string {
  return (operations / us / 1000).toFixed(1);
}
