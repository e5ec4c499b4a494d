import { checkBlock, frameCount, type Block } from './block.ts';
import { integer, invalid, oneOf } from './check.ts';
import { DelayLine } from './delay-line.ts';
import { derivedBlock } from './derived-block.ts';
import { ForecastScore, type Score } from './forecast-score.ts';
import { Frames } from './frames.ts';
import type { Network } from './network.ts';
import type { NetworkStream } from './network-stream.ts';
import { nlms, type Optimizer } from './optimizer.ts';
import { chain, type Pace } from './pace.ts';
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
  readonly #stream: NetworkStream;
  readonly #forecast: boolean;
  /** Frames from the one that an output hangs on to its truth. */
  readonly #lead: number;
  readonly #updateEvery: number;
  /** The layer below the last one that is trained; -1 = there is none. */
  readonly #hidden: number;
  readonly #hiddenPace: Pace;
  /** The truths that have come, by absolute input frame. */
  readonly #truths: DelayLine;
  /** The predictions that wait for their truth, by output index from `#scored`, and the updates when each was made. */
  readonly #waiting: DelayLine;
  readonly #madeAt: Float64Array;
  readonly #frame: Float32Array;
  readonly #valid = new Uint8Array(1);
  readonly #gradient: Float32Array;
  readonly #predictions: Frames;
  readonly #errors: Frames;
  readonly #features: Frames;
  #score: ForecastScore | null = null;
  #scored = 0;
  #updates = 0;
  #unused = false;
  #mark = 0;

  /** @param network is trained in place */
  constructor(network: Network, options: LearnerOptions = {}) {
    const {
      task = 'forecast',
      horizon = 1,
      optimizer = nlms({ rate: 0.05 }),
      updateEvery = 1,
      maxPending = 1024,
    } = options;
    const { inChannels, outChannels, layers, pace } = network;
    this.network = network;
    this.optimizer = optimizer;
    this.#forecast = oneOf('task', task, ['forecast', 'target']) === 'forecast';
    if (this.#forecast && inChannels !== outChannels) {
      throw invalid('outChannels of a network that forecasts', `its ${inChannels} channels in`, outChannels);
    }
    this.#lead = this.#forecast ? integer('horizon', horizon, 1) : 0;
    this.#updateEvery = integer('updateEvery', updateEvery, 1);
    this.#hidden = layers.findLastIndex(({ parameters }) => parameters.length > 0) - 1;
    this.#hiddenPace = chain(layers.slice(0, this.#hidden + 1).map((layer) => layer.pace));
    this.#stream = network.stream({ gradients: true, maxPending: integer('maxPending', maxPending, 1) });
    this.#truths = new DelayLine(
      outChannels,
      this.#forecast ? this.#lead + 1 : Math.ceil((maxPending * pace.stride) / pace.up) + 1,
    );
    this.#waiting = new DelayLine(outChannels, maxPending);
    this.#madeAt = new Float64Array(maxPending);
    this.#frame = new Float32Array(inChannels);
    this.#gradient = new Float32Array(outChannels);
    this.#predictions = new Frames(outChannels);
    this.#errors = new Frames(outChannels);
    this.#features = new Frames(this.#hidden >= 0 ? layers[this.#hidden].outChannels : outChannels);
  }

  /** Learns from a block and predicts. A jump of `start` is a gap; throws RangeError when `start` goes back. */
  push(block: Block): Learned {
    checkBlock(block);
    const { network } = this;
    if (block.channels !== network.inChannels) throw invalid('block.channels', `${network.inChannels}`, block.channels);
    const missing = block.start - this.#stream.index;
    if (missing < 0) throw invalid('block.start', `>= ${this.#stream.index}, the next frame`, block.start);
    this.#score ??= new ForecastScore(network.outChannels, (block.rate * network.pace.up) / network.pace.stride);
    this.#miss(missing);
    const { pace } = network;
    const first = this.#waiting.next;
    const firstFeature = this.#hiddenPace.outputsAfter(block.start);
    for (let i = 0; i < frameCount(block); i++) this.#push(block.data, i * block.channels, block.valid?.[i] ?? 1);
    const prediction = this.#blockOf(this.#predictions, pace, first, block);
    const features =
      this.#hidden < 0 ? prediction : this.#blockOf(this.#features, this.#hiddenPace, firstFeature, block);
    const error = this.#blockOf(this.#errors, pace, this.#scored - this.#errors.count, block);
    const score = this.#score.get();
    return { prediction, features, error, score, updates: this.#updates, weights: () => network.weights() };
  }

  /** Brings truths for a learner with a target: a frame is the truth of the output that hangs on the same frame. */
  teach(block: Block): void {
    checkBlock(block);
    const { outChannels } = this.network;
    if (this.#forecast) throw new TypeError("task must be 'target' to be taught, got 'forecast'");
    if (block.channels !== outChannels) throw invalid('channels of a target', `${outChannels}`, block.channels);
    this.#truths.skip(Math.max(0, block.start - this.#truths.next));
    for (let i = this.#truths.next - block.start; i < frameCount(block); i++) {
      this.#know(block.data, i * outChannels, block.valid?.[i] ?? 1);
    }
  }

  #push(data: Float32Array, at: number, valid: number): void {
    if (this.#forecast) this.#know(data, at, valid);
    if (this.#waiting.next - this.#scored === this.#waiting.capacity) this.#settle(Infinity);
    for (let c = 0; c < this.#frame.length; c++) this.#frame[c] = data[at + c];
    this.#valid[0] = valid;
    const outputs = this.#stream.pushInto(this.#frame, this.#gradient, this.#valid);
    if (this.#hidden >= 0) this.#features.append(this.#stream.stack.outputs[this.#hidden]);
    if (outputs === 0) return;
    const output = this.#stream.stack.outputs[this.network.layers.length - 1];
    this.#predictions.append(output);
    this.#madeAt[this.#waiting.next % this.#madeAt.length] = this.#updates;
    this.#waiting.push(output.data, 0, output.valid[0]);
    this.#settleKnown();
  }

  #know(data: Float32Array, at: number, valid: number): void {
    let real = valid;
    for (let c = 0; c < this.#truths.channels; c++) if (!Number.isFinite(data[at + c])) real = 0;
    this.#truths.push(data, at, real);
    this.#settleKnown();
  }

  /** Settles, oldest first, the outputs whose truth has come. */
  #settleKnown(): void {
    while (this.#scored < this.#waiting.next) {
      const truth = this.network.pace.hang(this.#scored) + this.#lead;
      if (truth >= this.#truths.next) return;
      this.#settle(truth);
    }
  }

  /** Scores and learns the oldest output that waits, against the truth of frame `truth`; without one it is given up. */
  #settle(truth: number): void {
    const { channels } = this.#waiting;
    const prediction = this.#waiting.slot(this.#scored);
    const known = this.#isKnown(truth) && this.#waiting.valid[prediction] === 1;
    const at = this.#errors.reserve(1);
    const lateness = this.#lateness();
    for (let c = 0; c < channels; c++) {
      const error =
        this.#waiting.data[prediction * channels + c] - this.#truths.data[this.#truths.slot(truth) * channels + c];
      this.#errors.data[at + c] = known ? error : NaN;
      this.#gradient[c] = known && this.learning ? error / (1 + lateness) : 0;
    }
    this.#errors.valid[this.#errors.count++] = known ? 1 : 0;
    if (known) this.#addScore(prediction * channels, truth);
    this.#stream.learn(this.#gradient);
    this.#unused ||= known && this.learning;
    this.#scored++;
    this.#update(Math.floor((truth + 1) / this.#updateEvery));
  }

  #update(mark: number): void {
    if (mark === this.#mark || mark === Infinity) return;
    this.#mark = mark;
    if (!this.#unused) return;
    this.optimizer.step(this.network, this.#stream);
    this.#unused = false;
    this.#updates++;
  }

  /** How stale the oldest prediction is: outputs, or updates, made since, whichever are more. 0 for the next frame. */
  #lateness(): number {
    const updates = this.#updates - this.#madeAt[this.#scored % this.#madeAt.length];
    return Math.max(updates, this.#waiting.next - 1 - this.#scored);
  }

  /** The rival of a forecast is the frame that the output hangs on; who follows a target has not seen a truth before. */
  #addScore(predictionAt: number, truth: number): void {
    const { channels, data } = this.#truths;
    const before = truth - this.#lead;
    if (!this.#isKnown(before)) return;
    const knownAt = this.#forecast ? this.#truths.slot(before) * channels : -1;
    this.#score!.add(this.#waiting.data, predictionAt, data, this.#truths.slot(truth) * channels, knownAt);
  }

  #isKnown(frame: number): boolean {
    const { next, capacity } = this.#truths;
    return frame >= Math.max(0, next - capacity) && frame < next && this.#truths.valid[this.#truths.slot(frame)] === 1;
  }

  /** Frames that never came: short gaps are lived through, of long ones only the index is kept. */
  #miss(count: number): void {
    if (count <= this.network.pace.settle) {
      const nothing = new Float32Array(this.#frame.length);
      for (let i = 0; i < count; i++) this.#push(nothing, 0, 0);
    } else {
      this.#stream.jump(count);
      this.#waiting.skip(this.network.pace.outputsAfter(this.#stream.index) - this.#waiting.next);
      this.#scored = this.#waiting.next;
      if (this.#forecast) this.#truths.skip(count);
    }
    if (count > 0) for (const rows of [this.#predictions, this.#errors, this.#features]) rows.clear();
  }

  /** Takes the rows gathered, from output `first` on, as a block that follows `source` at `pace`. */
  #blockOf(rows: Frames, pace: Pace, first: number, source: Block): Block {
    const { channels, count } = rows;
    const outputs = { data: rows.data.slice(0, count * channels), channels, valid: rows.valid.slice(0, count) };
    rows.clear();
    return derivedBlock(source, pace, first, outputs);
  }
}
