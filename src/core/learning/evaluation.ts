import { bytesIn, doublesIn, floatsIn, numberIn, type State, stateIn } from '../state/state.ts';
import { ForecastScore, baselineReach, type Score } from './forecast-score.ts';
import { FrameRing } from './frames.ts';
import { FrameBuffer } from './frames.ts';
import type { Loss } from './loss.ts';

export interface EvaluationOptions {
  readonly channels: number;
  /** Frames from the one that an output hangs on to its truth: the horizon of a forecast, 0 for a target. */
  readonly lead: number;
  /** Predictions that may wait for their truth. */
  readonly maxPending: number;
  /** Truths that are kept, in input frames. */
  readonly targetCapacity: number;
  /** The input frame that an output hangs on. */
  readonly alignedFrame: (output: number) => number;
  readonly loss: Loss;
  /** The most that ∂L/∂y of one output may be long. */
  readonly clip: number;
  /** Of the mains, in Hz. */
  readonly mains: number;
}

/** Why nothing is learned from an output: its taps saw what was no sample, its truth was none, or its truth never came. */
export type MissingReason = 'gap' | 'noTruth' | 'late';

/**
 * Predictions that wait for their truth, and what comes of them when it is known: an error, a gradient, a score.
 * Every output is settled once, in order. One that is not valid, or whose truth is not, gets the gradient 0 and no score.
 * Errors are what was expected - truth: of cross-entropies with the probabilities that the outputs stand for.
 */
export class Evaluation {
  /** ∂L/∂y of the output settled last, divided by 1 + how stale it was. */
  readonly gradient: Float32Array;
  /** Why the output settled last teaches nothing; null: it does. */
  skipReason: MissingReason | null = null;
  /** L of the output settled last, and of an output of zeros in its place. */
  loss = 0;
  zeroLoss = 0;
  /** Errors of what was settled and not yet taken, the last of them that of output `settled` - 1. */
  readonly errors: FrameBuffer;
  /** Outputs settled so far. */
  evaluated = 0;
  readonly #options: EvaluationOptions;
  /** The truths that have come, by absolute input frame. */
  readonly #targets: FrameRing;
  /** The predictions that wait, by output index from `settled` on, and the updates when each was made. */
  readonly #predictions: FrameRing;
  readonly #updatesBefore: Float64Array;
  readonly #expected: Float32Array;
  readonly #zeros: Float32Array;
  readonly #zeroGradient: Float32Array;
  #score: ForecastScore | null = null;

  constructor(options: EvaluationOptions) {
    const { channels, maxPending, targetCapacity: reach } = options;
    this.#options = options;
    this.#targets = new FrameRing(channels, reach + baselineReach);
    this.#predictions = new FrameRing(channels, maxPending);
    this.#updatesBefore = new Float64Array(maxPending);
    this.gradient = new Float32Array(channels);
    this.#expected = new Float32Array(channels);
    this.#zeros = new Float32Array(channels);
    this.#zeroGradient = new Float32Array(channels);
    this.errors = new FrameBuffer(channels);
  }

  /** Index of the next prediction. */
  get next(): number {
    return this.#predictions.next;
  }

  /** Absolute input frame of the next truth. */
  get nextTarget(): number {
    return this.#targets.next;
  }

  /** How many more predictions may wait. */
  get room(): number {
    return this.#predictions.capacity - (this.next - this.evaluated);
  }

  /** The running scores; `rate` is that of the outputs, in Hz. */
  score(rate: number): Score {
    return this.#scoreAt(rate).get();
  }

  /** Gets ready to score; `rate` is that of the outputs, in Hz. */
  start(rate: number): void {
    this.#scoreAt(rate);
  }

  /** The truth of the next frame; of a categorical loss a class or a probability, else it is none. */
  addTarget(data: Float32Array, at: number, valid: number): void {
    let real = valid;
    const { categorical } = this.#options.loss;
    for (let c = 0; c < this.#targets.channels; c++) {
      const truth = data[at + c];
      if (!isSample(truth) || (categorical && !(truth >= 0 && truth <= 1))) real = 0;
    }
    this.#targets.push(data, at, real);
  }

  /** The next prediction, at `at` in `outputs`, made after `updates` updates. */
  addPrediction(outputs: ArrayLike<number>, at: number, valid: number, updates: number): void {
    this.#updatesBefore[this.next % this.#updatesBefore.length] = updates;
    this.#predictions.push(outputs, at, valid);
  }

