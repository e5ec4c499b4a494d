import { doublesIn, numberIn, type State, stateIn } from '../state/state.ts';
import type { FrameHistory } from './frames.ts';
import { ForecastScore, type RunningScore, type ScoreOptions } from './forecast-score.ts';
import { collectedFrames, type HeldOutFrames } from './held-out-frames.ts';
import type { Candidates, HeldOutWeights } from './held-out-weights.ts';
import type { LearnerView } from './learner-view.ts';
import type { HoldoutPeriod, HoldoutSchedule, HoldoutWindow } from './holdout-schedule.ts';
import { HoldoutReport } from './holdout-report.ts';
import type { ServedWeights } from './served-weights.ts';
import { WeightMean } from './weight-mean.ts';

/**
 * CUSUM test (Page 1954) that decides when to choose other weights. In each choice window, log(error of the chosen weights / error of the
 * candidate) - `drift` is added to a sum with a minimum of 0. The candidate can be chosen when the sum exceeds `threshold`. Clearly better
 * weights are chosen after one window; if all are about equally good, the choice does not change, so its score covers many windows.
 */
const [drift, threshold] = [0.02, 0.15];

/**
 * Sets copies of the weights aside and scores them on later frames that they were not trained on. The learner itself trains on all
 * frames. In the choice window of each period (`HoldoutSchedule`), three candidates predict the same targets: the chosen weights, the
 * latest weights, and the mean weights. A candidate that is clearly better is chosen. The chosen weights are scored in another window,
 * which comes after their choice. They are served from then on.
 */
export class Holdout {
  /** Absolute index of the frame before which `#advance` must run. */
  #next = 0;
  readonly #schedule: HoldoutSchedule;
  readonly #candidates: readonly HeldOutWeights[];
  readonly #chosen: HeldOutWeights;
  readonly #latest: HeldOutWeights;
  readonly #mean: HeldOutWeights;
  readonly #scoreOptions: Omit<ScoreOptions, 'rate'>;
  /** Absolute index of the first frame, from which the frames of the periods are counted. -1: not known yet. */
  #origin = -1;
  #period: HoldoutPeriod;
  /** Mean of the weights in the period so far, and the number of `step`s that have passed. */
  readonly #soFar = new WeightMean();
  #steps = 0;
  /** Those of `#candidates` that predict the current window. */
  #open: readonly HeldOutWeights[] = [];
  readonly #collected: HeldOutFrames;
  /** Factors of squared errors; null unless the loss is squared. */
  #scales: Float64Array | null = null;
  readonly #targets: FrameHistory;
  /** The baseline for tasks whose targets are not known beforehand: means of the targets before the collected frames. */
  readonly #means: Float64Array;
  readonly #writeMeans: ((means: Float64Array) => void) | null;
  /** CUSUM of each candidate: by how much its error was smaller than that of the chosen weights. */
  readonly #advantages: Float64Array = new Float64Array(3);
  /** Score of all chosen weights, each in its windows. */
  #score: ForecastScore | null = null;
  readonly #report = new HoldoutReport();

  constructor(
    schedule: HoldoutSchedule,
    { chosen, latest, mean }: Candidates,
    collected: HeldOutFrames,
    targets: FrameHistory,
    { writeMeans, ...scoreOptions }: Omit<ScoreOptions, 'rate'>,
  ) {
    this.#schedule = schedule;
    this.#candidates = [chosen, latest, mean];
    this.#chosen = chosen;
    this.#latest = latest;
    this.#mean = mean;
    this.#writeMeans = writeMeans ?? null;
    this.#means = new Float64Array(scoreOptions.channels);
    this.#scoreOptions = {
      ...scoreOptions,
      writeMeans: (means) => {
        means.set(this.#means);
      },
    };
    this.#collected = collected;
    this.#targets = targets;
    this.#period = schedule.at(0);
  }

  /** Whether a window is open, so that targets and frames must be added. */
  get isOpen(): boolean {
    return this.#open.length > 0;
  }

  /** Prepares scoring. `rate` is the rate of the outputs in Hz. */
  start(rate: number): void {
    this.#score ??= new ForecastScore({ ...this.#scoreOptions, rate });
  }

  /** Returns the score of the chosen weights over the last report windows, and over all of them (`overall`). */
  score(): RunningScore | null {
    return this.#score?.get().live ?? null;
  }

  /** The weights to serve, in the engine's layout; null until some have been chosen and scored. */
  get served(): readonly Float32Array[] | null {
    return this.#report.weights;
  }

