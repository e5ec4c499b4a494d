import { integer, invalid, positive } from '../check.ts';
import type { Block } from './block.ts';
import { readIsoTime } from './iso-time.ts';
import { type FramePosition, SampleClock, type SampleClockOptions } from './sample-clock.ts';
import type { Epoch, Reading, Sample } from './sample.ts';
import { StampScale, type Timed } from './stamp-scale.ts';
import type { Stamp } from './stamp-unit.ts';

/** Options of a `SampleReader`. */
export interface SampleReaderOptions extends SampleClockOptions {
  /** Sampling rate in Hz, for samples without `info.samplingRate`. Default 0: irregular. */
  rate?: number;
  /** For muse-js readings: number of electrodes to combine. Default 4; use 5 with the auxiliary electrode. */
  electrodes?: number;
}

/** Several frames, channel by channel, with the information that determines their position. */
interface Rows extends Stamp {
  readonly data: number[][];
  readonly count: number | undefined;
}

/** Frames whose time is known. */
type TimedRows = FramePosition & { readonly data: number[][] };

/**
 * Converts eeg-pipes samples and epochs and muse-js readings into blocks, numbered from 0 by a `SampleClock`. The unit of the
 * timestamps is recognized by a `StampScale`; a timestamp can also be a Date, or ISO 8601 text with a time zone. Frames are held
 * until the unit is known, which is usually after two or three samples, and while it is not clear whether frames before them
 * are missing. Without a sampling rate, no frames are held.
 */
export class SampleReader {
  readonly #rate: number;
  readonly #clock: SampleClock;
  readonly #grouper: ReadingGrouper;
  readonly #stamps = new StampScale<Rows>();
  #queue: TimedRows[] = [];

  constructor({ rate = 0, electrodes = 4, ...clock }: SampleReaderOptions = {}) {
    this.#rate = rate === 0 ? 0 : positive('rate', rate, 'Hz');
    this.#clock = new SampleClock(clock);
    this.#grouper = new ReadingGrouper(integer('electrodes', electrodes, 1));
  }

  /**
   * Adds a sample, an epoch, or a reading. Returns the blocks of new frames whose position is known.
   * @throws TypeError if it is none of these, or its timestamp is not valid
   */
  push(value: Sample | Epoch | Reading): Block[] {
    if (typeof value !== 'object' || (value as object | null) === null) throw invalidSample(value);
    if ('electrode' in value) return this.#grouper.push(value).flatMap((group) => this.#add(this.#groupRows(group)));
    if (!Array.isArray(value.data) || value.data.length === 0) throw invalidSample(value);
    return this.#add(isEpoch(value) ? this.#epochRows(value) : this.#sampleRows(value));
  }

  /** Ends the stream. Returns the frames that are held, and readings that are incomplete because an electrode was missing. */
  flush(): Block[] {
    const last = this.#grouper.flush().flatMap((group) => this.#add(this.#groupRows(group)));
    this.#enqueue(this.#stamps.flush());
    return [...last, ...this.#blocks(true)];
  }

  #sampleRows({ data, timestamp, info, index, count, sampleNumber }: Sample): Rows {
    const rate = info?.samplingRate ?? this.#rate;
    const stamp = stampOf('timestamp', timestamp);
    return { data: data.map((x) => [x]), frames: 1, rate, stamp, count: index ?? count ?? sampleNumber };
  }

  #epochRows({ data, info }: Epoch): Rows {
    const frames = framesOf(data);
    const stamp = stampOf('startTime', info?.startTime);
    return { data, frames, rate: info?.samplingRate ?? this.#rate, stamp, count: undefined };
  }

  #groupRows({ data, timestamp, index }: ReadingGroup): Rows {
    const stamp = stampOf('timestamp', timestamp);
    return { data, frames: framesOf(data), rate: this.#rate, stamp, count: index };
  }

