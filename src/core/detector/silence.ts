import { doublesIn, stateIn, type State } from '../state.ts';

/** The shortest silence that may be a death, in frames, and how much longer than all before it must be. */
const shortest = 60;
const longer = 10;
/** How often a channel must have moved to be one that lives. */
const lively = 60;

/**
 * Tells when a channel has died: it shows the same sample, or none, for 60 frames at least and for ten times as long as
 * it ever did before. It lives again with a sample that is another, or, where it had died by showing none, with any. A
 * channel that moved fewer than 60 times does not die.
 */
export class Silence {
  #last = NaN;
  readonly #still = new Stretch();
  readonly #missing = new Stretch();
  #moves = 0;
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
    if (x === this.#last) return this.#lasts(this.#still);
    this.#over(this.#still);
    this.#still.since = index;
    this.#last = x;
    this.#moves++;
    return false;
  }

  save(): State {
    const death = this.#death === null ? 0 : this.#death === this.#still ? 1 : 2;
    return {
      numbers: Float64Array.of(this.#last, this.#moves, death),
      still: this.#still.save(),
      missing: this.#missing.save(),
    };
  }

  restore(state: State): void {
    const [last, moves, death] = doublesIn(state, 'numbers', 3);
    this.#last = last;
    this.#moves = moves;
    this.#still.restore(stateIn(state, 'still'));
    this.#missing.restore(stateIn(state, 'missing'));
    this.#death = [null, this.#still, this.#missing][death];
  }

  #lasts(silence: Stretch): boolean {
    const length = ++silence.length;
    const { longest } = silence;
    if (this.#death || this.#moves < lively || length < shortest || length < longer * longest) return false;
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
