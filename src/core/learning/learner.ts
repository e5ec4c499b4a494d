import { checkBlock, frameCount, type Block } from '../blocks/block.ts';
import { invalid } from '../check.ts';
import { BlockResult, type ResultSource } from './block-result.ts';
import { DelayedTrainer } from './delayed-trainer.ts';
import { LateTargetCounter, type LateTargets } from './late-targets.ts';
import { checkControl, type LearnControl } from './learn-control.ts';
import { OutputCollector, drainBlock, type Learned } from './learned.ts';
import { endOfRun, PendingTargets } from './pending-targets.ts';
import { maxDelayOf, taskOf, type LearnerOptions, type Task } from './learner-options.ts';
import type { Network } from '../network/network.ts';
import type { TunableOptimizer } from './optimizers/optimizer.ts';
import { checkStreams } from '../network/plan.ts';
import { numberIn, stateIn, type State } from '../state/state.ts';
import type { Weights } from '../network/weights.ts';
import type { ServedWeights } from './served-weights.ts';
import type { Score } from './forecast-score.ts';
import { type FrameRun, maxRunFrames } from './run-trainer.ts';
import { Trainer } from './trainer.ts';

const noFrames = new Float32Array(0);

/**
 * Online learner: predicts every frame before it learns from it.
 *
 *     frame t arrives → score the outputs whose target it is → backward → update if due → forward → predictions
 *
 * Start-up outputs, outputs that depend on missing or non-finite samples, and samples beyond ±2^60 (fill values; their
 * windows cannot be squared and summed in float32) are skipped. An update happens when the target's absolute frame index
 * passes a multiple of `updateEvery`. So the result does not depend on how the stream is split into blocks.
 *
 * For the task 'target', the prediction for a frame is computed from the current weights when the frame arrives. The
 * frame is trained when its target and the targets of all earlier frames have arrived. If the target of frame t is
 * still missing when frame t + `maxDelay` + 1 arrives, frame t is skipped, and its target is ignored if it arrives
 * later. Within `maxDelay` frames, the weights therefore do not depend on when and in which order targets arrive: they
 * are the same as if every target had arrived before its frame.
 *
 * A forecast over a longer horizon changes the weights less: its gradient is divided by 1 + the number of outputs, or of
 * updates if that is larger, since its prediction. This keeps delayed updates stable (Sra et al., AdaDelay, 2016). After a
 * gap longer than the receptive field, outputs that still have no target are skipped.
 *
 * If the loss diverges or a weight becomes non-finite, the last good weights are restored and the learning rate µ is
 * halved. It is doubled again after 10,000 updates without divergence; the wait doubles with every further halving.
 */
