import { integer, invalid, list, checkCapacity } from '../check.ts';
import { LayerStack } from '../layers/layer-stack.ts';
import type { Layer } from '../layers/layer.ts';
import { chain, type Pace, steadyFrames } from '../layers/pace.ts';
import { maxStepFrames, type StepProgram } from '../layers/step-program.ts';
import type { Engine } from '../memory/engine.ts';
import type { Allocation } from '../memory/lease.ts';
import { readRows } from '../memory/read-rows.ts';
import type { Rows } from '../memory/rows.ts';
import { layersOf } from './network-spec.ts';
import type { LayerSpec } from '../layers/layer-spec.ts';
import type { CompiledNetwork } from './wired-network.ts';
import { StreamLedger } from './stream-ledger.ts';
import type { StreamOptions } from './stream-options.ts';

/**
 * The memory of one stream through one network, forward: delay lines and absolute index. Output n of a layer hangs on its
 * input frame nS + f and comes when that frame arrives, so the outputs do not depend on how the stream is cut into blocks.
 * Frames in, [frames, in]; frames out, [frames', out], where frames' may be 0.
 */
export class ForwardStream {
  readonly network: CompiledNetwork;
  /** Its layers: what they put out last, and what of them is trained. @internal */
  readonly stack: LayerStack;
  protected readonly engine: Engine;
  readonly #allocation: Allocation;
  protected readonly ledger: StreamLedger;
  /** How outputs follow inputs. */
  protected readonly pace: Pace;
  readonly #program: StepProgram | null;
  protected readonly options: Required<Omit<StreamOptions, 'fft'>>;
  readonly #inChannels: number;
  readonly #outChannels: number;
  /** Numbers that the outputs of one frame take at most. */
  readonly #maxNumbersPerFrame: number;

