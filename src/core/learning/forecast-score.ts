import { doublesIn, numberIn, type State, stateIn } from '../state/state.ts';
import type { FrameRing } from './frames.ts';

/** The learner and the baselines it is compared with, in the order of the error sums. */
const predictors = ['learner', 'persistence', 'movingAverage', 'powerLine'] as const;
/** Row of the error sums of the emitted predictions, which exists after `splitEmitted`. */
const emittedRow = predictors.length;

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
 * Running means of squared errors and running variance of the target, exponential with the weight max(1/n, `weight`):
 * an exact mean at first, then a window of about 1 / `weight` frames. With weight 0, all frames count equally.
 */
export class RunningErrors {
  readonly #weight: number;
  readonly #mean: Float64Array;
  readonly #variance: Float64Array;
  /**
   * Mean squared errors, [predictors, channels]; after `splitEmitted`, with one more row for the emitted predictions.
   */
  #squares: Float64Array;
  #loss = 0;
  #emittedLoss = 0;
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

  /** Returns the mean of the targets of channel `c`. */
  mean(c: number): number {
    return this.#mean[c];
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

  /** Adds one frame: its target, the squared errors (shape as in `#squares`), and the losses of both predictions. */
  add(targets: ArrayLike<number>, at: number, squares: Float64Array, loss: number, emittedLoss: number = loss): void {
    const a = Math.max(1 / ++this.#frames, this.#weight);
    const [mean, variance, means] = [this.#mean, this.#variance, this.#squares];
    for (let c = 0; c < mean.length; c++) {
      const deviation = targets[at + c] - mean[c];
      mean[c] += a * deviation;
      variance[c] = (1 - a) * (variance[c] + a * deviation * deviation);
    }
    for (let i = 0; i < squares.length; i++) means[i] += a * (squares[i] - means[i]);
    this.#loss += a * (loss - this.#loss);
    this.#emittedLoss += a * (emittedLoss - this.#emittedLoss);
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

/** Returns squared errors with a row added for the emitted predictions, a copy of the first row. */
function withEmittedRow(squares: Float64Array, channels: number): Float64Array {
  const extended = new Float64Array((emittedRow + 1) * channels);
  extended.set(squares);
  extended.copyWithin(emittedRow * channels, 0, channels);
  return extended;
}

/** Statistics of the recent predictions; `overall` contains those of all predictions since the start. */
export interface RunningScore extends ErrorStats {
  /** The same statistics over all frames since the start. */
  readonly overall: ErrorStats;
  /** Number of frames scored so far. */
  readonly frames: number;
}

/**
 * Score of a learner. It evaluates the predictions that were computed just before the learner trained on their target.
 */
export interface Score extends RunningScore {
  /**
   * Score of the emitted predictions. It differs from the other fields only for the task 'target', if a target arrives
   * after its frame: the prediction is then emitted before the learner trains on the frames in between.
   */
  readonly live: RunningScore;
}

/** Window of the recent score, in seconds. */
const seconds = 5;
/** Minimum window of the recent score, in frames. */
const minFrames = 100;
/** Window of the recent score if the sampling rate is irregular, in frames. */
const irregularFrames = 1000;
/** Frames of the moving average. */
const movingAverageFrames = 8;

export interface ScoreOptions {
  readonly channels: number;
  /** Frames from the last known target to the predicted one; 0 if targets are not known beforehand. */
  readonly lead: number;
  /**
   * Rate of scored frames in Hz; 0 = irregular. The recent score covers 5 seconds, but at least 100 frames, or 1000
   * frames if the rate is irregular.
   */
  readonly rate: number;
  /** Power-line frequency in Hz. */
  readonly powerLine: number;
}

/** Number of frames up to the last known target that the baselines read. */
export const baselineReach: number = movingAverageFrames;

/**
 * Scores predictions against their targets, together with baselines that do not learn. A baseline whose frames are
 * missing predicts the same as persistence.
 */
export class ForecastScore {
  /** Rate of scored frames in Hz. */
  readonly rate: number;
  readonly #channels: number;
  readonly #lead: number;
  /** c of the power-line baseline; NaN if the rate is irregular. */
  readonly #sineCoefficient: number;
  readonly #recent: RunningErrors;
  readonly #overall: RunningErrors;
  #squares: Float64Array;
  #split = false;

  constructor({ channels, lead, rate, powerLine }: ScoreOptions) {
    this.rate = rate;
    this.#channels = channels;
    this.#lead = lead;
    this.#sineCoefficient = rate > 0 ? 2 * Math.cos((2 * Math.PI * powerLine) / rate) : NaN;
    this.#recent = new RunningErrors(
      channels,
      -Math.expm1(-1 / (rate > 0 ? Math.max(minFrames, seconds * rate) : irregularFrames)),
    );
    this.#overall = new RunningErrors(channels, 0);
    this.#squares = new Float64Array(predictors.length * channels);
  }

  /** Scores the emitted predictions separately from now on. */
  splitEmitted(): void {
    if (this.#split) return;
    this.#split = true;
    this.#squares = withEmittedRow(this.#squares, this.#channels);
    this.#recent.splitEmitted();
    this.#overall.splitEmitted();
  }

  /**
   * Scores one frame: its `prediction` for the target frame `target` and its loss, and the same of the emitted
   * prediction. Skipped if the last known target is missing.
   */
  add(
    prediction: Float32Array,
    targets: FrameRing,
    target: number,
    loss: number,
    emitted: Float32Array = prediction,
    emittedLoss: number = loss,
  ): void {
    const [channels, lead, squares] = [this.#channels, this.#lead, this.#squares];
    const last = target - lead;
    if (!targets.hasValid(last)) return;
    const { data } = targets;
    const at = targets.offset(target);
    const lastAt = lead > 0 ? targets.offset(last) : -1;
    const complete = lead > 0 && hasAll(targets, last, movingAverageFrames);
    for (let c = 0; c < channels; c++) {
      const sample = data[at + c];
      const persisted = lastAt < 0 ? this.#recent.mean(c) : data[lastAt + c];
      squares[c] = (sample - prediction[c]) ** 2;
      squares[channels + c] = (sample - persisted) ** 2;
      squares[2 * channels + c] = (sample - (complete ? this.#movingAverage(targets, last, c) : persisted)) ** 2;
      squares[3 * channels + c] = (sample - (complete ? this.#sineForecast(targets, last, c) : persisted)) ** 2;
      if (this.#split) squares[emittedRow * channels + c] = (sample - emitted[c]) ** 2;
    }
    this.#recent.add(data, at, squares, loss, emittedLoss);
    this.#overall.add(data, at, squares, loss, emittedLoss);
  }

  /** Returns the variance of all targets of channel `c` so far. */
  variance(c: number): number {
    return this.#overall.variance(c);
  }

  get(): Score {
    const [recent, overall] = [this.#recent.get(this.#overall), this.#overall.get()];
    const { frames } = this.#overall;
    const score = { ...recent, overall, frames };
    if (!this.#split) return { ...score, live: score };
    const live = { ...this.#recent.emitted(recent, this.#overall), overall: this.#overall.emitted(overall), frames };
    return { ...score, live };
  }

  save(): State {
    return { split: Number(this.#split), recent: this.#recent.save(), overall: this.#overall.save() };
  }

  restore(state: State): void {
    if (state.split === 1) this.splitEmitted();
    this.#recent.restore(stateIn(state, 'recent'));
    this.#overall.restore(stateIn(state, 'overall'));
  }

  #movingAverage(targets: FrameRing, last: number, c: number): number {
    let sum = 0;
    for (let i = 0; i < movingAverageFrames; i++) sum += targets.data[targets.offset(last - i) + c];
    return sum / movingAverageFrames;
  }

  /** Continues the constant and the sine for `lead` frames. */
  #sineForecast(targets: FrameRing, last: number, c: number): number {
    const { data } = targets;
    let level = data[targets.offset(last) + c];
    let difference = level - data[targets.offset(last - 1) + c];
    let previous = data[targets.offset(last - 1) + c] - data[targets.offset(last - 2) + c];
    for (let step = 0; step < this.#lead; step++) {
      const next = this.#sineCoefficient * difference - previous;
      level += next;
      previous = difference;
      difference = next;
    }
    return level;
  }
}

function hasAll(targets: FrameRing, last: number, count: number): boolean {
  for (let i = 0; i < count; i++) if (!targets.hasValid(last - i)) return false;
  return true;
}
