import { doublesIn, numberIn, type State } from '../state/state.ts';

/** Who is scored: the learner, and rivals that learn nothing. */
export const rivals = ['learner', 'persistence', 'movingAverage', 'mains'] as const;
export type Rival = (typeof rivals)[number];

/** A variance below this part of what it is on the whole is none to speak of: a spread of 3 % of the usual one. */
const still = 1e-3;

/** Squared errors over the variance of the truth, mean over the channels that move; NaN until known. */
export interface Standing {
  /** That of the learner. */
  readonly nmse: number;
  /** That of a rival which says that nothing changes: of a forecast the last known truth, else the running mean. */
  readonly persistence: number;
  /** That of the mean of the last 8 known truths. */
  readonly movingAverage: number;
  /** That of a constant and a mains sine, fixed: x[t] = x[t-1] + c (x[t-1] - x[t-2]) - (x[t-2] - x[t-3]), c = 2 cos(2π mains / rate). */
  readonly mains: number;
  /** 1 - nmse / persistence: 0 = no better than that rival, 1 = perfect, below 0 = worse. */
  readonly skill: number;
  /** Mean of the loss that is learned. */
  readonly loss: number;
  /** Root of the mean squared error, mean over channels, in the truth's own unit. */
  readonly rms: number;
}

/**
 * Means of squared errors, and the variance of the truth, exponential with the weight max(1/n, `weight`): so the start is an
 * exact mean and later a window of about 1 / `weight` frames counts; with the weight 0 all of them do.
 */
export class Tally {
  readonly #weight: number;
  readonly #mean: Float64Array;
  readonly #variance: Float64Array;
  /** [rivals, channels]. */
  readonly #squares: Float64Array;
  #loss = 0;
  #frames = 0;

  constructor(channels: number, weight: number) {
    this.#weight = weight;
    this.#mean = new Float64Array(channels);
    this.#variance = new Float64Array(channels);
    this.#squares = new Float64Array(rivals.length * channels);
  }

  get frames(): number {
    return this.#frames;
  }

  /** The mean of the truths of channel `c`. */
  mean(c: number): number {
    return this.#mean[c];
  }

  /** One frame: its truth, the squared errors of all, [rivals, channels], and its loss. */
  add(truths: ArrayLike<number>, at: number, squares: Float64Array, loss: number): void {
    const a = Math.max(1 / ++this.#frames, this.#weight);
    const [mean, variance, means] = [this.#mean, this.#variance, this.#squares];
    for (let c = 0; c < mean.length; c++) {
      const deviation = truths[at + c] - mean[c];
      mean[c] += a * deviation;
      variance[c] = (1 - a) * (variance[c] + a * deviation * deviation);
    }
    for (let i = 0; i < squares.length; i++) means[i] += a * (squares[i] - means[i]);
    this.#loss += a * (loss - this.#loss);
  }

  /**
   * How all stand now. A channel whose truth does not move, beside how it moves in `whole`, counts for nothing: it would
   * drown the others.
   */
  get(whole: Tally = this): Standing {
    const channels = this.#mean.length;
    const shares = rivals.map((_, r) => {
      let [sum, moving] = [0, 0];
      for (let c = 0; c < channels; c++) {
        if (!(this.#variance[c] > still * whole.#variance[c])) continue;
        sum += this.#squares[r * channels + c] / this.#variance[c];
        moving++;
      }
      return sum / moving;
    });
    const [nmse, persistence, movingAverage, mains] = shares;
    let square = 0;
    for (let c = 0; c < channels; c++) square += this.#squares[c];
    const known = this.#frames > 0;
    return {
      nmse,
      persistence,
      movingAverage,
      mains,
      skill: 1 - nmse / persistence,
      loss: known ? this.#loss : NaN,
      rms: known ? Math.sqrt(square / channels) : NaN,
    };
  }

  save(): State {
    const [mean, variance, squares] = [this.#mean.slice(), this.#variance.slice(), this.#squares.slice()];
    return { frames: this.#frames, loss: this.#loss, mean, variance, squares };
  }

  restore(state: State): void {
    this.#frames = numberIn(state, 'frames');
    this.#loss = numberIn(state, 'loss');
    this.#mean.set(doublesIn(state, 'mean', this.#mean.length));
    this.#variance.set(doublesIn(state, 'variance', this.#variance.length));
    this.#squares.set(doublesIn(state, 'squares', this.#squares.length));
  }
}
