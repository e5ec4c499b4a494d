import { positive } from '../core/check.ts';
import { isNumber, sampleOf } from './cell.ts';
import { keptColumns } from './columns.ts';
import type { KeptColumns } from './columns.ts';
import { FrameCollector } from './frame-collector.ts';
import { headedReader, sniffedRows } from './headed-reader.ts';
import { readWhole } from './recording.ts';
import type { Channel, ReadOptions, Recording, RecordingReader } from './recording.ts';
import { RowParser } from './row-parser.ts';
import { findTurn, sampleCounter } from './sample-counter.ts';
import type { SampleCounter } from './sample-counter.ts';
import { stampUnit } from './time-column.ts';

/**
 * Reads the text files of the OpenBCI GUI: comment lines (`%Number of channels = 8`, `%Sample Rate = 250 Hz`), a row that
 * names the columns (older files have none), then one frame a line. Channels: those named EXG (µV), or `columns`.
 *
 *     time of frame n = first stamp + 1000 n / rate      (stamps repeat: frames arrive in bursts)
 *     n jumps by 1 + lost                                 (lost: by the sample index, exact up to whole turns of it)
 *
 * The index turns round at 255 (Cyton), in even or odd steps (Daisy), or counts pairs (Ganglion): `findTurn` sees which.
 * A loss of 256 frames, or of any multiple, is not seen. Throws an Error that names the line on a ragged one.
 */
export function openbciReader(options: ReadOptions = {}): RecordingReader {
  if (options.rate !== undefined) positive('rate', options.rate, 'Hz');
  const comments: string[] = [];
  let passed = 0;
  let rows: RowParser | undefined;
  const parse = (fresh: string[]) => {
    if (rows) return rows.parse(fresh);
    const first = fresh.findIndex((line) => !/^\s*(%|$)/.test(line));
    comments.push(...(first < 0 ? fresh : fresh.slice(0, first)));
    passed += first < 0 ? fresh.length : first;
    if (first < 0) return [];
    rows = new RowParser(fresh[first].includes('\t') ? '\t' : ',', passed);
    return rows.parse(fresh.slice(first));
  };
  return headedReader(parse, (head) => new OpenbciBody(comments.join('\n'), head, options));
}

/** Reads an OpenBCI recording from one text. */
export function readOpenbci(text: string, options: ReadOptions = {}): Recording {
  return readWhole(openbciReader(options), text);
}

/** The rows of one file, and what its head says of them. */
class OpenbciBody {
  readonly #channels: Channel[];
  readonly #rate: number;
  readonly #time: number;
  readonly #kept: KeptColumns;
  readonly #frames: FrameCollector;
  readonly #counter: SampleCounter | undefined;

  constructor(comments: string, head: readonly string[][], options: ReadOptions) {
    const named = head.length > 0 && !isNumber(head[0][0]);
    const rows = named ? head.slice(1) : head;
    if (rows.length === 0) throw new Error('the OpenBCI recording holds no frame');
    const exg = Number(/%\s*Number of channels\s*=\s*(\d+)/i.exec(comments)?.[1] ?? NaN);
    const names = named ? head[0] : oldNames(rows[0].length, exg);
    this.#rate = options.rate ?? Number(/%\s*Sample Rate\s*=\s*([\d.]+)/i.exec(comments)?.[1] ?? NaN);
    if (!(this.#rate > 0)) throw new Error('no %Sample Rate line tells the rate: give it with --rate (Hz)');
    this.#kept = keptColumns(names, options, () => exgColumns(names));
    const { columns } = this.#kept;
    if (columns.length === 0) throw new Error(`no column is named EXG; the columns are ${names.join(', ')}`);
    this.#channels = columns.map((column) => channelOf(names[column]));
    this.#time = firstStamp(names, rows[0]);
    this.#frames = new FrameCollector(columns.length, this.#rate, this.#time);
    const turn = findTurn(rows.slice(0, sniffedRows).map((row) => Number(row[0])));
    this.#counter = turn && sampleCounter(turn);
    this.add(rows);
  }

  add(rows: readonly string[][]): void {
    for (const row of rows) {
      if (this.#counter) this.#frames.skip(this.#counter.lostBefore(Number(row[0])));
      this.#frames.add(this.#kept.columns.map((column) => sampleOf(row[column])));
    }
  }

  recording(): Recording {
    this.#frames.cut();
    const { blocks, frames, lost } = this.#frames;
    const told = { channels: this.#channels, rate: this.#rate, time: this.#time };
    return { format: 'openbci', kind: 'eeg', ...told, blocks, frames, lost, roles: this.#kept.roles };
  }
}

const exgColumns = (names: readonly string[]) => [...names.keys()].filter((column) => /^EXG/i.test(names[column]));

function channelOf(label: string): Channel {
  return /^EXG/i.test(label) ? { label, unit: 'µV' } : /^Accel/i.test(label) ? { label, unit: 'g' } : { label };
}

/** Files without a row of names: index, channels, the rest; the stamp stands last. */
function oldNames(columns: number, exg: number): string[] {
  return Array.from({ length: columns }, (_, column) =>
    column === 0
      ? 'Sample Index'
      : column <= exg
        ? `EXG Channel ${column - 1}`
        : column === columns - 1
          ? 'Timestamp'
          : `column ${column + 1}`,
  );
}

/** The stamp of the first frame in ms since 1970 (files hold ms or, later, seconds); 0 where there is none. */
function firstStamp(names: readonly string[], row: readonly string[]): number {
  const column = names.findIndex((name) => /^Timestamp$/i.test(name));
  const stamp = column < 0 ? NaN : Number(row[column]);
  return stamp > 0 ? stamp * stampUnit(stamp) : 0;
}
