import { ForecastScore, type Score } from './forecast-score.ts';
import { FrameRing } from './frame-ring.ts';
import { Frames } from './frames.ts';
import { doublesIn, floatsIn, numberIn, stateIn, bytesIn, type State } from './state.ts';

export interface ExamOptions {
  readonly channels: number;
  /** Frames from the one that an output hangs on to its truth: the horizon of a forecast, 0 for a target. */
  readonly lead: number;
  /** Predictions that may wait for their truth. */
  readonly maxPending: number;
  /** Truths that are kept, in input frames. */
  readonly reach: number;
  /** The input frame that an output hangs on. */
  readonly hang: (output: number) => number;
}

/**
 * Predictions that wait for their truth, and what comes of them when it is known: an error, a gradient, a score.
 * Every output is settled once, in order. One that is not valid, or whose truth is not, gets the gradient 0 and no score.
 */
export class Exam {
  /** ∂L/∂y of the output settled last, for L = ½ Σ (y - d)²: its error, divided by 1 + how stale it was. */
  readonly gradient: Float32Array;
  /** Whether the output settled last was valid and its truth known. */
  known = false;
  /** Errors of what was settled and not yet taken, the last of them that of output `settled` - 1. */
  readonly errors: Frames;
  /** Outputs settled so far. */
  settled = 0;
  readonly #options: ExamOptions;
  /** The truths that have come, by absolute input frame. */
  readonly #truths: FrameRing;
  /** The predictions that wait, by output index from `settled` on, and the updates when each was made. */
  readonly #waiting: FrameRing;
  readonly #madeAt: Float64Array;
  #score: ForecastScore | null = null;

  constructor(options: ExamOptions) {
    const { channels, maxPending, reach } = options;
    this.#options = options;
    this.#truths = new FrameRing(channels, reach);
    this.#waiting = new FrameRing(channels, maxPending);
    this.#madeAt = new Float64Array(maxPending);
    this.gradient = new Float32Array(channels);
    this.errors = new Frames(channels);
  }

  /** Index of the next prediction. */
  get next(): number {
    return this.#waiting.next;
  }

  /** Absolute input frame of the next truth. */
  get nextTruth(): number {
    return this.#truths.next;
  }

  /** How many more predictions may wait. */
  get room(): number {
    return this.#waiting.capacity - (this.next - this.settled);
  }

  /** The running scores; `rate` is that of the outputs, in Hz. */
  score(rate: number): Score {
    this.#score ??= new ForecastScore(this.#options.channels, rate);
    return this.#score.get();
  }

  /** The truth of the next frame. */
  know(data: Float32Array, at: number, valid: number): void {
    let real = valid;
    for (let c = 0; c < this.#truths.channels; c++) if (!Number.isFinite(data[at + c])) real = 0;
    this.#truths.push(data, at, real);
  }

  /** The next prediction, at `at` in `outputs`, made after `updates` updates. */
  wait(outputs: ArrayLike<number>, at: number, valid: number, updates: number): void {
    this.#madeAt[this.next % this.#madeAt.length] = updates;
    this.#waiting.push(outputs, at, valid);
  }

  /** Truths that never come. */
  missTruths(count: number): void {
    this.#truths.skip(count);
  }

  /** Predictions that are never made: those that wait are given up with them. */
  missPredictions(count: number): void {
    this.#waiting.skip(count);
    this.settled = this.next;
    this.errors.clear();
  }

  /** Settles the oldest prediction if its truth has come, and returns the truth's frame; else -1. */
  settle(updates: number): number {
    if (this.settled === this.next) return -1;
    const truth = this.#options.hang(this.settled) + this.#options.lead;
    if (truth >= this.#truths.next) return -1;
    this.#settle(truth, updates);
    return truth;
  }

  /** Settles the oldest prediction without a truth. */
  giveUp(): void {
    this.#settle(-1, 0);
  }

  save(): State {
    const { errors, settled } = this;
    return {
      settled,
      truths: this.#truths.save(),
      waiting: this.#waiting.save(),
      madeAt: this.#madeAt.slice(),
      errors: errors.copy(),
      errorsValid: errors.valid.slice(0, errors.count),
      ...(this.#score && { score: this.#score.save() }),
    };
  }

  /** @param rate that of the outputs, in Hz, which the scores forget by */
  restore(state: State, rate: number): void {
    this.settled = numberIn(state, 'settled');
    this.#truths.restore(stateIn(state, 'truths'));
    this.#waiting.restore(stateIn(state, 'waiting'));
    this.#madeAt.set(doublesIn(state, 'madeAt', this.#madeAt.length));
    const valid = bytesIn(state, 'errorsValid');
    this.errors.read(floatsIn(state, 'errors', valid.length * this.errors.channels), valid.length, valid);
    if (!('score' in state)) return;
    this.#score = new ForecastScore(this.#options.channels, rate);
    this.#score.restore(stateIn(state, 'score'));
  }

  #settle(truth: number, updates: number): void {
    const { channels } = this.#options;
    const { errors, gradient } = this;
    const [predictions, truths] = [this.#waiting.data, this.#truths.data];
    const known = this.#waiting.has(this.settled) && this.#truths.has(truth);
    const predictionAt = this.#waiting.offset(this.settled);
    const truthAt = known ? this.#truths.offset(truth) : 0;
    const share = 1 + this.#staleness(updates);
    const at = errors.reserve(1);
    for (let c = 0; c < channels; c++) {
      const error = known ? predictions[predictionAt + c] - truths[truthAt + c] : NaN;
      errors.data[at + c] = error;
      gradient[c] = known ? error / share : 0;
    }
    errors.valid[errors.count++] = known ? 1 : 0;
    if (known) this.#addScore(predictionAt, truth);
    this.known = known;
    this.settled++;
  }

  /** How stale the oldest prediction is: outputs, or updates, made since, whichever are more. 0 for the next frame. */
  #staleness(updates: number): number {
    return Math.max(updates - this.#madeAt[this.settled % this.#madeAt.length], this.next - 1 - this.settled);
  }

  /** The rival of a forecast is the frame that the output hangs on; who follows a target has not seen a truth before. */
  #addScore(predictionAt: number, truth: number): void {
    const truths = this.#truths;
    const before = truth - this.#options.lead;
    if (!truths.has(before)) return;
    const knownAt = this.#options.lead > 0 ? truths.offset(before) : -1;
    this.#score?.add(this.#waiting.data, predictionAt, truths.data, truths.offset(truth), knownAt);
  }
}
