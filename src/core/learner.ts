import { checkBlock, frameCount, type Block } from './block.ts';
import { integer, invalid, oneOf } from './check.ts';
import { derivedBlock } from './derived-block.ts';
import { Exam } from './exam.ts';
import type { Score } from './forecast-score.ts';
import { Frames } from './frames.ts';
import type { Network } from './network.ts';
import { NetworkStream } from './network-stream.ts';
import type { Optimizer } from './descent.ts';
import { nlms } from './nlms.ts';
import { chain, largestBurst, type Pace } from './pace.ts';
import { numberIn, stateIn, type State } from './state.ts';
import { validAt } from './rows.ts';
import type { Weights } from './weights.ts';

export interface LearnerOptions {
  /** 'forecast' (default): an output's truth is the input `horizon` frames on; 'target': what `teach` brings for its frame. */
  task?: 'forecast' | 'target';
  /** Frames ahead, >= 1. Default 1. */
  horizon?: number;
  /** Default nlms({ rate: 0.05 }). */
  optimizer?: Optimizer;
  /** Input frames between two updates. Default 1. */
  updateEvery?: number;
  /**
   * 'stream' (default): gradients are exact and flow on over updates, with weights that have moved meanwhile. 'window':
   * every update is autograd of the frames since the last one, and takes what the lines held before for data.
   */
  mode?: 'stream' | 'window';
  /** Outputs that may wait for their truth; older ones are given up unlearned. Default 1024. */
  maxPending?: number;
}

/** What one block brought. Blocks may hold no frames. */
export interface Learned {
  /** Outputs that hang in this block, [n, out], each made before the frame it is about was learned. */
  readonly prediction: Block;
  /** Prediction - truth of the outputs whose truth has come, [m, out]; invalid rows were neither scored nor learned. */
  readonly error: Block;
  /** What the layers below the last convolution put out; of a single layer the prediction itself. */
  readonly features: Block;
  readonly score: Score;
  /** Updates so far. */
  readonly updates: number;
  /** A copy of the weights as they are now. */
  weights(): Weights;
}

/**
 * An online learner: test, then train, frame by frame, with L = ½ Σ (y - d)².
 *
 *     frame t arrives → outputs whose truth it is are scored → backward → update at the marks → forward → predictions
 *
 * Warm-up, gaps and samples that are no numbers are sat out. Updates happen where the truth's absolute frame passes a
 * multiple of `updateEvery`, so a forecaster learns the same however blocks are cut.
 * A truth that comes late moves the weights less: its error is divided by 1 + the outputs, or updates if these are more,
 * made since its prediction, which keeps a delayed step stable (Sra et al., AdaDelay, 2016).
 * After a gap longer than the receptive field, outputs that still waited for their truth are given up.
 */
export class Learner {
  /** Whether weights move. Predictions and scores go on without. */
  learning = true;
  readonly network: Network;
  readonly optimizer: Optimizer;
  readonly #forecast: boolean;
  readonly #updateEvery: number;
  readonly #byWindow: boolean;
  readonly #exam: Exam;
  /** The layer below the last one that is trained; -1 = there is none. */
  readonly #hidden: number;
  readonly #hiddenPace: Pace;
  readonly #frame: Float32Array;
  readonly #valid = new Uint8Array(1);
  readonly #predictions: Frames;
  readonly #features: Frames;
  #stream: NetworkStream;
  #updates = 0;
  #unused = false;
  #mark = 0;
  #rate = 0;

