import { doublesIn, stateIn, type State } from '../state/state.ts';

/** The shortest silence that may be a death, in frames, and how much longer than all before it must be. */
const minFrames = 60;
const minRatio = 10;
/** How often a channel must have moved to be one that lives. */
const minChanges = 60;
/** A channel that spent this part of its frames at 0 rests there: nothing written, nothing counted. */
const restingShare = 0.1;

/**
 * Tells when a channel has died: it shows the same sample, or none, for 60 frames at least and for ten times as long as
 * it ever did before; 0 is no death of a channel that often rests there. It lives again with a sample that is another, or,
 * where it had died by showing none, with any. A channel that moved fewer than 60 times does not die.
 */
export class FlatlineMonitor {
  #last = NaN;
  readonly #still = new Interval();
  readonly #missing = new Interval();
  #changes = 0;
  /** Frames of samples that gave way to others, and how many of them were 0. */
  #framesSeen = 0;
  #zeroFrames = 0;
  /** What it died of. */
  #flatline: Interval | null = null;

  /** Whether the channel is dead now. */
  get flatlined(): boolean {
    return this.#flatline !== null;
  }

  /** The first frame of the silence that the channel is dead by. */
  get since(): number {
    return this.#flatline?.since ?? NaN;
  }

  /** Takes a sample, NaN where there is none; tells whether the channel dies at this very frame. */
  push(x: number, index: number): boolean {
    if (Number.isNaN(x)) {
      if (this.#missing.length === 0) this.#missing.since = index;
      return this.#extend(this.#missing);
    }
    this.#endInterval(this.#missing);
    if (x === this.#last)
      return this.#extend(this.#still, x === 0 && this.#zeroFrames > restingShare * this.#framesSeen);
    this.#framesSeen += this.#still.length + 1;
    if (this.#last === 0) this.#zeroFrames += this.#still.length + 1;
    this.#endInterval(this.#still);
    this.#still.since = index;
    this.#last = x;
    this.#changes++;
    return false;
  }

  save(): State {
    const death = this.#flatline === null ? 0 : this.#flatline === this.#still ? 1 : 2;
    return {
      numbers: Float64Array.of(this.#last, this.#changes, death, this.#framesSeen, this.#zeroFrames),
      still: this.#still.save(),
      missing: this.#missing.save(),
    };
  }

  restore(state: State): void {
    const [last, moves, death, passed, zeros] = doublesIn(state, 'numbers', 5);
    this.#last = last;
    this.#changes = moves;
    this.#framesSeen = passed;
    this.#zeroFrames = zeros;
    this.#still.restore(stateIn(state, 'still'));
    this.#missing.restore(stateIn(state, 'missing'));
    this.#flatline = [null, this.#still, this.#missing][death];
  }

  #extend(silence: Interval, rests = false): boolean {
    const length = ++silence.length;
    const { longest } = silence;
    if (this.#flatline || rests || this.#changes < minChanges || length < minFrames || length < minRatio * longest)
      return false;
    this.#flatline = silence;
    return true;
  }

  #endInterval(silence: Interval): void {
    silence.longest = Math.max(silence.longest, silence.length);
    silence.length = 0;
    if (this.#flatline === silence) this.#flatline = null;
  }
}

/** A silence of one sort, and the longest of them, in frames. */
class Interval {
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
