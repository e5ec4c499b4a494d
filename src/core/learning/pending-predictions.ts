import { doublesIn, type State, stateIn } from '../state/state.ts';
import { FrameHistory } from './frames.ts';

/** Predictions that wait for their target, by output index, and the number of updates before each. */
export class PendingPredictions {
  /** Index of the oldest one. */
  first = 0;
  readonly #rows: FrameHistory;
  readonly #updatesBefore: Float64Array;

  constructor(channels: number, capacity: number) {
    this.#rows = new FrameHistory(channels, capacity);
    this.#updatesBefore = new Float64Array(capacity);
  }

  /** Index of the next prediction. */
  get next(): number {
    return this.#rows.next;
  }

  /** Number of predictions. */
  get count(): number {
    return this.next - this.first;
  }

  /** Memory of the predictions. */
  get data(): Float32Array {
    return this.#rows.data;
  }

  /** Offset of the oldest prediction in `data`. */
  get at(): number {
    return this.#rows.offset(this.first);
  }

  /** Whether the oldest prediction is valid. */
  get isValid(): boolean {
    return this.#rows.hasValid(this.first);
  }

  /** Adds the next prediction, at `at` in `outputs`, computed after `updates` updates. */
  push(outputs: ArrayLike<number>, at: number, valid: number, updates: number): void {
    this.#updatesBefore[this.next % this.#updatesBefore.length] = updates;
    this.#rows.push(outputs, at, valid);
  }

  /** Skips `count` predictions that are never computed, and removes all others. */
  skip(count: number): void {
    this.#rows.skip(count);
    this.first = this.next;
  }

  /** Removes `count` predictions, the oldest first, and continues after them if they have not all been added. */
  advance(count: number): void {
    this.first += count;
    this.#rows.moveTo(this.first);
  }

  /** Returns the staleness of the oldest one: the number of outputs or updates since, whichever is larger. 0 for the next frame. */
  staleness(updates: number): number {
    return Math.max(updates - this.#updatesBefore[this.first % this.#updatesBefore.length], this.count - 1);
  }

  save(): { waiting: State; madeAt: Float64Array } {
    const { length } = this.#updatesBefore;
    const isWaiting = (place: number) => (place - (this.first % length) + length) % length < this.count;
    const madeAt = this.#updatesBefore.map((updates, place) => (isWaiting(place) ? updates : 0));
    return { waiting: this.#rows.save(this.first), madeAt };
  }

  /** @param first index of the oldest prediction */
  restore(state: State, first: number): void {
    this.first = first;
    this.#rows.restore(stateIn(state, 'waiting'));
    this.#updatesBefore.set(doublesIn(state, 'madeAt', this.#updatesBefore.length));
  }
}
