import { integer, invalid } from './check.ts';
import type { Conv1d } from './conv1d.ts';
import type { Frames } from './frames.ts';
import { LayerStack } from './layer-stack.ts';
import type { Network } from './network.ts';
import { weightsOf, type Weights } from './weights.ts';

export interface StreamOptions {
  /** Keep what `backward` needs. Default false: nothing is kept for it. */
  gradients?: boolean;
  /** Outputs that may wait for their gradient. Default 1024. */
  maxPending?: number;
}

const NOTHING = new Float32Array(0);

/**
 * The memory of one stream through one network: delay lines, gradient lines, absolute index. Never shared.
 *
 * Output n of a layer hangs on its input frame nS + f and comes when that frame arrives, so the outputs do not depend
 * on how the stream is cut into blocks. Frames in, [frames, in]; frames out, [frames', out], where frames' may be 0.
 */
export class NetworkStream {
  readonly network: Network;
  readonly #stack: LayerStack;
  readonly #maxPending: number;
  #index = 0;
  #pending = 0;
  /** Input frames whose gradient has not been handed out. */
  #open = 0;
  #ended = false;

  constructor(network: Network, { gradients = false, maxPending = 1024 }: StreamOptions = {}) {
    this.network = network;
    this.#maxPending = integer('maxPending', maxPending, 1);
    this.#stack = new LayerStack(network, gradients);
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
    const { top } = this.#stack;
    return top.valid.subarray(0, top.count);
  }

