import { integer, invalid, list, room } from './check.ts';
import type { Engine } from './engine.ts';
import { LayerStack } from './layer-stack.ts';
import type { Lease } from './lease.ts';
import type { Network } from './network.ts';
import { steadyFrames, type Pace } from './pace.ts';
import { readRows } from './read-rows.ts';
import type { Rows } from './rows.ts';
import { encodeState } from './state-file.ts';
import { numberIn, stateIn, type State } from './state.ts';
import { mostFrames, type StepProgram } from './step-program.ts';
import { streamLayers } from './stream-layers.ts';
import type { StreamOptions } from './stream-options.ts';
import { weightsOf, type Weights } from './weights.ts';

const none = new Uint8Array(0);

/**
 * The memory of one stream through one network: delay lines, gradient lines, absolute index. Never shared.
 * Output n of a layer hangs on its input frame nS + f and comes when that frame arrives, so the outputs do not depend
 * on how the stream is cut into blocks. Frames in, [frames, in]; frames out, [frames', out], where frames' may be 0.
 */
export class NetworkStream {
  readonly network: Network;
  /** Its layers: what they put out last, and what of them is trained. @internal */
  readonly stack: LayerStack;
  readonly #engine: Engine;
  /** How outputs follow inputs. */
  readonly #pace: Pace;
  readonly #program: StepProgram | null;
  /** Numbers that the program needs for a call. */
  readonly #room: number;
  readonly #lease: Lease;
  readonly #inChannels: number;
  readonly #outChannels: number;
  /** The most outputs that one frame brings. */
  readonly #burst: number;
  readonly #gradients: boolean;
  readonly #blind: boolean;
  readonly #maxPending: number;
  readonly #prewarm: boolean;
  readonly #eager: boolean;
  #index = 0;
  #pending = 0;
  /** Input frames whose gradient has not been handed out. */
  #open = 0;
  #ended = false;
  /** Outputs of the last call, and their validity unless all are valid. */
  #came = 0;
  #valid: Uint8Array | null = null;

