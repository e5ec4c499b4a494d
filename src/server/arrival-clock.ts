/** Deviation in ms at which the clock is reset. */
const maxDeviation = 500;
/** Fraction of the deviation that is corrected with each message. */
const correction = 0.05;

/** Assigns times to frames without times, from their arrival and the sampling rate. */
export class ArrivalClock {
  readonly #rate: number;
  #index = 0;
  #time = NaN;

  constructor(rate: number) {
    this.#rate = rate;
  }

  /** Returns a clock in the same state. */
  copy(): ArrivalClock {
    const copy = new ArrivalClock(this.#rate);
    copy.#index = this.#index;
    copy.#time = this.#time;
    return copy;
  }

  /**
   * Returns the time of frame `start`, the first of `frames` that arrived at `now` (ms). Times advance at the sampling rate
   * and are slowly corrected toward a newest frame at `now`, so that a sensor whose clock is slightly off causes no jumps,
   * and times always increase. At a deviation of more than half a second, the newest frame is set to `now`.
   */
  date(start: number, frames: number, now: number): number {
    if (this.#rate === 0) return now;
    const span = (frames * 1000) / this.#rate;
    const predicted = this.#time + ((start - this.#index) * 1000) / this.#rate;
    const deviation = now - span - predicted;
    const adjustment = Math.max(-span / 2, Math.min(span / 2, correction * deviation));
    this.#index = start;
    this.#time = Math.abs(deviation) <= maxDeviation ? predicted + adjustment : now - span;
    return this.#time;
  }
}
