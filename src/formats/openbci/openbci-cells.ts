/** Splits a line of an OpenBCI file into trimmed cells with decimal points. A separator at the end of the line is ignored. */
export type CellSplitter = (line: string) => string[];

/**
 * Determines from the first rows how cells are separated: by tabs, semicolons, or commas. Where the computer's language
 * writes decimal commas, the GUI separates cells by a comma and a space (`0, 153,43, 646,95`).
 *
 * @param columns number of column names; undefined if the file has none
 */
export function cellSplitter(rows: readonly string[], columns?: number): CellSplitter {
  const separator = [/\t/, /;/].find((each) => rows.every((row) => each.test(row)));
  if (separator) return splitter(separator, withPoint);
  const fits = columns !== undefined && rows.every((row) => row.split(',').length === columns);
  return !fits && rows.length > 0 && rows.every(hasDecimalCommas)
    ? splitter(/,[ \t]+/, withPoint)
    : splitter(/,/, (cell) => cell);
}

function splitter(separator: RegExp, convert: (cell: string) => string): CellSplitter {
  return (line) => {
    const cells = line.split(separator).map((cell) => convert(cell.trim()));
    return cells.length > 1 && cells.at(-1) === '' ? cells.slice(0, -1) : cells;
  };
}

const decimalComma = /^[-+]?\d*,\d+(e[-+]?\d+)?$/i;

function withPoint(cell: string): string {
  return decimalComma.test(cell) ? cell.replace(',', '.') : cell;
}

/** Whether a row that is split at commas with spaces has decimal commas, and no decimal points except in times. */
function hasDecimalCommas(row: string): boolean {
  const cells = row.split(/,[ \t]+/).map((cell) => cell.trim());
  const numbers = cells.filter((cell) => !cell.includes(':'));
  return numbers.some((cell) => decimalComma.test(cell)) && numbers.every((cell) => !/\.|,.*,/.test(cell));
}
