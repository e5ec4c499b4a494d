import { RowQueue } from '../memory/row-queue.ts';
import { floatsIn, type State } from '../state/state.ts';
import type { Loss } from './loss.ts';

/** Queue of the outputs that were emitted before their frame was trained, oldest first. */
export class EmittedPredictions {
  /** Loss of the prediction that `next` returned last. */
  loss = 0;
  readonly #loss: Loss;
  readonly #outputs: RowQueue;
  readonly #prediction: Float32Array;
  readonly #gradient: Float32Array;
  readonly #missing: Float32Array;

  constructor(channels: number, loss: Loss) {
    this.#loss = loss;
    this.#outputs = new RowQueue(channels);
    this.#prediction = new Float32Array(channels);
    this.#gradient = new Float32Array(channels);
    this.#missing = new Float32Array(channels).fill(NaN);
  }

  /** Adds the next output, at `at` in `outputs`. */
  add(outputs: Float32Array, at: number): void {
    this.#outputs.push(outputs, at);
  }

  /** Adds `count` outputs that were not computed. Remove them with `discard`, not with `next`. */
  addMissing(count: number): void {
    for (let i = 0; i < count; i++) this.#outputs.push(this.#missing, 0);
  }

  /**
   * Removes the oldest output and returns its prediction, for the target at `at` in `targets`. The result is valid until
   * the next call.
   */
  next(targets: Float32Array, at: number): Float32Array {
    const outputs = this.#outputs;
    this.loss = this.#loss.measure(outputs.data, outputs.at, targets, at, this.#prediction, this.#gradient);
    outputs.remove(1);
    return this.#prediction;
  }

  /** Discards the oldest `count` outputs, or all if there are fewer. */
  discard(count: number): void {
    this.#outputs.remove(Math.min(count, this.#outputs.count));
  }

  save(): State {
    return this.#outputs.save();
  }

  /** Restores a saved state with `count` outputs. */
  restore(state: State, count: number): void {
    floatsIn(state, 'rows', count * this.#outputs.width);
    this.#outputs.restore(state);
  }
}
