import { withEmittedRow } from './error-rows.ts';
import { doublesIn, numberIn, type State } from '../state/state.ts';

/** Number of frames whose errors are summed before running means are updated. */
export const summedFrames = 32;

/** `count` predictions, rows from offset `at` on, and their targets at `target`, `target` + `step`, … */
export interface ScoredRows {
  predictions: Float32Array;
  at: number;
  targets: Float32Array;
  target: number;
  step: number;
  count: number;
}

/**
 * Sums over up to `summedFrames` frames, from which running means are updated: of the losses, of the targets and their squares
 * relative to the first one, and of squared errors, [rows, channels].
 */
export class ErrorSums {
  count = 0;
  loss = 0;
  emittedLoss = 0;
  readonly reference: Float64Array;
  readonly deviation: Float64Array;
  readonly deviationSquare: Float64Array;
  squares: Float64Array;

  constructor(channels: number, rows: number) {
    this.reference = new Float64Array(channels);
    this.deviation = new Float64Array(channels);
    this.deviationSquare = new Float64Array(channels);
    this.squares = new Float64Array(rows * channels);
  }

  /** Separates the errors of the emitted predictions from those of the predictions for training, from now on. */
  splitEmitted(): void {
    this.squares = withEmittedRow(this.squares, this.reference.length);
    this.emittedLoss = this.loss;
  }

  /** Adds the squared errors of predictions to row `row`. */
  addErrors(row: number, { predictions, at, targets, target, step, count }: ScoredRows): void {
    const channels = this.reference.length;
    const { squares } = this;
    for (let c = 0; c < channels; c++) {
      let square = squares[row * channels + c];
      for (let i = 0, p = at + c, t = target + c; i < count; i++, p += channels, t += step) {
        const error = targets[t] - predictions[p];
        square += error * error;
      }
      squares[row * channels + c] = square;
    }
  }

  /** Adds the squared errors of the learner as `addErrors` does, and the targets, after everything else of their frames. */
  addTargets({ predictions, at, targets, target, step, count }: ScoredRows): void {
    const { reference, deviation, deviationSquare, squares } = this;
    const channels = reference.length;
    if (this.count === 0) for (let c = 0; c < channels; c++) reference[c] = targets[target + c];
    for (let c = 0; c < channels; c++) {
      const first = reference[c];
      let square = squares[c];
      let sum = deviation[c];
      let sumOfSquares = deviationSquare[c];
      for (let i = 0, p = at + c, t = target + c; i < count; i++, p += channels, t += step) {
        const sample = targets[t];
        const shifted = sample - first;
        const error = sample - predictions[p];
        sum += shifted;
        sumOfSquares += shifted * shifted;
        square += error * error;
      }
      squares[c] = square;
      deviation[c] = sum;
      deviationSquare[c] = sumOfSquares;
    }
  }

  clear(): void {
    this.count = this.loss = this.emittedLoss = 0;
    this.deviation.fill(0);
    this.deviationSquare.fill(0);
    this.squares.fill(0);
  }

  save(): State {
    return {
      count: this.count,
      loss: this.loss,
      emittedLoss: this.emittedLoss,
      reference: this.reference.slice(),
      deviation: this.deviation.slice(),
      deviationSquare: this.deviationSquare.slice(),
      squares: this.squares.slice(),
    };
  }

  restore(state: State): void {
    this.count = numberIn(state, 'count');
    this.loss = numberIn(state, 'loss');
    this.emittedLoss = numberIn(state, 'emittedLoss');
    for (const name of ['reference', 'deviation', 'deviationSquare', 'squares'] as const)
      this[name].set(doublesIn(state, name, this[name].length));
  }
}
