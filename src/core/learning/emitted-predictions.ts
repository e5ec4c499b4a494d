import { RowQueue } from '../memory/row-queue.ts';
import { floatsIn, type State, stateIn } from '../state/state.ts';
import type { ForecastScore } from './forecast-score.ts';
import type { FrameRing } from './frames.ts';
import type { Loss } from './loss.ts';

/** Predictions that were emitted before their frame was trained, oldest first, and the score of those evaluated. */
export class EmittedPredictions {
  readonly score: ForecastScore;
  readonly #loss: Loss;
  readonly #rows: RowQueue;
  readonly #prediction: Float32Array;
  readonly #gradient: Float32Array;
  readonly #missing: Float32Array;

  constructor(channels: number, loss: Loss, score: ForecastScore) {
    this.score = score;
    this.#loss = loss;
    this.#rows = new RowQueue(channels);
    this.#prediction = new Float32Array(channels);
    this.#gradient = new Float32Array(channels);
    this.#missing = new Float32Array(channels).fill(NaN);
  }

  /** Adds the outputs of the next prediction, at `at` in `outputs`. */
  add(outputs: Float32Array, at: number): void {
    this.#rows.push(outputs, at);
  }

  /** Adds `count` predictions that were not computed. They must be discarded. */
  addMissing(count: number): void {
    for (let i = 0; i < count; i++) this.#rows.push(this.#missing, 0);
  }

  /** Scores the oldest prediction against frame `target` and returns it. The result is valid until the next call. */
  evaluate(targets: FrameRing, target: number): Float32Array {
    const rows = this.#rows;
    const at = targets.offset(target);
    const loss = this.#loss.measure(rows.data, rows.at, targets.data, at, this.#prediction, this.#gradient);
    this.score.add(this.#prediction, targets, target, loss);
    rows.remove(1);
    return this.#prediction;
  }

  /** Discards the oldest `count` predictions, or all if there are fewer. */
  discard(count: number): void {
    this.#rows.remove(Math.min(count, this.#rows.count));
  }

  save(): State {
    return { ...this.#rows.save(), score: this.score.save() };
  }

  restore(state: State): void {
    // throws before the rows are replaced
    floatsIn(state, 'rows');
    this.#rows.restore(state);
    this.score.restore(stateIn(state, 'score'));
  }
}