  constructor(network: Network, options: StreamOptions = {}) {
    const { gradients = false, maxPending = 1024, prewarm = false, eager = false, blind = false } = options;
    this.network = network;
    this.#inChannels = network.inChannels;
    this.#outChannels = network.outChannels;
    this.#burst = network.burst;
    this.#gradients = gradients;
    this.#blind = blind;
    this.#prewarm = prewarm;
    this.#eager = eager;
    this.#maxPending = integer('maxPending', maxPending, 1);
    const { engine } = network;
    this.#engine = engine;
    this.#lease = engine.lease(this);
    const { layers, pace } = streamLayers(network, prewarm);
    this.#pace = pace;
    const context = { engine, lease: this.#lease, gradients, eager, blind, weights: network.changes };
    this.stack = new LayerStack(network.inChannels, layers, network.values, context);
    this.#program = this.stack.program;
    this.#room = this.#program?.room ?? 0;
  }

  /** Frames pushed or skipped so far: the absolute index of the next one. */
  get index(): number {
    return this.#index;
  }

  /** Outputs that wait for their gradient. */
  get pending(): number {
    return this.#pending;
  }

  /** Validity of the frames written last, one byte a frame; holds until the next call. */
  get valid(): Uint8Array {
    return this.#valid ?? (this.#came === 0 ? none : new Uint8Array(this.#came).fill(1));
  }

  /** Pushes [frames, in] and returns the outputs, [frames', out], as an array that the caller owns. */
  push(x: ArrayLike<number>, valid?: ArrayLike<number>): Float32Array {
    return this.#copy(this.#push(x, this.#framesOf(x, valid), valid));
  }

  /** The same without allocating: writes to `out` and returns the frames written. */
  pushInto(x: ArrayLike<number>, out: Float32Array, valid?: ArrayLike<number>): number {
    const steps = valid === undefined && x?.length === this.#inChannels && this.#program?.running;
    if (steps && out?.length >= this.#burst * this.#outChannels && out instanceof Float32Array) {
      const came = this.#program!.step(x, out);
      if (came >= 0) return this.#stepped(came);
    }
    const frames = this.#framesOf(x, valid);
    if (!(out?.length >= frames * this.#burst * this.#outChannels) || !(out instanceof Float32Array))
      room('out', out, this.outputsFor(frames) * this.#outChannels);
    return this.#copyTo(this.#push(x, frames, valid), out);
  }

  /**
   * Does now what the next output needs of the frames that have come: of an eager stream less is left to do when its frame
   * arrives. Outputs keep their bits. Nothing is gained where weights change before that.
   */
  prepare(): void {
    if (!this.#eager) throw new TypeError('stream must be made with { eager: true }, got one without');
    this.#begin();
    this.stack.prepare();
  }

  /** How many outputs `frames` more input frames would bring. */
  outputsFor(frames: number): number {
    const pace = this.#pace;
    return pace.outputsAfter(this.#index + frames) - pace.outputsAfter(this.#index);
  }

  /** Frames that never came: as pushing that many invalid zeros, returning the same. A long gap costs no multiply-adds. */
  skip(count: number): Float32Array {
    integer('count', count, 0);
    const pace = this.#pace;
    const steady = this.#gradients ? 0 : steadyFrames(pace, count);
    const top = this.#pushZeros(count - steady);
    if (steady === 0) return this.#copy(top);
    this.#index += steady;
    this.stack.shift(steady);
    return this.#repeatLast(top, (pace.period * pace.up) / pace.stride, steady / pace.period);
  }

  /** As `skip`, for who does not want the outputs: none is kept, and gradients still open are given up. */
  jump(count: number): void {
    const gradients = this.#gradients;
    const steady = steadyFrames(this.#pace, integer('count', count, 0));
    const step = gradients ? 1 : count - steady;
    if (gradients) this.#giveUp();
    for (let left = count - steady; left > 0; left -= step) {
      this.#pushZeros(step);
      if (gradients) this.#giveUp();
    }
    this.#came = 0;
    this.#valid = null;
    this.#index += steady;
    this.stack.shift(steady);
  }

  /** The source has ended: the tail of 'same' and 'full', [m, out]. Nothing can be pushed after it. */
  flush(): Float32Array {
    this.#begin();
    const top = this.#ended ? this.#engine.scratch.rows(0, this.network.outChannels) : this.stack.flush();
    this.#ended = true;
    return this.#copy(this.#take(top, 0));
  }

  /**
   * Takes ∂L/∂y of the oldest outputs that have none yet, [n, out], and returns the rows of ∂L/∂x that became final.
   * A gradient that is no number counts as 0, so that it reaches no weight.
   */
  backward(gradY: ArrayLike<number>): Float32Array {
    return this.#copy(this.#backward(gradY));
  }

  /** The same without allocating: writes to `out`, which must have room for every row still open; returns the rows written. */
  backwardInto(gradY: ArrayLike<number>, out: Float32Array): number {
    if (!(out?.length >= this.#open * this.#inChannels) || !(out instanceof Float32Array))
      room('out', out, this.#open * this.#inChannels);
    return this.#copyTo(this.#backward(gradY), out);
  }

  /** As `push`, for who reads what comes from `stack.outputs`. @internal */
  feed(x: ArrayLike<number>, valid?: ArrayLike<number>): void {
    this.#push(x, this.#framesOf(x, valid), valid);
  }

  /** As `backward`, for who wants the weights' gradients only. @internal */
  learn(gradY: ArrayLike<number>): void {
    this.#backward(gradY);
  }

  /** Lets go every row that an output with a gradient hangs on: what later outputs add to it is lost. @internal */
  release(): void {
    this.#begin();
    this.#open -= this.stack.release().count;
  }

  /** Forgets the gradients that have accumulated, and those under way. @internal */
  drop(): void {
    this.release();
    for (const layer of this.stack.trained) layer.drop();
  }

  /** No more gradients will come for the outputs so far: the rest of ∂L/∂x, [rows, in]. */
  flushGradient(): Float32Array {
    return this.#copy(this.#giveUp());
  }

  /** Copies of the gradients accumulated since the last update, by parameter name, in lag order like the weights. */
  gradients(): Weights {
    this.#learning();
    const { f32 } = this.#engine.arena;
    const sums = this.stack.trained.flatMap((layer) => {
      layer.settle();
      return layer.values.map(({ count }, i) => f32.slice(layer.gradient(i), layer.gradient(i) + count));
    });
    return weightsOf(this.network.parameters, sums);
  }

  /** Gives the stream's memory back at once; else that happens some time after it is forgotten. It cannot be used any more. */
  close(): void {
    this.#engine.end(this.#lease);
  }

  /** The memory of this stream as bytes, which `network.restore` makes a stream of again: to the last bit. */
  save(): Uint8Array {
    return encodeState('stream', this.state(), { network: this.network.spec });
  }

  /** The memory of this stream as plain data. @internal */
  state(): State {
    this.#begin();
    return {
      gradients: Number(this.#gradients),
      blind: Number(this.#blind),
      prewarm: Number(this.#prewarm),
      eager: Number(this.#eager),
      maxPending: this.#maxPending,
      index: this.#index,
      pending: this.#pending,
      open: this.#open,
      ended: Number(this.#ended),
      stack: this.stack.save(),
      sums: Object.fromEntries(this.stack.trained.map((layer, l) => [`layer${l}`, layer.save()])),
    };
  }

  /** A stream of `network` with the memory of `state`. @internal */
  static of(network: Network, state: State): NetworkStream {
    const stream = new NetworkStream(network, {
      gradients: numberIn(state, 'gradients') === 1,
      blind: state.blind === 1,
      prewarm: numberIn(state, 'prewarm') === 1,
      eager: numberIn(state, 'eager') === 1,
      maxPending: numberIn(state, 'maxPending'),
    });
    stream.#index = numberIn(state, 'index');
    stream.#pending = numberIn(state, 'pending');
    stream.#open = numberIn(state, 'open');
    stream.#ended = numberIn(state, 'ended') === 1;
    stream.stack.restore(stateIn(state, 'stack'));
    const sums = stateIn(state, 'sums');
    for (const [l, layer] of stream.stack.trained.entries()) layer.restore(stateIn(sums, `layer${l}`));
    return stream;
  }

  /** The frames of a block; throws, before anything is changed, where it cannot be taken. */
  #framesOf(x: ArrayLike<number>, valid?: ArrayLike<number>): number {
    const frames = list('x', x).length / this.#inChannels;
    const fits = !valid || valid.length === frames;
    if (!fits || frames !== Math.floor(frames) || !this.#takes(frames)) this.#refuse(x, frames, valid);
    return frames;
  }

  /** Whether `frames` more can be pushed, as far as can be told at once. */
  #takes(frames: number): boolean {
    if (this.#ended || this.#lease.ended) return false;
    return !this.#gradients || this.#pending + frames * this.#burst <= this.#maxPending;
  }

  /** Throws the sentence that says why a block is refused; returns where it need not be. */
  #refuse(x: ArrayLike<number>, frames: number, valid?: ArrayLike<number>): void {
    if (!Number.isInteger(frames))
      throw invalid('x.length', `a multiple of its ${this.#inChannels} channels`, x.length);
    if (valid && valid.length !== frames) throw invalid('valid.length', `the ${frames} frames of x`, valid.length);
    if (this.#lease.ended) throw new TypeError('stream must be open, got a closed one');
    if (this.#ended && frames > 0) throw new RangeError(`frames pushed after flush must be 0, got ${frames}`);
    const pending = this.#pending + this.outputsFor(frames);
    if (this.#gradients && pending > this.#maxPending)
      throw invalid('outputs that wait for a gradient', `<= maxPending = ${this.#maxPending}`, pending);
  }

  #stepped(came: number): number {
    this.#index++;
    this.#came = came;
    this.#valid = null;
    return came;
  }

  #begin(): void {
    if (this.#lease.ended) throw new TypeError('stream must be open, got a closed one');
    this.#program?.leave(this.#index);
    this.#engine.scratch.begin();
  }

  #push(x: ArrayLike<number>, frames: number, valid?: ArrayLike<number>): Rows {
    const program = this.#program;
    this.#engine.scratch.begin();
    const rows = readRows(this.#engine, x, frames, this.#inChannels, valid, this.#room);
    const steps = program !== null && frames <= mostFrames && rows.sound && program.enter(this.#index);
    if (!steps) program?.leave(this.#index);
    return this.#take(steps ? program.run(rows) : this.stack.forward(rows), frames);
  }

  #pushZeros(frames: number): Rows {
    const zeros = new Float32Array(frames * this.#inChannels);
    if (!this.#takes(frames)) this.#refuse(zeros, frames);
    return this.#push(zeros, frames, new Uint8Array(frames));
  }

  /** Counts what `frames` input frames have brought. */
  #take(top: Rows, frames: number): Rows {
    this.#index += frames;
    this.#came = top.count;
    this.#valid = top.sound ? null : top.valid.slice(0, top.count);
    if (this.#gradients) {
      this.#open += frames;
      this.#pending += top.count;
    }
    return top;
  }

  #backward(gradY: ArrayLike<number>): Rows {
    this.#learning();
    const rows = list('gradY', gradY).length / this.#outChannels;
    if (rows !== Math.floor(rows) || rows > this.#pending) this.#refuseGradient(gradY, rows);
    this.#begin();
    const g = readRows(this.#engine, gradY, rows, this.#outChannels);
    if (!g.sound) this.#clearOdd(g);
    const dx = this.stack.backward(g);
    this.#open -= dx.count;
    this.#pending -= rows;
    return dx;
  }

  #refuseGradient({ length }: ArrayLike<number>, rows: number): void {
    if (!Number.isInteger(rows)) throw invalid('gradY.length', `a multiple of ${this.#outChannels} channels`, length);
    throw invalid('frames of gradY', `<= the ${this.#pending} outputs that wait`, rows);
  }

  #clearOdd({ at, count, channels }: Rows): void {
    const { f32 } = this.#engine.arena;
    for (let i = at; i < at + count * channels; i++) if (Number.isNaN(f32[i])) f32[i] = 0;
  }

  #giveUp(): Rows {
    this.#learning();
    this.#begin();
    const rows = this.stack.flushGradient();
    this.#open -= rows.count;
    this.#pending = 0;
    return rows;
  }

  /** The last `rows` outputs `times` times more, none of them valid, behind the outputs themselves. */
  #repeatLast(top: Rows, rows: number, times: number): Float32Array {
    const { channels } = top;
    const body = this.#copy(top);
    const all = new Float32Array(body.length + rows * times * channels);
    all.set(body);
    for (let i = body.length; i < all.length; i++) all[i] = all[i - rows * channels];
    const valid = new Uint8Array(top.count + rows * times);
    valid.set(this.valid);
    this.#came = valid.length;
    this.#valid = valid;
    return all;
  }

  #copy({ at, count, channels }: Rows): Float32Array {
    return this.#engine.arena.f32.slice(at, at + count * channels);
  }

  #copyTo({ at, count, channels }: Rows, out: Float32Array): number {
    const { f32 } = this.#engine.arena;
    const numbers = count * channels;
    for (let i = 0; i < numbers; i++) out[i] = f32[at + i];
    return count;
  }

  #learning(): void {
    if (!this.#gradients) throw new TypeError('stream must be made with { gradients: true }, got one without');
  }
}