  #add(rows: Rows): Block[] {
    this.#enqueue(this.#stamps.push(rows));
    return this.#blocks(false);
  }

  #enqueue(timed: readonly Timed<Rows>[]): void {
    for (const { value, time, newClock } of timed) this.#queue.push({ ...value, time, newClock });
  }

  /** The blocks of the frames whose position is known. @param isEnd whether no more frames follow */
  #blocks(isEnd: boolean): Block[] {
    const blocks: Block[] = [];
    for (const [i, rows] of this.#queue.entries()) {
      const { next } = this.#clock;
      const start = this.#clock.place(rows, () => this.#queue.slice(i + 1), isEnd);
      if (start === undefined) {
        this.#queue = this.#queue.slice(i);
        return blocks;
      }
      blocks.push(...blockOf(rows, start, Math.max(0, next - start)));
    }
    this.#queue = [];
    return blocks;
  }
}

/** The block of some frames without the first `old` ones, which were received before; an empty array if no frames are left. */
function blockOf({ data, frames, rate, time }: TimedRows, start: number, old: number): Block[] {
  if (old >= frames) return [];
  const channels = data.length;
  const block = new Float32Array((frames - old) * channels);
  for (let c = 0; c < channels; c++)
    for (let i = old; i < frames; i++) block[(i - old) * channels + c] = data[c][i] ?? NaN;
  const firstTime = (Number.isFinite(time) ? time : 0) + (rate > 0 ? (old * 1000) / rate : 0);
  return [{ data: block, channels, start: start + old, rate, time: firstTime }];
}

/** The number of frames in rows. */
function framesOf(data: readonly number[][]): number {
  const frames = data[0].length;
  if (data.some((row) => row.length !== frames))
    throw invalid(
      'data',
      'rows of the same length',
      data.map((row) => row.length),
    );
  return frames;
}

/** A timestamp as a number; NaN if it is absent. */
function stampOf(name: string, stamp: unknown): number {
  if (typeof stamp === 'number') return stamp;
  if (stamp === undefined || stamp === null) return NaN;
  if (stamp instanceof Date) return stamp.getTime();
  const iso = typeof stamp === 'string' ? readIsoTime(stamp) : undefined;
  if (iso?.zoned && !Number.isNaN(iso.time)) return iso.time;
  throw invalid(name, 'a number, a Date, or ISO 8601 text with a time zone', stamp, TypeError);
}

function isEpoch(value: Sample | Epoch): value is Epoch {
  return Array.isArray(value.data[0]);
}

function invalidSample(value: unknown): Error {
  return invalid('sample', 'a sample { data, timestamp }, an epoch, or a reading', value, TypeError);
}

/**
 * The readings of all electrodes at one time: data[electrode][frame], NaN where the reading of an electrode is missing.
 */
export interface ReadingGroup {
  data: number[][];
  timestamp: number;
  index?: number;
}

/**
 * Combines the readings of single electrodes that share an index (or, without one, a timestamp). A group is complete
 * when all electrodes have arrived or the next group begins. Readings for earlier groups are dropped.
 */
export class ReadingGrouper {
  readonly electrodes: number;
  #group: Reading[] = [];
  #lastKey: number | undefined;

  constructor(electrodes: number) {
    this.electrodes = integer('electrodes', electrodes, 1);
  }

  /** Adds a reading. Returns the groups that are now complete. */
  push(reading: Reading): ReadingGroup[] {
    if (!(Number.isInteger(reading.electrode) && reading.electrode >= 0 && reading.electrode < this.electrodes))
      throw invalid('reading.electrode', `an integer from 0 to ${this.electrodes - 1}`, reading.electrode);
    const key = keyOf(reading);
    if (key === this.#lastKey) return [];
    const out = this.#group.length > 0 && keyOf(this.#group[0]) !== key ? this.flush() : [];
    if (this.#group.every(({ electrode }) => electrode !== reading.electrode)) this.#group.push(reading);
    return this.#group.length === this.electrodes ? [...out, ...this.flush()] : out;
  }

  /** Returns the incomplete group, if any. */
  flush(): ReadingGroup[] {
    if (this.#group.length === 0) return [];
    const [{ timestamp, index, samples }] = this.#group;
    const missing = samples.map(() => NaN);
    const data = Array.from({ length: this.electrodes }, () => missing);
    for (const reading of this.#group) data[reading.electrode] = reading.samples;
    this.#lastKey = keyOf(this.#group[0]);
    this.#group = [];
    return [index === undefined ? { data, timestamp } : { data, timestamp, index }];
  }
}

function keyOf({ index, timestamp }: Reading): number {
  return index ?? timestamp;
}
