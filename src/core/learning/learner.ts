import { checkBlock, frameCount, type Block } from '../blocks/block.ts';
import { integer, invalid, oneOf } from '../check.ts';
import { OutputCollector, drainBlock, type Learned, type SkipReason } from './learned.ts';
import { PendingTargets } from './pending-targets.ts';
import {
  capacityOf,
  defaultOptimizer,
  evaluationOf,
  taskOf,
  type LearnerOptions,
  type Task,
} from './learner-options.ts';
import type { Network } from '../network/network.ts';
import { NetworkStream } from '../network/network-stream.ts';
import type { TunableOptimizer } from './optimizers/optimizer.ts';
import { checkStreams } from '../network/plan.ts';
import { numberIn, stateIn, type State } from '../state/state.ts';
import { validAt } from '../memory/rows.ts';
import { isSample, type EvaluatedOutput, type Evaluation } from './evaluation.ts';
import { WeightUpdater } from './weight-updater.ts';

/**
 * Online learner: predicts every frame before it learns from it.
 *
 *     frame t arrives → score the outputs whose target it is → backward → update if due → forward → predictions
 *
 * For the tasks 'reconstruct' and 'cancel' the target arrives with the frame, so the forward pass comes first. Start-up
 * outputs, outputs that depend on missing or non-finite samples, and samples beyond ±2^60 (fill values; their windows
 * cannot be squared and summed in float32) are skipped. An update happens when the target's absolute frame index passes
 * a multiple of `updateEvery`. So, unless targets are passed to `teach`, the result does not depend on how the stream
 * is split into blocks.
 *
 * A late target changes the weights less: its gradient is divided by 1 + the number of outputs, or of updates if that
 * is larger, since its prediction. This keeps delayed updates stable (Sra et al., AdaDelay, 2016). After a gap longer
 * than the receptive field, outputs that still have no target are skipped.
 *
 * If the loss diverges or a weight becomes non-finite, the last good weights are restored and the learning rate µ is
 * halved. It is doubled again after 10,000 updates without divergence; the wait doubles with every further halving.
 */
export class Learner {
  /** Whether the weights are updated. Predictions and scores continue if not. */
  learning = true;
  /**
   * Whether the following frames are anomalous and must not be learned from, for example because a detector flagged
   * them.
   */
  alarmed = false;
  /** The network that the learner trains in place. */
  readonly network: Network;
  readonly #task: Task;
  readonly #updateEvery: number;
  readonly #windowed: boolean;
  readonly #evaluation: Evaluation;
  readonly #updater: WeightUpdater;
  readonly #frame: Float32Array;
  readonly #valid = new Uint8Array(1);
  readonly #collected: OutputCollector;
  #stream: NetworkStream;
  readonly #pendingTargets: PendingTargets;
  #period = 0;
  #outputRate = 0;

