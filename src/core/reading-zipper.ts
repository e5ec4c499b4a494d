import { integer, invalid } from './check.ts';
import type { Reading } from './sample.ts';

/** The readings of all electrodes at one time: data[electrode][frame], NaN where an electrode's reading was lost. */
export interface ZippedReading {
  data: number[][];
  timestamp: number;
  index?: number;
}

/**
 * Puts the readings of single electrodes together that share an index (or, without one, a timestamp). A group is
 * complete when all electrodes are there or the next group begins; a reading for a group that is gone is left out.
 */
export class ReadingZipper {
  readonly electrodes: number;
  #group: Reading[] = [];
  #done: number | undefined;

  constructor(electrodes: number) {
    this.electrodes = integer('electrodes', electrodes, 1);
  }

  /** Takes a reading; returns the groups that it completes. */
  push(reading: Reading): ZippedReading[] {
    if (!(Number.isInteger(reading.electrode) && reading.electrode >= 0 && reading.electrode < this.electrodes))
      throw invalid('reading.electrode', `an integer from 0 to ${this.electrodes - 1}`, reading.electrode);
    const key = keyOf(reading);
    if (key === this.#done) return [];
    const out = this.#group.length > 0 && keyOf(this.#group[0]) !== key ? this.flush() : [];
    if (this.#group.every(({ electrode }) => electrode !== reading.electrode)) this.#group.push(reading);
    return this.#group.length === this.electrodes ? [...out, ...this.flush()] : out;
  }

  /** The group that is being filled, as far as it came. */
  flush(): ZippedReading[] {
    if (this.#group.length === 0) return [];
    const [{ timestamp, index, samples }] = this.#group;
    const missing = samples.map(() => NaN);
    const data = Array.from({ length: this.electrodes }, () => missing);
    for (const reading of this.#group) data[reading.electrode] = reading.samples;
    this.#done = keyOf(this.#group[0]);
    this.#group = [];
    return [index === undefined ? { data, timestamp } : { data, timestamp, index }];
  }
}

function keyOf({ index, timestamp }: Reading): number {
  return index ?? timestamp;
}
