import { doublesIn, stateIn, type State } from '../state/state.ts';

/** Minimum length of a flatline in frames, and relative to all constant intervals before it. */
const minFrames = 60;
const minRatio = 10;
/** Minimum number of changes before a channel can flatline. */
const minChanges = 60;
/** A channel with more than this share of its frames at 0 rests at 0 (nothing written, nothing counted). */
const restingShare = 0.1;

/**
 * Detects that a channel has flatlined: it shows the same sample, or none, for at least 60 frames and for at least ten
 * times as long as ever before. 0 is not a flatline if the channel often rests at 0. The flatline ends with a different
 * sample or, if samples were missing, with any sample. A channel that changed fewer than 60 times does not flatline.
 */
export class FlatlineMonitor {
  #last = NaN;
  readonly #still = new Interval();
  readonly #missing = new Interval();
  #changes = 0;
  /** Frames of past constant intervals, and how many of them were 0. */
  #framesSeen = 0;
  #zeroFrames = 0;
  /** The interval that is a flatline; null if there is none. */
  #flatline: Interval | null = null;

  /** Whether the channel is flatlined. */
  get flatlined(): boolean {
    return this.#flatline !== null;
  }

  /** First frame of the flatline. */
  get since(): number {
    return this.#flatline?.since ?? NaN;
  }

  /** Adds a sample, or NaN if it is missing. Returns whether the channel flatlines at this frame. */
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
    const flatline = this.#flatline === null ? 0 : this.#flatline === this.#still ? 1 : 2;
    return {
      numbers: Float64Array.of(this.#last, this.#changes, flatline, this.#framesSeen, this.#zeroFrames),
      still: this.#still.save(),
      missing: this.#missing.save(),
    };
  }

  restore(state: State): void {
    const [last, changes, flatline, framesSeen, zeroFrames] = doublesIn(state, 'numbers', 5);
    this.#last = last;
    this.#changes = changes;
    this.#framesSeen = framesSeen;
    this.#zeroFrames = zeroFrames;
    this.#still.restore(stateIn(state, 'still'));
    this.#missing.restore(stateIn(state, 'missing'));
    this.#flatline = [null, this.#still, this.#missing][flatline];
  }

  #extend(interval: Interval, atRest = false): boolean {
    const length = ++interval.length;
    const { longest } = interval;
    if (this.#flatline || atRest || this.#changes < minChanges || length < minFrames || length < minRatio * longest)
      return false;
    this.#flatline = interval;
    return true;
  }

  #endInterval(interval: Interval): void {
    interval.longest = Math.max(interval.longest, interval.length);
    interval.length = 0;
    if (this.#flatline === interval) this.#flatline = null;
  }
}

/** Current interval of one kind (constant or missing) and the longest one so far, in frames. */
class Interval {
  length = 0;
  longest = 0;
  /** First frame of the interval. */
  since = 0;

  save(): State {
    return { numbers: Float64Array.of(this.length, this.longest, this.since) };
  }

  restore(state: State): void {
    [this.length, this.longest, this.since] = doublesIn(state, 'numbers', 3);
  }
}
