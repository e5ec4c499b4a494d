import { checkBlock, frameCount, type Block } from '../blocks/block.ts';
import { integer, invalid, oneOf } from '../check.ts';
import { OutputCollector, drainBlock } from './learned.ts';
import type { Evaluation } from './evaluation.ts';
import type { Learned, SkipReason } from './learned.ts';
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
import type { Optimizer } from './optimizers/optimizer.ts';
import { checkStreams } from '../network/plan.ts';
import { numberIn, stateIn, type State } from '../state/state.ts';
import { validAt } from '../memory/rows.ts';
import { isSample } from './evaluation.ts';
import { WeightUpdater } from './weight-updater.ts';

/**
 * An online learner: test, then train, frame by frame.
 *
 *     frame t arrives → outputs whose truth it is are scored → backward → update at the marks → forward → predictions
 *
 * Of 'reconstruct' and 'cancel', whose truth comes with the frame, forward goes first. Warm-up, gaps and samples that are no
 * numbers are sat out. Updates happen where the truth's absolute frame passes a multiple of `updateEvery`, so a learner that is
 * not taught learns the same however blocks are cut.
 * A truth that comes late moves the weights less: its gradient is divided by 1 + the outputs, or updates if these are more,
 * made since its prediction, which keeps a delayed step stable (Sra et al., AdaDelay, 2016).
 * After a gap longer than the receptive field, outputs that still waited for their truth are given up.
 * When the loss explodes, or a weight is no number after an update, the last good weights come back and μ is halved; it is doubled
 * again after 10 000 updates without such trouble, twice as many for every halving. A sample beyond ±2^60, such as a fill value, is no sample: windows of
 * such cannot be squared and summed in float32.
 */
export class Learner {
  /** Whether weights move. Predictions and scores go on without. */
  learning = true;
  /** Whether the stretch that comes is one not to learn from: for who knows, as a detector does. */
  alarmed = false;
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

  /** @param network is trained in place */
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
    this.#stream = network.stream({ gradients: true, blind: true, maxPending: capacity });
    this.#frame = new Float32Array(network.inChannels);
    this.#pendingTargets = new PendingTargets(network.outChannels);
    this.#collected = new OutputCollector(network);
  }

  /** Moves the weights; `learningRate` is μ and may be changed while it learns. */
  get optimizer(): Optimizer {
    return this.#updater.optimizer;
  }

  /** Learns from a block and predicts. A jump of `start` is a gap; throws RangeError when `start` goes back. `alarmed`: of each frame. */
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
    const { errors, evaluated: settled } = this.#evaluation;
    const error = drainBlock(errors, pace, settled - errors.count, block);
    const { updates, skipped: refused, rollbacks, optimizer } = this.#updater;
    return {
      ...this.#collected.drain(block, first),
      error,
      score: this.#evaluation.score(this.#outputRate),
      updates,
      skipped: { ...refused },
      rollbacks,
      learningRate: optimizer.learningRate,
      rate: optimizer.learningRate,
      weights: () => this.#updater.weights(),
    };
  }

  /** Brings truths for a learner with a target: a frame is the truth of the output that hangs on the same frame. */
  teach(block: Block): void {
    checkBlock(block);
    const { outChannels } = this.network;
    if (!this.#task.external) throw new TypeError(`task must be 'target' to be taught, got '${this.#task.name}'`);
    if (block.channels !== outChannels) throw invalid('channels of a target', `${outChannels}`, block.channels);
    const come = Math.min(block.start + frameCount(block), this.#stream.index);
    for (let frame = Math.max(block.start, this.#evaluation.nextTarget); frame < come; frame++) {
      const i = frame - block.start;
      this.#addTarget(frame, block.data, i * outChannels, block.valid?.[i] ?? 1);
    }
    if (come < block.start + frameCount(block)) this.#pendingTargets.add(block);
  }

  /** Brings the last good weights back; the optimizer forgets what it remembers. */
  rollback(): void {
    this.#updater.rollback(this.#stream);
  }

  /** Brings the weights back that it began with. */
  reset(): void {
    this.#updater.reset(this.#stream);
  }

  /** Gives the memory of its stream back; its network stays. */
  close(): void {
    this.#stream.close();
  }

  /** All that a learner needs to go on, but for its network's weights. */
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

  /** Takes over what `save` wrote. Throws when it is not of such a learner; it is then not to be used. */
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
    const early = task.external ? this.#pendingTargets.find(this.#stream.index) : null;
    if (early) this.#addTarget(this.#stream.index, early, this.#pendingTargets.offset, this.#pendingTargets.valid);
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

  /** The frame is itself a truth. */
  #addFrameAsTarget(data: Float32Array, at: number, valid: number): void {
    const { targetChannels: truths, target: truth } = this.#task;
    for (let c = 0; c < truth.length; c++) truth[c] = data[at + truths[c]];
    this.#evaluation.addTarget(truth, 0, valid);
    this.#learn();
  }

  #addTarget(frame: number, truths: Float32Array, at: number, valid: number): void {
    this.#evaluation.skipTargets(frame - this.#evaluation.nextTarget);
    this.#evaluation.addTarget(truths, at, valid);
    this.#learn();
  }

  /** Learns, oldest first, from the outputs whose truth has come. */
  #learn(): void {
    const exam = this.#evaluation;
    const stepper = this.#updater;
    for (let truth = exam.evaluateNext(stepper.updates); truth >= 0; truth = exam.evaluateNext(stepper.updates)) {
      const refusal = this.#skipReason();
      if (refusal !== null) {
        exam.gradient.fill(0);
        stepper.skipped[refusal]++;
      } else stepper.accumulated++;
      this.#stream.learn(exam.gradient);
      const mark = Math.floor((truth + 1) / this.#updateEvery);
      if (mark !== this.#period && stepper.accumulated > 0 && this.learning && !this.alarmed) {
        if (this.#windowed) this.#stream.release();
        stepper.update(this.#stream);
      }
      this.#period = mark;
    }
  }

  /** Why the output settled last is not to be learned from; null = it is. */
  #skipReason(): SkipReason | null {
    const exam = this.#evaluation;
    if (exam.skipReason !== null) return exam.skipReason;
    if (!this.learning) return 'frozen';
    if (this.alarmed) return 'alarmed';
    if (!this.#updater.hasDiverged(exam.loss, exam.zeroLoss)) return null;
    this.#updater.recover(this.#stream, 'exploded');
    return 'exploded';
  }

  #expire(): void {
    this.#evaluation.expire();
    this.#updater.skipped.late++;
    this.#stream.learn(this.#evaluation.gradient);
  }

  /** Frames that never came: short gaps are lived through, of long ones only the index is kept. */
  #skip(count: number): void {
    const { pace } = this.network;
    if (count === 0) return;
    if (count <= pace.settle) {
      const nothing = new Float32Array(this.#task.channels);
      for (let i = 0; i < count; i++) this.#pushFrame(nothing, 0, 0);
    } else {
      this.#stream.jump(count);
      this.#updater.skipped.late += this.#evaluation.next - this.#evaluation.evaluated;
      this.#evaluation.skipPredictions(pace.outputsAfter(this.#stream.index) - this.#evaluation.next);
      if (!this.#task.external) this.#evaluation.skipTargets(count);
    }
    this.#collected.clear();
  }
}
