import { EmittedPredictions } from './emitted-predictions.ts';
import { bytesIn, floatsIn, numberIn, type State, stateIn } from '../state/state.ts';
import type { EvaluatedRun } from './evaluated-run.ts';
import { ForecastScore, baselineReach, type Score } from './forecast-score.ts';
import { FrameHistory, FrameBuffer } from './frames.ts';
import type { Loss } from './loss.ts';
import { PendingPredictions } from './pending-predictions.ts';
import { isValidTarget } from './valid-sample.ts';

export interface EvaluationOptions {
  readonly channels: number;
  /** Frames from the frame that an output is aligned with to its target: the horizon of a forecast, 0 otherwise. */
  readonly lead: number;
  /** Maximum number of predictions that wait for their target. */
  readonly maxPending: number;
  /** Number of targets kept, in input frames. */
  readonly targetCapacity: number;
  /** Returns the input frame that an output is aligned with. */
  readonly alignedFrame: (output: number) => number;
  readonly loss: Loss;
  /** Maximum norm of ∂L/∂y of one output. */
  readonly clip: number;
  /** Power-line frequency in Hz. */
  readonly powerLine: number;
}

/**
 * Reason why an output has no error: its window includes an invalid sample, its target is invalid, or its target did
 * not arrive.
 */
export type MissingReason = 'gap' | 'noTruth' | 'late';

/** Result of the evaluation of one output. */
export interface EvaluatedOutput {
  /** Absolute input frame of the target. */
  target: number;
  /** Why the output has no error; null if it has one. */
  skipReason: MissingReason | null;
  /** Loss of the output. This field and `zeroLoss` have no meaning if `skipReason` is set. */
  loss: number;
  /** Loss that an output of zeros would have had. */
  zeroLoss: number;
  /** ∂L/∂y of the output, divided by 1 + its staleness; zeros if `skipReason` is set. The caller may overwrite it. */
  readonly gradient: Float32Array;
}

/** Computes the oldest prediction again. */
export interface Recompute {
  /** Returns the offset of the prediction in `outputs`. */
  readonly at: () => number;
  readonly outputs: () => ArrayLike<number>;
}

/** Validity of a target that did not arrive in time. */
const lateTarget = 2;

/**
 * Pairs predictions with their targets and computes the error, the gradient, and the score of each. Every output is
 * evaluated once, in order. If the prediction or its target is invalid, the gradient is 0 and the output is not scored.
 * The error is prediction - target; for cross-entropies, the prediction is the probability. If predictions are emitted
 * before they are computed for training (`splitEmitted`), the errors are those of the emitted ones, which are scored
 * separately.
 */
export class Evaluation {
  /** Errors of evaluated outputs that have not been read yet. The last one is of output `evaluated` - 1. */
  readonly errors: FrameBuffer;
  readonly #options: EvaluationOptions;
  /** Received targets, by absolute input frame. */
  readonly #targets: FrameHistory;
  readonly #predictions: PendingPredictions;
  readonly #prediction: Float32Array;
  readonly #zeros: Float32Array;
  readonly #zeroGradient: Float32Array;
  /** Reused result of all evaluations, so that an evaluation allocates nothing. */
  readonly #result: EvaluatedOutput;
  #score: ForecastScore | null = null;
  #emitted: EmittedPredictions | null = null;

  constructor(options: EvaluationOptions) {
    const { channels, maxPending, targetCapacity: reach } = options;
    this.#options = options;
    this.#targets = new FrameHistory(channels, reach + baselineReach);
    this.#predictions = new PendingPredictions(channels, maxPending);
    this.#prediction = new Float32Array(channels);
    this.#zeros = new Float32Array(channels);
    this.#zeroGradient = new Float32Array(channels);
    this.#result = { target: -1, skipReason: null, loss: 0, zeroLoss: 0, gradient: new Float32Array(channels) };
    this.errors = new FrameBuffer(channels);
  }

  /** Number of outputs evaluated so far. */
  get evaluated(): number {
    return this.#predictions.first;
  }

  /** Index of the next prediction. */
  get next(): number {
    return this.#predictions.next;
  }

