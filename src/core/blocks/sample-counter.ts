import { integer, invalid } from '../check.ts';

/** The counter sizes of common devices: OpenBCI Ganglion, Cyton, muse-js, and 32 bits. */
const commonWraps = [200, 201, 256, 65536, 2 ** 32];

/**
 * Unwraps a device's counter. Unless `wrap` is given, the number of its values is one of 200 and 201 (OpenBCI Ganglion), 256,
 * 65536, and 2^32 that is larger than every count so far.
 */
export class SampleCounter {
  readonly #wrap: number | undefined;
  #largest = 0;
  #last: number | undefined;

  constructor(wrap?: number) {
    if (wrap !== undefined && !(Number.isSafeInteger(wrap) && wrap >= 2))
      throw invalid('wrap', 'an integer >= 2', wrap);
    this.#wrap = wrap;
  }

  /** The numbers of values that the counter can have, the most likely one first. */
  wrapsWith(count: number): number[] {
    if (this.#wrap !== undefined) return [this.#wrap];
    const largest = Math.max(this.#largest, count);
    const wraps = commonWraps.filter((wrap) => wrap > largest);
    return wraps.length > 0 ? wraps : [Infinity];
  }

  /** The counts from the newest reading to another one: negative if it is lower, 0 for the first. */
  difference(count: number): number {
    integer('count', count, 0);
    return count - (this.#last ?? count);
  }

  /** Makes a count the newest reading. */
  accept(count: number): void {
    this.#largest = Math.max(this.#largest, count);
    this.#last = count;
  }
}