  constructor(network: CompiledNetwork, options: StreamOptions = {}) {
    const { gradients = false, maxPending = 1024, prewarm = false, eager = false, skipInputGradient: blind = false, fft } = options;
    checkFft(fft, gradients);
    const { engine, inChannels, outChannels, maxOutputsPerFrame: burst } = network;
    this.network = network;
    this.options = { gradients, skipInputGradient: blind, prewarm, eager, maxPending: integer('maxPending', maxPending, 1) };
    this.#inChannels = inChannels;
    this.#outChannels = outChannels;
    this.#maxNumbersPerFrame = burst * outChannels;
    this.engine = engine;
    this.#allocation = engine.lease(this);
    const { layers, pace } = layersFor(network, prewarm);
    this.pace = pace;
    this.ledger = new StreamLedger({ inChannels, outChannels, maxOutputsPerFrame: burst, gradients, maxPending });
    const context = { engine, lease: this.#allocation, gradients, eager, blind, fft, weights: network.changes };
    this.stack = new LayerStack(inChannels, layers, network.values, context);
    this.#program = this.stack.program();
  }

  /** Frames pushed or skipped so far: the absolute index of the next one. */
  get index(): number {
    return this.ledger.index;
  }

  /** Outputs that wait for their gradient. */
  get pending(): number {
    return this.ledger.pending;
  }

  /** Validity of the frames written last, one byte a frame; holds until the next call. */
  get valid(): Uint8Array {
    return this.ledger.valid;
  }

  /** Pushes [frames, in] and returns the outputs, [frames', out], as an array that the caller owns. */
  push(x: ArrayLike<number>, valid?: ArrayLike<number>): Float32Array {
    return this.engine.scratch.copy(this.#push(x, this.#framesOf(x, valid), valid));
  }

  /** As `push`, for who reads what comes from `stack.outputs`. @internal */
  feed(x: ArrayLike<number>, valid?: ArrayLike<number>): void {
    this.#push(x, this.#framesOf(x, valid), valid);
  }

  /** The same without allocating: writes to `out` and returns the frames written. */
  pushInto(x: ArrayLike<number>, out: Float32Array, valid?: ArrayLike<number>): number {
    const program = this.#program;
    if (program?.running && !valid && x?.length === this.#inChannels && this.hasRoom(out, this.#maxNumbersPerFrame)) {
      const came = program.step(x, out);
      if (came >= 0) return this.ledger.countStep(came);
    }
    const frames = this.#framesOf(x, valid);
    if (!this.hasRoom(out, frames * this.#maxNumbersPerFrame)) checkCapacity('out', out, this.outputsFor(frames) * this.#outChannels);
    return this.engine.scratch.copyTo(this.#push(x, frames, valid), out);
  }

  /**
   * Does now what the next output needs of the frames that have come: of an eager stream less is left to do when its frame
   * arrives. Outputs keep their bits. Nothing is gained where weights change before that.
   */
  prepare(): void {
    if (!this.options.eager) throw new TypeError('stream must be made with { eager: true }, got one without');
    this.begin();
    this.stack.prepare();
  }

  /** How many outputs `frames` more input frames would bring. */
  outputsFor(frames: number): number {
    const { index } = this.ledger;
    return this.pace.outputsAfter(index + frames) - this.pace.outputsAfter(index);
  }

  /** Frames that never came: as pushing that many invalid zeros, returning the same. A long gap costs no multiply-adds. */
  skip(count: number): Float32Array {
    integer('count', count, 0);
    const pace = this.pace;
    const steady = this.options.gradients ? 0 : steadyFrames(pace, count);
    const top = this.pushZeros(count - steady);
    if (steady === 0) return this.engine.scratch.copy(top);
    this.stack.shift(steady);
    // of every period of steady frames the same outputs come, none of them valid
    const period = (pace.period * pace.up) / pace.stride;
    const more = (period * steady) / pace.period;
    const valid = new Uint8Array(top.count + more);
    valid.set(this.valid);
    this.ledger.countSkipped(steady, valid);
    return repeatLast(this.engine.scratch.copy(top), period * this.#outChannels, more * this.#outChannels);
  }

  /** The source has ended: the tail of 'same' and 'full', [m, out]. Nothing can be pushed after it. */
  flush(): Float32Array {
    this.begin();
    const ledger = this.ledger;
    const top = ledger.ended ? this.engine.scratch.rows(0, this.#outChannels) : this.stack.flush();
    ledger.ended = true;
    ledger.countPush(top, 0);
    return this.engine.scratch.copy(top);
  }

  /** Gives the stream's memory back at once; else that happens some time after it is forgotten. It cannot be used any more. */
  close(): void {
    if (this.ledger.closed) return;
    this.begin();
    this.ledger.closed = true;
    this.engine.release(this.#allocation);
  }

  /** The frames of a block; throws, before anything is changed, where it cannot be taken. */
  #framesOf(x: ArrayLike<number>, valid?: ArrayLike<number>): number {
    const frames = list('x', x).length / this.#inChannels;
    if (!this.ledger.accepts(frames)) this.ledger.reject(x, frames, this.outputsFor(frames));
    if (valid && valid.length !== frames) throw invalid('valid.length', `the ${frames} frames of x`, valid.length);
    return frames;
  }

  protected hasRoom(out: Float32Array | undefined, numbers: number): boolean {
    return out !== undefined && out.length >= numbers && out instanceof Float32Array;
  }

  /** Throws where its memory was given back. @internal */
  checkOpen(): void {
    if (this.ledger.closed) throw new TypeError('stream must be open, got a closed one');
  }

  /** Before anything is done: brings the layers up to date and takes the scratch back. */
  protected begin(): void {
    this.checkOpen();
    this.#program?.stop(this.ledger.index);
    this.engine.scratch.reset();
  }

  #push(x: ArrayLike<number>, frames: number, valid?: ArrayLike<number>): Rows {
    const program = this.#program;
    const ledger = this.ledger;
    this.engine.scratch.reset();
    const rows = readRows(this.engine, x, frames, this.#inChannels, valid, program?.scratchNumbers);
    const steps = program !== null && frames <= maxStepFrames && rows.allValid && program.start(ledger.index);
    if (!steps) program?.stop(ledger.index);
    const top = steps ? program.run(rows) : this.stack.forward(rows);
    ledger.countPush(top, frames);
    return top;
  }

  protected pushZeros(frames: number): Rows {
    const zeros = new Float32Array(frames * this.#inChannels);
    if (!this.ledger.accepts(frames)) this.ledger.reject(zeros, frames, this.outputsFor(frames));
    return this.#push(zeros, frames, new Uint8Array(frames));
  }
}

function checkFft(fft: unknown, gradients: boolean): void {
  if (fft === undefined) return;
  if (typeof fft !== 'function') throw invalid('fft', 'a function that makes a transform', fft, TypeError);
  if (gradients) throw invalid('gradients', 'false where there is an fft', gradients, TypeError);
}

/**
 * The layers of one stream and what they do to time; with `prewarm` as if the first frame had always been there: 'edge' padding on
 * every one.
 */
function layersFor(network: CompiledNetwork, prewarm: boolean): { layers: readonly Layer[]; pace: Pace } {
  if (!prewarm) return network;
  const { spec } = network;
  const layers = layersOf({ ...spec, layers: spec.layers.map(withEdgePadding) });
  return { layers, pace: chain(layers.map((layer) => layer.pace)) };
}

function withEdgePadding(layer: LayerSpec): LayerSpec {
  if (layer.type === 'conv1d') return { ...layer, padding: 'edge' };
  if (layer.type === 'residual') return { ...layer, layers: layer.layers.map(withEdgePadding) };
  if (layer.type === 'concat') return { ...layer, branches: layer.branches.map((layers) => layers.map(withEdgePadding)) };
  return layer;
}

/** `numbers`, and then the last `period` of them over and over, `more` in all. */
function repeatLast(numbers: Float32Array, period: number, more: number): Float32Array {
  const all = new Float32Array(numbers.length + more);
  all.set(numbers);
  for (let i = numbers.length; i < all.length; i++) all[i] = all[i - period];
  return all;
}