  /** Truths that never come. */
  skipTargets(count: number): void {
    this.#targets.skip(count);
  }

  /** Predictions that are never made: those that wait are given up with them. */
  skipPredictions(count: number): void {
    this.#predictions.skip(count);
    this.evaluated = this.next;
    this.errors.clear();
  }

  /** Settles the oldest prediction if its truth has come, and returns the truth's frame; else -1. */
  evaluateNext(updates: number): number {
    if (this.evaluated === this.next) return -1;
    const truth = this.#options.alignedFrame(this.evaluated) + this.#options.lead;
    if (truth >= this.#targets.next) return -1;
    this.#evaluate(truth, updates);
    return truth;
  }

  /** Settles the oldest prediction without a truth. */
  expire(): void {
    this.#evaluate(-1, 0);
  }

  save(): State {
    const { errors, evaluated: settled } = this;
    return {
      settled,
      truths: this.#targets.save(),
      waiting: this.#predictions.save(),
      madeAt: this.#updatesBefore.slice(),
      errors: errors.copy(),
      errorsValid: errors.valid.slice(0, errors.count),
      ...(this.#score && { score: this.#score.save(), rate: this.#score.rate }),
    };
  }

  restore(state: State): void {
    this.evaluated = numberIn(state, 'settled');
    this.#targets.restore(stateIn(state, 'truths'));
    this.#predictions.restore(stateIn(state, 'waiting'));
    this.#updatesBefore.set(doublesIn(state, 'madeAt', this.#updatesBefore.length));
    const valid = bytesIn(state, 'errorsValid');
    this.errors.replace(floatsIn(state, 'errors', valid.length * this.errors.channels), valid.length, valid);
    if ('score' in state) this.#scoreAt(numberIn(state, 'rate')).restore(stateIn(state, 'score'));
  }

  #scoreAt(rate: number): ForecastScore {
    return (this.#score ??= new ForecastScore({ ...this.#options, rate }));
  }

  #evaluate(truth: number, updates: number): void {
    const { errors, gradient } = this;
    const { channels } = this.#options;
    const truths = this.#targets;
    this.skipReason = this.#missing(truth);
    const at = errors.reserve(1);
    if (this.skipReason === null) {
      this.#computeLoss(truths.data, truths.offset(truth));
      const share = this.#gradientScale(updates);
      for (let c = 0; c < channels; c++) {
        errors.data[at + c] = this.#expected[c] - truths.data[truths.offset(truth) + c];
        gradient[c] *= share;
      }
      this.#score?.add(this.#expected, truths, truth, this.loss);
    } else {
      errors.data.fill(NaN, at, at + channels);
      gradient.fill(0);
    }
    errors.valid[errors.count++] = this.skipReason === null ? 1 : 0;
    this.evaluated++;
  }

  #missing(truth: number): MissingReason | null {
    if (truth < 0) return 'late';
    if (!this.#predictions.hasValid(this.evaluated)) return 'gap';
    return this.#targets.hasValid(truth) ? null : 'noTruth';
  }

  #computeLoss(truths: Float32Array, at: number): void {
    const { loss } = this.#options;
    this.zeroLoss = loss.measure(this.#zeros, 0, truths, at, this.#expected, this.#zeroGradient);
    const from = this.#predictions.offset(this.evaluated);
    this.loss = loss.measure(this.#predictions.data, from, truths, at, this.#expected, this.gradient);
  }

  /** What of the gradient counts: 1 / (1 + how stale it is), and no more than the longest. */
  #gradientScale(updates: number): number {
    const share = 1 / (1 + this.#staleness(updates));
    const { clip } = this.#options;
    if (clip === Infinity) return share;
    let square = 0;
    for (let c = 0; c < this.gradient.length; c++) square += this.gradient[c] ** 2;
    return square > clip * clip ? (share * clip) / Math.sqrt(square) : share;
  }

  /** How stale the oldest prediction is: outputs, or updates, made since, whichever are more. 0 for the next frame. */
  #staleness(updates: number): number {
    return Math.max(
      updates - this.#updatesBefore[this.evaluated % this.#updatesBefore.length],
      this.next - 1 - this.evaluated,
    );
  }
}

/** Beyond this windows cannot be squared and summed in float32: what is larger is a fill value or a fault. */
const maxMagnitude = 2 ** 60;

/** Whether a number can be learned from. */
export function isSample(x: number): boolean {
  return Math.abs(x) <= maxMagnitude;
}
