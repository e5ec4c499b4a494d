import { checkCapacity, integer, invalid, list } from '../check.ts';
import { LayerStack } from '../layers/layer-stack.ts';
import { type Pace, steadyFrames } from '../layers/pace.ts';
import { maxStepFrames, type StepProgram } from '../layers/step-program.ts';
import type { Allocation } from '../memory/allocation.ts';
import type { Engine } from '../memory/engine.ts';
import { readRows, type Rows } from '../memory/rows.ts';
import { numberIn, type State } from '../state/state.ts';
import { type CompiledNetwork, layersFor } from './compiled-network.ts';
import type { OutputMemory } from './output-memory.ts';
import { checkFft, type StreamOptions } from './stream-options.ts';

const noOutputs = new Uint8Array(0);

/**
 * The state of one stream through one network, forward: delay lines and absolute index. Output n of a layer is aligned
 * with its input frame nS + f and is emitted when that frame arrives, no matter how the stream is split into blocks.
 * Input [frames, in], output [frames', out], where frames' may be 0.
 */
export class ForwardStream {
  /** The network that this stream runs. The stream reads its weights for every output. */
  readonly network: CompiledNetwork;
  /** The layers, with their latest outputs and their trained parameters. @internal */
  readonly stack: LayerStack;
  protected readonly engine: Engine;
  /** The timing of outputs relative to inputs. */
  protected readonly pace: Pace;
  protected readonly options: Required<Omit<StreamOptions, 'fft'>>;
  /** Number of outputs without a gradient. */
  protected pendingOutputs = 0;
  /** Number of input frames whose gradient has not been returned. */
  protected openFrames = 0;
  readonly #allocation: Allocation;
  /** Runs all layers in one call while the stream is settled; null if some layer does not allow it. */
  protected readonly program: StepProgram | null;
  protected readonly inChannels: number;
  protected readonly outChannels: number;
  /** Maximum number of values that one frame puts out. */
  readonly #maxNumbersPerFrame: number;
  #index = 0;
  #ended = false;
  #closed = false;
  /** Number of outputs of the last call, and their validity unless all are valid. */
  #outputCount = 0;
  #valid: Uint8Array | null = null;

