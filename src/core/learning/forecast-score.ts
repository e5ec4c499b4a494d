import { type State, stateIn } from '../state/state.ts';
import type { FrameRing } from './frames.ts';
import { ErrorSums, summedFrames } from './error-sums.ts';
import { emittedRow, predictors } from './error-rows.ts';
import { type ErrorStats, RunningErrors } from './running-errors.ts';

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
   * Score of weights that were set aside at stated frames, on later frames that they were not trained on (`Holdout`): on at
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
  /** Writes the means of the targets, the baseline if targets are not known beforehand. Default: their recent means. */
  readonly writeMeans?: (means: Float64Array) => void;
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
  readonly #writeMeans: ((means: Float64Array) => void) | null;
  readonly #means: Float64Array;
  /** Forecast of the power-line baseline; NaN if the rate is irregular. */
  readonly #sine: { readonly level: number; readonly first: number; readonly second: number };
  /** Offsets of the last known targets, the newest first. */
  readonly #places: Int32Array = new Int32Array(movingAverageFrames);
  readonly #recent: RunningErrors;
  readonly #overall: RunningErrors;
  /** Errors that have not been added to the running means. */
  readonly #sums: ErrorSums;
  #split = false;

  constructor({ channels, lead, rate, powerLine, writeMeans }: ScoreOptions) {
    this.rate = rate;
    this.#channels = channels;
    this.#lead = lead;
    this.#sine = sineForecast(lead, rate > 0 ? 2 * Math.cos((2 * Math.PI * powerLine) / rate) : NaN);
    this.#recent = new RunningErrors(
      channels,
      -Math.expm1(-1 / (rate > 0 ? Math.max(minFrames, seconds * rate) : irregularFrames)),
    );
    this.#overall = new RunningErrors(channels, 0);
    this.#writeMeans = writeMeans ?? null;
    this.#means = new Float64Array(channels);
    this.#sums = new ErrorSums(channels, predictors.length);
  }

  /** Scores the emitted predictions separately from now on. */
  splitEmitted(): void {
    if (this.#split) return;
    this.#split = true;
    this.#sums.splitEmitted();
    this.#recent.splitEmitted();
    this.#overall.splitEmitted();
  }

  /**
   * Scores one frame: its `prediction` for the target frame `target` and its loss, and the same of the emitted
   * prediction. Skipped if the last known target is missing. The losses are passed in objects, because a number may be boxed.
   */
  add(
    prediction: Float32Array,
    targets: FrameRing,
    target: number,
    result: { readonly loss: number },
    emitted: Float32Array = prediction,
    emittedResult: { readonly loss: number } = result,
  ): void {
    const lead = this.#lead;
    const last = target - lead;
    if (lead > 0 && !targets.hasValid(last)) return;
    const sums = this.#sums;
    const at = targets.offset(target);
    this.#addErrors(sums, prediction, targets.data, at);
    if (lead > 0) this.#addBaselines(sums, targets, last, at);
    else this.#addMeans(sums, targets.data, at);
    if (this.#split) {
      const from = emittedRow * this.#channels;
      for (let c = 0; c < this.#channels; c++) {
        const error = targets.data[at + c] - emitted[c];
        sums.squares[from + c] += error * error;
      }
    }
    sums.loss += result.loss;
    sums.emittedLoss += emittedResult.loss;
    if (++sums.count === summedFrames) this.#merge();
  }

  #addErrors(sums: ErrorSums, prediction: Float32Array, data: Float32Array, at: number): void {
    const { reference, deviation, deviationSquare, squares } = sums;
    const channels = this.#channels;
    if (sums.count === 0) for (let c = 0; c < channels; c++) reference[c] = data[at + c];
    for (let c = 0; c < channels; c++) {
      const sample = data[at + c];
      const shifted = sample - reference[c];
      const error = sample - prediction[c];
      deviation[c] += shifted;
      deviationSquare[c] += shifted * shifted;
      squares[c] += error * error;
    }
  }

  /** Adds the errors of the baselines of a forecast. */
  #addBaselines({ squares }: ErrorSums, targets: FrameRing, last: number, at: number): void {
    const channels = this.#channels;
    const { data } = targets;
    const complete = targets.hasValidRun(last, movingAverageFrames);
    const places = this.#places;
    for (let i = 0; i < movingAverageFrames; i++) places[i] = targets.offset(last - (complete ? i : 0));
    // not by destructuring, which allocates
    const [p0, p1, p2, p3] = [places[0], places[1], places[2], places[3]];
    const [p4, p5, p6, p7] = [places[4], places[5], places[6], places[7]];
    const { level, first, second } = this.#sine;
    for (let c = 0; c < channels; c++) {
      const sample = data[at + c];
      const persisted = data[p0 + c];
      const nothing = sample - persisted;
      squares[channels + c] += nothing * nothing;
      let average = nothing;
      let sine = nothing;
      if (complete) {
        const older =
          data[p1 + c] + data[p2 + c] + data[p3 + c] + data[p4 + c] + data[p5 + c] + data[p6 + c] + data[p7 + c];
        average = sample - (persisted + older) / movingAverageFrames;
        sine =
          sample - (level * persisted + first * (persisted - data[p1 + c]) - second * (data[p1 + c] - data[p2 + c]));
      }
      squares[2 * channels + c] += average * average;
      squares[3 * channels + c] += sine * sine;
    }
  }

  /** Adds the errors of the running mean, the only baseline if targets are not known beforehand. */
  #addMeans(sums: ErrorSums, data: Float32Array, at: number): void {
    const { squares } = sums;
    const channels = this.#channels;
    const means = this.#means;
    if (this.#writeMeans === null) this.writeMeans(means);
    else this.#writeMeans(means);
    for (let c = 0; c < channels; c++) {
      const error = data[at + c] - means[c];
      const square = error * error;
      squares[channels + c] += square;
      squares[2 * channels + c] += square;
      squares[3 * channels + c] += square;
    }
  }

  /** Adds the sums to the running errors. */
  #merge(): void {
    this.#recent.add(this.#sums);
    this.#overall.add(this.#sums);
    this.#sums.clear();
  }

  /** Writes the means of the recent targets to `means`. */
  writeMeans(means: Float64Array): void {
    this.#recent.writeMeans(this.#sums, means);
  }

  /** Returns the variance of all targets of channel `c` so far. */
  variance(c: number): number {
    return this.#overall.variance(c);
  }

  get(): Omit<Score, 'holdout'> {
    const [recentErrors, allErrors] = [this.#recent.with(this.#sums), this.#overall.with(this.#sums)];
    const [recent, overall] = [recentErrors.get(allErrors), allErrors.get()];
    const { frames } = allErrors;
    const score = { ...recent, overall, frames };
    if (!this.#split) return { ...score, live: score };
    const live = { ...recentErrors.emitted(recent, allErrors), overall: allErrors.emitted(overall), frames };
    return { ...score, live };
  }

  save(): State {
    const [sums, recent, overall] = [this.#sums.save(), this.#recent.save(), this.#overall.save()];
    return { split: Number(this.#split), sums, recent, overall };
  }

  restore(state: State): void {
    if (state.split === 1) this.splitEmitted();
    this.#recent.restore(stateIn(state, 'recent'));
    this.#overall.restore(stateIn(state, 'overall'));
    // states of earlier versions have none
    if ('sums' in state) this.#sums.restore(stateIn(state, 'sums'));
  }
}

/**
 * Coefficients of the forecast over `lead` frames of a constant plus a sine of fixed frequency, from x[t], x[t] - x[t-1], and
 * x[t-1] - x[t-2]: level · x[t] + first · (x[t] - x[t-1]) - second · (x[t-1] - x[t-2]).
 */
function sineForecast(lead: number, coefficient: number): { level: number; first: number; second: number } {
  let [first, second] = [0, 0];
  // the difference after each step, as a multiple of the two known differences
  let [now, before] = [
    { a: 1, b: 0 },
    { a: 0, b: 1 },
  ];
  for (let step = 0; step < lead; step++) {
    [now, before] = [{ a: coefficient * now.a - before.a, b: coefficient * now.b - before.b }, now];
    first += now.a;
    second -= now.b;
  }
  return { level: 1, first, second };
}
