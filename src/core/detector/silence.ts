import { doublesIn, type State } from '../state.ts';

/** The shortest silence that may be a death, in frames, and how much longer than all before it must be. */
const shortest = 60;
const longer = 10;

/**
 * Tells when a channel has died: it shows the same sample, or none, for 60 frames at least and for ten times as long as
 * it ever did before. It is told once, until the channel lives again. A channel that never moved is not told.
 */
export class Silence {
  #last = NaN;
  #still = 0;
  #longestStill = 0;
  #missing = 0;
  #longestMissing = 0;
  #moved = false;
  /** Whether the channel is dead now. */
  dead = false;
  /** The first frame of the present or latest silence. */
  since = 0;

  /** Takes a sample, NaN where there is none; tells whether the channel dies at this very frame. */
  push(x: number, index: number): boolean {
    if (Number.isNaN(x)) {
      if (this.#missing++ === 0) this.since = index;
      return this.#moved && this.#dies(this.#missing, this.#longestMissing);
    }
    if (this.#missing > 0 && !this.dead) this.#longestMissing = Math.max(this.#longestMissing, this.#missing);
    if (this.#missing > 0 && this.dead) this.dead = false;
    this.#missing = 0;
    if (x === this.#last) {
      this.#still++;
      return this.#moved && this.#dies(this.#still, this.#longestStill);
    }
    if (!this.dead) this.#longestStill = Math.max(this.#longestStill, this.#still);
    this.#moved ||= !Number.isNaN(this.#last);
    this.#last = x;
    this.#still = 0;
    this.dead = false;
    this.since = index;
    return false;
  }

  save(): State {
    const flags = [this.#moved ? 1 : 0, this.dead ? 1 : 0, this.since];
    const lengths = [this.#still, this.#longestStill, this.#missing, this.#longestMissing];
    return { numbers: Float64Array.of(this.#last, ...lengths, ...flags) };
  }

  restore(state: State): void {
    const numbers = doublesIn(state, 'numbers', 8);
    [this.#last, this.#still, this.#longestStill, this.#missing, this.#longestMissing] = numbers;
    this.#moved = numbers[5] === 1;
    this.dead = numbers[6] === 1;
    this.since = numbers[7];
  }

  #dies(length: number, longest: number): boolean {
    if (this.dead || length < shortest || length < longer * longest) return false;
    this.dead = true;
    return true;
  }
}
