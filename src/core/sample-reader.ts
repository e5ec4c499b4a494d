import type { Block } from './block.ts';
import { integer, invalid, positive } from './check.ts';
import { ReadingZipper } from './reading-zipper.ts';
import { SampleClock, type SampleClockOptions } from './sample-clock.ts';
import type { Epoch, Reading, Sample } from './sample.ts';

/** How samples, epochs and readings become blocks. */
export interface SampleReaderOptions extends SampleClockOptions {
  /** Frames a second, in Hz, where the samples do not say it (`info.samplingRate`). Default 0: irregular. */
  rate?: number;
  /** For muse-js's readings: how many electrodes are put together. Default 4; 5 with the auxiliary one. */
  electrodes?: number;
}

/** Frames in rows, and what tells where they lie. */
interface Rows {
  data: number[][];
  rate: number;
  time: number;
  count?: number;
}

/** Turns eeg-pipes' samples and epochs and muse-js's readings into blocks, numbered from 0 by a `SampleClock`. */
export class SampleReader {
  readonly #rate: number;
  readonly #clock: SampleClock;
  readonly #zipper: ReadingZipper;

  constructor({ rate = 0, electrodes = 4, ...clock }: SampleReaderOptions = {}) {
    this.#rate = rate === 0 ? 0 : positive('rate', rate, 'Hz');
    this.#clock = new SampleClock(clock);
    this.#zipper = new ReadingZipper(integer('electrodes', electrodes, 1));
  }

  /** Takes one of them; returns the block of its new frames, or nothing when there are none. */
  push(value: Sample | Epoch | Reading): Block[] {
    if (typeof value !== 'object' || (value as object | null) === null) throw refused(value);
    if ('electrode' in value) return this.#zipper.push(value).flatMap((group) => this.#zipped(group));
    if (!Array.isArray(value.data) || value.data.length === 0) throw refused(value);
    return this.#place(isEpoch(value) ? this.#epoch(value) : this.#sample(value));
  }

  /** The end: readings that wait for their other electrodes. */
  flush(): Block[] {
    return this.#zipper.flush().flatMap((group) => this.#zipped(group));
  }

  #sample({ data, timestamp, info, index, count, sampleNumber }: Sample): Rows {
    const rate = info?.samplingRate ?? this.#rate;
    return { data: data.map((x) => [x]), rate, time: timestamp, count: index ?? count ?? sampleNumber };
  }

  #epoch({ data, info }: Epoch): Rows {
    return { data, rate: info?.samplingRate ?? this.#rate, time: info?.startTime };
  }

  #zipped({ data, timestamp, index }: { data: number[][]; timestamp: number; index?: number }): Block[] {
    return this.#place({ data, rate: this.#rate, time: timestamp, count: index });
  }

  #place({ data, rate, time, count }: Rows): Block[] {
    const frames = data[0].length;
    if (data.some((row) => row.length !== frames))
      throw invalid(
        'data',
        'rows of the same length',
        data.map((row) => row.length),
      );
    const next = this.#clock.next;
    const start = this.#clock.place(frames, { rate, time, count });
    const old = Math.max(0, next - start);
    if (old >= frames) return [];
    const channels = data.length;
    const block = new Float32Array((frames - old) * channels);
    for (let c = 0; c < channels; c++)
      for (let i = old; i < frames; i++) block[(i - old) * channels + c] = data[c][i] ?? NaN;
    const stamp = (Number.isFinite(time) ? time : 0) + (rate > 0 ? (old * 1000) / rate : 0);
    return [{ data: block, channels, start: start + old, rate, time: stamp }];
  }
}

function isEpoch(value: Sample | Epoch): value is Epoch {
  return Array.isArray(value.data[0]);
}

function refused(value: unknown): Error {
  return invalid('sample', 'a sample { data, timestamp }, an epoch or a reading', value, TypeError);
}
