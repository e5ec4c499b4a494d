import { sampleOf } from '../cell.ts';
import { selectColumns, type SelectedColumns } from '../columns.ts';
import { FrameCollector } from '../frame-collector.ts';
import { frameNumbers } from './openbci-clock.ts';
import { lostFrames } from './openbci-gaps.ts';
import { isNames, isZero, type OpenbciLayout } from './openbci-layout.ts';
import { clockNotes, RowNotes } from './openbci-notes.ts';
import { stampReader } from './openbci-stamps.ts';
import { SampleStore } from './sample-store.ts';
import type { Channel, ReadOptions, Recording } from '../recording.ts';

/** Collects the rows of an OpenBCI file. Their frames are numbered when all of them are known. */
export class OpenbciRows {
  readonly #layout: OpenbciLayout;
  readonly #selected: SelectedColumns;
  /** Number of cells that contain all selected columns. */
  readonly #needed: number;
  readonly #marker: number;
  /** Longest gap in frames. */
  readonly #maxGap: number;
  readonly #readStamp: (cell: string) => number;
  readonly #notes: RowNotes;
  readonly #samples: SampleStore;
  readonly #indexes: number[] = [];
  readonly #stamps: number[] = [];
  readonly #lines: number[] = [];
  readonly #markers: { readonly row: number; readonly label: string }[] = [];

  constructor(layout: OpenbciLayout, options: ReadOptions) {
    const { names, stamps } = layout;
    this.#layout = layout;
    this.#selected = selectColumns(names, options, () => defaultColumns(names));
    const { columns } = this.#selected;
    if (columns.length === 0) throw new Error(`no column contains samples; the columns are ${names.join(', ')}`);
    this.#needed = Math.max(...columns) + 1;
    this.#marker = names.findIndex((name) => /^Marker( Channel)?$/i.test(name));
    this.#maxGap = (options.maxGap ?? 86_400) * layout.rate;
    this.#readStamp = stamps ? stampReader(stamps.kind, stamps.order) : () => NaN;
    this.#notes = new RowNotes(columns.map((column) => names[column]));
    this.#samples = new SampleStore(columns.length);
  }

  /** Adds a line. Skips rows of zeros before the first frame, repeated names, and rows with missing or additional cells. */
  add(line: string, number: number): void {
    const row = this.#layout.split(line);
    const { lengths } = this.#layout;
    if (isNames(line)) return;
    if (this.#lines.length === 0 && row.every(isZero) && this.#lacksTime(row)) this.#notes.zeros.add(number);
    else if (lengths.has(row.length)) this.#addFrame(row, number);
    else this.#notes.damaged.add(number, row.length);
  }

  /** Adds the last line. If it is too short, it was cut within its last cell. */
  addLast(line: string, number: number): void {
    const row = this.#layout.split(line);
    const { lengths, names } = this.#layout;
    if (lengths.has(row.length) || row.length > names.length || isNames(line)) {
      this.add(line, number);
      return;
    }
    const kept = row.length > this.#needed;
    if (kept) this.#addFrame(row, number);
    this.#notes.cut = { line: number, kept };
  }

  recording(): Recording {
    const { names, rate, rateSource, stamps, notes } = this.#layout;
    const { columns, roles } = this.#selected;
    this.#notes.checkDamage(this.#lines.length, names.length);
    const found = lostFrames(this.#indexes, this.#stamps, 1000 / rate);
    const numbers = frameNumbers(found.lost);
    const dated = stamps !== undefined && stamps.kind !== 'time of day';
    const first = found.stamps.findIndex((stamp) => !Number.isNaN(stamp));
    const start = dated && first >= 0 ? found.stamps[first] - (numbers[first] * 1000) / rate : 0;
    const frames = new FrameCollector(columns.length, rate, start);
    const timeOf = (row: number) => start + (numbers[row] * 1000) / rate;
    /** Index of each row's frame. */
    const indexes = found.lost.map((lost, row) => {
      if (lost > this.#maxGap) frames.startSegment(timeOf(row));
      else frames.skip(lost);
      frames.add(this.#samples.frame(row));
      return frames.next - 1;
    });
    const channels = columns.map((column) => channelOf(names[column]));
    return {
      format: 'openbci',
      encoding: 'utf-8',
      ...(channels.some(({ unit }) => unit === 'µV') && { kind: 'eeg' as const }),
      channels,
      rate,
      rateSource,
      time: start,
      ...(!dated && { undated: true }),
      ...(stamps?.local && { localTime: true }),
      ...frames.end(),
      ...(this.#marker >= 0 && {
        marks: this.#markers.map(({ row, label }) => ({ at: indexes[row], time: timeOf(row), label })),
      }),
      roles,
      notes: [
        ...notes,
        ...this.#notes.sentences(),
        ...clockNotes(found, this.#lines, stamps !== undefined, rate, this.#maxGap),
      ],
    };
  }

  /** The timestamp of a row; '' if there is none. Rows with fewer cells lack some before the timestamp. */
  #stampCell(row: readonly string[]): string {
    const { names, stamps } = this.#layout;
    return stamps ? (row[stamps.column + row.length - names.length] ?? '') : '';
  }

  /** Whether the file has timestamps, but this row has none. */
  #lacksTime(row: readonly string[]): boolean {
    return this.#layout.stamps !== undefined && Number.isNaN(this.#readStamp(this.#stampCell(row)));
  }

  #addFrame(row: readonly string[], line: number): void {
    const samples = this.#selected.columns.map((column) => sampleOf(row[column]));
    for (const [i, sample] of samples.entries()) if (Number.isNaN(sample)) this.#notes.missing[i]++;
    this.#samples.add(samples);
    this.#indexes.push(row[0] === '' ? NaN : Number(row[0]));
    this.#stamps.push(this.#readStamp(this.#stampCell(row)));
    const marker = Number(row[this.#marker] ?? 0);
    if (marker !== 0) this.#markers.push({ row: this.#lines.length, label: String(marker) });
    this.#lines.push(line);
  }
}

/** The EXG columns; in files without them, which contain other sensors of the board, all columns of samples. */
function defaultColumns(names: readonly string[]): number[] {
  const columns = [...names.keys()];
  const exg = columns.filter((column) => /^EXG/i.test(names[column]));
  const others = columns.slice(1).filter((column) => !/^(timestamp|marker|not used|other)/i.test(names[column]));
  return exg.length > 0 ? exg : others;
}

function channelOf(label: string): Channel {
  return /^EXG/i.test(label) ? { label, unit: 'µV' } : /^Accel/i.test(label) ? { label, unit: 'g' } : { label };
}
