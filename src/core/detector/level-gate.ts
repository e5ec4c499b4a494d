import { doublesIn, type State, stateIn } from '../state/state.ts';

/** Frames of the short mean, and time constant of the reference level in frames. */
const shortFrames = 10;
const longFrames = 120;
const minWeight = 1 / longFrames;
/** Frames before the gate can open. */
const settlingFrames = 3 * longFrames;
/** Deviations at which the gate opens and closes, relative to the mean deviation. */
const openThreshold = 4.5;
const closeThreshold = 1.5;
/** Factor by which an open gate slows down the reference level. */
const openSpeed = 0.02;

/**
 * Detects a shift of a channel's level, for as long as it lasts:
 *
 *     d = |mean of the last 10 - r|;   deviation z = d / u
 *     r ← r + w (x - r),  u ← u + w (d - u)       w = 1/n, from 120 frames on 1/120
 *
 * The gate opens at z > 4.5 and closes at z < 1.5. While it is open, r and u adapt fifty times as slowly, so that a
 * shift is not absorbed while it is reported, and a permanent new level is eventually accepted. u is the mean deviation
 * of the short mean, so a channel that varies more must shift further.
 */
export class LevelGate {
  readonly #short = new MovingMean(shortFrames);
  #count = 0;
  #reference = 0;
  #meanDeviation = 0;
  /** Whether the level is shifted now. */
  open = false;
  /** First frame of the current or latest deviation. */
  since = 0;

  /** Adds a sample of frame `index`. The deviation z is 0 while settling. */
  push(x: number, index: number): void {
    const mean = this.#short.push(x);
    const n = ++this.#count;
    const reference = this.#reference;
    const deviation = this.#meanDeviation;
    const z = n > settlingFrames && deviation > 0 ? Math.abs(mean - reference) / deviation : 0;
    if (z < closeThreshold) this.since = index + 1;
    const open = this.open ? z >= closeThreshold : z > openThreshold;
    this.open = open;
    const w = (open ? openSpeed : 1) * (n < longFrames ? 1 / n : minWeight);
    const moved = reference + w * (x - reference);
    this.#reference = moved;
    this.#meanDeviation = deviation + w * (Math.abs(mean - moved) - deviation);
  }

  save(): State {
    const numbers = Float64Array.of(this.#count, this.#reference, this.#meanDeviation, this.open ? 1 : 0, this.since);
    return { numbers, short: this.#short.save() };
  }

  restore(state: State): void {
    const numbers = doublesIn(state, 'numbers', 5);
    [this.#count, this.#reference, this.#meanDeviation, , this.since] = numbers;
    this.open = numbers[3] === 1;
    this.#short.restore(stateIn(state, 'short'));
  }
}

/** Mean of the last `length` numbers, or of all of them if there are fewer. */
class MovingMean {
  readonly length: number;
  readonly #line: Float64Array;
  #count = 0;
  #at = 0;
  #sum = 0;

  constructor(length: number) {
    this.length = length;
    this.#line = new Float64Array(length);
  }

  push(x: number): number {
    const at = this.#at;
    this.#sum += x - this.#line[at];
    this.#line[at] = x;
    this.#at = at + 1;
    if (at + 1 === this.length) this.#recompute();
    if (this.#count < this.length) this.#count++;
    return this.#sum / this.#count;
  }

  save(): State {
    return { line: this.#line.slice(), numbers: Float64Array.of(this.#count, this.#at, this.#sum) };
  }

  restore(state: State): void {
    this.#line.set(doublesIn(state, 'line', this.length));
    [this.#count, this.#at, this.#sum] = doublesIn(state, 'numbers', 3);
  }

  /** Recomputes the sum once per turn of the buffer, so that rounding errors of a large sample do not stay. */
  #recompute(): void {
    this.#at = 0;
    this.#sum = 0;
    for (let i = 0; i < this.length; i++) this.#sum += this.#line[i];
  }
}
