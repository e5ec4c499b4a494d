import { type Block, frameCount, timeOf } from '../core/blocks/block.ts';
import type { StreamHealth } from '../protocol/watch-message.ts';

/** Time in ms over which the rate is measured, if frames arrive more often. */
const measured = 5000;
/** Number of usual intervals between arrivals after which a stream has stopped. */
const stoppedAfter = 3;

/** The number of frames at an arrival. */
interface Arrival {
  readonly at: number;
  readonly received: number;
}

/** Counts of a stream. */
export class StreamStatistics {
  gaps = 0;
  #received = 0;
  #invalid = 0;
  /** Time of the newest frame in ms since 1970; NaN if there is none. */
  #newest = NaN;
  /** When `received` rose, to the interval of the calls; the first one is the first call. */
  readonly #arrivals: Arrival[] = [];

  /** Counts the frames of a block. */
  add(block: Block): void {
    const frames = frameCount(block);
    this.#received += frames;
    this.#newest = timeOf(block, block.start + frames - 1);
    if (block.valid) for (const real of block.valid) this.#invalid += 1 - real;
  }

  /**
   * Returns the health of the stream at `now`, in ms since 1970; to be called once per second. The rate is measured between
   * the arrivals of the last 5 s, or between the last two, so that it does not depend on how many frames arrive together.
   */
  health(name: string, now: number): StreamHealth {
    const last = this.#arrivals.at(-1);
    if (!last || this.#received > last.received) this.#arrivals.push({ at: now, received: this.#received });
    while (this.#arrivals.length > 2 && this.#arrivals[1].at <= now - measured) this.#arrivals.shift();
    const arrived = this.#received > 0 ? this.#arrivals[this.#arrivals.length - 1].at : NaN;
    return {
      name,
      rate: this.#rate(now),
      lag: Number.isFinite(this.#newest) ? Math.max(0, now - this.#newest) : null,
      ...(this.#newest > now && { ahead: this.#newest - now }),
      ...(Number.isFinite(arrived) && { idle: now - arrived }),
      received: this.#received,
      gaps: this.gaps,
      invalid: this.#invalid,
    };
  }

  #rate(now: number): number {
    const [first] = this.#arrivals;
    const last = this.#arrivals[this.#arrivals.length - 1];
    const interval = (last.at - first.at) / (this.#arrivals.length - 1);
    const hasStopped = now - last.at > Math.max(measured, stoppedAfter * interval);
    return last.at > first.at && !hasStopped ? ((last.received - first.received) * 1000) / (last.at - first.at) : 0;
  }
}
