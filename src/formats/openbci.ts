import { positive } from '../core/check.ts';
import { isNumber, sampleOf } from './cell.ts';
import { selectColumns, type SelectedColumns } from './columns.ts';
import { FrameCollector } from './frame-collector.ts';
import { headedReader, sniffedRows } from './headed-reader.ts';
import {
  type Channel,
  MissingRateError,
  type ReadOptions,
  readWhole,
  type Recording,
  type RecordingReader,
} from './recording.ts';
import { RowParser } from './row-parser.ts';
import { timestampUnit } from './time-column.ts';

/**
 * Creates a reader of text files of the OpenBCI GUI: comment lines (`%Number of channels = 8`, `%Sample Rate = 250 Hz`), a
 * row with the column names (older files have none), then one frame per line. The channels are the columns named EXG (µV),
 * or `columns`.
 *
 *     time of frame n = first timestamp + 1000 n / rate      (timestamps repeat: frames arrive in bursts)
 *     n jumps by 1 + lost                                     (from the sample index, exact up to whole cycles of it)
 *
 * The sample index wraps at 255 (Cyton), counts in even or odd steps (Daisy), or counts pairs (Ganglion); `findCycle`
 * determines which. A loss of a multiple of the cycle, such as 256 frames, is not detected. The reader throws an Error with
 * the line number if a line has too many or too few cells, and a MissingRateError if the rate is unknown.
 */
export function openbciReader(options: ReadOptions = {}): RecordingReader {
  if (options.rate !== undefined) positive('rate', options.rate, 'Hz');
  const comments: string[] = [];
  let skippedLines = 0;
  let rows: RowParser | undefined;
  const parse = (fresh: string[]) => {
    if (rows) return rows.parse(fresh);
    const first = fresh.findIndex((line) => !/^\s*(%|$)/.test(line));
    comments.push(...(first < 0 ? fresh : fresh.slice(0, first)));
    skippedLines += first < 0 ? fresh.length : first;
    if (first < 0) return [];
    rows = new RowParser(fresh[first].includes('\t') ? '\t' : ',', skippedLines);
    return rows.parse(fresh.slice(first));
  };
  return headedReader(parse, (head) => new OpenbciBody(comments.join('\n'), head, options));
}

/** Reads an OpenBCI recording from a string. Options and errors are those of `openbciReader`. */
export function readOpenbci(text: string, options: ReadOptions = {}): Recording {
  return readWhole(openbciReader(options), text);
}

/** The frames of one file. */
class OpenbciBody {
  readonly #channels: Channel[];
  readonly #rate: number;
  readonly #time: number;
  readonly #selected: SelectedColumns;
  readonly #frames: FrameCollector;
  readonly #counter: SampleCounter | undefined;