  /** @param network is trained in place */
  constructor(network: Network, options: LearnerOptions = {}) {
    const {
      task = 'forecast',
      horizon = 1,
      optimizer = nlms({ rate: 0.05 }),
      updateEvery = 1,
      mode = 'stream',
    } = options;
    const { maxPending = 1024 } = options;
    const { inChannels, outChannels, layers, pace } = network;
    this.network = network;
    this.optimizer = optimizer;
    this.#forecast = oneOf('task', task, ['forecast', 'target']) === 'forecast';
    if (this.#forecast && inChannels !== outChannels) {
      throw invalid('outChannels of a network that forecasts', `its ${inChannels} channels in`, outChannels);
    }
    const capacity = Math.max(integer('maxPending', maxPending, 1), largestBurst(pace));
    const lead = this.#forecast ? integer('horizon', horizon, 1) : 0;
    const reach = 1 + (this.#forecast ? lead : Math.ceil((capacity * pace.stride) / pace.up));
    this.#updateEvery = integer('updateEvery', updateEvery, 1);
    this.#byWindow = oneOf('mode', mode, ['stream', 'window']) === 'window';
    this.#exam = new Exam({ channels: outChannels, lead, maxPending: capacity, reach, hang: pace.hang });
    this.#stream = network.stream({ gradients: true, maxPending: capacity });
    this.#hidden = layers.findLastIndex(({ parameters }) => parameters.length > 0) - 1;
    this.#hiddenPace = chain(layers.slice(0, this.#hidden + 1).map((layer) => layer.pace));
    this.#frame = new Float32Array(inChannels);
    this.#predictions = new Frames(outChannels);
    this.#features = new Frames(this.#hidden >= 0 ? layers[this.#hidden].outChannels : outChannels);
  }

  /** Learns from a block and predicts. A jump of `start` is a gap; throws RangeError when `start` goes back. */
  push(block: Block): Learned {
    checkBlock(block);
    const { network } = this;
    const { pace, inChannels } = network;
    if (block.channels !== inChannels) throw invalid('block.channels', `${inChannels}`, block.channels);
    const missing = block.start - this.#stream.index;
    if (missing < 0) throw invalid('block.start', `>= ${this.#stream.index}, the next frame`, block.start);
    this.#rate = (block.rate * pace.up) / pace.stride;
    this.#exam.score(this.#rate);
    this.#miss(missing);
    const first = this.#exam.next;
    const firstFeature = this.#hiddenPace.outputsAfter(block.start);
    for (let i = 0; i < frameCount(block); i++) this.#push(block.data, i * block.channels, block.valid?.[i] ?? 1);
    const { errors, settled } = this.#exam;
    const prediction = take(this.#predictions, pace, first, block);
    const features = this.#hidden < 0 ? prediction : take(this.#features, this.#hiddenPace, firstFeature, block);
    const error = take(errors, pace, settled - errors.count, block);
    const score = this.#exam.score(this.#rate);
    return { prediction, features, error, score, updates: this.#updates, weights: () => network.weights() };
  }

  /** Brings truths for a learner with a target: a frame is the truth of the output that hangs on the same frame. */
  teach(block: Block): void {
    checkBlock(block);
    const { outChannels } = this.network;
    if (this.#forecast) throw new TypeError("task must be 'target' to be taught, got 'forecast'");
    if (block.channels !== outChannels) throw invalid('channels of a target', `${outChannels}`, block.channels);
    this.#exam.missTruths(Math.max(0, block.start - this.#exam.nextTruth));
    for (let i = this.#exam.nextTruth - block.start; i < frameCount(block); i++) {
      this.#exam.know(block.data, i * outChannels, block.valid?.[i] ?? 1);
      this.#learn();
    }
  }

  /** Gives the memory of its stream back; its network stays. */
  close(): void {
    this.#stream.close();
  }

  /** All that a learner needs to go on, but for its network's weights. */
  save(): State {
    return {
      learning: Number(this.learning),
      updates: this.#updates,
      unused: Number(this.#unused),
      mark: this.#mark,
      rate: this.#rate,
      optimizer: this.optimizer.save(),
      exam: this.#exam.save(),
      stream: this.#stream.state(),
    };
  }

  /** Takes over what `save` wrote. Throws when it is not of such a learner; it is then not to be used. */
  restore(state: State): void {
    this.learning = numberIn(state, 'learning') === 1;
    this.#updates = numberIn(state, 'updates');
    this.#unused = numberIn(state, 'unused') === 1;
    this.#mark = numberIn(state, 'mark');
    this.#rate = numberIn(state, 'rate');
    this.optimizer.restore(stateIn(state, 'optimizer'));
    this.#exam.restore(stateIn(state, 'exam'), this.#rate);
    this.#stream.close();
    this.#stream = NetworkStream.of(this.network, stateIn(state, 'stream'));
  }

  #push(data: Float32Array, at: number, valid: number): void {
    if (this.#forecast) {
      this.#exam.know(data, at, valid);
      this.#learn();
    }
    for (let c = 0; c < this.#frame.length; c++) this.#frame[c] = data[at + c];
    this.#valid[0] = valid;
    const count = this.#stream.outputsFor(1);
    while (this.#exam.room < count) this.#giveUp();
    this.#stream.push(this.#frame, this.#valid);
    const { outputs } = this.#stream.stack;
    const { f32 } = this.network.engine.arena;
    if (this.#hidden >= 0) this.#features.append(f32, outputs[this.#hidden]);
    if (count === 0) return;
    const output = outputs[outputs.length - 1];
    this.#predictions.append(f32, output);
    for (let i = 0; i < count; i++)
      this.#exam.wait(f32, output.at + i * output.channels, validAt(output, i), this.#updates);
    this.#learn();
  }

  /** Learns, oldest first, from the outputs whose truth has come. */
  #learn(): void {
    for (let truth = this.#exam.settle(this.#updates); truth >= 0; truth = this.#exam.settle(this.#updates)) {
      const { gradient, known } = this.#exam;
      if (!this.learning) gradient.fill(0);
      this.#stream.learn(gradient);
      this.#unused ||= known && this.learning;
      const mark = Math.floor((truth + 1) / this.#updateEvery);
      if (mark !== this.#mark && this.#unused) this.#update();
      this.#mark = mark;
    }
  }

  #update(): void {
    if (this.#byWindow) this.#stream.release();
    this.optimizer.step(this.network, this.#stream);
    this.#unused = false;
    this.#updates++;
  }

  #giveUp(): void {
    this.#exam.giveUp();
    this.#stream.learn(this.#exam.gradient);
  }

  /** Frames that never came: short gaps are lived through, of long ones only the index is kept. */
  #miss(count: number): void {
    const { pace } = this.network;
    if (count === 0) return;
    if (count <= pace.settle) {
      const nothing = new Float32Array(this.#frame.length);
      for (let i = 0; i < count; i++) this.#push(nothing, 0, 0);
    } else {
      this.#stream.jump(count);
      this.#exam.missPredictions(pace.outputsAfter(this.#stream.index) - this.#exam.next);
      if (this.#forecast) this.#exam.missTruths(count);
    }
    for (const rows of [this.#predictions, this.#exam.errors, this.#features]) rows.clear();
  }
}

/** Takes the rows gathered, from output `first` on, as a block that follows `source` at `pace`. */
function take(rows: Frames, pace: Pace, first: number, source: Block): Block {
  const outputs = { data: rows.copy(), channels: rows.channels, valid: rows.valid.slice(0, rows.count) };
  rows.clear();
  return derivedBlock(source, pace, first, outputs);
}