  constructor(network: CompiledNetwork, options: StreamOptions = {}) {
    const { gradients = false, maxPending = 1024, prewarm = false, eager = false, fft } = options;
    const { skipInputGradient = false } = options;
    checkFft(fft, gradients);
    const { engine, inChannels, outChannels, maxOutputsPerFrame } = network;
    this.network = network;
    this.options = { gradients, skipInputGradient, prewarm, eager, maxPending: integer('maxPending', maxPending, 1) };
    this.inChannels = inChannels;
    this.outChannels = outChannels;
    this.#maxNumbersPerFrame = maxOutputsPerFrame * outChannels;
    this.engine = engine;
    this.#allocation = engine.allocationFor(this);
    const { layers, pace } = layersFor(network, prewarm);
    this.pace = pace;
    const weights = network.changes;
    const context = { engine, allocation: this.#allocation, gradients, eager, skipInputGradient, fft, weights };
    this.stack = new LayerStack(inChannels, layers, network.values, context);
    this.program = this.stack.program();
  }

  /** Number of frames pushed or skipped so far, which is the absolute index of the next one. */
  get index(): number {
    return this.#index;
  }

  /** Number of outputs without a gradient. */
  get pending(): number {
    return this.pendingOutputs;
  }

  /** Validity of the outputs of the last call, one byte per frame (1 = valid). Holds until the next call. */
  get valid(): Uint8Array {
    return this.#valid ?? (this.#outputCount === 0 ? noOutputs : new Uint8Array(this.#outputCount).fill(1));
  }

  /** Pushes [frames, in] and returns the outputs, [frames', out], as a new array that the caller owns. */
  push(x: ArrayLike<number>, valid?: ArrayLike<number>): Float32Array {
    return this.engine.scratch.copy(this.#push(x, this.#framesOf(x, valid), valid));
  }

  /** Like `push`, with outputs in `memory`. @internal */
  pushTo(memory: OutputMemory, x: ArrayLike<number>, valid?: ArrayLike<number>): Float32Array {
    const { at, count, channels } = this.#push(x, this.#framesOf(x, valid), valid);
    return memory.copy(this.engine.arena.f32, at, count * channels);
  }

  /** Like `push`, for callers that read the outputs from `stack.outputs`. @internal */
  feed(x: ArrayLike<number>, valid?: ArrayLike<number>): void {
    const { program } = this;
    if (program?.running && !valid && this.acceptsFrame(x, null)) {
      const count = program.step(x, null);
      if (count >= 0) {
        this.countFrames(1, count);
        return;
      }
    }
    this.#push(x, this.#framesOf(x, valid), valid);
  }

  /** Like `push`, without allocating: writes to `out` and returns the number of frames written. */
  pushInto(x: ArrayLike<number>, out: Float32Array, valid?: ArrayLike<number>): number {
    const program = this.program;
    if (program?.running && !valid && out && this.acceptsFrame(x, out)) {
      const count = program.step(x, out);
      if (count >= 0) {
        this.countFrames(1, count);
        return count;
      }
    }
    const frames = this.#framesOf(x, valid);
    if (!this.hasRoom(out, frames * this.#maxNumbersPerFrame))
      checkCapacity('out', out, this.outputsFor(frames) * this.outChannels);
    return this.engine.scratch.copyTo(this.#push(x, frames, valid), out);
  }

  /**
   * Computes in advance what the next output needs of the frames received so far, so that less is left to do when its
   * frame arrives. Requires the option `eager`. Outputs keep their bits. The result is discarded if weights change first.
   */
  prepare(): void {
    if (!this.options.eager) throw new TypeError('stream must be created with { eager: true }, got one without');
    this.begin();
    this.stack.prepare();
  }

  /** Returns how many outputs the next `frames` input frames give. */
  outputsFor(frames: number): number {
    return this.pace.outputsAfter(this.#index + frames) - this.pace.outputsAfter(this.#index);
  }

  /**
   * Skips missing frames. Equivalent to pushing that many invalid zeros, but the cost of a long gap does not depend on
   * its multiply-adds.
   */
  skip(count: number): Float32Array {
    integer('count', count, 0);
    const pace = this.pace;
    const steady = this.options.gradients ? 0 : steadyFrames(pace, count);
    const top = this.pushZeros(count - steady);
    if (steady === 0) return this.engine.scratch.copy(top);
    this.stack.advanceIndexes(steady);
    // every period of steady frames gives the same outputs, all of them invalid
    const period = (pace.period * pace.up) / pace.stride;
    const more = (period * steady) / pace.period;
    const valid = new Uint8Array(top.count + more);
    valid.set(this.valid);
    this.countSkipped(steady, valid);
    return repeatLast(this.engine.scratch.copy(top), period * this.outChannels, more * this.outChannels);
  }

  /** Ends the stream and returns the tail of 'same' and 'full', [m, out]. Nothing can be pushed afterward. */
  flush(): Float32Array {
    this.begin();
    const top = this.#ended ? this.engine.scratch.rows(0, this.outChannels) : this.stack.flush();
    this.#ended = true;
    this.#count(top, 0);
    return this.engine.scratch.copy(top);
  }

  /**
   * Releases the stream's memory immediately rather than on garbage collection. The stream cannot be used afterward.
   */
  close(): void {
    if (this.#closed) return;
    this.begin();
    this.#closed = true;
    this.engine.release(this.#allocation);
  }

  /** Throws if the stream was closed. @internal */
  checkOpen(): void {
    if (this.#closed) throw new TypeError('the stream is closed');
  }

  /** Returns whether `x` is one frame that can certainly be pushed, with room for its outputs in `out` unless it is null. */
  protected acceptsFrame(x: ArrayLike<number>, out: Float32Array | null): boolean {
    const hasRoom = out === null || this.hasRoom(out, this.#maxNumbersPerFrame);
    return hasRoom && x?.length === this.inChannels && this.accepts(1);
  }

  protected hasRoom(out: Float32Array | undefined, numbers: number): boolean {
    return out !== undefined && out.length >= numbers && out instanceof Float32Array;
  }

  /** Prepares a call other than a push: updates the layers and resets the scratch memory. */
  protected begin(): void {
    this.checkOpen();
    this.program?.stop(this.#index);
    this.engine.scratch.reset();
  }

  protected pushZeros(frames: number): Rows {
    const zeros = new Float32Array(frames * this.inChannels);
    if (!this.accepts(frames)) this.#reject(zeros, frames);
    return this.#push(zeros, frames, new Uint8Array(frames));
  }

  /** Counts `frames` skipped frames. `valid` is the validity of all outputs of the call. */
  protected countSkipped(frames: number, valid: Uint8Array): void {
    this.#index += frames;
    this.#outputCount = valid.length;
    this.#valid = valid;
  }

  protected saveCounters(): State {
    return {
      index: this.#index,
      pending: this.pendingOutputs,
      open: this.openFrames,
      ended: Number(this.#ended),
    };
  }

  protected restoreCounters(state: State): void {
    this.#index = numberIn(state, 'index');
    this.pendingOutputs = numberIn(state, 'pending');
    this.openFrames = numberIn(state, 'open');
    this.#ended = numberIn(state, 'ended') === 1;
  }

  /** Returns the number of frames in a block. Throws, before anything changes, if the block cannot be pushed. */
  #framesOf(x: ArrayLike<number>, valid?: ArrayLike<number>): number {
    const frames = list('x', x).length / this.inChannels;
    if (!this.accepts(frames)) this.#reject(x, frames);
    if (valid && valid.length !== frames)
      throw invalid('valid.length', `${frames}, one byte per frame of x`, valid.length);
    return frames;
  }

  /** Returns whether `frames` frames can certainly be pushed. If not, `#reject` decides. */
  protected accepts(frames: number): boolean {
    const { gradients, maxPending } = this.options;
    if (this.#ended || this.#closed || frames !== Math.floor(frames)) return false;
    return !gradients || this.pendingOutputs + frames * this.network.maxOutputsPerFrame <= maxPending;
  }

  /** Throws an error that states why a block cannot be pushed, or returns if it can. */
  #reject({ length }: ArrayLike<number>, frames: number): void {
    const { gradients, maxPending } = this.options;
    if (!Number.isInteger(frames)) throw invalid('x.length', `a multiple of the ${this.inChannels} channels`, length);
    this.checkOpen();
    if (this.#ended && frames > 0) throw new RangeError(`frames pushed after flush must be 0, got ${frames}`);
    const pending = this.pendingOutputs + this.outputsFor(frames);
    if (gradients && pending > maxPending)
      throw invalid('outputs without a gradient', `<= maxPending = ${maxPending}`, pending);
  }

  #push(x: ArrayLike<number>, frames: number, valid?: ArrayLike<number>): Rows {
    const program = this.program;
    this.engine.scratch.reset();
    const rows = readRows(this.engine, x, frames, this.inChannels, valid, program?.scratchNumbers);
    const steps = program !== null && frames <= maxStepFrames && rows.allValid && program.start(this.#index);
    let top = steps ? program.run(rows) : null;
    if (top === null) {
      program?.stop(this.#index);
      top = this.stack.forward(rows);
    }
    this.#count(top, frames);
    return top;
  }

  /** Counts the outputs `top` of `frames` input frames. */
  #count(top: Rows, frames: number): void {
    this.countFrames(frames, top.count);
    if (!top.allValid) this.#valid = top.valid.slice(0, top.count);
  }

  /** Counts `outputs` valid outputs of `frames` input frames. */
  protected countFrames(frames: number, outputs: number): void {
    this.#index += frames;
    this.#outputCount = outputs;
    this.#valid = null;
    if (!this.options.gradients) return;
    this.openFrames += frames;
    this.pendingOutputs += outputs;
  }
}

/** Returns `numbers` extended by `more` values, which repeat the last `period` of them. */
function repeatLast(numbers: Float32Array, period: number, more: number): Float32Array {
  const all = new Float32Array(numbers.length + more);
  all.set(numbers);
  for (let i = numbers.length; i < all.length; i++) all[i] = all[i - period];
  return all;
}
