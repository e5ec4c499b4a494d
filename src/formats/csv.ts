import { positive } from '../core/check.ts';
import { sampleOf } from './cell.ts';
import { readLayout } from './csv-layout.ts';
import type { CsvLayout } from './csv-layout.ts';
import { FrameCollector } from './frame-collector.ts';
import { headedReader } from './headed-reader.ts';
import { readWhole } from './read-whole.ts';
import type { ReadOptions, Recording, RecordingReader } from './recording.ts';
import { RowParser } from './row-parser.ts';

export { csvWriter } from './csv-writer.ts';
export type { CsvWriter } from './csv-writer.ts';

/**
 * Reads CSV: header or none; `,` `;` or tab (of the first line: tab if there is one, else `;`, else `,`); one frame a
 * line. Empty, 'NaN' and other non-numeric cells are NaN samples. The layout (time column, rate, channels) is read off the
 * first 1000 rows; see `findTimeColumn` and `inferRate` for the rules. A time column that keeps step with the rate tells
 * gaps: a step of n periods is n - 1 lost frames, never fewer than 0.
 *
 * Throws an Error that names the line where a line has too many or too few cells, and one that names --rate where
 * neither the options nor a time column tell the rate.
 */
export function csvReader(options: ReadOptions = {}): RecordingReader {
  if (options.rate !== undefined) positive('rate', options.rate, 'Hz');
  let rows: RowParser | undefined;
  const parse = (fresh: string[]) => {
    const first = fresh.find((line) => /[^ ]/.test(line));
    if (!rows && first === undefined) return [];
    rows ??= new RowParser(delimiterOf(first ?? ''));
    return rows.parse(fresh);
  };
  return headedReader(parse, (head) => {
    const body = new CsvBody(readLayout(head, options));
    body.add(body.layout.headed ? head.slice(1) : head);
    return body;
  });
}

/** Reads CSV from one text. */
export function readCsv(text: string, options: ReadOptions = {}): Recording {
  return readWhole(csvReader(options), text);
}

/** The rows below the header. */
class CsvBody {
  readonly layout: CsvLayout;
  readonly #frames: FrameCollector;
  #before = NaN;

  constructor(layout: CsvLayout) {
    this.layout = layout;
    this.#frames = new FrameCollector(layout.columns.length, layout.rate, layout.begin);
  }

  add(rows: readonly string[][]): void {
    const { time, steady, rate, columns } = this.layout;
    for (const row of rows) {
      if (time && steady) {
        const now = time.read(row[time.index]);
        const periods = Math.round(((now - this.#before) * rate) / 1000);
        if (periods > 1) this.#frames.skip(periods - 1);
        if (!Number.isNaN(now)) this.#before = now;
      }
      this.#frames.add(columns.map((column) => sampleOf(row[column])));
    }
  }

  recording(): Recording {
    this.#frames.cut();
    const { labels, roles, rate, begin: time } = this.layout;
    const { blocks, frames, lost } = this.#frames;
    const channels = labels.map((label) => ({ label }));
    return { format: 'csv', channels, rate, time, blocks, frames, lost, roles };
  }
}

function delimiterOf(line: string): string {
  return line.includes('\t') ? '\t' : line.includes(';') ? ';' : ',';
}
