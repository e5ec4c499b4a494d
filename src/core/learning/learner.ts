import { checkBlock, frameCount, type Block } from '../blocks/block.ts';
import { integer, invalid, oneOf } from '../check.ts';
import { Collected, takeBlock } from './learned.ts';
import type { Exam } from './evaluation.ts';
import type { Learned, Refusal } from './learned.ts';
import { EarlyTruths } from './pending-targets.ts';
import { capacityOf, defaultOptimizer, examOf, taskOf, type LearnerOptions, type Task } from './learner-options.ts';
import type { Network } from '../network/network.ts';
import { NetworkStream } from '../network/network-stream.ts';
import type { Optimizer } from './optimizers/descent.ts';
import { checkStreams } from '../network/plan.ts';
import { numberIn, stateIn, type State } from '../state/state.ts';
import { validAt } from '../memory/rows.ts';
import { isSample } from './evaluation.ts';
import { Stepper } from './weight-updater.ts';

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
  readonly #byWindow: boolean;
  readonly #exam: Exam;
  readonly #stepper: Stepper;
  readonly #frame: Float32Array;
  readonly #valid = new Uint8Array(1);
  readonly #collected: Collected;
  #stream: NetworkStream;
  readonly #early: EarlyTruths;
  #mark = 0;
  #rate = 0;

  /** @param network is trained in place */
  constructor(network: Network, options: LearnerOptions = {}) {
    const { optimizer = defaultOptimizer(options), updateEvery = 1, mode = 'stream' } = options;
    checkStreams(network.layers);
    this.network = network;
    this.#task = taskOf(network, options);
    const capacity = capacityOf(network, this.#task, options);
    this.#updateEvery = integer('updateEvery', updateEvery, 1);
    this.#byWindow = oneOf('mode', mode, ['stream', 'window']) === 'window';
    this.#exam = examOf(network, this.#task, options, capacity);
    this.#stepper = new Stepper(network, optimizer, options);
    this.#stream = network.stream({ gradients: true, blind: true, maxPending: capacity });
    this.#frame = new Float32Array(network.inChannels);
    this.#early = new EarlyTruths(network.outChannels);
    this.#collected = new Collected(network);
  }

  /** Moves the weights; `learningRate` is μ and may be changed while it learns. */
  get optimizer(): Optimizer {
    return this.#stepper.optimizer;
  }

  /** Learns from a block and predicts. A jump of `start` is a gap; throws RangeError when `start` goes back. `alarmed`: of each frame. */
  push(block: Block, alarmed?: Uint8Array): Learned {
    checkBlock(block);
    const { pace } = this.network;
    const { channels } = this.#task;
    if (block.channels !== channels) throw invalid('block.channels', `${channels}`, block.channels);
    const missing = block.start - this.#stream.index;
    if (missing < 0) throw invalid('block.start', `>= ${this.#stream.index}, the next frame`, block.start);
    this.#rate = (block.rate * pace.up) / pace.stride;
    this.#exam.begin(this.#rate);
    this.#miss(missing);
    const first = this.#exam.next;
    for (let i = 0; i < frameCount(block); i++) {
      if (alarmed) this.alarmed = alarmed[i] === 1;
      this.#push(block.data, i * block.channels, block.valid?.[i] ?? 1);
    }
    const { errors, settled } = this.#exam;
    const error = takeBlock(errors, pace, settled - errors.count, block);
    const { updates, refused, rollbacks, optimizer } = this.#stepper;
    return {
      ...this.#collected.take(block, first),
      error,
      score: this.#exam.score(this.#rate),
      updates,
      refused: { ...refused },
      rollbacks,
      learningRate: optimizer.learningRate,
      rate: optimizer.learningRate,
      weights: () => this.#stepper.weights(),
    };
  }

  /** Brings truths for a learner with a target: a frame is the truth of the output that hangs on the same frame. */
  teach(block: Block): void {
    checkBlock(block);
    const { outChannels } = this.network;
    if (!this.#task.taught) throw new TypeError(`task must be 'target' to be taught, got '${this.#task.name}'`);
    if (block.channels !== outChannels) throw invalid('channels of a target', `${outChannels}`, block.channels);
    const come = Math.min(block.start + frameCount(block), this.#stream.index);
    for (let frame = Math.max(block.start, this.#exam.nextTruth); frame < come; frame++) {
      const i = frame - block.start;
      this.#teach(frame, block.data, i * outChannels, block.valid?.[i] ?? 1);
    }
    if (come < block.start + frameCount(block)) this.#early.add(block);
  }

  /** Brings the last good weights back; the optimizer forgets what it remembers. */
  rollback(): void {
    this.#stepper.rollback(this.#stream);
  }

  /** Brings the weights back that it began with. */
  reset(): void {
    this.#stepper.reset(this.#stream);
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
      mark: this.#mark,
      rate: this.#rate,
      stepper: this.#stepper.save(),
      exam: this.#exam.save(),
      early: this.#early.save(),
      stream: this.#stream.state(),
    };
  }

  /** Takes over what `save` wrote. Throws when it is not of such a learner; it is then not to be used. */
  restore(state: State): void {
    this.learning = numberIn(state, 'learning') === 1;
    this.alarmed = numberIn(state, 'alarmed') === 1;
    this.#mark = numberIn(state, 'mark');
    this.#rate = numberIn(state, 'rate');
    this.#stepper.restore(stateIn(state, 'stepper'));
    this.#exam.restore(stateIn(state, 'exam'));
    this.#early.restore(stateIn(state, 'early'));
    this.#stream.close();
    this.#stream = NetworkStream.of(this.network, stateIn(state, 'stream'));
  }

  #push(data: Float32Array, at: number, valid: number): void {
    const task = this.#task;
    if (task.lead > 0) this.#know(data, at, valid);
    const early = task.taught ? this.#early.find(this.#stream.index) : null;
    if (early) this.#teach(this.#stream.index, early, this.#early.at, this.#early.valid);
    for (let c = 0; c < this.#frame.length; c++) {
      const sample = data[at + task.inputs[c]];
      this.#frame[c] = isSample(sample) ? sample : NaN;
    }
    this.#valid[0] = valid;
    const count = this.#stream.outputsFor(1);
    while (this.#exam.room < count) this.#giveUp();
    this.#stream.feed(this.#frame, this.#valid);
    const { outputs } = this.#stream.stack;
    const { f32 } = this.network.engine.arena;
    this.#collected.add(f32, outputs);
    const output = outputs[outputs.length - 1];
    for (let i = 0; i < count; i++)
      this.#exam.wait(f32, output.at + i * output.channels, validAt(output, i), this.#stepper.updates);
    if (task.lead === 0 && !task.taught) this.#know(data, at, valid);
    else if (count > 0) this.#learn();
  }

  /** The frame is itself a truth. */
  #know(data: Float32Array, at: number, valid: number): void {
    const { truths, truth } = this.#task;
    for (let c = 0; c < truth.length; c++) truth[c] = data[at + truths[c]];
    this.#exam.know(truth, 0, valid);
    this.#learn();
  }

  #teach(frame: number, truths: Float32Array, at: number, valid: number): void {
    this.#exam.missTruths(frame - this.#exam.nextTruth);
    this.#exam.know(truths, at, valid);
    this.#learn();
  }

  /** Learns, oldest first, from the outputs whose truth has come. */
  #learn(): void {
    const exam = this.#exam;
    const stepper = this.#stepper;
    for (let truth = exam.settle(stepper.updates); truth >= 0; truth = exam.settle(stepper.updates)) {
      const refusal = this.#refusal();
      if (refusal !== null) {
        exam.gradient.fill(0);
        stepper.refused[refusal]++;
      } else stepper.unused++;
      this.#stream.learn(exam.gradient);
      const mark = Math.floor((truth + 1) / this.#updateEvery);
      if (mark !== this.#mark && stepper.unused > 0 && this.learning && !this.alarmed) {
        if (this.#byWindow) this.#stream.release();
        stepper.update(this.#stream);
      }
      this.#mark = mark;
    }
  }

  /** Why the output settled last is not to be learned from; null = it is. */
  #refusal(): Refusal | null {
    const exam = this.#exam;
    if (exam.unknown !== null) return exam.unknown;
    if (!this.learning) return 'frozen';
    if (this.alarmed) return 'alarmed';
    if (!this.#stepper.judge(exam.loss, exam.lossOfNothing)) return null;
    this.#stepper.retreat(this.#stream, 'exploded');
    return 'exploded';
  }

  #giveUp(): void {
    this.#exam.giveUp();
    this.#stepper.refused.late++;
    this.#stream.learn(this.#exam.gradient);
  }

  /** Frames that never came: short gaps are lived through, of long ones only the index is kept. */
  #miss(count: number): void {
    const { pace } = this.network;
    if (count === 0) return;
    if (count <= pace.settle) {
      const nothing = new Float32Array(this.#task.channels);
      for (let i = 0; i < count; i++) this.#push(nothing, 0, 0);
    } else {
      this.#stream.jump(count);
      this.#stepper.refused.late += this.#exam.next - this.#exam.settled;
      this.#exam.missPredictions(pace.outputsAfter(this.#stream.index) - this.#exam.next);
      if (!this.#task.taught) this.#exam.missTruths(count);
    }
    this.#collected.clear();
  }
}
