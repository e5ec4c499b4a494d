import { positive } from '../core/check.ts';
import { CellCount, DecimalCommas } from './cell.ts';
import { FrameTimes } from './csv-clock.ts';
import { type CsvLayout, readLayout } from './csv-layout.ts';
import { FrameCollector } from './frame-collector.ts';
import { headedReader } from './headed-reader.ts';
import { type ReadOptions, readWhole, type Recording, type RecordingReader } from './recording.ts';
import { RowParser } from './row-parser.ts';

export { csvWriter } from './csv-writer.ts';
export type { CsvWriter } from './csv-writer.ts';

/**
 * Creates a reader of CSV: one frame per line, with or without a header. The first line determines the delimiter: tab if
 * there is one, else `;`, else `,`. Empty cells and cells that are not numbers are NaN. Decimal commas are read if `;` or
 * tabs separate cells. The layout (time column, rate, channels) is determined from the first 1000 rows by the rules of
 * `findTimeColumn` and `inferRate`. Regular times show gaps: a step of n periods means n - 1 missing frames. Frames keep
 * their times: within half a step if the steps are regular, else exactly. Later frames with the same timestamp follow the
 * first one at the sampling rate.
 *
 * The reader throws a MissingRateError if neither the options nor a time column determine the rate, and an Error if the
 * text is not a table or a line has too many or too few cells (with the line number).
 */
export function csvReader(options: ReadOptions = {}): RecordingReader {
  if (options.rate !== undefined) positive('rate', options.rate, 'Hz');
  let rows: RowParser | undefined;
  let commas: DecimalCommas | undefined;
  const startParser = (fresh: string[], first: string) => {
    rejectForeign(fresh);
    const delimiter = delimiterOf(first);
    if (delimiter !== ',') commas = new DecimalCommas();
    return new RowParser(delimiter);
  };
  const parse = (fresh: string[]) => {
    const first = fresh.find((line) => /[^ ]/.test(line));
    if (!rows && first === undefined) return [];
    rows ??= startParser(fresh, first ?? '');
    const parsed = rows.parse(fresh);
    commas?.convert(parsed);
    return parsed;
  };
  return headedReader(parse, (head) => {
    const layout = readLayout(head, options, commas !== undefined);
    const body = new CsvBody(layout, commas?.columns ?? new Set());
    body.add(layout.headed ? head.slice(1) : head);
    return body;
  });
}

/** Reads CSV from a string. Options and errors are those of `csvReader`. */
export function readCsv(text: string, options: ReadOptions = {}): Recording {
  return readWhole(csvReader(options), text);
}

/** The rows below the header. */
class CsvBody {
  readonly #layout: CsvLayout;
  readonly #commas: ReadonlySet<number>;
  readonly #frames: FrameCollector;
  readonly #cells: CellCount;
  readonly #times: FrameTimes;

  constructor(layout: CsvLayout, commas: ReadonlySet<number>) {
    const { columns, clock } = layout;
    this.#layout = layout;
    this.#commas = commas;
    this.#frames = new FrameCollector(columns.length, clock.rate, clock.start);
    this.#cells = new CellCount(columns);
    this.#times = new FrameTimes(clock, this.#frames);
  }

  add(rows: readonly string[][]): void {
    for (const row of rows) {
      this.#times.read(row);
      this.#frames.add(this.#cells.read(row));
    }
  }

  recording(): Recording {
    this.#frames.endBlock();
    const { names, columns, roles, clock, notes } = this.#layout;
    const { blocks, frames, lost } = this.#frames;
    const labels = columns.map((column) => names[column]);
    const commas = names.filter((_, column) => this.#commas.has(column));
    return {
      format: 'csv',
      channels: labels.map((label) => ({ label })),
      rate: clock.rate,
      time: clock.start,
      blocks,
      frames,
      lost,
      roles,
      notes: [
        ...notes,
        ...this.#times.notes(names),
        ...(commas.length > 0 ? [`Decimal commas are read in the columns ${commas.join(', ')}.`] : []),
        ...this.#cells.notes(labels),
      ],
    };
  }
}

function delimiterOf(line: string): string {
  return line.includes('\t') ? '\t' : line.includes(';') ? ';' : ',';
}

/** First lines of texts that are not tables, with an error for each. */
const foreignTexts: readonly (readonly [RegExp, string])[] = [
  [/^\s*<(!doctype|html|head|body|\?xml)/i, 'this looks like a web page, not CSV. Save the data itself.'],
  [/^\s*([{[]\s*$|\{\s*"|\[\s*[{[])/, 'this looks like JSON, not CSV. Write one line of cells per frame.'],
  [
    /^[\w/-]+ \d+ \d+(\.\d+)?(\/\S+)? \d+( |$)/,
    'this looks like a WFDB header, not CSV. Convert its record to CSV or EDF, for example with rdsamp -c or mit2edf.',
  ],
];

/** Throws an Error that names the format of a text whose first line shows that it is not a table. */
function rejectForeign(lines: readonly string[]): void {
  const first = lines.find((line) => !/^\s*(#|$)/.test(line)) ?? '';
  const found = foreignTexts.find(([start]) => start.test(first));
  if (found) throw new Error(found[1]);
}
