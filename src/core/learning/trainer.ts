import type { Network } from '../network/network.ts';
import { NetworkStream } from '../network/network-stream.ts';
import { integer, oneOf } from '../check.ts';
import { numberIn, stateIn, type State } from '../state/state.ts';
import { validAt } from '../memory/rows.ts';
import type { EvaluatedOutput, Evaluation, Recompute } from './evaluation.ts';
import { isSample } from './valid-sample.ts';
import { featureLayer, type OutputCollector, type SkipReason } from './learned.ts';
import {
  capacityOf,
  defaultOptimizer,
  evaluationOf,
  holdoutOf,
  type LearnerOptions,
  type Task,
} from './learner-options.ts';
import type { Holdout } from './holdout.ts';
import { type LearnerView, viewOf } from './learner-view.ts';
import type { LearnControl } from './learn-control.ts';
import { noScore, type Score } from './forecast-score.ts';
import { weightsOf, type Weights } from '../network/weights.ts';
import { learningRateOf } from './optimizers/optimizer.ts';
import { checkRecomputing, startFromTarget } from './recomputing.ts';
import { type FrameRun, RunTrainer, trainsInRuns } from './run-trainer.ts';
import { WeightUpdater } from './weight-updater.ts';

/**
 * Trains a network frame by frame. The target of a frame is added before the frame itself:
 *
 *     addTarget → evaluate, backward, update → addFrame: forward → evaluate, backward, update
 *
 * The first part applies to earlier outputs (forecasts, and outputs that wait for later frames), the second to outputs
 * that are aligned with this frame.
 */
export class Trainer {
  /** Whether the weights are updated. */
  learning = true;
  /** Whether the following frames are anomalous and are not used for training. */
  alarmed = false;
  readonly evaluation: Evaluation;
  readonly updater: WeightUpdater;
  /** null if the option is off. */
  readonly holdout: Holdout | null;
  readonly #network: Network;
  readonly #task: Task;
  readonly #updateEvery: number;
  readonly #windowed: boolean;
  readonly #frame: Float32Array;
  readonly #valid = new Uint8Array(1);
  readonly #noTarget: Float32Array;
  readonly #recompute: Recompute | null;
  /** Variance of the target of each output, by which errors are divided. */
  readonly #scales: Float64Array | null = null;
  readonly #view: LearnerView;
  /** null if the kernel `train` cannot train with the options. */
  readonly #runs: RunTrainer | null = null;
  #stream: NetworkStream;
  #period = 0;
  /** Whether a valid target has been added. */
  #hasTarget = false;

