import type { Gap } from '../protocol/ingest.ts';
import { maxGap } from '../protocol/limits.ts';
import { ProtocolError } from '../protocol/protocol-error.ts';

/** Where frames that came are to be put. */
export interface Placement {
  /** Absolute index of the first frame that is new. */
  start: number;
  /** Frames that had come before, at the beginning. */
  old: number;
  /** Frames that never came, before them. */
  gap: Gap | undefined;
}

/** The numbering of one run: the first frame places it, later ones are new, old, or behind a gap. Costs the same for any jump. */
export class FrameNumbering {
  #next = 0;
  #started = false;

  /** The next index expected. */
  get next(): number {
    return this.#next;
  }

  /** Takes `frames` frames at `start` (default: the next). Throws a ProtocolError ('bad-index', 'far-index') and takes nothing. */
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

  /** Frames that a sensor says never came: what is new of them. */
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
