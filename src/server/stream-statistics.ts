import type { StreamHealth } from '../protocol/watch-message.ts';

/** Number of seconds over which the rate is measured. */
const measuredSeconds = 5;

/** Counts of a stream. */
export class StreamStatistics {
  received = 0;
  gaps = 0;
  invalid = 0;
  /** Time of the newest frame in ms since 1970; NaN if there is none. */
  newest: number = NaN;
  readonly #counts: { at: number; received: number }[] = [];
  /** When `received` last rose, to the interval of the calls; NaN before. */
  #arrived = NaN;

  /**
   * Returns the health of the stream at `now`, in ms since 1970; to be called once per second. The rate is measured over
   * the last five calls.
   */
  health(name: string, now: number): StreamHealth {
    if (this.received > (this.#counts.at(-1)?.received ?? 0)) this.#arrived = now;
    this.#counts.push({ at: now, received: this.received });
    if (this.#counts.length > measuredSeconds + 1) this.#counts.shift();
    const [first] = this.#counts;
    const seconds = (now - first.at) / 1000;
    return {
      name,
      rate: seconds > 0 ? (this.received - first.received) / seconds : 0,
      lag: Number.isFinite(this.newest) ? Math.max(0, now - this.newest) : null,
      ...(this.newest > now && { ahead: this.newest - now }),
      ...(Number.isFinite(this.#arrived) && { idle: now - this.#arrived }),
      received: this.received,
      gaps: this.gaps,
      invalid: this.invalid,
    };
  }
}
