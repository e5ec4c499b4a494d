import type { StreamHealth } from '../protocol/watch-message.ts';

/** Ticks of one second that the measured rate is taken over. */
const ticks = 5;

/** What is counted of a stream. */
export class StreamStatistics {
  received = 0;
  gaps = 0;
  invalid = 0;
  /** When the newest frame was taken, in ms since 1970; NaN: there is none. */
  newest: number = NaN;
  readonly #marks: { at: number; received: number }[] = [];

  /** How the stream does at `now`, in ms since 1970; the rate is of the last five calls. */
  health(name: string, now: number): StreamHealth {
    this.#marks.push({ at: now, received: this.received });
    if (this.#marks.length > ticks + 1) this.#marks.shift();
    const [first] = this.#marks;
    const seconds = (now - first.at) / 1000;
    return {
      name,
      rate: seconds > 0 ? (this.received - first.received) / seconds : 0,
      lag: Number.isFinite(this.newest) ? Math.max(0, now - this.newest) : null,
      received: this.received,
      gaps: this.gaps,
      invalid: this.invalid,
    };
  }
}
