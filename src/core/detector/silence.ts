import { doublesIn, type State } from '../state.ts';

/** The shortest silence that may be a death, in frames, and how much longer than all before it must be. */
const shortest = 60;
const longer = 10;
/** How often a channel must have moved to be one that lives. */
const lively = 60;

/**
 * Tells when a channel has died: it shows the same sample, or none, for 60 frames at least and for ten times as long as
 * it ever did before. It is told once, until the channel lives again. A channel that moved fewer than 60 times is not told.
 */
export class Silence {
  #last = NaN;
  #still = 0;
  #longestStill = 0;
  #missing = 0;
  #longestMissing = 0;
  #moves = 0;
  /** Whether the channel is dead now. */
  dead = false;
  /** The first frame of the present or latest silence. */
  since = 0;

  /** Takes a sample, NaN where there is none; tells whether the channel dies at this very frame. */
  push(x: number, index: number): boolean {
    if (Number.isNaN(x)) {
      if (this.#missing++ === 0) this.since = index;
      return this.#dies(this.#missing, this.#longestMissing);
    }
    if (this.#missing > 0) {
      this.#longestMissing = Math.max(this.#longestMissing, this.#missing);
      this.#missing = 0;
      this.dead = false;
    }
    if (x === this.#last) return this.#dies(++this.#still, this.#longestStill);
    this.#longestStill = Math.max(this.#longestStill, this.#still);
    this.#still = 0;
    this.#last = x;
    this.#moves++;
    this.dead = false;
    this.since = index;
    return false;
  }

  save(): State {
    const lengths = [this.#still, this.#longestStill, this.#missing, this.#longestMissing];
    return { numbers: Float64Array.of(this.#last, ...lengths, this.#moves, this.dead ? 1 : 0, this.since) };
  }

  restore(state: State): void {
    const numbers = doublesIn(state, 'numbers', 8);
    [this.#last, this.#still, this.#longestStill, this.#missing, this.#longestMissing, this.#moves] = numbers;
    this.dead = numbers[6] === 1;
    this.since = numbers[7];
  }

  #dies(length: number, longest: number): boolean {
    if (this.dead || this.#moves < lively || length < shortest || length < longer * longest) return false;
    this.dead = true;
    return true;
  }
}
