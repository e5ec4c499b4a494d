import type { Clock } from './clock.ts';

/**
 * Delay in ms, such as after the computer slept, beyond which a replay continues from its position instead of catching
 * up.
 */
const maxLateness = 5000;

/** Maps times of a recording, in ms after its first frame, to times at which a replay is due. */
export class ReplaySchedule {
  readonly #clock: Clock;
  readonly #speed: number;
  /** Time at which the first frame is due, if nothing was skipped. */
  #begin: number;
  /** Time of the first frame in the stream, at speed 1. */
  #origin: number;

  constructor(clock: Clock, speed: number) {
    this.#clock = clock;
    this.#speed = speed;
    this.#begin = this.#origin = clock.now();
  }

  /** Time in ms until `since` is due; negative if it is late. */
  remaining(since: number): number {
    return this.#begin + since / this.#speed - this.#clock.now();
  }

  /** The live time of `since`. */
  timeAt(since: number): number {
    return this.#origin + since;
  }

  /** Makes everything due earlier by `ms` at the playback speed. */
  skip(ms: number): void {
    this.#begin -= ms;
    this.#origin -= ms * this.#speed;
  }

  /** Makes everything due later if `since` is too late to catch up. */
  catchUp(since: number): void {
    const late = -this.remaining(since);
    if (this.#speed === Infinity || late <= maxLateness) return;
    this.#begin += late;
    this.#origin += late;
  }
}