export class Learner {
  /**
   * Whether the following frames are anomalous and are not used for training, for example because a detector flagged
   * them. Applies to the frames that arrive while it is true, even if their targets arrive later.
   */
  alarmed = false;
  /** The network that the learner trains in place. */
  readonly network: Network;
  readonly #task: Task;
  readonly #late: LateTargetCounter;
  readonly #trainer: Trainer;
  readonly #collected: OutputCollector;
  readonly #pendingTargets: PendingTargets;
  /** Used instead of the trainer from the first frame on that arrives before its target; null until then. */
  #delayed: DelayedTrainer | null = null;
  #outputRate = 0;
  /** Reused, so that a run allocates nothing. */
  readonly #run: FrameRun = { input: noFrames, at: 0, targets: noFrames, targetsAt: 0, count: 0 };
  readonly #source: ResultSource = {
    score: () => this.score,
    weights: () => this.weights(),
    currentWeights: () => this.#trainer.updater.weights(),
    skipped: () => ({ ...this.#trainer.updater.skipped }),
  };

  /** @param network trained in place */
  constructor(network: Network, options: LearnerOptions = {}) {
    checkStreams(network.layers);
    this.network = network;
    this.#task = taskOf(network, options);
    this.#late = new LateTargetCounter(maxDelayOf(network, this.#task, options));
    this.#trainer = new Trainer(network, this.#task, options);
    this.#pendingTargets = new PendingTargets(network.outChannels);
    this.#collected = new OutputCollector(network);
  }

  /**
   * Whether the weights are updated. If false, predictions and scores continue. Applies to all following updates,
   * including those for frames that have already arrived.
   */
  get learning(): boolean {
    return this.#trainer.learning;
  }

  /** Stops or resumes the updates. */
  set learning(learning: boolean) {
    this.#trainer.learning = learning;
  }

  /** Optimizer that updates the weights. Its `learningRate` (µ) may be changed at any time. */
  get optimizer(): TunableOptimizer {
    return this.#trainer.updater.optimizer;
  }

  /** Returns copies of the weights to serve, as `Learned.weights`. */
  weights(): Weights {
    return this.#trainer.weights();
  }

  /** Whether the weights are still the initial ones. */
  get untrained(): boolean {
    return this.served === null && this.#trainer.updater.updates === 0;
  }

  /** The scores so far. */
  get score(): Score {
    return this.#trainer.score(this.#outputRate);
  }

  /** The targets that were ignored so far, because they arrived more than `maxDelay` frames after their frames. Not saved. */
  get late(): LateTargets {
    return this.#late;
  }

  /** Score of the weights to serve; null until there is one. */
  get served(): ServedWeights | null {
    return this.#trainer.holdout?.servedScore ?? null;
  }

  /**
   * Learns from a block and returns the predictions, errors, and scores. A jump of `start` is a gap.
   * @param alarmed one byte per frame; 1 = do not train on the frame. Default: as in the property `alarmed`
   * @param inputValid one byte per frame: validity of the frames as inputs; `block.valid` is their validity as targets.
   *   Use it for filled frames that the network reads but that must not be targets. Default: `block.valid`
   * @throws RangeError if `start` goes back or the channels do not match
   */
  push(block: Block, alarmed?: Uint8Array, inputValid: Uint8Array | undefined = block.valid): Learned {
    checkBlock(block);
    const { pace } = this.network;
    const { channels } = this.#task;
    const frames = frameCount(block);
    if (block.channels !== channels) throw invalid('block.channels', `${channels}`, block.channels);
    if (inputValid && inputValid.length !== frames)
      throw invalid('inputValid.length', `${frames}, one byte per frame`, inputValid.length);
    const missing = block.start - this.#index;
    if (missing < 0) throw invalid('block.start', `>= ${this.#index}, the next frame`, block.start);
    this.#outputRate = (block.rate * pace.up) / pace.stride;
    const { evaluation, updater } = this.#trainer;
    this.#trainer.start(this.#outputRate);
    if (missing > 0) this.#skip(missing);
    for (let i = 0; i < frames;) {
      if (alarmed) this.alarmed = alarmed[i] === 1;
      const added = this.alarmed ? 0 : this.#pushRun(block, i, alarmed, inputValid);
      if (added === 0) this.#pushFrame(block.data, i * channels, block.valid?.[i] ?? 1, inputValid?.[i] ?? 1);
      i += Math.max(1, added);
    }
    this.#delayed?.serve(this.#collected);
    const { errors, evaluated } = evaluation;
    const error = drainBlock(errors, pace, evaluated - errors.count, block);
    const { updates, rollbacks, optimizer } = updater;
    const { prediction, features } = this.#collected.drain(block, pace.outputsAfter(block.start));
    const { served } = this;
    return new BlockResult(
      { prediction, error, features },
      { served, updates, rollbacks, learningRate: optimizer.learningRate },
      this.#source,
    );
  }

  /**
   * Adds targets for the task 'target'. Each frame is the target of the output that is aligned with the same frame.
   * Targets may arrive before or after their frame, in any order. The first target of a frame applies. Targets of missing
   * frames and of frames that have been trained are ignored.
   */
  teach(block: Block): void {
    checkBlock(block);
    const { outChannels } = this.network;
    if (!this.#task.external) throw new TypeError(`task must be 'target' for teach(), got '${this.#task.name}'`);
    if (block.channels !== outChannels) throw invalid('channels of a target block', `${outChannels}`, block.channels);
    const end = Math.min(frameCount(block), this.#index - block.start);
    if (this.#delayed) this.#late.add(block.start, block.start + frameCount(block), this.#index - 1);
    for (let i = 0; i < end; i++)
      this.#delayed?.teach(block.start + i, block.data, i * outChannels, block.valid?.[i] ?? 1);
    this.#pendingTargets.add(block, this.#index);
  }

  /**
   * Applies a change from the next frame to arrive on. Frames that already wait for their targets are trained without
   * the change. In contrast, the setters and the other methods of the learner apply immediately.
   * @throws an error that names the invalid field
   */
  control(control: LearnControl): void {
    checkControl(control);
    if (control.alarmed !== undefined) this.alarmed = control.alarmed;
    if (this.#delayed) this.#delayed.control(control);
    else this.#trainer.control(control);
  }

  /** Restores the last good weights and clears the optimizer's memory. Frames that wait for their target are kept. */
  rollback(): void {
    this.#trainer.rollback();
  }

  /** Restores the initial weights. Frames that wait for their target are kept. */
  reset(): void {
    this.#trainer.reset();
  }

  /** Releases the memory of the learner's streams. The network stays usable. */
  close(): void {
    this.#trainer.close();
    this.#delayed?.close();
  }

  /** Returns the complete state, except the network's weights. */
  save(): State {
    return {
      learning: Number(this.learning),
      alarmed: Number(this.alarmed),
      rate: this.#outputRate,
      ...this.#trainer.save(),
      early: this.#pendingTargets.save(),
      ...(this.#task.external && { maxDelay: this.#late.maxDelay }),
      ...(this.#delayed && { delayed: this.#delayed.save() }),
    };
  }

  /**
   * Restores a state that `save` returned.
   * @throws if the state is not from a learner with the same network and options; do not use the learner after that
   */
  restore(state: State): void {
    this.#checkDelay(state);
    this.learning = numberIn(state, 'learning') === 1;
    this.alarmed = numberIn(state, 'alarmed') === 1;
    this.#outputRate = numberIn(state, 'rate');
    this.#trainer.restore(state);
    this.#pendingTargets.restore(stateIn(state, 'early'));
    this.#delayed?.close();
    this.#delayed = null;
    if ('delayed' in state) this.#delay().restore(stateIn(state, 'delayed'));
  }

  /** Absolute index of the next frame. */
  get #index(): number {
    return this.#delayed?.index ?? this.#trainer.index;
  }

  /**
   * Pushes frames of `block` from frame `from` on, which is not alarmed, as a run. Returns the number of frames; 0 if the first must be
   * pushed alone.
   */
  #pushRun({ data, valid }: Block, from: number, alarmed?: Uint8Array, inputValid?: Uint8Array): number {
    if (this.#delayed || !this.#trainer.trainsInRuns) return 0;
    const { channels, external } = this.#task;
    const run = this.#run;
    let end = Math.min(data.length / channels, from + maxRunFrames);
    run.targets = run.input = data;
    run.targetsAt = run.at = from * channels;
    if (external) {
      const known = this.#pendingTargets.find(this.#index);
      if (!known) return 0;
      run.targets = known.data;
      run.targetsAt = known.offset;
      end = from + this.#pendingTargets.validFrames(this.#index, end - from);
    } else if (valid) end = endOfRun(valid, 1, from, end);
    if (inputValid && inputValid !== (external ? null : valid)) end = endOfRun(inputValid, 1, from, end);
    if (alarmed) end = endOfRun(alarmed, 0, from, end);
    run.count = end - from;
    this.#trainer.alarmed = false;
    const added = this.#trainer.addRun(run, this.#collected);
    // the block may be large
    run.input = run.targets = noFrames;
    return added;
  }

  #pushFrame(data: Float32Array, at: number, valid: number, inputValid: number): void {
    const trainer = this.#trainer;
    const known = this.#task.external ? this.#pendingTargets.find(this.#index) : null;
    if (this.#delayed || (this.#task.external && !known)) {
      const delayed = this.#delayed ?? this.#delay();
      delayed.push(data, at, inputValid, this.alarmed, known, this.#collected);
      return;
    }
    trainer.alarmed = this.alarmed;
    if (known) trainer.addTarget(known.data, known.offset, known.valid);
    else {
      const { targetChannels, target } = this.#task;
      for (let c = 0; c < target.length; c++) target[c] = data[at + targetChannels[c]];
      trainer.addTarget(target, 0, valid);
    }
    trainer.addFrame(data, at, inputValid, this.#collected);
  }

  #skip(count: number): void {
    if (this.#delayed) this.#delayed.skip(count, this.alarmed);
    else {
      this.#trainer.alarmed = this.alarmed;
      this.#trainer.skip(count);
    }
  }

  #delay(): DelayedTrainer {
    return (this.#delayed = new DelayedTrainer(this.network, this.#trainer, this.#late.maxDelay, this.#outputRate));
  }

  /** Throws if a saved state is from a learner with another `maxDelay`. */
  #checkDelay(state: State): void {
    if (!this.#task.external) return;
    const { maxDelay } = state;
    const rule = "a number (states of task 'target' from earlier versions cannot be restored)";
    if (typeof maxDelay !== 'number') throw invalid('state.maxDelay', rule, maxDelay, TypeError);
    const own = this.#late.maxDelay;
    if (maxDelay !== own) throw invalid('maxDelay', `${maxDelay}, as in the saved state`, own);
  }
}
