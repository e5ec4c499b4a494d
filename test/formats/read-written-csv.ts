import { type CsvPreamble, readPreamble, readTextCell } from '../../src/formats/csv/csv-preamble.ts';

/** What `record` wrote. */
export interface WrittenCsv {
  readonly preamble: CsvPreamble | undefined;
  readonly head: readonly string[];
  readonly frames: readonly { readonly time: number; readonly samples: readonly number[] }[];
  readonly events: readonly { readonly time: number; readonly label: string; readonly duration?: number }[];
}

/** Reads CSV of a writer with events, independently of `readCsv`. Times are in ms. */
export function readWrittenCsv(text: string): WrittenCsv {
  const first = text.slice(0, text.indexOf('\n'));
  const preamble = readPreamble(first);
  const [head, ...rows] = cellsOf(preamble ? text.slice(first.length + 1) : text);
  const channels = head.length - 3;
  const timeOf = (cell: string) => Date.parse(`${cell.slice(0, 23)}Z`) + Number(`0.${cell.slice(23, 26)}`);
  const isEvent = (row: string[]) => row.slice(1, 1 + channels).every((cell) => cell === '');
  return {
    preamble,
    head: head.map(readTextCell),
    frames: rows
      .filter((row) => !isEvent(row))
      .map((row) => ({
        time: timeOf(row[0]),
        samples: row.slice(1, 1 + channels).map((cell) => Math.fround(Number(cell))),
      })),
    events: rows.filter(isEvent).map((row) => {
      const [label, duration] = row.slice(1 + channels);
      const event = { time: timeOf(row[0]), label: readTextCell(label) };
      return duration === '' ? event : { ...event, duration: Math.round(Number(duration) * 1e6) / 1000 };
    }),
  };
}

/** The cells of CSV with commas (RFC 4180). Throws an Error if a row has more or fewer cells than the first one. */
function cellsOf(text: string): string[][] {
  const rows: string[][] = [[]];
  const cell = /(?:"((?:[^"]|"")*)"|([^",\n]*))(,|\n|$)/y;
  while (cell.lastIndex < text.length) {
    const [, quoted, plain, end] = cell.exec(text) ?? [];
    if (end === undefined) throw new Error(`no cell at '${text.slice(cell.lastIndex, cell.lastIndex + 40)}'`);
    rows[rows.length - 1].push(quoted === undefined ? plain : quoted.replaceAll('""', '"'));
    if (end === '\n') rows.push([]);
  }
  rows.pop();
  if (rows.some((row) => row.length !== rows[0].length)) throw new Error('rows differ in their number of cells');
  return rows;
}
