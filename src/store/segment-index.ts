import type { RunEvent } from './recorded-event.ts';

/** Distance of index entries in bytes. */
const entryBytes = 1 << 18;
/** Numbers per entry. */
const entryNumbers = 4;

/** The frames of one run in one segment. */
export interface RunPart {
  readonly run: number;
  /** The description of the run. */
  readonly event: RunEvent;
  /** Position of the record that describes the run, in bytes. */
  readonly offset: number;
  /** Index of the first frame, and of the frame after the last one. */
  readonly from: number;
  next: number;
  /** Number of recorded frames. */
  frames: number;
  /** Times of the first and the last frame in ms since 1970; NaN without frames. */
  first: number;
  last: number;
}

/** Summary of a segment as plain JSON. */
export interface SegmentSummary {
  readonly segment: number;
  /** Size of the recording file in bytes. */
  readonly bytes: number;
  /** When the last record was written, in ms since 1970. */
  readonly recorded: number;
  /** Latest time of a frame or event in ms since 1970; null if none has a time. */
  readonly latest: number | null;
  readonly runs: readonly RunPart[];
  /** Frames that are reported as lost. */
  readonly lost: number;
  /** Size of the buckets of each tier, [tiers], the finest first, in bytes. They follow the coarsest first. */
  readonly tierBytes: readonly number[];
}

/** Where to start reading: at a frame of a run, or at a time in ms since 1970. */
export type Start = { readonly run: number; readonly index: number } | { readonly time: number };

/** Index of one segment: its runs, and the position of a record every 256 KiB. */
export class SegmentIndex {
  readonly runs: RunPart[] = [];
  /** Offset, run, next index, and latest time so far before every indexed record, one after the other. */
  readonly #entries: number[];
  #latest = -Infinity;
  #lost = 0;

  constructor(entries: ArrayLike<number> = []) {
    this.#entries = Array.from(entries);
  }

  /** The entries as numbers, [entries, 4]: offset, run, next index, latest time. */
  get entries(): Float64Array {
    return Float64Array.from(this.#entries);
  }

  get latest(): number {
    return this.#latest;
  }

  get lost(): number {
    return this.#lost;
  }

  /** Whether the record at `offset` needs an entry. */
  isDue(offset: number): boolean {
    const entries = this.#entries;
    return offset - (entries.length > 0 ? entries[entries.length - entryNumbers] : 0) >= entryBytes;
  }

  /** Adds an entry for the record at `offset`, before that record is added. */
  addEntry(offset: number): void {
    const part = this.runs.at(-1);
    if (part) this.#entries.push(offset, part.run, part.next, this.#latest);
  }

  /** Adds the description of a run at `offset`. @param from index of the first frame after it */
  addRun(event: RunEvent, from: number, offset: number): void {
    const { run } = event;
    this.runs.push({ run, event, offset, from, next: from, frames: 0, first: NaN, last: NaN });
  }

  /** Adds frames: `count` frames before `next` that arrived between the times `first` and `last`. */
  addFrames(next: number, count: number, first: number, last: number): void {
    const part = this.runs[this.runs.length - 1];
    part.next = next;
    if (part.frames === 0) part.first = first;
    part.frames += count;
    part.last = last;
    if (last > this.#latest) this.#latest = last;
  }

  /** Adds frames of a run that are missing or lost. */
  skipTo(run: number, next: number, lost: number): void {
    const part = this.runs.at(-1);
    if (part?.run === run && next > part.next) part.next = next;
    this.#lost += lost;
  }

  addTime(time: number): void {
    if (time > this.#latest) this.#latest = time;
  }

  /** Returns the position of a record at or before the first one that `start` selects, or undefined: read from the beginning. */
  find(start: Start): number | undefined {
    const entry = this.#firstAfter(start);
    return entry === 0 ? undefined : this.#entries[(entry - 1) * entryNumbers];
  }

  /** Returns the position of a record before which a frame or event at or after `time` is recorded; undefined if none is known. */
  end(time: number): number | undefined {
    return this.#entries[this.#firstAfter({ time }) * entryNumbers];
  }

  /** Returns the number of the first entry with something at or after `start` before it. */
  #firstAfter(start: Start): number {
    let low = 0;
    let high = this.#entries.length / entryNumbers;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (this.#isBefore(middle * entryNumbers, start)) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  /** Whether everything before entry `at` is before `start`. */
  #isBefore(at: number, start: Start): boolean {
    const [, run, next, latest] = this.#entries.slice(at, at + entryNumbers);
    return 'time' in start ? latest < start.time : isBefore({ run, next }, start);
  }
}

/** Whether the frame before `next` is before a frame. */
export function isBefore(position: { run: number; next: number }, start: { run: number; index: number }): boolean {
  return position.run < start.run || (position.run === start.run && position.next <= start.index);
}

/** Whether a segment contains nothing at or after `start`. */
export function endsBefore(summary: Pick<SegmentSummary, 'runs' | 'latest'>, start: Start): boolean {
  if ('time' in start) return !(summary.latest !== null && summary.latest >= start.time);
  const last = summary.runs.at(-1);
  return last !== undefined && isBefore(last, start);
}
