import { type State, stateIn } from '../state/state.ts';
import type { FrameHistory } from './frames.ts';
import { ErrorSums, type ScoredRows, summedFrames } from './error-sums.ts';
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
   * Score of weights that were set aside, on later frames that they were not trained on (`Holdout`): at most 5% of all frames. Its errors
   * are NaN until weights have been chosen and scored for the first time.
   */
  readonly holdout: RunningScore;
  /**
   * Score of the emitted predictions. It differs from the other fields only for the task 'target', if a target arrives
   * after its frame: the prediction is then emitted before the learner trains on the frames in between.
   */
  readonly live: RunningScore;
}

/** Scratch memory: the weight of the frames in the sums together, and of each frame, in the running means. */
const weights = new Float64Array(summedFrames);
const shares = new Float64Array(summedFrames);
const noRows = new Float32Array(0);
const noErrors: ErrorStats = new RunningErrors(1, 0).get();
/** The score before any frame has been scored. */
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
  /** Frames from the last known target to the predicted one; 0 if earlier targets are not known when the prediction is made. */
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
  readonly #recent: RunningErrors;
  readonly #overall: RunningErrors;
  /** Errors that have not been added to the running means. */
  readonly #sums: ErrorSums;
  /** Reused, so that a frame allocates nothing. */
  readonly #rows: ScoredRows;
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
    this.#rows = { predictions: noRows, at: 0, targets: noRows, target: 0, step: 0, count: 0 };
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
    targets: FrameHistory,
    target: number,
    result: { readonly loss: number },
    emitted: Float32Array = prediction,
    emittedResult: { readonly loss: number } = result,
  ): void {
    const lead = this.#lead;
    const last = target - lead;
    if (lead > 0 && !targets.hasValid(last)) return;
    const sums = this.#sums;
    const rows = this.#rows;
    rows.predictions = emitted;
    rows.at = 0;
    rows.targets = targets.data;
    rows.target = targets.offset(target);
    rows.step = 0;
    rows.count = 1;
    if (this.#split) sums.addErrors(emittedRow, rows);
    rows.predictions = prediction;
    this.#addRows(rows, lead === 0 || targets.hasValidRun(last, movingAverageFrames));
    sums.loss += result.loss;
    sums.emittedLoss += emittedResult.loss;
    this.#count(1);
  }

  /**
   * Scores the predictions of several frames as `add` does, with the same bits: rows of `predictions` from offset `at` on, for the
   * target frames `target`, `target` + `step`, …, before which at least `baselineReach` frames are valid, and their losses.
   */
  addRows(
    predictions: Float32Array,
    at: number,
    targets: FrameHistory,
    target: number,
    step: number,
    losses: Float64Array,
    lossesAt: number,
    count: number,
  ): void {
    const channels = this.#channels;
    const sums = this.#sums;
    const rows = this.#rows;
    rows.predictions = predictions;
    rows.targets = targets.data;
    rows.step = step * channels;
    for (let done = 0; done < count; done += rows.count) {
      rows.count = Math.min(count - done, summedFrames - sums.count);
      rows.at = at + done * channels;
      rows.target = targets.offset(target + done * step);
      if (this.#split) sums.addErrors(emittedRow, rows);
      this.#addRows(rows, true);
      for (let i = 0; i < rows.count; i++) {
        sums.loss += losses[lossesAt + done + i];
        sums.emittedLoss += losses[lossesAt + done + i];
      }
      this.#count(rows.count);
    }
  }

  /** Adds the errors of rows and of the baselines. `isComplete`: whether the frames up to the last known target are valid. */
  #addRows(rows: ScoredRows, isComplete: boolean): void {
    if (this.#lead === 0) this.#addMeans(rows);
    else this.#addBaselines(rows, isComplete);
    this.#sums.addTargets(rows);
  }

  /** Adds the errors of the baselines of a forecast. */
  #addBaselines({ targets: data, target: at, step, count }: ScoredRows, isComplete: boolean): void {
    const channels = this.#channels;
    const { squares } = this.#sums;
    const { level, first, second } = this.#sine;
    const known = this.#lead * channels;
    for (let c = 0; c < channels; c++) {
      let still = squares[channels + c];
      let mean = squares[2 * channels + c];
      let wave = squares[3 * channels + c];
      for (let i = 0, place = at + c; i < count; i++, place += step) {
        const sample = data[place];
        let p = place - known;
        const persisted = data[p];
        const nothing = sample - persisted;
        let average = nothing;
        let sine = nothing;
        if (isComplete) {
          const previous = data[(p -= channels)];
          const third = data[(p -= channels)];
          let older = previous + third;
          for (let k = 3; k < movingAverageFrames; k++) older += data[(p -= channels)];
          average = sample - (persisted + older) / movingAverageFrames;
          sine = sample - (level * persisted + first * (persisted - previous) - second * (previous - third));
        }
        still += nothing * nothing;
        mean += average * average;
        wave += sine * sine;
      }
      squares[channels + c] = still;
      squares[2 * channels + c] = mean;
      squares[3 * channels + c] = wave;
    }
  }

  /** Adds the errors of the running mean, the only baseline if targets are not known beforehand. */
  #addMeans({ targets: data, target: at, step, count }: ScoredRows): void {
    const { squares } = this.#sums;
    const channels = this.#channels;
    const means = this.#means;
    const isOwn = this.#writeMeans === null;
    this.#writeMeans?.(means);
    if (isOwn) this.#recent.writeWeights(this.#sums.count, count, weights, shares);
    for (let c = 0; c < channels; c++) {
      let mean = isOwn ? this.#recent.mean(c) : means[c];
      let square = squares[channels + c];
      const before = mean;
      let deviation = this.#sums.deviation[c];
      const reference = this.#sums.count === 0 ? data[at + c] : this.#sums.reference[c];
      const shift = reference - before;
      for (let i = 0, place = at + c; i < count; i++, place += step) {
        const sample = data[place];
        if (isOwn) mean = before + (weights[i] * shift + shares[i] * deviation);
        const error = sample - mean;
        square += error * error;
        deviation += sample - reference;
      }
      squares[channels + c] = squares[2 * channels + c] = squares[3 * channels + c] = square;
    }
  }

  /** Counts frames that were added to the sums. */
  #count(frames: number): void {
    this.#sums.count += frames;
    if (this.#sums.count === summedFrames) this.#merge();
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
