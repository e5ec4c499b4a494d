import { positive } from '../core/check.ts';
import { CellCount, DecimalCommas } from './cell.ts';
import { Stamps } from './csv-clock.ts';
import { type CsvLayout, readLayout } from './csv-layout.ts';
import { FrameCollector } from './frame-collector.ts';
import { headedReader } from './headed-reader.ts';
import { type ReadOptions, readWhole, type Recording, type RecordingReader } from './recording.ts';
import { RowParser } from './row-parser.ts';

export { csvWriter } from './csv-writer.ts';
export type { CsvWriter } from './csv-writer.ts';

/**
 * Reads CSV: header or none; `,` `;` or tab (of the first line: tab if there is one, else `;`, else `,`); one frame a
 * line. Empty, 'NaN' and other non-numeric cells are NaN samples; decimal commas are read where `;` or tabs are between
 * cells. The layout (time column, rate, channels) is read off the first 1000 rows; see `findTimeColumn` and `inferRate`
 * for the rules. A time column that keeps step with the rate tells gaps: a step of n periods is n - 1 lost frames, never
 * fewer than 0. Frames keep their times: to half a step where the steps are even, else each its own; of frames that share
 * a stamp, the later ones follow the first by the rate.
 *
 * Throws an Error that names what a text is that is no table; the line where a line has too many or too few cells; and
 * --rate where neither the options nor a time column tell the rate.
 */
export function csvReader(options: ReadOptions = {}): RecordingReader {
  if (options.rate !== undefined) positive('rate', options.rate, 'Hz');
  let rows: RowParser | undefined;
  let commas: DecimalCommas | undefined;
  const begin = (fresh: string[], first: string) => {
    refuseForeign(fresh);
    const delimiter = delimiterOf(first);
    if (delimiter !== ',') commas = new DecimalCommas();
    return new RowParser(delimiter);
  };
  const parse = (fresh: string[]) => {
    const first = fresh.find((line) => /[^ ]/.test(line));
    if (!rows && first === undefined) return [];
    rows ??= begin(fresh, first ?? '');
    const parsed = rows.parse(fresh);
    commas?.read(parsed);
    return parsed;
  };
  return headedReader(parse, (head) => {
    const layout = readLayout(head, options, commas !== undefined);
    const body = new CsvBody(layout, commas?.columns ?? new Set());
    body.add(layout.headed ? head.slice(1) : head);
    return body;
  });
}

/** Reads CSV from one text. */
export function readCsv(text: string, options: ReadOptions = {}): Recording {
  return readWhole(csvReader(options), text);
}

/** The rows below the header. */
class CsvBody {
  readonly #layout: CsvLayout;
  readonly #commas: ReadonlySet<number>;
  readonly #frames: FrameCollector;
  readonly #cells: CellCount;
  readonly #stamps: Stamps;

  constructor(layout: CsvLayout, commas: ReadonlySet<number>) {
    const { columns, clock } = layout;
    this.#layout = layout;
    this.#commas = commas;
    this.#frames = new FrameCollector(columns.length, clock.rate, clock.begin);
    this.#cells = new CellCount(columns);
    this.#stamps = new Stamps(clock, this.#frames);
  }

  add(rows: readonly string[][]): void {
    for (const row of rows) {
      this.#stamps.read(row);
      this.#frames.add(this.#cells.read(row));
    }
  }

  recording(): Recording {
    this.#frames.cut();
    const { names, columns, roles, clock, notes } = this.#layout;
    const { blocks, frames, lost } = this.#frames;
    const labels = columns.map((column) => names[column]);
    const commas = names.filter((_, column) => this.#commas.has(column));
    return {
      format: 'csv',
      channels: labels.map((label) => ({ label })),
      rate: clock.rate,
      time: clock.begin,
      blocks,
      frames,
      lost,
      roles,
      notes: [
        ...notes,
        ...this.#stamps.notes(names),
        ...(commas.length > 0 ? [`decimal commas are read in ${commas.join(', ')}`] : []),
        ...this.#cells.notes(labels),
      ],
    };
  }
}

function delimiterOf(line: string): string {
  return line.includes('\t') ? '\t' : line.includes(';') ? ';' : ',';
}

/** How texts begin that are no table. */
const beginnings: readonly (readonly [RegExp, string])[] = [
  [/^\s*<(!doctype|html|head|body|\?xml)/i, 'is no CSV: it looks like a web page; save the data behind it'],
  [/^\s*([{[]\s*$|\{\s*"|\[\s*[{[])/, 'is no CSV: it looks like JSON; write a line of cells for each frame'],
  [
    /^[\w/-]+ \d+ \d+(\.\d+)?(\/\S+)? \d+( |$)/,
    'is no CSV: it looks like a WFDB header; make CSV or EDF of its record first (rdsamp -c, mit2edf)',
  ],
];

/** Throws an Error that names what a text is, where its first lines show that it is no table. */
export function refuseForeign(lines: readonly string[]): void {
  const first = lines.find((line) => !/^\s*(#|$)/.test(line)) ?? '';
  const found = beginnings.find(([begin]) => begin.test(first));
  if (found) throw new Error(found[1]);
}
