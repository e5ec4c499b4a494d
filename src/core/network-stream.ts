import { integer, invalid, list, room } from './check.ts';
import { Frames } from './frames.ts';
import { LayerStack } from './layer-stack.ts';
import type { Network } from './network.ts';
import { restoreSums, saveSums } from './layer.ts';
import { steadyFrames } from './pace.ts';
import { encodeState } from './state-file.ts';
import { numberIn, stateIn, type State } from './state.ts';
import { streamLayers } from './stream-layers.ts';
import type { StreamOptions } from './stream-options.ts';
import { weightsOf, type Weights } from './weights.ts';

/**
 * The memory of one stream through one network: delay lines, gradient lines, absolute index. Never shared.
 * Output n of a layer hangs on its input frame nS + f and comes when that frame arrives, so the outputs do not depend
 * on how the stream is cut into blocks. Frames in, [frames, in]; frames out, [frames', out], where frames' may be 0.
 */
export class NetworkStream {
  readonly network: Network;
  /** Its layers: what they put out last, and what of them is trained. @internal */
  readonly stack: LayerStack;
  /** ∂L/∂y on its way in; null when nothing learns. */
  readonly #gradient: Frames | null;
  /** Rows of the last ∂L/∂x. */
  #inputGradient: Frames;
  readonly #options: Required<StreamOptions>;
  #index = 0;
  #pending = 0;
  /** Input frames whose gradient has not been handed out. */
  #open = 0;
  #ended = false;

  constructor(network: Network, { gradients = false, maxPending = 1024, prewarm = false }: StreamOptions = {}) {
    this.network = network;
    this.#options = { gradients, prewarm, maxPending: integer('maxPending', maxPending, 1) };
    const layers = streamLayers(network, prewarm);
    this.stack = new LayerStack(network.inChannels, layers, network.values, { gradients });
    this.#gradient = gradients ? new Frames(network.outChannels) : null;
    this.#inputGradient = new Frames(network.inChannels);
  }

  /** Frames pushed or skipped so far: the absolute index of the next one. */
  get index(): number {
    return this.#index;
  }

  /** Outputs that wait for their gradient. */
  get pending(): number {
    return this.#pending;
  }

  /** Validity of the frames written last, one byte a frame: a view that holds until the next call. */
  get valid(): Uint8Array {
    return this.#top.valid.subarray(0, this.#top.count);
  }