  /** Pushes [frames, in] and returns the outputs, [frames', out], as an array that the caller owns. */
  push(x: ArrayLike<number>, valid?: ArrayLike<number>): Float32Array {
    this.#read(x, this.#checkInput(x, valid), valid);
    this.#forward(false);
    return copyOf(this.#stack.top);
  }

  /** The same without allocating: writes to `out` and returns the frames written. */
  pushInto(x: ArrayLike<number>, out: Float32Array, valid?: ArrayLike<number>): number {
    const frames = this.#checkInput(x, valid);
    checkRoom(out, this.outputsFor(frames) * this.network.outChannels);
    this.#read(x, frames, valid);
    this.#forward(false);
    return copyInto(this.#stack.top, out);
  }

  /** How many outputs `frames` more input frames would bring. */
  outputsFor(frames: number): number {
    return this.#stack.outputsFor(frames);
  }

  /** Frames that never came: as pushing that many invalid zeros, returning the same. A long gap costs no multiply-adds. */
  skip(count: number): Float32Array {
    integer('count', count, 0);
    const stack = this.#stack;
    const steady = stack.gradient ? 0 : stack.steadyFrames(count);
    this.#pushZeros(count - steady);
    this.#shift(steady);
    stack.top.repeatLast(steady / stack.stride);
    return copyOf(stack.top);
  }

  /** As `skip`, for who does not want the outputs: none is kept, and gradients still open are given up. */
  jump(count: number): void {
    integer('count', count, 0);
    const stack = this.#stack;
    const steady = stack.steadyFrames(count);
    const step = stack.gradient ? 1 : count - steady;
    if (stack.gradient) this.flushGradient();
    for (let left = count - steady; left > 0; left -= step) {
      this.#pushZeros(step);
      if (stack.gradient) this.flushGradient();
    }
    stack.top.clear();
    this.#shift(steady);
  }

  /** The source has ended: the tail of 'same' and 'full', [m, out]. Nothing can be pushed after it. */
  flush(): Float32Array {
    this.#stack.input.clear();
    this.#forward(!this.#ended);
    this.#ended = true;
    return copyOf(this.#stack.top);
  }

  /**
   * Takes ∂L/∂y of the oldest outputs that have none yet, [n, out], and returns the rows of ∂L/∂x that became final.
   * A gradient that is no number counts as 0, so that it reaches no weight.
   */
  backward(gradY: ArrayLike<number>): Float32Array {
    this.#backward(gradY, false);
    return copyOf(this.#stack.inputGradient);
  }

  /** The same without allocating: writes to `out`, which must have room for every row still open; returns the rows written. */
  backwardInto(gradY: ArrayLike<number>, out: Float32Array): number {
    checkRoom(out, this.#open * this.network.inChannels);
    this.#backward(gradY, false);
    return copyInto(this.#stack.inputGradient, out);
  }

  /** As `backward`, for who wants the weights' gradients only. @internal */
  learn(gradY: ArrayLike<number>): void {
    this.#backward(gradY, false);
  }

  /** No more gradients will come for the outputs so far: the rest of ∂L/∂x, [rows, in]. */
  flushGradient(): Float32Array {
    this.#backward(NOTHING, true);
    this.#pending = 0;
    return copyOf(this.#stack.inputGradient);
  }

  /** Copies of the gradients accumulated since the last update, by parameter name, in lag order like the weights. */
  gradients(): Weights {
    return weightsOf(this.network.layers, (index) => this.convolutions.get(index)?.gradients ?? null);
  }

  /** Empty frames after which nothing is left in sight of what was before them. @internal */
  get settle(): number {
    return this.#stack.settle;
  }

  /** The convolutions by layer number, with their weights and gradients: what an optimizer steps. @internal */
  get convolutions(): ReadonlyMap<number, Conv1d> {
    return this.#stack.convolutions;
  }

  /** What layer `index` put out last (-1: what went in): a view that holds until the next call. @internal */
  outputOf(index: number): Frames {
    return this.#stack.outputs[index] ?? this.#stack.input;
  }

  /** Checks a block before anything is changed and returns its frames. */
  #checkInput(x: ArrayLike<number>, valid?: ArrayLike<number>): number {
    const { inChannels } = this.network;
    const frames = x.length / inChannels;
    if (!Number.isInteger(frames)) throw invalid('x.length', `a multiple of its ${inChannels} channels`, x.length);
    if (valid && valid.length !== frames) throw invalid('valid.length', `the ${frames} frames of x`, valid.length);
    this.#checkPush(frames);
    return frames;
  }

  #checkPush(frames: number): void {
    if (this.#ended && frames > 0) throw new RangeError(`frames pushed after flush must be 0, got ${frames}`);
    if (!this.#stack.gradient) return;
    const pending = this.#pending + this.outputsFor(frames);
    if (pending <= this.#maxPending) return;
    throw invalid('outputs that wait for a gradient', `<= maxPending = ${this.#maxPending}`, pending);
  }

  /** Copies a block in. A frame that is not all numbers is invalid, and its odd samples become NaN. */
  #read(x: ArrayLike<number>, frames: number, valid?: ArrayLike<number>): void {
    const { input } = this.#stack;
    const { channels } = input;
    input.clear();
    input.reserve(frames);
    for (let i = 0; i < frames; i++) {
      let real = valid && !valid[i] ? 0 : 1;
      for (let at = i * channels; at < (i + 1) * channels; at++) {
        const sample = x[at];
        const finite = sample - sample === 0;
        input.data[at] = finite ? sample : NaN;
        if (!finite) real = 0;
      }
      input.valid[i] = real;
    }
    input.count = frames;
  }

  #pushZeros(frames: number): void {
    this.#checkPush(frames);
    this.#stack.input.clear();
    this.#stack.input.appendZeros(frames);
    this.#forward(false);
  }

  #forward(flush: boolean): void {
    const stack = this.#stack;
    stack.forward(flush);
    this.#index += stack.input.count;
    if (!stack.gradient) return;
    this.#open += stack.input.count;
    this.#pending += stack.top.count;
  }

  #backward(gradY: ArrayLike<number>, flush: boolean): void {
    const g = this.#stack.gradient;
    if (!g) throw new TypeError('stream must be made with { gradients: true }, got one without');
    const rows = gradY.length / g.channels;
    if (!Number.isInteger(rows)) throw invalid('gradY.length', `a multiple of ${g.channels} channels`, gradY.length);
    if (rows > this.#pending) throw invalid('frames of gradY', `<= the ${this.#pending} outputs that wait`, rows);
    g.clear();
    g.reserve(rows);
    for (let i = 0; i < gradY.length; i++) g.data[i] = gradY[i] - gradY[i] === 0 ? gradY[i] : 0;
    g.count = rows;
    this.#stack.backward(flush);
    this.#pending -= rows;
    this.#open -= this.#stack.inputGradient.count;
  }

  #shift(frames: number): void {
    this.#index += frames;
    this.#stack.shift(frames);
  }
}

function copyOf(rows: Frames): Float32Array {
  return rows.data.slice(0, rows.count * rows.channels);
}

function copyInto(rows: Frames, out: Float32Array): number {
  for (let i = 0; i < rows.count * rows.channels; i++) out[i] = rows.data[i];
  return rows.count;
}

function checkRoom(out: Float32Array, room: number): void {
  if (out.length < room) throw invalid('out.length', `>= ${room}`, out.length);
}
