import { doublesIn, numberIn, type State } from '../state/state.ts';
import { emittedRow, predictors, withEmittedRow } from './error-rows.ts';
import { type ErrorSums, summedFrames } from './error-sums.ts';

/** A channel counts as constant if its recent variance is below this share of its overall variance. */
const minRelativeVariance = 1e-3;

/**
 * Mean squared errors relative to the variance of the target, averaged over the channels that change. NaN until known.
 */
export interface ErrorStats {
  /** Error of the learner. */
  readonly nmse: number;
  /** Error of the persistence baseline: for a forecast the last known target, otherwise the running mean. */
  readonly persistence: number;
  /** Error of the moving-average baseline: the mean of the last 8 known targets. */
  readonly movingAverage: number;
  /**
   * Error of the power-line baseline, a constant plus a sine of fixed frequency: x[t] = x[t-1] + c (x[t-1] - x[t-2]) -
   * (x[t-2] - x[t-3]), c = 2 cos(2π powerLine / rate).
   */
  readonly powerLine: number;
  /** @deprecated Use `powerLine`. */
  readonly mains: number;
  /** 1 - nmse / persistence: 0 = no better than persistence, 1 = perfect, negative = worse. */
  readonly skill: number;
  /** Mean of the training loss. */
  readonly loss: number;
  /** Root mean squared error, averaged over channels, in the target's unit. */
  readonly rms: number;
}

/**
 * Running means of squared errors and running variance of the target, exponential with the weight max(1/n, `weight`) per
 * frame: an exact mean at first, then a window of about 1 / `weight` frames. With weight 0, all frames count equally. They are
 * updated from the sums over some frames at a time, which count equally.
 */
export class RunningErrors {
  /** Weight of the last n frames together, 1 - (1 - weight)^n. */
  readonly #weights: Float64Array;
  readonly #mean: Float64Array;
  readonly #variance: Float64Array;
  /**
   * Mean squared errors, [predictors, channels]; after `splitEmitted`, with one more row for the emitted predictions.
   */
  #squares: Float64Array;
  #loss = 0;
  #emittedLoss = 0;
  #frames = 0;

  /** @param weights weight of the newest frame, or of the last n frames together for n up to `summedFrames` */
  constructor(channels: number, weights: number | Float64Array, squares: number = predictors.length * channels) {
    this.#weights = typeof weights === 'number' ? weightsOfFrames(weights) : weights;
    this.#mean = new Float64Array(channels);
    this.#variance = new Float64Array(channels);
    this.#squares = new Float64Array(squares);
  }

  get frames(): number {
    return this.#frames;
  }

  /** Returns the variance of the targets of channel `c`. */
  variance(c: number): number {
    return this.#variance[c];
  }

  /** Separates the errors of the emitted predictions from those of the predictions for training, from now on. */
  splitEmitted(): void {
    this.#squares = withEmittedRow(this.#squares, this.#mean.length);
    this.#emittedLoss = this.#loss;
  }

  /** Writes the means of the targets with the frames of `sums`, which have not been added, to `means`. */
  writeMeans({ count, reference, deviation }: ErrorSums, means: Float64Array): void {
    const a = count > 0 ? this.#weightOf(count) : 0;
    const mean = this.#mean;
    for (let c = 0; c < mean.length; c++)
      means[c] = a === 0 ? mean[c] : mean[c] + a * (reference[c] + deviation[c] / count - mean[c]);
  }

  /** Returns the mean of the targets of channel `c`. */
  mean(c: number): number {
    return this.#mean[c];
  }

  /**
   * Writes the weights that `first`, `first` + 1, … frames together would have, `count` of them, to `weights`, and the weight of each
   * frame to `shares`.
   */
  writeWeights(first: number, count: number, weights: Float64Array, shares: Float64Array): void {
    for (let i = 0; i < count; i++) {
      const frames = first + i;
      weights[i] = frames > 0 ? this.#weightOf(frames) : 0;
      shares[i] = frames > 0 ? weights[i] / frames : 0;
    }
  }

