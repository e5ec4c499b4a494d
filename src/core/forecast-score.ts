import { doublesIn, numberIn, type State } from './state.ts';

/** How well a learner does, from predictions made before their frame was learned. NaN until known. */
export interface Score {
  /** Mean over channels of (running squared error / running variance of the truth). */
  readonly nmse: number;
  /** The same for a rival that learns nothing: of a forecast the last known truth, of a target its running mean. */
  readonly persistence: number;
  /** 1 - nmse / persistence: 0 = no better than that rival, 1 = perfect, below 0 = worse. */
  readonly skill: number;
  /** Root of the running squared error, mean over channels, in the truth's own unit. */
  readonly rms: number;
  /** Frames scored so far. */
  readonly frames: number;
}

const SECONDS = 5;
const FRAMES = 1000;

/**
 * Running scores of a prediction against the truth, exponential with weight max(1/n, 1 - exp(-1/τ)), so that the start
 * is an exact mean and later a window of about τ frames counts.
 */
export class ForecastScore {
  readonly #channels: number;
  readonly #weight: number;
  readonly #mean: Float64Array;
  readonly #variance: Float64Array;
  readonly #error: Float64Array;
  readonly #persistence: Float64Array;
  #frames = 0;

  /** @param rate scored frames a second, in Hz: τ is 5 seconds of them, or 1000 frames where the rate is irregular (0) */
  constructor(channels: number, rate: number) {
    this.#channels = channels;
    this.#weight = -Math.expm1(-1 / (rate > 0 ? SECONDS * rate : FRAMES));
    this.#mean = new Float64Array(channels);
    this.#variance = new Float64Array(channels);
    this.#error = new Float64Array(channels);
    this.#persistence = new Float64Array(channels);
  }

  /** Scores one frame: the prediction at `predictionAt`, the truth at `truthAt`, and the truth known when it was made (-1: none). */
  add(
    prediction: ArrayLike<number>,
    predictionAt: number,
    truth: ArrayLike<number>,
    truthAt: number,
    knownAt: number,
  ): void {
    const a = Math.max(1 / ++this.#frames, this.#weight);
    for (let c = 0; c < this.#channels; c++) {
      const value = truth[truthAt + c];
      const miss = value - prediction[predictionAt + c];
      const change = value - (knownAt < 0 ? this.#mean[c] : truth[knownAt + c]);
      const deviation = value - this.#mean[c];
      this.#mean[c] += a * deviation;
      this.#variance[c] = (1 - a) * (this.#variance[c] + a * deviation * deviation);
      this.#error[c] += a * (miss * miss - this.#error[c]);
      this.#persistence[c] += a * (change * change - this.#persistence[c]);
    }
  }

  /** The running scores now. A channel whose truth never moved counts for nothing. */
  get(): Score {
    let nmse = 0;
    let persistence = 0;
    let square = 0;
    let moving = 0;
    for (let c = 0; c < this.#channels; c++) {
      square += this.#error[c];
      if (!(this.#variance[c] > 0)) continue;
      nmse += this.#error[c] / this.#variance[c];
      persistence += this.#persistence[c] / this.#variance[c];
      moving++;
    }
    return {
      nmse: nmse / moving,
      persistence: persistence / moving,
      skill: 1 - nmse / persistence,
      rms: this.#frames > 0 ? Math.sqrt(square / this.#channels) : NaN,
      frames: this.#frames,
    };
  }

  save(): State {
    const copies = [this.#mean, this.#variance, this.#error, this.#persistence].map((numbers) => numbers.slice());
    const [mean, variance, error, persistence] = copies;
    return { frames: this.#frames, mean, variance, error, persistence };
  }

  restore(state: State): void {
    this.#frames = numberIn(state, 'frames');
    this.#mean.set(doublesIn(state, 'mean', this.#channels));
    this.#variance.set(doublesIn(state, 'variance', this.#channels));
    this.#error.set(doublesIn(state, 'error', this.#channels));
    this.#persistence.set(doublesIn(state, 'persistence', this.#channels));
  }
}
