import { doublesIn, stateIn, type State } from '../state/state.ts';

/** The shortest silence that may be a death, in frames, and how much longer than all before it must be. */
const shortest = 60;
const longer = 10;
/** How often a channel must have moved to be one that lives. */
const lively = 60;
/** A channel that spent this part of its frames at 0 rests there: nothing written, nothing counted. */
const restful = 0.1;

/**
 * Tells when a channel has died: it shows the same sample, or none, for 60 frames at least and for ten times as long as
 * it ever did before; 0 is no death of a channel that often rests there. It lives again with a sample that is another, or,
 * where it had died by showing none, with any. A channel that moved fewer than 60 times does not die.
 */
export class Silence {
  #last = NaN;
  readonly #still = new Stretch();
  readonly #missing = new Stretch();
  #moves = 0;
  /** Frames of samples that gave way to others, and how many of them were 0. */
  #passed = 0;
  #zeros = 0;
  /** What it died of. */
  #death: Stretch | null = null;

  /** Whether the channel is dead now. */
  get dead(): boolean {
    return this.#death !== null;
  }

  /** The first frame of the silence that the channel is dead by. */
  get since(): number {
    return this.#death?.since ?? NaN;
  }

  /** Takes a sample, NaN where there is none; tells whether the channel dies at this very frame. */
  push(x: number, index: number): boolean {
    if (Number.isNaN(x)) {
      if (this.#missing.length === 0) this.#missing.since = index;
      return this.#lasts(this.#missing);
    }
    this.#over(this.#missing);
    if (x === this.#last) return this.#lasts(this.#still, x === 0 && this.#zeros > restful * this.#passed);
    this.#passed += this.#still.length + 1;
    if (this.#last === 0) this.#zeros += this.#still.length + 1;
    this.#over(this.#still);
    this.#still.since = index;
    this.#last = x;
    this.#moves++;
    return false;
  }

  save(): State {
    const death = this.#death === null ? 0 : this.#death === this.#still ? 1 : 2;
    return {
      numbers: Float64Array.of(this.#last, this.#moves, death, this.#passed, this.#zeros),
      still: this.#still.save(),
      missing: this.#missing.save(),
    };
  }

  restore(state: State): void {
    const [last, moves, death, passed, zeros] = doublesIn(state, 'numbers', 5);
    this.#last = last;
    this.#moves = moves;
    this.#passed = passed;
    this.#zeros = zeros;
    this.#still.restore(stateIn(state, 'still'));
    this.#missing.restore(stateIn(state, 'missing'));
    this.#death = [null, this.#still, this.#missing][death];
  }

  #lasts(silence: Stretch, rests = false): boolean {
    const length = ++silence.length;
    const { longest } = silence;
    if (this.#death || rests || this.#moves < lively || length < shortest || length < longer * longest) return false;
    this.#death = silence;
    return true;
  }

  #over(silence: Stretch): void {
    silence.longest = Math.max(silence.longest, silence.length);
    silence.length = 0;
    if (this.#death === silence) this.#death = null;
  }
}

/** A silence of one sort, and the longest of them, in frames. */
class Stretch {
  length = 0;
  longest = 0;
  /** Its first frame. */
  since = 0;

  save(): State {
    return { numbers: Float64Array.of(this.length, this.longest, this.since) };
  }

  restore(state: State): void {
    [this.length, this.longest, this.since] = doublesIn(state, 'numbers', 3);
  }
}