  /** Adds the frames of `sums`. */
  add(sums: ErrorSums): void {
    const n = sums.count;
    if (n === 0) return;
    const a = this.#weightOf(n);
    const share = 1 / n;
    const [mean, variance, means] = [this.#mean, this.#variance, this.#squares];
    for (let c = 0; c < mean.length; c++) {
      // Chan, Golub, and LeVeque 1983: the variances of both parts, and the distance of their means
      const shift = sums.deviation[c] * share;
      const own = Math.max(0, sums.deviationSquare[c] * share - shift * shift);
      const deviation = sums.reference[c] + shift - mean[c];
      mean[c] += a * deviation;
      variance[c] = (1 - a) * (variance[c] + a * deviation * deviation) + a * own;
    }
    for (let i = 0; i < means.length; i++) means[i] += a * (sums.squares[i] * share - means[i]);
    this.#loss += a * (sums.loss * share - this.#loss);
    this.#emittedLoss += a * (sums.emittedLoss * share - this.#emittedLoss);
    this.#frames += n;
  }

  /** Returns a copy to which the frames of `sums` have been added. */
  with(sums: ErrorSums): RunningErrors {
    const copy = new RunningErrors(this.#mean.length, this.#weights, this.#squares.length);
    copy.#mean.set(this.#mean);
    copy.#variance.set(this.#variance);
    copy.#squares.set(this.#squares);
    copy.#loss = this.#loss;
    copy.#emittedLoss = this.#emittedLoss;
    copy.#frames = this.#frames;
    copy.add(sums);
    return copy;
  }

  /**
   * Returns the current statistics. Channels whose variance is much smaller than in `overall` are
   * excluded, because they would dominate the mean.
   */
  get(overall: RunningErrors = this): ErrorStats {
    const [nmse, persistence, movingAverage, powerLine] = predictors.map((_, row) => this.#share(row, overall));
    return {
      nmse,
      persistence,
      movingAverage,
      powerLine,
      mains: powerLine,
      skill: 1 - nmse / persistence,
      loss: this.#frames > 0 ? this.#loss : NaN,
      rms: this.#rms(0),
    };
  }

  /** Returns `stats`, a result of `get`, with its errors replaced by those of the emitted predictions. */
  emitted(stats: ErrorStats, overall: RunningErrors = this): ErrorStats {
    const nmse = this.#share(emittedRow, overall);
    const loss = this.#frames > 0 ? this.#emittedLoss : NaN;
    return { ...stats, nmse, skill: 1 - nmse / stats.persistence, loss, rms: this.#rms(emittedRow) };
  }

  save(): State {
    const [mean, variance, squares] = [this.#mean.slice(), this.#variance.slice(), this.#squares.slice()];
    return { frames: this.#frames, loss: this.#loss, emittedLoss: this.#emittedLoss, mean, variance, squares };
  }

  restore(state: State): void {
    this.#frames = numberIn(state, 'frames');
    this.#loss = numberIn(state, 'loss');
    this.#mean.set(doublesIn(state, 'mean', this.#mean.length));
    this.#variance.set(doublesIn(state, 'variance', this.#variance.length));
    this.#squares.set(doublesIn(state, 'squares', this.#squares.length));
    // states of earlier versions have no emitted predictions
    this.#emittedLoss = 'emittedLoss' in state ? numberIn(state, 'emittedLoss') : this.#loss;
  }

  #weightOf(frames: number): number {
    return Math.max(frames / (this.#frames + frames), this.#weights[frames]);
  }

  /** Returns the mean squared error of a row relative to the variance of the target, averaged over the channels. */
  #share(row: number, overall: RunningErrors): number {
    const channels = this.#mean.length;
    let [sum, moving] = [0, 0];
    for (let c = 0; c < channels; c++) {
      if (!(this.#variance[c] > minRelativeVariance * overall.#variance[c])) continue;
      sum += this.#squares[row * channels + c] / this.#variance[c];
      moving++;
    }
    return sum / moving;
  }

  #rms(row: number): number {
    const channels = this.#mean.length;
    let square = 0;
    for (let c = 0; c < channels; c++) square += this.#squares[row * channels + c];
    return this.#frames > 0 ? Math.sqrt(square / channels) : NaN;
  }
}

/** Returns the weight of the last n frames together if the newest frame has the weight `weight`. */
function weightsOfFrames(weight: number): Float64Array {
  return Float64Array.from({ length: summedFrames + 1 }, (_, n) => -Math.expm1(n * Math.log1p(-weight)));
}
