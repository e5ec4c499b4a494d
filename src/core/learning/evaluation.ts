import { bytesIn, doublesIn, floatsIn, numberIn, type State, stateIn } from '../state/state.ts';
import { ForecastScore, rivalReach, type Score } from './forecast-score.ts';
import { FrameRing } from './frames.ts';
import { Frames } from './frames.ts';
import type { Loss } from './loss.ts';

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
  readonly loss: Loss;
  /** The most that ∂L/∂y of one output may be long. */
  readonly clip: number;
  /** Of the mains, in Hz. */
  readonly mains: number;
}

/** Why nothing is learned from an output: its taps saw what was no sample, its truth was none, or its truth never came. */
export type Unknown = 'gap' | 'noTruth' | 'late';

/**
 * Predictions that wait for their truth, and what comes of them when it is known: an error, a gradient, a score.
 * Every output is settled once, in order. One that is not valid, or whose truth is not, gets the gradient 0 and no score.
 * Errors are what was expected - truth: of cross-entropies with the probabilities that the outputs stand for.
 */
export class Exam {
  /** ∂L/∂y of the output settled last, divided by 1 + how stale it was. */
  readonly gradient: Float32Array;
  /** Why the output settled last teaches nothing; null: it does. */
  unknown: Unknown | null = null;
  /** L of the output settled last, and of an output of zeros in its place. */
  loss = 0;
  lossOfNothing = 0;
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
  readonly #expected: Float32Array;
  readonly #nothing: Float32Array;
  readonly #unused: Float32Array;
  #score: ForecastScore | null = null;

  constructor(options: ExamOptions) {
    const { channels, maxPending, reach } = options;
    this.#options = options;
    this.#truths = new FrameRing(channels, reach + rivalReach);
    this.#waiting = new FrameRing(channels, maxPending);
    this.#madeAt = new Float64Array(maxPending);
    this.gradient = new Float32Array(channels);
    this.#expected = new Float32Array(channels);
    this.#nothing = new Float32Array(channels);
    this.#unused = new Float32Array(channels);
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
    return this.#scoreAt(rate).get();
  }

  /** Gets ready to score; `rate` is that of the outputs, in Hz. */
  begin(rate: number): void {
    this.#scoreAt(rate);
  }

  /** The truth of the next frame; of a categorical loss a class or a probability, else it is none. */
  know(data: Float32Array, at: number, valid: number): void {
    let real = valid;
    const { categorical } = this.#options.loss;
    for (let c = 0; c < this.#truths.channels; c++) {
      const truth = data[at + c];
      if (!isSample(truth) || (categorical && !(truth >= 0 && truth <= 1))) real = 0;
    }
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
      ...(this.#score && { score: this.#score.save(), rate: this.#score.rate }),
    };
  }

  restore(state: State): void {
    this.settled = numberIn(state, 'settled');
    this.#truths.restore(stateIn(state, 'truths'));
    this.#waiting.restore(stateIn(state, 'waiting'));
    this.#madeAt.set(doublesIn(state, 'madeAt', this.#madeAt.length));
    const valid = bytesIn(state, 'errorsValid');
    this.errors.read(floatsIn(state, 'errors', valid.length * this.errors.channels), valid.length, valid);
    if ('score' in state) this.#scoreAt(numberIn(state, 'rate')).restore(stateIn(state, 'score'));
  }

  #scoreAt(rate: number): ForecastScore {
    return (this.#score ??= new ForecastScore({ ...this.#options, rate }));
  }

  #settle(truth: number, updates: number): void {
    const { errors, gradient } = this;
    const { channels } = this.#options;
    const truths = this.#truths;
    this.unknown = this.#lacking(truth);
    const at = errors.reserve(1);
    if (this.unknown === null) {
      this.#measure(truths.data, truths.offset(truth));
      const share = this.#share(updates);
      for (let c = 0; c < channels; c++) {
        errors.data[at + c] = this.#expected[c] - truths.data[truths.offset(truth) + c];
        gradient[c] *= share;
      }
      this.#score?.add(this.#expected, truths, truth, this.loss);
    } else {
      errors.data.fill(NaN, at, at + channels);
      gradient.fill(0);
    }
    errors.valid[errors.count++] = this.unknown === null ? 1 : 0;
    this.settled++;
  }

  #lacking(truth: number): Unknown | null {
    if (truth < 0) return 'late';
    if (!this.#waiting.has(this.settled)) return 'gap';
    return this.#truths.has(truth) ? null : 'noTruth';
  }

  #measure(truths: Float32Array, at: number): void {
    const { loss } = this.#options;
    this.lossOfNothing = loss.measure(this.#nothing, 0, truths, at, this.#expected, this.#unused);
    const from = this.#waiting.offset(this.settled);
    this.loss = loss.measure(this.#waiting.data, from, truths, at, this.#expected, this.gradient);
  }

  /** What of the gradient counts: 1 / (1 + how stale it is), and no more than the longest. */
  #share(updates: number): number {
    const share = 1 / (1 + this.#staleness(updates));
    const { clip } = this.#options;
    if (clip === Infinity) return share;
    let square = 0;
    for (let c = 0; c < this.gradient.length; c++) square += this.gradient[c] ** 2;
    return square > clip * clip ? (share * clip) / Math.sqrt(square) : share;
  }

  /** How stale the oldest prediction is: outputs, or updates, made since, whichever are more. 0 for the next frame. */
  #staleness(updates: number): number {
    return Math.max(updates - this.#madeAt[this.settled % this.#madeAt.length], this.next - 1 - this.settled);
  }
}

/** Beyond this windows cannot be squared and summed in float32: what is larger is a fill value or a fault. */
const largest = 2 ** 60;

/** Whether a number can be learned from. */
export function isSample(x: number): boolean {
  return Math.abs(x) <= largest;
}