  constructor(network: Network, task: Task, options: LearnerOptions) {
    const {
      optimizer = defaultOptimizer(options, network),
      updateEvery = 1,
      mode = 'stream',
      holdout = true,
    } = options;
    const capacity = capacityOf(network, task, options);
    this.#network = network;
    this.#task = task;
    this.#updateEvery = integer('updateEvery', updateEvery, 1);
    this.#windowed = oneOf('mode', mode, ['stream', 'window']) === 'window';
    this.evaluation = evaluationOf(network, task, options, capacity);
    this.updater = new WeightUpdater(network, optimizer, options);
    this.#stream = network.stream({ gradients: true, skipInputGradient: true, maxPending: capacity });
    this.#frame = new Float32Array(network.inChannels);
    this.#noTarget = new Float32Array(network.outChannels);
    this.holdout = holdout
      ? holdoutOf(network, task, options, (means) => {
          this.evaluation.writeMeans(means);
        })
      : null;
    const { updater, evaluation } = this;
    this.#view = viewOf(updater, evaluation, () => this.#stream, network.outChannels, options.loss);
    if (optimizer.recomputes) checkRecomputing(this.#stream.stack, options.loss);
    const recompute = { at: () => this.#stream.stack.recompute(), outputs: () => network.engine.arena.f32 };
    this.#recompute = optimizer.recomputes ? recompute : null;
    if (trainsInRuns(network, task, options, optimizer))
      this.#runs = new RunTrainer(network, task, featureLayer(network.layers), this.evaluation, this.updater);
    if (optimizer.outputScales !== undefined && this.#stream.stack.trained.length > 1)
      this.#scales = optimizer.outputScales = new Float64Array(network.outChannels);
  }

  /** Absolute index of the next frame. */
  get index(): number {
    return this.#stream.index;
  }

  /** Whether `addRun` may add frames with the options of this trainer. */
  get trainsInRuns(): boolean {
    return this.#runs !== null;
  }

  /** Prepares scoring. `rate` is the rate of the outputs in Hz. */
  start(rate: number): void {
    this.evaluation.start(rate);
    this.holdout?.start(rate);
  }

  /** Returns the running scores. `rate` is the rate of the outputs in Hz. */
  score(rate: number): Score {
    return { ...this.evaluation.score(rate), holdout: this.holdout?.score() ?? noScore };
  }

  /** Returns copies of the weights to serve: those that the holdout chose, otherwise the current ones. */
  weights(): Weights {
    const served = this.holdout?.served;
    return served ? weightsOf(this.#network.parameters, served) : this.updater.weights();
  }

  /** Adds the target of the next frame. */
  addTarget(data: Float32Array, at: number, valid: number): void {
    this.#addHeldOutTarget(data, at, valid);
    if (this.evaluation.addTarget(data, at, valid) && !this.#hasTarget) {
      this.#hasTarget = true;
      if (this.#recompute && startFromTarget(this.#network, this.#stream.stack, data, at)) this.updater.startFromHere();
    }
    this.#learn();
  }

  /** Records that the target of the next frame did not arrive in time. */
  addLateTarget(): void {
    this.#addHeldOutTarget(this.#noTarget, 0, 0);
    this.evaluation.addLateTarget();
    this.#learn();
  }

  /** Adds the next frame, whose channels begin at `at` in `data`. The outputs are also added to `collected`. */
  addFrame(data: Float32Array, at: number, valid: number, collected?: OutputCollector): void {
    const { evaluation, updater } = this;
    const { inputChannels } = this.#task;
    for (let c = 0; c < this.#frame.length; c++) {
      const sample = data[at + inputChannels[c]];
      // not a conditional expression, which would box the number
      if (isSample(sample)) this.#frame[c] = sample;
      else this.#frame[c] = NaN;
    }
    this.#valid[0] = valid;
    if (this.holdout?.isOpen) this.holdout.addFrame(this.#frame, valid);
    this.#stream.feed(this.#frame, valid === 1 ? undefined : this.#valid);
    const { outputs } = this.#stream.stack;
    const { f32 } = this.#network.engine.arena;
    collected?.append(f32, outputs);
    const output = outputs[outputs.length - 1];
    for (let i = 0; i < output.count; i++)
      evaluation.addPrediction(f32, output.at + i * output.channels, validAt(output, i), updater.updates);
    if (output.count > 0) this.#learn();
  }

  /**
   * Adds up to `run.count` valid frames and their targets in one call of a kernel, with the same bits. The outputs are also added to
   * `collected`. Returns the number of frames; 0 if the next one must be added alone.
   */
  addRun(run: FrameRun, collected: OutputCollector): number {
    const { holdout } = this;
    const runs = this.#runs;
    if (runs === null || !this.learning || this.alarmed) return 0;
    holdout?.prepare(this.index, this.#view);
    const room = holdout?.framesUntil(this.index) ?? Infinity;
    const { evaluated } = this.evaluation;
    runs.train(this.#stream, run, Math.min(run.count, room), collected);
    if (runs.taken === 0) return 0;
    this.#hasTarget = true;
    if (this.evaluation.evaluated > evaluated) this.#period = this.#periodOf(this.evaluation.evaluated - 1);
    this.#endRun(runs, run, collected);
    return runs.taken;
  }

  /** Handles missing frames: short gaps are processed as invalid frames, long gaps only advance the frame index. */
  skip(count: number): void {
    const { pace } = this.#network;
    if (count <= pace.settlingFrames) {
      const zeros = new Float32Array(Math.max(this.#task.channels, this.#network.outChannels));
      for (let i = 0; i < count; i++) {
        this.addTarget(zeros, 0, 0);
        this.addFrame(zeros, 0, 0);
      }
    } else {
      this.holdout?.jump(count);
      this.#stream.jump(count);
      this.updater.skipped.late += this.evaluation.next - this.evaluation.evaluated;
      this.evaluation.skipPredictions(pace.outputsAfter(this.index) - this.evaluation.next);
      this.evaluation.skipTargets(count);
    }
  }

  /** Returns a stream without gradients that continues from the current state of the trainer's stream. */
  forwardStream(): NetworkStream {
    return NetworkStream.of(this.#network, { ...this.#stream.state(), gradients: 0 });
  }

  /** Applies a control that was checked (`checkControl`), except `alarmed`. */
  control(control: LearnControl): void {
    const { learning, act } = control;
    const learningRate = learningRateOf(control);
    if (learningRate !== undefined) this.updater.optimizer.learningRate = learningRate;
    if (learning !== undefined) this.learning = learning;
    if (act === 'reset' || act === 'rollback') this[act]();
    else if (act !== undefined) this.learning = act === 'unfreeze';
  }

  rollback(): void {
    this.updater.rollback(this.#stream);
  }

  reset(): void {
    this.updater.reset(this.#stream);
    this.holdout?.reset();
  }

  close(): void {
    this.#stream.close();
    this.holdout?.close();
  }

  save(): State {
    return {
      mark: this.#period,
      stepper: this.updater.save(),
      exam: this.evaluation.save(),
      stream: this.#stream.state(),
      hasTarget: Number(this.#hasTarget),
      ...(this.holdout && { holdout: this.holdout.save() }),
    };
  }

  restore(state: State): void {
    this.#period = numberIn(state, 'mark');
    // states of earlier versions do not contain `hasTarget`
    this.#hasTarget = state.hasTarget !== 0;
    this.updater.restore(stateIn(state, 'stepper'));
    this.evaluation.restore(stateIn(state, 'exam'));
    this.#stream.close();
    this.#stream = NetworkStream.of(this.#network, stateIn(state, 'stream'));
    // states of earlier versions have none
    if ('holdout' in state) this.holdout?.restore(stateIn(state, 'holdout'));
    else {
      const exam = stateIn(state, 'exam');
      this.holdout?.reset();
      if ('rate' in exam) this.holdout?.start(numberIn(exam, 'rate'));
    }
  }

  /** Sets weights aside and opens windows as is due before the next frame, and adds its target to the open window. */
  #addHeldOutTarget(data: Float32Array, at: number, valid: number): void {
    const { holdout } = this;
    if (holdout === null) return;
    holdout.prepare(this.index, this.#view);
    if (holdout.isOpen) holdout.addTarget(data, at, valid);
  }

  /** Makes the update that a run owes, and processes the frame whose target it has used. */
  #endRun({ taken, done, owed, frames, targets }: RunTrainer, run: FrameRun, collected: OutputCollector): void {
    if (this.holdout?.isOpen) {
      const { f32 } = this.#network.engine.arena;
      this.holdout.addRows(f32, frames, targets, done);
      if (taken > done) this.holdout.addTarget(f32, targets + done * this.#network.outChannels, 1);
    }
    if (owed) this.updater.update(this.#stream);
    if (taken > done) this.addFrame(run.input, run.at + done * this.#task.channels, 1, collected);
    else this.#learn();
  }

  /** Returns the number of the period of updates in which an output is trained. */
  #periodOf(output: number): number {
    return Math.floor((this.#network.pace.alignedFrame(output) + this.#task.lead + 1) / this.#updateEvery);
  }

  /** Trains on all outputs whose target has been added, oldest first. */
  #learn(): void {
    const { evaluation, updater } = this;
    let result: EvaluatedOutput | null;
    while ((result = evaluation.evaluateNext(updater.updates, this.#recompute)) !== null) {
      const reason = this.#skipReason(result);
      if (reason !== null) {
        result.gradient.fill(0);
        updater.skipped[reason]++;
      } else {
        updater.accumulated++;
        this.#scaleErrors(result.gradient);
      }
      this.#stream.accumulate(result.gradient);
      const period = Math.floor((result.target + 1) / this.#updateEvery);
      if (period !== this.#period && updater.accumulated > 0 && this.learning && !this.alarmed) {
        if (this.#windowed) this.#stream.truncateGradient();
        updater.update(this.#stream);
      }
      this.#period = period;
    }
  }

  /** Returns the reason for which an evaluated output is not used for training; null if it is used. */
  #skipReason({ skipReason, loss, zeroLoss }: EvaluatedOutput): SkipReason | null {
    if (skipReason !== null) return skipReason;
    if (!this.learning) return 'frozen';
    if (this.alarmed) return 'alarmed';
    if (!this.updater.addLoss(loss, zeroLoss)) return null;
    this.updater.recover(this.#stream, 'exploded');
    return 'exploded';
  }

  #scaleErrors(gradient: Float32Array): void {
    const scales = this.#scales;
    if (!scales) return;
    this.evaluation.targetVariances(scales);
    for (let c = 0; c < scales.length; c++) gradient[c] /= scales[c];
  }
}
