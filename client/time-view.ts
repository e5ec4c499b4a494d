import { positive } from '../src/core/check.ts';

/** A frame that is older than the newest one by more than this, in ms, indicates a clock that was set back. */
const clockSetBack = 5000;

/** What is known about the source of a view's data. */
export interface SourceStatus {
  /** Whether the newest frame is fresh; the right edge of the plots is then labeled 'now' (default: false). */
  readonly fresh?: boolean;
  /** The end of a live view, in ms since 1970, if no data arrives (default: the time of the newest frame). */
  readonly clock?: number;
  /** Text over the plots, such as 'No data since 18:38:12' (default: none). */
  readonly note?: string;
}

/** A clock that moves by less than this fraction of the window does not redraw the plots. */
const minMove = 1 / 2000;

/**
 * The time span shared by several components: the last `window` seconds up to the newest frame of any of them, or
 * up to the clock if `setStatus` reports that no data arrives. A paused
 * view ends at the frame that was the newest when it was paused; components still accept data. `pause` has no effect
 * before the first frame.
 */
export class TimeView {
  #window: number;
  #newest = NaN;
  #pausedAt = NaN;
  #status: SourceStatus = {};
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
    if (this.paused) return this.#pausedAt;
    return Math.max(this.#newest, this.#status.clock ?? this.#newest);
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

  /** Whether the newest frame is fresh, as reported by `setStatus`. */
  get fresh(): boolean {
    return this.#status.fresh ?? false;
  }

  /** Text over the plots, as set by `setStatus`; empty by default. */
  get note(): string {
    return this.#status.note ?? '';
  }

  /** The clock that the end follows while no data arrives, in ms since 1970; NaN while the end follows the data. */
  get clock(): number {
    return this.#status.clock ?? NaN;
  }

  /** Sets whether data arrives. Without a call, plots do not claim that the newest frame is recent. */
  setStatus(status: SourceStatus): void {
    const { fresh, note, clock } = this;
    const moved = Math.abs((status.clock ?? 0) - (Number.isNaN(clock) ? 0 : clock)) > minMove * 1000 * this.#window;
    if (!moved && fresh === (status.fresh ?? false) && note === (status.note ?? '')) return;
    this.#status = status;
    this.#notify();
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
    this.#pausedAt = this.end;
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
