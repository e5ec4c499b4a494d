import { isMissing } from '../cell.ts';
import type { CsvEvents } from './csv-events.ts';
import type { SourceColumn } from './csv-series.ts';
import type { CsvTable } from './csv-table.ts';
import { removeFillValues } from './fill-values.ts';
import type { TableFrames } from './table-frames.ts';
import { numberOf } from '../text/number-notation.ts';

/** What `readRows` reads. */
export interface RowReaders {
  /** Indexes of the columns of samples. */
  readonly columns: readonly number[];
  /** Indexes of all columns with numbers; a row without any is not a frame if it has an event. */
  readonly values: readonly number[];
  readonly events: CsvEvents;
  readonly sources: readonly SourceColumn[];
}

/**
 * Reads the rows of a table: frames, and events. A row with an event and without samples is not a frame. Returns the frames,
 * and notes on cells without numbers.
 */
export function readRows(
  table: CsvTable,
  { columns, values, events, sources }: RowReaders,
): { readonly frames: TableFrames; readonly notes: readonly string[] } {
  const { rowCount, times } = table;
  const timed = times !== undefined && times.times.length === rowCount;
  const notations = columns.map((column) => table.notations[column]);
  const frames = {
    samples: new Float32Array(rowCount * columns.length),
    times: new Float64Array(timed ? rowCount : 0),
    lines: new Float64Array(rowCount),
  };
  const counts = columns.map((column) => new MissingCount(table.names[column]));
  let [row, frame, at] = [0, 0, 0];
  /** The first frame of those since the last time whose cells for the time contain text. */
  let footer: { frame: number; text: string } | undefined;
  for (const { line, cells } of table.rows()) {
    const time = timed ? times.times[row] : NaN;
    row++;
    const isEvent = events.read(
      time,
      cells,
      values.map((column) => cells[column]),
    );
    if (isEvent) continue;
    for (const [i, column] of columns.entries()) {
      const sample = numberOf(cells[column], notations[i]);
      if (Number.isNaN(sample)) counts[i].add(cells[column]);
      frames.samples[at++] = sample;
    }
    if (timed) frames.times[frame] = time;
    const text = table.timeSource?.columns.map((column) => cells[column]).find((cell) => !isMissing(cell)) ?? '';
    if (!timed || !Number.isNaN(time) || text === '') footer = undefined;
    else footer ??= { frame, text };
    for (const source of sources) source.add(cells[source.column]);
    frames.lines[frame++] = line;
  }
  const after = footer && footer.frame > frame - maxFooter && footer.frame > 0 ? frame - footer.frame : 0;
  const skipped =
    after > 0
      ? [`Skipped rows after the table: ${after} (line ${frames.lines[frame - after]}, '${footer?.text}').`]
      : [];
  frame -= after;
  at -= after * columns.length;
  const samples = frames.samples.subarray(0, at);
  const labels = columns.map((column) => table.names[column]);
  const filled = table.preamble === undefined ? removeFillValues(samples, labels) : [];
  return {
    frames: {
      samples,
      times: frames.times.subarray(0, timed ? frame : 0),
      lines: frames.lines.subarray(0, frame),
    },
    notes: [...skipped, ...notesOf(counts, frame), ...filled],
  };
}

/** Maximum number of rows after a table, such as sums. */
const maxFooter = 20;

/** Counts the cells of a column without a number. */
class MissingCount {
  readonly name: string;
  missing = 0;
  texts = 0;
  firstText = '';

  constructor(name: string) {
    this.name = name;
  }

  add(cell: string): void {
    if (isMissing(cell)) this.missing++;
    else if (this.texts++ === 0) this.firstText = cell;
  }
}

function notesOf(counts: readonly MissingCount[], rows: number): string[] {
  const texts = counts.filter(({ texts }) => texts > 0);
  const empty = counts.filter(({ missing }) => missing > rows / 2);
  const list = (of: readonly MissingCount[], shown: (count: MissingCount) => string) => of.map(shown).join(', ');
  return [
    ...(texts.length > 0
      ? [
          `Cells that are not numbers are read as missing samples: ${list(texts, ({ name, texts, firstText }) => `${texts} in ${name} ('${firstText}')`)}.`,
        ]
      : []),
    ...(empty.length > 0
      ? [
          `Most cells are empty and are read as missing samples: ${list(empty, ({ name, missing }) => `${missing} in ${name}`)}.`,
        ]
      : []),
  ];
}
