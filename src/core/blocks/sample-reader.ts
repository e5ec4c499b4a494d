import { integer, invalid, positive } from '../check.ts';
import type { Block } from './block.ts';
import { SampleClock, type SampleClockOptions } from './sample-clock.ts';
import type { Epoch, Reading, Sample } from './sample.ts';
import { StampScale } from './stamp-scale.ts';

/** Options of a `SampleReader`. */
export interface SampleReaderOptions extends SampleClockOptions {
  /** Sampling rate in Hz, for samples without `info.samplingRate`. Default 0: irregular. */
  rate?: number;
  /** For muse-js readings: number of electrodes to combine. Default 4; use 5 with the auxiliary electrode. */
  electrodes?: number;
}

/** Several frames, channel by channel, with the information that determines their position. */
interface Rows {
  data: number[][];
  rate: number;
  time: number;
  count?: number;
}

/**
 * Converts eeg-pipes samples and epochs and muse-js readings into blocks, numbered from 0 by a `SampleClock`. The unit of the
 * timestamps is recognized by a `StampScale`.
 */
export class SampleReader {
  readonly #rate: number;
  readonly #clock: SampleClock;
  readonly #grouper: ReadingGrouper;
  readonly #stamps = new StampScale();

  constructor({ rate = 0, electrodes = 4, ...clock }: SampleReaderOptions = {}) {
    this.#rate = rate === 0 ? 0 : positive('rate', rate, 'Hz');
    this.#clock = new SampleClock(clock);
    this.#grouper = new ReadingGrouper(integer('electrodes', electrodes, 1));
  }

  /**
   * Adds a sample, an epoch, or a reading. Returns the block of its new frames, or an empty array if there are none.
   */
  push(value: Sample | Epoch | Reading): Block[] {
    if (typeof value !== 'object' || (value as object | null) === null) throw invalidSample(value);
    if ('electrode' in value) return this.#grouper.push(value).flatMap((group) => this.#blockOfGroup(group));
    if (!Array.isArray(value.data) || value.data.length === 0) throw invalidSample(value);
    return this.#toBlock(isEpoch(value) ? this.#epochRows(value) : this.#sampleRows(value));
  }

  /** Ends the stream. Returns the readings that were incomplete because an electrode was missing. */
  flush(): Block[] {
    return this.#grouper.flush().flatMap((group) => this.#blockOfGroup(group));
  }

  #sampleRows({ data, timestamp, info, index, count, sampleNumber }: Sample): Rows {
    const rate = info?.samplingRate ?? this.#rate;
    return { data: data.map((x) => [x]), rate, time: timestamp, count: index ?? count ?? sampleNumber };
  }

  #epochRows({ data, info }: Epoch): Rows {
    return { data, rate: info?.samplingRate ?? this.#rate, time: info?.startTime };
  }

  #blockOfGroup({ data, timestamp, index }: { data: number[][]; timestamp: number; index?: number }): Block[] {
    return this.#toBlock({ data, rate: this.#rate, time: timestamp, count: index });
  }

  #toBlock({ data, rate, time: stamp, count }: Rows): Block[] {
    const frames = data[0].length;
    if (data.some((row) => row.length !== frames))
      throw invalid(
        'data',
        'rows of the same length',
        data.map((row) => row.length),
      );
    const next = this.#clock.next;
    const time = this.#stamps.toMs(stamp, { index: next, frames, rate });
    const start = this.#clock.place(frames, { rate, time, count });
    const old = Math.max(0, next - start);
    if (old >= frames) return [];
    const channels = data.length;
    const block = new Float32Array((frames - old) * channels);
    for (let c = 0; c < channels; c++)
      for (let i = old; i < frames; i++) block[(i - old) * channels + c] = data[c][i] ?? NaN;
    const firstTime = (Number.isFinite(time) ? time : 0) + (rate > 0 ? (old * 1000) / rate : 0);
    return [{ data: block, channels, start: start + old, rate, time: firstTime }];
  }
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
