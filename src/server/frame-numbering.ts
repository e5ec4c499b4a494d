import type { Gap } from '../protocol/ingest.ts';
import { maxGap } from '../protocol/limits.ts';
import { ProtocolError } from '../protocol/protocol-error.ts';

/** Position of received frames in the stream. */
export interface Placement {
  /** Absolute index of the first frame that is new. */
  start: number;
  /** Number of leading frames that had been received before. */
  old: number;
  /** Missing frames before them. */
  gap: Gap | undefined;
}

/**
 * The frame numbering of one run: the first frame sets the start; later frames are new, duplicates, or follow a gap of
 * any length.
 */
export class FrameNumbering {
  #next: number;
  #started: boolean;

  /** @param next index of the next frame, if a run is continued. Default: start a new run at 0 */
  constructor(next?: number) {
    this.#next = next ?? 0;
    this.#started = next !== undefined;
  }

  /** Returns a numbering in the same state. */
  copy(): FrameNumbering {
    const copy = new FrameNumbering();
    copy.#next = this.#next;
    copy.#started = this.#started;
    return copy;
  }

  /** The next index expected. */
  get next(): number {
    return this.#next;
  }

  /**
   * Places `frames` frames at `start` (default: the next index). Throws a ProtocolError ('bad-index', 'far-index') and
   * changes nothing.
   */
  place(start: number | undefined, frames: number): Placement {
    const from = start ?? this.#next;
    if (!Number.isSafeInteger(from + frames))
      throw new ProtocolError('bad-index', `start + frames must be at most 2^53 - 1, got start ${from}`);
    if (!this.#started) {
      this.#started = frames > 0;
      this.#next = from + frames;
      return { start: from, old: 0, gap: undefined };
    }
    const missing = this.#distance('start', from);
    const old = Math.min(frames, Math.max(0, this.#next - from));
    const gap: Gap | undefined = missing > 0 ? { type: 'gap', from: this.#next, count: missing } : undefined;
    this.#next = Math.max(this.#next, from + frames);
    return { start: from + old, old, gap };
  }

  /** Skips frames that a sensor reports as missing; returns those that were not received before. */
  skip({ from, count }: Gap): Gap | undefined {
    if (!this.#started) return undefined;
    this.#distance('from + count', from + count);
    const missing = from + count - this.#next;
    if (missing <= 0) return undefined;
    const gap: Gap = { type: 'gap', from: this.#next, count: missing };
    this.#next += missing;
    return gap;
  }

  #distance(what: string, index: number): number {
    const missing = index - this.#next;
    if (missing > maxGap)
      throw new ProtocolError('far-index', `${what} must be at most 2^32 frames after ${this.#next}, got ${index}`);
    return missing;
  }
}
