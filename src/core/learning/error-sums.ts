import { withEmittedRow } from './error-rows.ts';
import { doublesIn, numberIn, type State } from '../state/state.ts';

/** Number of frames whose errors are summed before running means are updated. */
export const summedFrames = 16;

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
