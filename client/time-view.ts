import { positive } from '../src/core/check.ts';

/** A frame that is older than the newest one by more than this, in ms, indicates a clock that was set back. */
const clockSetBack = 5000;

/**
 * The time span shared by several components: the last `window` seconds up to the newest frame of any of them. A paused
 * view ends at the frame that was the newest when it was paused; components still accept data. `pause` has no effect
 * before the first frame.
 */
export class TimeView {
  #window: number;
  #newest = NaN;
  #pausedAt = NaN;
  readonly #listeners = new Set<() => void>();

  /** `window` in s. */
  constructor(window = 10) {
    this.#window = positive('window', window, 's');
  }

  /** Length of the time span, in s. */
  get window(): number {
    return this.#window;
  }

  /** End of the time span, in ms since 1970; NaN before the first frame. */
  get end(): number {
    return this.paused ? this.#pausedAt : this.#newest;
  }

  /** Whether the view is paused. */
  get paused(): boolean {
    return !Number.isNaN(this.#pausedAt);
  }

  /** How far the end is behind the newest frame, in s; 0 when live. */
  get behind(): number {
    const behind = (this.#newest - this.end) / 1000;
    return behind > 0 ? behind : 0;
  }

  /** Moves the end to the time of a new frame, in ms since 1970. Slightly older frames are ignored. */
  advance(time: number): void {
    if (time <= this.#newest && time > this.#newest - clockSetBack) return;
    this.#newest = time;
    if (!this.paused) this.#notify();
  }

  /** Stops the view at the newest frame. */
  pause(): void {
    if (this.paused || Number.isNaN(this.#newest)) return;
    this.#pausedAt = this.#newest;
    this.#notify();
  }

  /** Returns to the newest frame. */
  resume(): void {
    if (!this.paused) return;
    this.#pausedAt = NaN;
    this.#notify();
  }

  /** Sets the length of the time span, in s. */
  setWindow(seconds: number): void {
    this.#window = positive('window', seconds, 's');
    this.#notify();
  }

  /** Calls `listener` at every change. Returns a function that unsubscribes. */
  onChange(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  #notify(): void {
    for (const listener of this.#listeners) listener();
  }
}