  /** Returns the running scores. `rate` is the rate of the outputs in Hz. */
  score(rate: number): Omit<Score, 'holdout'> {
    // before the first frame, the rate is not known
    return (this.#score ?? new ForecastScore({ ...this.#options, rate })).get();
  }

  /** Writes the variance of all targets so far of each channel to `variances`, 1 while it is 0. */
  targetVariances(variances: Float64Array): void {
    for (let c = 0; c < variances.length; c++) variances[c] = this.#score?.variance(c) || 1;
  }

  /** Writes the means of the recent targets to `means`. */
  writeMeans(means: Float64Array): void {
    this.#score?.writeMeans(means);
  }

  /** Prepares scoring. `rate` is the rate of the outputs in Hz. */
  start(rate: number): void {
    this.#scoreAt(rate);
  }

  /** Adds the target of the next frame. For a categorical loss, a target outside 0 … 1 is invalid. Returns whether it is valid. */
  addTarget(data: Float32Array, at: number, valid: number): boolean {
    const isValid = isValidTarget(data, at, this.#options, valid);
    this.#targets.push(data, at, isValid ? 1 : 0);
    return isValid;
  }

  /** Records that the target of the next frame did not arrive in time. */
  addLateTarget(): void {
    this.#targets.push(this.#zeros, 0, lateTarget);
  }

  /**
   * Returns a queue for the predictions that are emitted before they are computed for training. Add every emitted
   * prediction to it, starting with the next one.
   */
  splitEmitted(rate: number): EmittedPredictions {
    const { channels, loss } = this.#options;
    this.#scoreAt(rate).splitEmitted();
    return (this.#emitted = new EmittedPredictions(channels, loss));
  }

  /** Adds the next prediction, at `at` in `outputs`, computed after `updates` updates. */
  addPrediction(outputs: ArrayLike<number>, at: number, valid: number, updates: number): void {
    this.#predictions.push(outputs, at, valid, updates);
  }

  /**
   * Whether a run of frames can be evaluated by the kernel `train`: no older outputs wait for their target, and the frames that the
   * baselines read are valid. Requires a lead of at most 1.
   */
  get acceptsRun(): boolean {
    const { lead } = this.#options;
    const { count, isValid, first } = this.#predictions;
    if (first === 0 || this.#emitted !== null || count > lead) return false;
    if (lead === 0) return true;
    if (count > 0 && !isValid) return false;
    return this.#targets.hasValidRun(this.#targets.next - 1, baselineReach);
  }

  /** Copies the output that waits for its target to `at` in `memory`. Returns the number of such outputs, 0 or 1. */
  copyWaiting(memory: Float32Array, at: number): number {
    const { count, data, at: from } = this.#predictions;
    if (count === 0) return 0;
    for (let c = 0; c < this.#options.channels; c++) memory[at + c] = data[from + c];
    return 1;
  }

  /** Adds a run of frames that the kernel `train` has evaluated. The first output was computed after `updates` updates. */
  addRun(f32: Float32Array, f64: Float64Array, run: EvaluatedRun): void {
    const { channels } = this.#options;
    const { emitted, trained } = run;
    const targets = this.#targets;
    const predictions = this.#predictions;
    const waiting = predictions.count;
    const outputs = waiting > 0 ? run.outputs : run.outputs + channels;
    targets.pushRows(f32, run.targets, run.frames);
    const target = this.#targetOf(this.evaluated);
    if (trained > 0) this.#score?.addRows(f32, outputs, targets, target, run.stride, f64, run.losses, trained);
    this.errors.appendRows(f32, run.errors, trained);
    if (emitted + trained > 0) predictions.advance(trained);
    // at most the newest output still waits
    if (emitted > 0 && waiting + emitted > trained)
      predictions.push(f32, run.outputs + emitted * channels, 1, run.updates + waiting + emitted - 1);
  }

  /** Marks the next `count` targets as missing. */
  skipTargets(count: number): void {
    this.#targets.skip(count);
  }

  /** Skips `count` predictions that are never computed, and all that still wait for a target. */
  skipPredictions(count: number): void {
    this.#emitted?.discard(this.#predictions.count + count);
    this.#predictions.skip(count);
    this.errors.clear();
  }

  /**
   * Evaluates the oldest prediction if its target has arrived; returns null otherwise. The result is valid until the
   * next evaluation.
   * @param recompute computes the prediction again if the weights have changed since; its gradient is then not scaled
   */
  evaluateNext(updates: number, recompute?: Recompute | null): EvaluatedOutput | null {
    if (this.evaluated === this.next) return null;
    const target = this.#targetOf(this.evaluated);
    return target >= this.#targets.next ? null : this.#evaluate(target, updates, recompute);
  }

  save(): State {
    const { errors, evaluated } = this;
    return {
      settled: evaluated,
      truths: this.#targets.save(),
      ...this.#predictions.save(),
      errors: errors.data.slice(0, errors.count * errors.channels),
      errorsValid: errors.valid.slice(0, errors.count),
      ...(this.#score && { score: this.#score.save(), rate: this.#score.rate }),
    };
  }

  restore(state: State): void {
    this.#targets.restore(stateIn(state, 'truths'));
    this.#predictions.restore(state, numberIn(state, 'settled'));
    const valid = bytesIn(state, 'errorsValid');
    this.errors.replace(floatsIn(state, 'errors', valid.length * this.errors.channels), valid.length, valid);
    this.#emitted = null;
    this.#score = null;
    if ('score' in state) this.#scoreAt(numberIn(state, 'rate')).restore(stateIn(state, 'score'));
  }

  #targetOf(output: number): number {
    return this.#options.alignedFrame(output) + this.#options.lead;
  }

  #scoreAt(rate: number): ForecastScore {
    return (this.#score ??= new ForecastScore({ ...this.#options, rate }));
  }

  #evaluate(target: number, updates: number, recompute?: Recompute | null): EvaluatedOutput {
    const { errors } = this;
    const result = this.#result;
    const { gradient } = result;
    const { channels } = this.#options;
    const targets = this.#targets;
    result.target = target;
    result.skipReason = this.#missing(target);
    const at = errors.reserve(1);
    if (result.skipReason === null) {
      this.#computeLoss(targets.data, targets.offset(target));
      const prediction = this.#emitted?.next(targets.data, targets.offset(target)) ?? this.#prediction;
      this.#score?.add(this.#prediction, targets, target, result, prediction, this.#emitted ?? undefined);
      for (let c = 0; c < channels; c++) errors.data[at + c] = prediction[c] - targets.data[targets.offset(target) + c];
      const staleness = this.#predictions.staleness(updates);
      if (recompute && staleness > 0) this.#recomputeGradient(recompute, targets, target);
      const scale = this.#gradientScale(recompute ? 0 : staleness);
      for (let c = 0; c < channels; c++) gradient[c] *= scale;
    } else {
      this.#emitted?.discard(1);
      errors.data.fill(NaN, at, at + channels);
      gradient.fill(0);
    }
    errors.valid[errors.count++] = result.skipReason === null ? 1 : 0;
    this.#predictions.first++;
    return result;
  }

  /** Returns why the error of an output with the target `target` is not known; null if it is. */
  #missing(target: number): MissingReason | null {
    if (!this.#predictions.isValid) return 'gap';
    const validity = this.#targets.validity(target);
    return validity === 1 ? null : validity === lateTarget ? 'late' : 'noTruth';
  }

  #computeLoss(targets: Float32Array, at: number): void {
    const { loss } = this.#options;
    const result = this.#result;
    result.zeroLoss = loss.measure(this.#zeros, 0, targets, at, this.#prediction, this.#zeroGradient);
    const { data, at: from } = this.#predictions;
    result.loss = loss.measure(data, from, targets, at, this.#prediction, result.gradient);
  }

  #recomputeGradient({ outputs, at }: Recompute, targets: FrameHistory, target: number): void {
    const y = at();
    this.#options.loss.measure(
      outputs(),
      y,
      targets.data,
      targets.offset(target),
      this.#prediction,
      this.#result.gradient,
    );
  }

  /**
   * Returns the factor of the gradient: 1 / (1 + staleness), reduced further if the gradient exceeds the maximum norm.
   */
  #gradientScale(staleness: number): number {
    const scale = 1 / (1 + staleness);
    const { clip } = this.#options;
    if (clip === Infinity) return scale;
    const { gradient } = this.#result;
    let square = 0;
    for (let c = 0; c < gradient.length; c++) square += gradient[c] ** 2;
    return square > clip * clip ? (scale * clip) / Math.sqrt(square) : scale;
  }
}
