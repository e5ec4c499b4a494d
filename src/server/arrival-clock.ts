/** A stream's own times are kept; frames without one are dated from when they arrive and how fast they come. */
export class ArrivalClock {
  readonly #rate: number;
  #index = 0;
  #time = NaN;

  constructor(rate: number) {
    this.#rate = rate;
  }

  /**
   * The time of frame `start`, the first of `frames` that arrived at `now` (ms). The rate carries on from the last
   * anchor; when that is half a second off, the newest frame is taken to be of now.
   */
  date(start: number, frames: number, now: number): number {
    if (this.#rate === 0) return now;
    const span = (frames * 1000) / this.#rate;
    const carried = this.#time + ((start - this.#index) * 1000) / this.#rate;
    if (Math.abs(carried + span - now) <= 500) return carried;
    this.#index = start;
    this.#time = now - span;
    return this.#time;
  }
}
