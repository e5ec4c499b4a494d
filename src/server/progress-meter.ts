import { type TimeUnit, unitByProgress } from '../core/blocks/time-unit.ts';

/** A time of an unknown unit, the index of its frame, and its arrival in ms. */
interface Reading {
  readonly time: number;
  readonly start: number;
  readonly now: number;
}

/** How much a measurement must agree. */
export interface Strictness {
  /** Largest accepted factor between the measured and the real speed. */
  readonly factor: number;
  /** Least time in s between the first and the last arrival, where the frames do not determine the unit. */
  readonly seconds: number;
  /** Least number of intervals between times. */
  readonly intervals: number;
}

/** A time that is more than this factor larger than the one before is of another clock. */
const leap = 10;

/**
 * Measures the unit of a clock by its progress: over the frames of a stream with a sampling rate, otherwise over the arrivals.
 * The measurement starts again where times go back, or leap.
 */
export class ProgressMeter {
  readonly #rate: number;
  #first: Reading | undefined;
  #before: Reading | undefined;
  #newest: Reading | undefined;
  #intervals = 0;

  /** @param rate sampling rate in Hz; 0 = irregular */
  constructor(rate: number) {
    this.#rate = rate;
  }

  /** Returns a meter in the same state. */
  copy(): ProgressMeter {
    const copy = new ProgressMeter(this.#rate);
    copy.#first = this.#first;
    copy.#before = this.#before;
    copy.#newest = this.#newest;
    copy.#intervals = this.#intervals;
    return copy;
  }

  /** Whether a time is far ahead of the newest one. */
  isLeap(time: number): boolean {
    return this.#newest !== undefined && time > leap * Math.max(0, this.#newest.time);
  }

  observe(reading: Reading): void {
    const newest = this.#newest?.time ?? NaN;
    if (!(reading.time >= newest) || (this.isLeap(reading.time) && newest >= 0)) {
      this.#first = reading;
      this.#before = undefined;
      this.#intervals = 0;
    } else if (reading.time > newest) {
      this.#before = this.#newest;
      this.#intervals++;
    }
    this.#newest = reading;
  }

  /** The measured unit; undefined while it is not certain. */
  unit({ factor, seconds, intervals }: Strictness): TimeUnit | undefined {
    const [first, before, newest] = [this.#first, this.#before, this.#newest];
    if (!first || !before || !newest || this.#intervals < intervals) return undefined;
    const range = { slowest: 1 / factor, fastest: factor };
    const unitSince = (since: Reading, passed: number) => unitByProgress(newest.time - since.time, passed, range);
    if (this.#rate > 0) {
      const unit = unitSince(first, (newest.start - first.start) / this.#rate);
      // A gap that the device does not number makes one interval long; the newest one must agree.
      if (unit !== undefined && unit === unitSince(before, (newest.start - before.start) / this.#rate)) return unit;
    }
    const passed = (newest.now - first.now) / 1000;
    return passed >= seconds ? unitSince(first, passed) : undefined;
  }
}
