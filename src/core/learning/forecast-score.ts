import { doublesIn, numberIn, type State, stateIn } from '../state/state.ts';
import type { FrameRing } from './frames.ts';

/** Who is scored: the learner, and rivals that learn nothing. */
export const predictors = ['learner', 'persistence', 'movingAverage', 'mains'] as const;
export type Rival = (typeof predictors)[number];

/** A variance below this part of what it is on the whole is none to speak of: a spread of 3 % of the usual one. */
const minRelativeVariance = 1e-3;

/** Squared errors over the variance of the truth, mean over the channels that move; NaN until known. */
export interface ErrorStats {
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
export class RunningErrors {
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
    this.#squares = new Float64Array(predictors.length * channels);
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
  get(whole: RunningErrors = this): ErrorStats {
    const channels = this.#mean.length;
    const shares = predictors.map((_, r) => {
      let [sum, moving] = [0, 0];
      for (let c = 0; c < channels; c++) {
        if (!(this.#variance[c] > minRelativeVariance * whole.#variance[c])) continue;
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

/** How well a learner does, from predictions made before their frame was learned: lately, and `overall` since the start. */
export interface Score extends ErrorStats {
  readonly overall: ErrorStats;
  /** Frames scored so far. */
  readonly frames: number;
}

/** How long 'lately' is: so many seconds, no fewer frames, and so many where the rate is irregular. */
const [seconds, minFrames, irregularFrames] = [5, 100, 1000];
/** Frames of the moving average. */
const movingAverageFrames = 8;

export interface ScoreOptions {
  readonly channels: number;
  /** Frames from the last known truth to the one that is predicted; 0: truths are not known beforehand. */
  readonly lead: number;
  /** Scored frames a second, in Hz: `lately` is 5 seconds of them, but 100 at least, and 1000 where the rate is irregular (0). */
  readonly rate: number;
  /** Of the mains, in Hz. */
  readonly mains: number;
}

/** How many frames before the last known truth the rivals look at. */
export const baselineReach: number = movingAverageFrames;

/** Scores predictions against the truth, beside rivals that learn nothing. A rival whose frames are missing says what persistence says. */
export class ForecastScore {
  /** Scored frames a second, in Hz. */
  readonly rate: number;
  readonly #channels: number;
  readonly #lead: number;
  /** c of the mains rival; NaN = there is none. */
  readonly #sineCoefficient: number;
  readonly #recent: RunningErrors;
  readonly #overall: RunningErrors;
  readonly #squares: Float64Array;

  constructor({ channels, lead, rate, mains }: ScoreOptions) {
    this.rate = rate;
    this.#channels = channels;
    this.#lead = lead;
    this.#sineCoefficient = rate > 0 ? 2 * Math.cos((2 * Math.PI * mains) / rate) : NaN;
    this.#recent = new RunningErrors(
      channels,
      -Math.expm1(-1 / (rate > 0 ? Math.max(minFrames, seconds * rate) : irregularFrames)),
    );
    this.#overall = new RunningErrors(channels, 0);
    this.#squares = new Float64Array(predictors.length * channels);
  }

  /** Scores one frame: what was `expected` of the truth of frame `truth`, and its loss. Without the last known truth it is not scored. */
  add(expected: Float32Array, truths: FrameRing, truth: number, loss: number): void {
    const [channels, lead, squares] = [this.#channels, this.#lead, this.#squares];
    const last = truth - lead;
    if (!truths.hasValid(last)) return;
    const { data } = truths;
    const at = truths.offset(truth);
    const lasting = lead > 0 ? truths.offset(last) : -1;
    const before = lead > 0 && hasAll(truths, last, movingAverageFrames);
    for (let c = 0; c < channels; c++) {
      const sample = data[at + c];
      const still = lasting < 0 ? this.#recent.mean(c) : data[lasting + c];
      squares[c] = (sample - expected[c]) ** 2;
      squares[channels + c] = (sample - still) ** 2;
      squares[2 * channels + c] = (sample - (before ? this.#movingAverage(truths, last, c) : still)) ** 2;
      squares[3 * channels + c] = (sample - (before ? this.#sineForecast(truths, last, c) : still)) ** 2;
    }
    this.#recent.add(data, at, squares, loss);
    this.#overall.add(data, at, squares, loss);
  }

  get(): Score {
    return { ...this.#recent.get(this.#overall), overall: this.#overall.get(), frames: this.#overall.frames };
  }

  save(): State {
    return { recent: this.#recent.save(), overall: this.#overall.save() };
  }

  restore(state: State): void {
    this.#recent.restore(stateIn(state, 'recent'));
    this.#overall.restore(stateIn(state, 'overall'));
  }

  #movingAverage(truths: FrameRing, last: number, c: number): number {
    let sum = 0;
    for (let i = 0; i < movingAverageFrames; i++) sum += truths.data[truths.offset(last - i) + c];
    return sum / movingAverageFrames;
  }

  /** The constant and the sine go on for `lead` frames. */
  #sineForecast(truths: FrameRing, last: number, c: number): number {
    const { data } = truths;
    let here = data[truths.offset(last) + c];
    let one = here - data[truths.offset(last - 1) + c];
    let two = data[truths.offset(last - 1) + c] - data[truths.offset(last - 2) + c];
    for (let step = 0; step < this.#lead; step++) {
      const next = this.#sineCoefficient * one - two;
      here += next;
      two = one;
      one = next;
    }
    return here;
  }
}

function hasAll(truths: FrameRing, last: number, count: number): boolean {
  for (let i = 0; i < count; i++) if (!truths.hasValid(last - i)) return false;
  return true;
}
