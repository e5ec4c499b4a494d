import { invalid } from './check.ts';

/** A step back of at most this many counts is something that came late or twice, a longer one a device that began anew. */
const LATE = 16;

const WRAPS = [201, 256, 65536, 2 ** 32];

/**
 * Straightens a device's counter that wraps round. `advance` tells how many counts lie between two readings of it:
 * 0 for the same count again, negative for an older one, NaN where the device began to count anew.
 * Where the wrap is not given it is the first of 201 (OpenBCI Ganglion), 256, 65536 and 2^32 above every count so far.
 */
export class Counter {
  readonly #wrap: number | undefined;
  #largest = 0;
  #last: number | undefined;

  constructor(wrap?: number) {
    if (wrap !== undefined && !(Number.isSafeInteger(wrap) && wrap >= 2))
      throw invalid('wrap', 'an integer >= 2', wrap);
    this.#wrap = wrap;
  }

  /** Counts from the newest reading to this one; 0 for the first. An older reading does not become the newest. */
  advance(count: number): number {
    if (!Number.isSafeInteger(count) || count < 0) throw invalid('count', 'an integer >= 0', count);
    const last = this.#last ?? count;
    this.#largest = Math.max(this.#largest, count);
    const wrap = this.#wrap ?? WRAPS.find((counts) => counts > this.#largest) ?? Infinity;
    const forward = count >= last ? count - last : count - last + wrap;
    const back = forward === 0 ? 0 : wrap - forward;
    if (back > 0 && back <= LATE && back < forward) return -back;
    this.#last = count;
    return count < last && forward > wrap / 2 ? NaN : forward;
  }
}
