import { invalid } from '../check.ts';
import { type State, numberIn } from '../state/state.ts';

/**
 * Counts the frames of a stream across restarts. A restart may begin with any frame index, but the count always
 * increases, so that stored frame counts keep their order.
 *
 *     frame index    0 1 2 3 4 | 0 1 2 …
 *     count          0 1 2 3 4   5 6 7 …
 */
export class FrameClock {
  /** Next and first frame index of the current numbering; -1 = the next block starts a numbering. */
  #expected = -1;
  #first = 0;
  #count = 0;

  /**
   * Advances to frame index `start`. Returns the number of missing frames before it.
   * @throws RangeError if `start` is in the past
   */
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

  /** Returns the count of a frame index. */
  countOf(index: number): number {
    return index - this.#expected + this.#count;
  }

  /** Returns the frame index of a count; the first index of the numbering if the count is older. */
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

  /** Lets the next block start a new numbering. */
  renumber(): void {
    this.#expected = -1;
  }
}