  /** Pushes [frames, in] and returns the outputs, [frames', out], as an array that the caller owns. */
  push(x: ArrayLike<number>, valid?: ArrayLike<number>): Float32Array {
    this.stack.input.read(x, this.#checkInput(x, valid), valid);
    this.#forward(false);
    return this.#top.copy();
  }

  /** The same without allocating: writes to `out` and returns the frames written. */
  pushInto(x: ArrayLike<number>, out: Float32Array, valid?: ArrayLike<number>): number {
    const frames = this.#checkInput(x, valid);
    room('out', out, this.outputsFor(frames) * this.network.outChannels);
    this.stack.input.read(x, frames, valid);
    this.#forward(false);
    return this.#top.copyTo(out);
  }

  /** How many outputs `frames` more input frames would bring. */
  outputsFor(frames: number): number {
    const { pace } = this.stack;
    return pace.outputsAfter(this.#index + frames) - pace.outputsAfter(this.#index);
  }

  /** Frames that never came: as pushing that many invalid zeros, returning the same. A long gap costs no multiply-adds. */
  skip(count: number): Float32Array {
    integer('count', count, 0);
    const { pace } = this.stack;
    const steady = this.#gradient ? 0 : steadyFrames(pace, count);
    this.#pushZeros(count - steady);
    this.#index += steady;
    this.stack.shift(steady);
    if (steady > 0) this.#top.repeatLast((pace.period * pace.up) / pace.stride, steady / pace.period);
    return this.#top.copy();
  }

  /** As `skip`, for who does not want the outputs: none is kept, and gradients still open are given up. */
  jump(count: number): void {
    const steady = steadyFrames(this.stack.pace, integer('count', count, 0));
    const step = this.#gradient ? 1 : count - steady;
    if (this.#gradient) this.flushGradient();
    for (let left = count - steady; left > 0; left -= step) {
      this.#pushZeros(step);
      if (this.#gradient) this.flushGradient();
    }
    this.#top.clear();
    this.#index += steady;
    this.stack.shift(steady);
  }

  /** The source has ended: the tail of 'same' and 'full', [m, out]. Nothing can be pushed after it. */
  flush(): Float32Array {
    this.stack.input.clear();
    this.#forward(!this.#ended);
    this.#ended = true;
    return this.#top.copy();
  }

  /**
   * Takes ∂L/∂y of the oldest outputs that have none yet, [n, out], and returns the rows of ∂L/∂x that became final.
   * A gradient that is no number counts as 0, so that it reaches no weight.
   */
  backward(gradY: ArrayLike<number>): Float32Array {
    this.#backward(gradY);
    return this.#inputGradient.copy();
  }

  /** The same without allocating: writes to `out`, which must have room for every row still open; returns the rows written. */
  backwardInto(gradY: ArrayLike<number>, out: Float32Array): number {
    room('out', out, this.#open * this.network.inChannels);
    this.#backward(gradY);
    return this.#inputGradient.copyTo(out);
  }

  /** As `backward`, for who wants the weights' gradients only. @internal */
  learn(gradY: ArrayLike<number>): void {
    this.#backward(gradY);
  }

  /** Lets go every row that an output with a gradient hangs on: what later outputs add to it is lost. @internal */
  release(): void {
    this.#handOut(this.stack.release());
  }

  /** No more gradients will come for the outputs so far: the rest of ∂L/∂x, [rows, in]. */
  flushGradient(): Float32Array {
    this.#learning();
    this.#handOut(this.stack.flushGradient());
    this.#pending = 0;
    return this.#inputGradient.copy();
  }

  /** Copies of the gradients accumulated since the last update, by parameter name, in lag order like the weights. */
  gradients(): Weights {
    this.#learning();
    const sums = this.stack.trained.flatMap(({ gradients }) => gradients);
    return weightsOf(this.network.parameters, sums);
  }

  /** The memory of this stream as bytes, which `network.restore` makes a stream of again: to the last bit. */
  save(): Uint8Array {
    return encodeState('stream', this.state(), { network: this.network.spec });
  }

  /** The memory of this stream as plain data. @internal */
  state(): State {
    const { gradients, prewarm, maxPending } = this.#options;
    return {
      gradients: Number(gradients),
      prewarm: Number(prewarm),
      maxPending,
      index: this.#index,
      pending: this.#pending,
      open: this.#open,
      ended: Number(this.#ended),
      stack: this.stack.save(),
      sums: saveSums(this.stack.trained),
    };
  }

  /** A stream of `network` with the memory of `state`. @internal */
  static of(network: Network, state: State): NetworkStream {
    const stream = new NetworkStream(network, {
      gradients: numberIn(state, 'gradients') === 1,
      prewarm: numberIn(state, 'prewarm') === 1,
      maxPending: numberIn(state, 'maxPending'),
    });
    stream.#index = numberIn(state, 'index');
    stream.#pending = numberIn(state, 'pending');
    stream.#open = numberIn(state, 'open');
    stream.#ended = numberIn(state, 'ended') === 1;
    stream.stack.restore(stateIn(state, 'stack'));
    restoreSums(stream.stack.trained, stateIn(state, 'sums'));
    return stream;
  }

  /** Checks a block before anything is changed and returns its frames. */
  #checkInput(x: ArrayLike<number>, valid?: ArrayLike<number>): number {
    const { inChannels } = this.network;
    const frames = list('x', x).length / inChannels;
    if (!Number.isInteger(frames)) throw invalid('x.length', `a multiple of its ${inChannels} channels`, x.length);
    if (valid && valid.length !== frames) throw invalid('valid.length', `the ${frames} frames of x`, valid.length);
    this.#checkPush(frames);
    return frames;
  }

  #checkPush(frames: number): void {
    if (this.#ended && frames > 0) throw new RangeError(`frames pushed after flush must be 0, got ${frames}`);
    if (!this.#gradient) return;
    const pending = this.#pending + this.outputsFor(frames);
    const { maxPending } = this.#options;
    if (pending > maxPending)
      throw invalid('outputs that wait for a gradient', `<= maxPending = ${maxPending}`, pending);
  }

  #pushZeros(frames: number): void {
    this.#checkPush(frames);
    this.stack.input.clear();
    this.stack.input.appendZeros(frames);
    this.#forward(false);
  }

  #forward(flush: boolean): void {
    const { input } = this.stack;
    const top = this.stack.forward(input, flush);
    this.#index += input.count;
    if (!this.#gradient) return;
    this.#open += input.count;
    this.#pending += top.count;
  }

  #backward(gradY: ArrayLike<number>): void {
    const g = this.#learning();
    const rows = list('gradY', gradY).length / g.channels;
    if (!Number.isInteger(rows)) throw invalid('gradY.length', `a multiple of ${g.channels} channels`, gradY.length);
    if (rows > this.#pending) throw invalid('frames of gradY', `<= the ${this.#pending} outputs that wait`, rows);
    g.read(gradY, rows);
    for (let i = 0; i < gradY.length; i++) if (Number.isNaN(g.data[i])) g.data[i] = 0;
    this.#handOut(this.stack.backward(g));
    this.#pending -= rows;
  }

  #handOut(rows: Frames): void {
    this.#inputGradient = rows;
    this.#open -= rows.count;
  }

  #learning(): Frames {
    if (this.#gradient) return this.#gradient;
    throw new TypeError('stream must be made with { gradients: true }, got one without');
  }

  get #top(): Frames {
    return this.stack.outputs.at(-1)!;
  }
}
