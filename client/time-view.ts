import { positive } from '../src/core/check.ts';

/** A newest frame that lies this far behind the one before, in ms, belongs to a clock that was set back. */
const clockSetBack = 5000;

/**
 * The stretch of time that several pieces show together: `window` seconds up to the newest frame of any of them, or, when
 * paused, up to the frame that was newest then. A paused view costs no data: pieces go on reading. One that has seen no
 * frame has nothing to hold: `pause` leaves it live.
 */
export class TimeView {
  #window: number;
  #newest = NaN;
  #pausedAt = NaN;
  readonly #listeners = new Set<() => void>();

  constructor(window = 10) {
    this.#window = positive('window', window, 's');
  }

  /** How much is shown, in s. */
  get window(): number {
    return this.#window;
  }

  /** The right edge, in ms since 1970; NaN before the first frame. */
  get end(): number {
    return this.paused ? this.#pausedAt : this.#newest;
  }

  get paused(): boolean {
    return !Number.isNaN(this.#pausedAt);
  }

  /** How far the right edge lies behind the newest frame, in s; 0 when live. */
  get behind(): number {
    const behind = (this.#newest - this.end) / 1000;
    return behind > 0 ? behind : 0;
  }

  /** Tells that a frame of this time has come. */
  advance(time: number): void {
    if (time <= this.#newest && time > this.#newest - clockSetBack) return;
    this.#newest = time;
    if (!this.paused) this.#notify();
  }

  pause(): void {
    if (this.paused || Number.isNaN(this.#newest)) return;
    this.#pausedAt = this.#newest;
    this.#notify();
  }

  /** Shows the newest again. */
  resume(): void {
    if (!this.paused) return;
    this.#pausedAt = NaN;
    this.#notify();
  }

  setWindow(seconds: number): void {
    this.#window = positive('window', seconds, 's');
    this.#notify();
  }

  /** Calls `listener` at every change; returns what ends that. */
  onChange(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  #notify(): void {
    for (const listener of this.#listeners) listener();
  }
}
