/** A clock that is off by more than this, in ms, starts anew. */
const maxDeviation = 500;
/** How much of what the clock is off by is taken over with each message. */
const correction = 0.05;

/** Dates frames that carry no time, from when they arrive and how fast they should come. */
export class ArrivalClock {
  readonly #rate: number;
  #index = 0;
  #time = NaN;

  constructor(rate: number) {
    this.#rate = rate;
  }

  /**
   * The time of frame `start`, the first of `frames` that arrived at `now` (ms). The rate carries on, drawn slowly to
   * where the newest frame is of now: a sensor that is a little faster or slower than its rate leaves neither a jump nor a
   * hole, and times rise. When that is half a second off, the newest frame is taken to be of now.
   */
  date(start: number, frames: number, now: number): number {
    if (this.#rate === 0) return now;
    const span = (frames * 1000) / this.#rate;
    const carried = this.#time + ((start - this.#index) * 1000) / this.#rate;
    const off = now - span - carried;
    const drawn = Math.max(-span / 2, Math.min(span / 2, correction * off));
    this.#index = start;
    this.#time = Math.abs(off) <= maxDeviation ? carried + drawn : now - span;
    return this.#time;
  }
}