  /** @param network trained in place */
  constructor(network: Network, options: LearnerOptions = {}) {
    const { optimizer = defaultOptimizer(options), updateEvery = 1, mode = 'stream' } = options;
    checkStreams(network.layers);
    this.network = network;
    this.#task = taskOf(network, options);
    const capacity = capacityOf(network, this.#task, options);
    this.#updateEvery = integer('updateEvery', updateEvery, 1);
    this.#windowed = oneOf('mode', mode, ['stream', 'window']) === 'window';
    this.#evaluation = evaluationOf(network, this.#task, options, capacity);
    this.#updater = new WeightUpdater(network, optimizer, options);
    this.#stream = network.stream({ gradients: true, skipInputGradient: true, maxPending: capacity });
    this.#frame = new Float32Array(network.inChannels);
    this.#pendingTargets = new PendingTargets(network.outChannels);
    this.#collected = new OutputCollector(network);
  }

  /** Optimizer that updates the weights. Its `learningRate` (µ) may be changed at any time. */
  get optimizer(): TunableOptimizer {
    return this.#updater.optimizer;
  }

  /**
   * Learns from a block and returns the predictions, errors, and scores. A jump of `start` is a gap.
   * @param alarmed one byte per frame; 1 = do not learn from the frame
   * @throws RangeError if `start` goes back or the channels do not match
   */
  push(block: Block, alarmed?: Uint8Array): Learned {
    checkBlock(block);
    const { pace } = this.network;
    const { channels } = this.#task;
    if (block.channels !== channels) throw invalid('block.channels', `${channels}`, block.channels);
    const missing = block.start - this.#stream.index;
    if (missing < 0) throw invalid('block.start', `>= ${this.#stream.index}, the next frame`, block.start);
    this.#outputRate = (block.rate * pace.up) / pace.stride;
    this.#evaluation.start(this.#outputRate);
    this.#skip(missing);
    const first = this.#evaluation.next;
    for (let i = 0; i < frameCount(block); i++) {
      if (alarmed) this.alarmed = alarmed[i] === 1;
      this.#pushFrame(block.data, i * block.channels, block.valid?.[i] ?? 1);
    }
    const { errors, evaluated } = this.#evaluation;
    const error = drainBlock(errors, pace, evaluated - errors.count, block);
    const { updates, rollbacks, optimizer } = this.#updater;
    const skipped = { ...this.#updater.skipped };
    return {
      ...this.#collected.drain(block, first),
      error,
      score: this.#evaluation.score(this.#outputRate),
      updates,
      skipped,
      refused: skipped,
      rollbacks,
      learningRate: optimizer.learningRate,
      rate: optimizer.learningRate,
      weights: () => this.#updater.weights(),
    };
  }

  /**
   * Adds targets for the task 'target'. Each frame is the target of the output that is aligned with the same frame.
   * Targets may arrive before or after their frame.
   */
  teach(block: Block): void {
    checkBlock(block);
    const { outChannels } = this.network;
    if (!this.#task.external) throw new TypeError(`task must be 'target' for teach(), got '${this.#task.name}'`);
    if (block.channels !== outChannels) throw invalid('channels of a target block', `${outChannels}`, block.channels);
    const end = Math.min(block.start + frameCount(block), this.#stream.index);
    for (let frame = Math.max(block.start, this.#evaluation.nextTarget); frame < end; frame++) {
      const i = frame - block.start;
      this.#addTarget(frame, block.data, i * outChannels, block.valid?.[i] ?? 1);
    }
    if (end < block.start + frameCount(block)) this.#pendingTargets.add(block);
  }

  /** Restores the last good weights and clears the optimizer's memory. */
  rollback(): void {
    this.#updater.rollback(this.#stream);
  }

  /** Restores the initial weights. */
  reset(): void {
    this.#updater.reset(this.#stream);
  }

  /** Releases the memory of the learner's stream. The network stays usable. */
  close(): void {
    this.#stream.close();
  }

  /** Returns the complete state, except the network's weights. */
  save(): State {
    return {
      learning: Number(this.learning),
      alarmed: Number(this.alarmed),
      mark: this.#period,
      rate: this.#outputRate,
      stepper: this.#updater.save(),
      exam: this.#evaluation.save(),
      early: this.#pendingTargets.save(),
      stream: this.#stream.state(),
    };
  }

  /**
   * Restores a state that `save` returned.
   * @throws if the state is not from a learner with the same network and options; do not use the learner after that
   */
  restore(state: State): void {
    this.learning = numberIn(state, 'learning') === 1;
    this.alarmed = numberIn(state, 'alarmed') === 1;
    this.#period = numberIn(state, 'mark');
    this.#outputRate = numberIn(state, 'rate');
    this.#updater.restore(stateIn(state, 'stepper'));
    this.#evaluation.restore(stateIn(state, 'exam'));
    this.#pendingTargets.restore(stateIn(state, 'early'));
    this.#stream.close();
    this.#stream = NetworkStream.of(this.network, stateIn(state, 'stream'));
  }

  #pushFrame(data: Float32Array, at: number, valid: number): void {
    const task = this.#task;
    if (task.lead > 0) this.#addFrameAsTarget(data, at, valid);
    const target = task.external ? this.#pendingTargets.find(this.#stream.index) : null;
    if (target) this.#addTarget(this.#stream.index, target.data, target.offset, target.valid);
    for (let c = 0; c < this.#frame.length; c++) {
      const sample = data[at + task.inputChannels[c]];
      this.#frame[c] = isSample(sample) ? sample : NaN;
    }
    this.#valid[0] = valid;
    const count = this.#stream.outputsFor(1);
    while (this.#evaluation.room < count) this.#expire();
    this.#stream.feed(this.#frame, this.#valid);
    const { outputs } = this.#stream.stack;
    const { f32 } = this.network.engine.arena;
    this.#collected.append(f32, outputs);
    const output = outputs[outputs.length - 1];
    for (let i = 0; i < count; i++)
      this.#evaluation.addPrediction(f32, output.at + i * output.channels, validAt(output, i), this.#updater.updates);
    if (task.lead === 0 && !task.external) this.#addFrameAsTarget(data, at, valid);
    else if (count > 0) this.#learn();
  }

  /** Adds the target channels of an input frame as the next target. */
  #addFrameAsTarget(data: Float32Array, at: number, valid: number): void {
    const { targetChannels, target } = this.#task;
    for (let c = 0; c < target.length; c++) target[c] = data[at + targetChannels[c]];
    this.#evaluation.addTarget(target, 0, valid);
    this.#learn();
  }

  #addTarget(frame: number, targets: Float32Array, at: number, valid: number): void {
    this.#evaluation.skipTargets(frame - this.#evaluation.nextTarget);
    this.#evaluation.addTarget(targets, at, valid);
    this.#learn();
  }

  /** Learns from all outputs whose target has arrived, oldest first. */
  #learn(): void {
    const evaluation = this.#evaluation;
    const updater = this.#updater;
    for (
      let result = evaluation.evaluateNext(updater.updates);
      result !== null;
      result = evaluation.evaluateNext(updater.updates)
    ) {
      const reason = this.#skipReason(result);
      if (reason !== null) {
        result.gradient.fill(0);
        updater.skipped[reason]++;
      } else updater.accumulated++;
      this.#stream.accumulate(result.gradient);
      const period = Math.floor((result.target + 1) / this.#updateEvery);
      if (period !== this.#period && updater.accumulated > 0 && this.learning && !this.alarmed) {
        if (this.#windowed) this.#stream.truncateGradient();
        updater.update(this.#stream);
      }
      this.#period = period;
    }
  }

  /** Returns why an evaluated output is not learned from, or null if it is. */
  #skipReason({ skipReason, loss, zeroLoss }: EvaluatedOutput): SkipReason | null {
    if (skipReason !== null) return skipReason;
    if (!this.learning) return 'frozen';
    if (this.alarmed) return 'alarmed';
    if (!this.#updater.addLoss(loss, zeroLoss)) return null;
    this.#updater.recover(this.#stream, 'exploded');
    return 'exploded';
  }

  #expire(): void {
    const { gradient } = this.#evaluation.expire();
    this.#updater.skipped.late++;
    this.#stream.accumulate(gradient);
  }

  /** Handles missing frames: short gaps are processed as invalid frames, long gaps only advance the frame index. */
  #skip(count: number): void {
    const { pace } = this.network;
    if (count === 0) return;
    if (count <= pace.settlingFrames) {
      const zeros = new Float32Array(this.#task.channels);
      for (let i = 0; i < count; i++) this.#pushFrame(zeros, 0, 0);
    } else {
      this.#stream.jump(count);
      this.#updater.skipped.late += this.#evaluation.next - this.#evaluation.evaluated;
      this.#evaluation.skipPredictions(pace.outputsAfter(this.#stream.index) - this.#evaluation.next);
      if (!this.#task.external) this.#evaluation.skipTargets(count);
    }
    this.#collected.clear();
  }
}