  constructor(comments: string, head: readonly string[][], options: ReadOptions) {
    const named = head.length > 0 && !isNumber(head[0][0]);
    const rows = named ? head.slice(1) : head;
    if (rows.length === 0) throw new Error('the file has no frames');
    const exg = Number(/%\s*Number of channels\s*=\s*(\d+)/i.exec(comments)?.[1] ?? NaN);
    const names = named ? head[0] : defaultNames(rows[0].length, exg);
    this.#rate = options.rate ?? Number(/%\s*Sample Rate\s*=\s*([\d.]+)/i.exec(comments)?.[1] ?? NaN);
    if (!(this.#rate > 0)) throw new MissingRateError('the file has no %Sample Rate line.');
    this.#selected = selectColumns(names, options, () => exgColumns(names));
    const { columns } = this.#selected;
    if (columns.length === 0) throw new Error(`no column is named EXG; the columns are ${names.join(', ')}`);
    this.#channels = columns.map((column) => channelOf(names[column]));
    this.#time = firstTimestamp(names, rows[0]);
    this.#frames = new FrameCollector(columns.length, this.#rate, this.#time);
    const cycle = findCycle(rows.slice(0, sniffedRows).map((row) => Number(row[0])));
    this.#counter = cycle && sampleCounter(cycle);
    this.add(rows);
  }

  add(rows: readonly string[][]): void {
    for (const row of rows) {
      if (this.#counter) this.#frames.skip(this.#counter.lostBefore(Number(row[0])));
      this.#frames.add(this.#selected.columns.map((column) => sampleOf(row[column])));
    }
  }

  recording(): Recording {
    this.#frames.endBlock();
    const { blocks, frames, lost } = this.#frames;
    const header = { channels: this.#channels, rate: this.#rate, time: this.#time };
    return { format: 'openbci', kind: 'eeg', ...header, blocks, frames, lost, roles: this.#selected.roles };
  }
}

const exgColumns = (names: readonly string[]) => [...names.keys()].filter((column) => /^EXG/i.test(names[column]));

function channelOf(label: string): Channel {
  return /^EXG/i.test(label) ? { label, unit: 'µV' } : /^Accel/i.test(label) ? { label, unit: 'g' } : { label };
}

/** Column names of files without a row of names: the sample index, the channels, others, and the timestamp last. */
function defaultNames(columns: number, exg: number): string[] {
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

/** The timestamp of the first frame in ms since 1970 (in files: ms or, in newer ones, seconds); 0 if there is none. */
function firstTimestamp(names: readonly string[], row: readonly string[]): number {
  const column = names.findIndex((name) => /^Timestamp$/i.test(name));
  const timestamp = column < 0 ? NaN : Number(row[column]);
  return timestamp > 0 ? timestamp * timestampUnit(timestamp) : 0;
}

/**
 * Counts lost frames by a sample index that repeats. A gap of whole cycles (for Cyton 256, 512, … frames) is not
 * detected.
 */
export interface SampleCounter {
  /** Returns the number of frames missing before `index`; 0 for the first index and for one that is not in the cycle. */
  lostBefore(index: number): number;
}

/** Creates a counter for `cycle`, the indexes of one cycle in order. */
export function sampleCounter(cycle: readonly number[]): SampleCounter {
  let at = -1;
  return {
    lostBefore(index) {
      if (at < 0) {
        at = cycle.indexOf(index);
        return 0;
      }
      for (let lost = 0; lost < cycle.length; lost++) {
        const next = (at + 1 + lost) % cycle.length;
        if (cycle[next] !== index) continue;
        at = next;
        return lost;
      }
      at = -1;
      return 0;
    },
  };
}

const range = (first: number, last: number, step = 1) =>
  Array.from({ length: Math.floor((last - first) / step) + 1 }, (_, i) => first + i * step);
const twice = (cycle: number[]) => cycle.flatMap((index) => [index, index]);

/** The cycles of OpenBCI boards. */
const cycles: readonly (readonly number[])[] = [
  range(0, 255), // Cyton
  range(0, 254, 2), // Cyton with Daisy: every other index
  range(1, 255, 2),
  [0, ...twice(range(1, 100))], // Ganglion: two frames per radio packet, with acceleration
  [0, ...twice(range(101, 200))], // the same without acceleration
  twice(range(0, 99)), // Ganglion, firmware 3
  twice(range(100, 199)),
];

/**
 * The cycle that explains `indexes` with the fewest lost frames; undefined if that is more than two lost frames per frame,
 * because then the column is not a sample index.
 */
export function findCycle(indexes: readonly number[]): readonly number[] | undefined {
  const costs = cycles.map((cycle) => {
    const counter = sampleCounter(cycle);
    const known = new Set(cycle);
    return indexes.reduce((cost, index) => cost + (known.has(index) ? counter.lostBefore(index) : cycle.length), 0);
  });
  const fewest = Math.min(...costs);
  return fewest > indexes.length * 2 ? undefined : cycles[costs.indexOf(fewest)];
}
