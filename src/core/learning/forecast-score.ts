import { type State, stateIn } from '../state/state.ts';
import type { FrameRing } from './frames.ts';
import { emittedRow, type ErrorStats, predictors, RunningErrors, withEmittedRow } from './running-errors.ts';

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
   * Score of weights that were set aside at stated frames, on later frames that they have not learned from (`Holdout`): on at
   * most a tenth of the frames. Its errors are NaN until the first weights have been chosen and scored.
   */
  readonly holdout: RunningScore;
  /**
   * Score of the emitted predictions. It differs from the other fields only for the task 'target', if a target arrives
   * after its frame: the prediction is then emitted before the learner trains on the frames in between.
   */
  readonly live: RunningScore;
}

const noErrors: ErrorStats = new RunningErrors(1, 0).get();
/** The score of no frame. */
export const noScore: RunningScore = { ...noErrors, overall: noErrors, frames: 0 };

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
  /** Returns the mean of the targets of a channel, the baseline if targets are not known beforehand. Default: their recent mean. */
  readonly meanOf?: (channel: number) => number;
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
  readonly #meanOf: (channel: number) => number;
  /** c of the power-line baseline; NaN if the rate is irregular. */
  readonly #sineCoefficient: number;
  readonly #recent: RunningErrors;
  readonly #overall: RunningErrors;
  #squares: Float64Array;
  #split = false;

  constructor({ channels, lead, rate, powerLine, meanOf }: ScoreOptions) {
    this.rate = rate;
    this.#channels = channels;
    this.#lead = lead;
    this.#sineCoefficient = rate > 0 ? 2 * Math.cos((2 * Math.PI * powerLine) / rate) : NaN;
    this.#recent = new RunningErrors(
      channels,
      -Math.expm1(-1 / (rate > 0 ? Math.max(minFrames, seconds * rate) : irregularFrames)),
    );
    this.#overall = new RunningErrors(channels, 0);
    this.#meanOf = meanOf ?? ((c) => this.#recent.mean(c));
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
      const persisted = lastAt < 0 ? this.#meanOf(c) : data[lastAt + c];
      squares[c] = (sample - prediction[c]) ** 2;
      squares[channels + c] = (sample - persisted) ** 2;
      squares[2 * channels + c] = (sample - (complete ? this.#movingAverage(targets, last, c) : persisted)) ** 2;
      squares[3 * channels + c] = (sample - (complete ? this.#sineForecast(targets, last, c) : persisted)) ** 2;
      if (this.#split) squares[emittedRow * channels + c] = (sample - emitted[c]) ** 2;
    }
    this.#recent.add(data, at, squares, loss, emittedLoss);
    this.#overall.add(data, at, squares, loss, emittedLoss);
  }

  /** Returns the mean of the recent targets of channel `c`. */
  mean(c: number): number {
    return this.#recent.mean(c);
  }

  /** Returns the variance of all targets of channel `c` so far. */
  variance(c: number): number {
    return this.#overall.variance(c);
  }

  get(): Omit<Score, 'holdout'> {
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
