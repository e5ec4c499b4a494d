import { invalid } from '../check.ts';
import { numberIn, type State } from '../state/state.ts';

/**
 * Counts the frames of a stream on through every numbering of it: after a restart frames are numbered from anywhere, but what
 * a machine remembers of frames before keeps its order.
 *
 *     as the stream numbers them    0 1 2 3 4 | 0 1 2 …
 *     as they are counted           0 1 2 3 4   5 6 7 …
 */
export class FrameClock {
  /** The frame that comes next, and the first, as the stream numbers them; -1 = the next block begins to. */
  #expected = -1;
  #first = 0;
  #count = 0;

  /** Goes on at frame `start`; returns how many frames before it never came. Throws a RangeError when that is in the past. */
  advanceTo(start: number): number {
    if (start < this.#expected) throw invalid('block.start', `>= ${this.#expected}`, start);
    if (this.#expected < 0) this.#first = start;
    const missing = this.#expected < 0 ? 0 : start - this.#expected;
    this.#expected = start;
    this.#count += missing;
    return missing;
  }

  advance(frames: number): void {
    this.#expected += frames;
    this.#count += frames;
  }

  /** The count of a frame that the stream numbers so. */
  countOf(index: number): number {
    return index - this.#expected + this.#count;
  }

  /** How the stream numbers the frame of a count; of one before its numbering began, its first. */
  indexOf(count: number): number {
    return Math.max(this.#first, count - this.#count + this.#expected);
  }

  save(): State {
    return { expected: this.#expected, first: this.#first, count: this.#count };
  }

  restore(state: State): void {
    this.#expected = numberIn(state, 'expected');
    this.#first = numberIn(state, 'first');
    this.#count = numberIn(state, 'count');
  }

  /** The next block begins to number frames anew. */
  renumber(): void {
    this.#expected = -1;
  }
}