  /** The score of the weights to serve. */
  get servedScore(): ServedWeights | null {
    return this.#report.served;
  }

  /** Predicts frames, sets weights aside, opens and closes windows, and chooses weights, if this is due before frame `index`. */
  prepare(index: number, learner: LearnerView): void {
    if (index >= this.#next) this.#advance(index, learner);
    else if (this.#collected.count === collectedFrames) this.#predict();
    // the means before the first of the frames that are predicted together
    if (this.isOpen && this.#collected.count === 0) this.#writeMeans?.(this.#means);
  }

  /** Returns how many frames from frame `index` on can be added until `prepare` must be called. */
  framesUntil(index: number): number {
    const room = this.isOpen ? collectedFrames - this.#collected.count : Infinity;
    return Math.min(this.#next - index, room);
  }

  /** Adds the target of the next frame; `valid`: 1 = valid. */
  addTarget(data: Float32Array, at: number, valid: number): void {
    this.#collected.addTarget(data, at, valid);
  }

  /** Adds the next frame. */
  addFrame(frame: Float32Array, valid: number): void {
    this.#collected.addFrame(frame, valid);
  }

  /** Adds `count` valid frames with valid targets, which begin at `frames` and `targets` in `memory`. */
  addRows(memory: Float32Array, frames: number, targets: number, count: number): void {
    this.#collected.addRows(memory, frames, targets, count);
  }

  /** Records that `count` frames are missing, more than the network needs to settle. */
  jump(count: number): void {
    this.#predict();
    if (this.isOpen) this.#targets.skip(count);
    for (const weights of this.#open) weights.jump(count);
  }

  /** Discards all weights that were set aside, and restarts at the next frame. */
  reset(): void {
    this.#open = [];
    this.#collected.count = 0;
    this.#origin = -1;
    this.#period = this.#schedule.at(0);
    this.#steps = 0;
    this.#next = 0;
    for (const candidate of this.#candidates) candidate.setAside = -1;
    this.#soFar.clear();
    this.#advantages.fill(0);
    this.#report.clear();
  }

  close(): void {
    for (const candidate of this.#candidates) candidate.close();
  }

  save(): State {
    return {
      origin: this.#origin,
      start: this.#period.start,
      next: this.#next,
      steps: this.#steps,
      ...this.#soFar.save(),
      open: Float64Array.from(this.#open, (weights) => this.#candidates.indexOf(weights)),
      collected: this.#collected.save(),
      targets: this.#targets.save(),
      means: this.#means.slice(),
      scales: this.#scales ?? new Float64Array(0),
      advantages: this.#advantages.slice(),
      candidates: Object.fromEntries(
        this.#candidates.map((weights, i) => [String(i), weights.save(this.#open.includes(weights))]),
      ),
      ...(this.#score && { score: this.#score.save(), rate: this.#score.rate }),
      ...this.#report.save(),
    };
  }

  restore(state: State): void {
    const has = (name: string) => name in state;
    if (!has('collected')) {
      // a state of an earlier version
      this.reset();
      this.#score = null;
      if (has('rate')) this.start(numberIn(state, 'rate'));
      return;
    }
    this.#origin = numberIn(state, 'origin');
    this.#period = this.#schedule.at(numberIn(state, 'start'));
    this.#next = numberIn(state, 'next');
    this.#steps = numberIn(state, 'steps');
    this.#soFar.restore(state, this.#chosen.packed);
    this.#collected.restore(stateIn(state, 'collected'));
    const scales = doublesIn(state, 'scales');
    this.#scales = scales.length > 0 ? scales.slice() : null;
    this.#targets.restore(stateIn(state, 'targets'));
    this.#means.set(doublesIn(state, 'means', this.#means.length));
    this.#advantages.set(doublesIn(state, 'advantages', 3));
    this.#score = null;
    if (has('score')) {
      this.start(numberIn(state, 'rate'));
      this.#score!.restore(stateIn(state, 'score'));
    }
    this.#report.restore(state, () => this.#emptyScore(), this.#chosen.packed);
    this.#open = Array.from(doublesIn(state, 'open'), (i) => this.#candidates[i]);
    const scores = this.#isReporting ? this.#reportScores() : [];
    const candidates = stateIn(state, 'candidates');
    for (const [i, candidate] of this.#candidates.entries())
      candidate.restore(stateIn(candidates, String(i)), candidate === this.#chosen ? scores : []);
  }

  /** Sets weights aside, opens and closes windows, and chooses, as is due before frame `index`. */
  #advance(index: number, learner: LearnerView): void {
    if (this.#origin < 0) this.#origin = index;
    const frame = index - this.#origin;
    this.#predict();
    if (frame >= this.#period.middle && this.#isReporting) this.#closeReport();
    if (frame >= this.#period.end) this.#endPeriod(frame, learner);
    const { start, step, report, choice } = this.#period;
    const steps = Math.floor((frame - start) / step);
    if (steps > this.#steps) this.#addToMean(learner, steps);
    if (this.isOpen) {
      // a window is prepared once
    } else if (this.#report.hasChosen && isDue(report, frame)) {
      this.#openWindow([this.#chosen], report, frame, learner);
    } else if (this.#latest.setAside >= 0 && isDue(choice, frame)) {
      this.#openWindow(this.#candidates, choice, frame, learner);
    }
    const events = [start + (steps + 1) * step, report.opens, choice.opens];
    this.#next = this.#origin + Math.min(...events.filter((event) => event > frame));
  }

  /** Predicts the targets of the frames that were collected. */
  #predict(): void {
    if (this.#collected.count > 0) {
      this.#collected.addTargetsTo(this.#targets);
      for (let i = 0; i < this.#open.length; i++) this.#open[i].add(this.#collected, this.#scales);
    }
    this.#collected.count = 0;
  }

  /** Whether the open window is that of the chosen weights alone. */
  get #isReporting(): boolean {
    return this.#open.length === 1;
  }

  /** Chooses, sets the current weights and their mean aside, and starts the next period. */
  #endPeriod(frame: number, learner: LearnerView): void {
    if (this.isOpen) this.#choose();
    this.#open = [];
    this.#addToMean(learner, 0);
    const index = this.#origin + frame;
    if (this.#chosen.setAside < 0) this.#chosen.store(learner.initial(), this.#origin);
    this.#mean.store(this.#soFar.take(), index);
    this.#latest.store(learner.weights(), index);
    this.#period = this.#schedule.at(frame, this.#period);
  }

  /** Compares the weights in the window that ends, and chooses. */
  #choose(): void {
    const frames = Math.max(...this.#open.map(({ count }) => count));
    if (frames === 0) return;
    const chosen = this.#chosen;
    let best = chosen;
    for (const [i, other] of this.#candidates.entries()) {
      // an error that is not finite counts as infinite, also 0 / 0
      const ratio = Math.log(chosen.error / other.error);
      this.#advantages[i] = Math.max(0, this.#advantages[i] + (Number.isNaN(ratio) ? 0 : ratio) - drift);
      if (this.#advantages[i] > threshold && other.error < best.error) best = other;
    }
    if (best !== chosen) chosen.store(best.packed, best.setAside);
    else if (this.#report.hasChosen) return;
    this.#advantages.fill(0);
    this.#report.choose(this.#emptyScore());
  }

  #addToMean(learner: LearnerView, steps: number): void {
    this.#soFar.add(learner.weights());
    this.#steps = steps;
  }

  #openWindow(weights: readonly HeldOutWeights[], window: HoldoutWindow, frame: number, learner: LearnerView): void {
    const position = learner.position();
    this.#scales = learner.variances()?.map((variance) => 1 / variance) ?? null;
    this.#targets.skip(this.#origin + frame - this.#targets.next);
    const [from, to] = [window.from + this.#origin, window.to + this.#origin];
    const scores = weights.length === 1 ? this.#reportScores() : [];
    for (const each of weights) each.open(position, { from, to }, scores);
    this.#open = weights;
  }

  /** Scores of the window of the chosen weights. */
  #reportScores(): readonly ForecastScore[] {
    return [this.#score!, ...this.#report.scores];
  }

  #emptyScore(): ForecastScore {
    return new ForecastScore({ ...this.#scoreOptions, rate: this.#score!.rate });
  }

  /** Ends the window of the chosen weights: they are served from now on. */
  #closeReport(): void {
    this.#open = [];
    const { from, to } = this.#period.report;
    this.#report.closeWindow(this.#chosen, [from + this.#origin, to + this.#origin]);
  }
}

/** Whether frame `index` is one of those that are pushed to prepare a window. */
function isDue({ opens, from }: HoldoutWindow, index: number): boolean {
  return index >= opens && index < from;
}
