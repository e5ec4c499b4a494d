import { wordsPerLayer, words } from '../../kernels/program-layout.ts';
import type { Engine } from '../memory/engine.ts';
import type { Layer, LayerStream, StreamContext } from './layer.ts';
import type { Descent } from './parameter-gradients.ts';
import type { Rows } from '../memory/rows.ts';

/** Maximum number of frames per call. Larger blocks gain nothing, since each layer processes them in one call. */
export const maxStepFrames = 8;

/**
 * Number of calls that a stream with gradients is processed layer by layer after the program was stopped within `shortRun` frames, so
 * that a stream whose state is read often does not pay for each new start.
 */
const restartDelay = 16;
const shortRun = 64;

/** A layer that the kernels can execute as part of a program. */
export interface SteppedLayer {
  /** Whether the kernels can execute the layer with its settings. */
  readonly canStep: boolean;
  /** Numbers of memory for intermediate results of the gradients. Default 0. */
  readonly tempNumbers?: number;
  /** Writes the layer's state to the program. Returns false if the next windows include padding or invalid frames. */
  writeProgram(layer: Int32Array): boolean;
  /** Reads the layer's state back after `run` has processed `frames` input frames and `outputs` outputs. */
  readProgram(layer: Int32Array, frames: number, outputs: number): void;
  /** Adds deferred weight gradients, which the running program holds, to their sums. */
  addPending?(): void;
}

/** Returns whether the kernels can execute all of these layers. */
export function canStep(layers: readonly LayerStream[]): layers is readonly (LayerStream & SteppedLayer)[] {
  return layers.every((layer) => 'canStep' in layer && layer.canStep);
}

/**
 * The layers of a settled stream as one program for the kernels `run`, `backpropagate`, and `update`, which need one call
 * instead of one or more per layer. The layer objects are out of date while the program is running; `stop` updates them.
 */
export class StepProgram {
  /** Numbers of scratch memory that a call needs. */
  readonly scratchNumbers: number;
  /** Number of rows of ∂L/∂x of the last `learn`. */
  finalRows = 0;
  /** Whether the outputs of the last call are those of the program. */
  fresh = false;
  readonly #engine: Engine;
  readonly #layers: readonly SteppedLayer[];
  readonly #specs: readonly Layer[];
  readonly #at: number;
  readonly #outChannels: number;
  /** Offset of the last layer's outputs in the scratch memory. */
  readonly #top: number;
  /** The index at which the program was started, -1 if it is not running. */
  #startIndex = -1;
  readonly #gradients: boolean;
  readonly #inChannels: number;
  /** Number of calls until the program can be started again. */
  #delay = 0;
  readonly #outputs: Rows[];
  /** Offset of the first number of the last call. */
  #lastAt = 0;

  constructor(
    { engine, allocation, gradients }: StreamContext,
    layers: readonly SteppedLayer[],
    specs: readonly Layer[],
  ) {
    this.#engine = engine;
    this.#layers = layers;
    this.#specs = specs;
    this.#at = allocation.allocate(wordsPerLayer * layers.length);
    this.#gradients = gradients;
    this.#inChannels = specs[0].inChannels;
    this.#outChannels = specs.at(-1)!.outChannels;
    this.#outputs = specs.map(({ outChannels }) => ({
      at: 0,
      count: 0,
      channels: outChannels,
      allValid: true,
      valid: new Uint8Array(0),
    }));
    let y = paddedSize(specs[0].inChannels);
    for (let l = 0; l < layers.length; l++) {
      const layer = this.#wordsOf(l);
      layer[words.y] = y;
      // gradients replace outputs, except those that are returned, which have a place of their own
      layer[words.rows] = y;
      y += paddedSize(specs[l].outChannels);
    }
    this.#top = y - paddedSize(this.#outChannels);
    this.#wordsOf(0)[words.rows] = y;
    y += paddedSize(specs[0].inChannels);
    for (let l = 0; l < layers.length; l++) this.#wordsOf(l)[words.temp] = y;
    this.scratchNumbers = y + Math.max(...layers.map(({ tempNumbers = 0 }) => tempNumbers));
  }

  get running(): boolean {
    return this.#startIndex >= 0;
  }

  /** Starts the program before frame `index` unless it is running. Returns false if the layers do not allow it. */
  start(index: number): boolean {
    if (this.#startIndex >= 0) return true;
    if (this.#delay > 0) {
      this.#delay--;
      return false;
    }
    for (let l = 0; l < this.#layers.length; l++) {
      if (this.#layers[l].writeProgram(this.#wordsOf(l))) continue;
      for (let written = 0; written < l; written++) this.#layers[written].readProgram(this.#wordsOf(written), 0, 0);
      return false;
    }
    this.#startIndex = index;
    return true;
  }

  /** The outputs of each layer in the last call. */
  get outputs(): readonly Rows[] {
    const { i32 } = this.#engine.arena;
    for (let l = 0; l < this.#outputs.length; l++) {
      const layer = this.#at + l * wordsPerLayer;
      this.#outputs[l].at = this.#lastAt + i32[layer + words.y];
      this.#outputs[l].count = i32[layer + words.count];
    }
    return this.#outputs;
  }

  /**
   * Processes one frame while the program is running, and writes the outputs to `out` unless it is null. Returns their count,
   * or -1 if nothing was done because the frame is not finite or a delay line has no room.
   */
  step(x: ArrayLike<number>, out: Float32Array | null): number {
    const { kernels } = this.#engine;
    const at = this.#begin();
    if (!this.#writeFrame(x, at)) return -1;
    return this.#finish(kernels.run!(this.#at, this.#layers.length, at, 1), out);
  }

  /**
   * Returns the outputs for the frames of `x`, which has `scratchNumbers` numbers of memory. null if nothing was done
   * because a delay line has no room.
   */
  run(x: Rows): Rows | null {
    const { kernels, scratch } = this.#engine;
    this.#lastAt = x.at;
    const count = this.#finish(kernels.run!(this.#at, this.#layers.length, x.at, x.count), null);
    return count < 0 ? null : scratch.view(x.at + this.#top, count, this.#outChannels);
  }

  /**
   * Processes ∂L/∂y of the oldest outputs without a gradient, [`rows`, out], while the program is running, and writes the
   * rows of ∂L/∂x that became final to `out`. Returns their number, or -1 if nothing was done because it takes the layers.
   * A gradient that is not finite counts as 0.
   */
  backward(g: ArrayLike<number>, rows: number, out: Float32Array | null): number {
    if (rows > maxStepFrames) return -1;
    const { kernels } = this.#engine;
    for (let attempt = 0; attempt < 2; attempt++) {
      const at = this.#begin();
      this.#writeGradients(g, at);
      const count = kernels.backpropagate!(this.#at, this.#layers.length, at, rows);
      if (count >= 0) {
        this.#readFinal(count, out);
        return count;
      }
      // deferred gradients may have filled their memory
      for (const layer of this.#layers) layer.addPending?.();
    }
    return -1;
  }

  /**
   * w ← w - µ g for all parameters of all layers, while the program is running. See `ParameterGradients.descend`. Returns false
   * if nothing was done because a layer has other gradients in addition to the deferred ones.
   */
  update({ learningRate, epsilon }: Descent): boolean {
    return this.#engine.kernels.update!(this.#at, this.#layers.length, learningRate, epsilon) === 0;
  }

  /**
   * `backward` of `rows` gradients, `update`, and `step`, in one call. Returns the number of outputs, or -1 if nothing was
   * done. The number of rows of ∂L/∂x is in `finalRows`.
   */
  learn(
    g: ArrayLike<number>,
    rows: number,
    gradX: Float32Array | null,
    { learningRate, epsilon }: Descent,
    x: ArrayLike<number>,
    out: Float32Array | null,
  ): number {
    if (rows > maxStepFrames) return -1;
    const { arena, kernels } = this.#engine;
    const at = this.#begin();
    if (!this.#writeFrame(x, at)) return -1;
    this.#writeGradients(g, at);
    const count = kernels.learn!(this.#at, this.#layers.length, at, rows, learningRate, epsilon);
    if (count < 0) return -1;
    this.finalRows = arena.i32[this.#at + words.final];
    this.#readFinal(this.finalRows, gradX);
    return this.#finish(count, out);
  }

  /** Allocates memory for a run of frames, `numbers` numbers, for the next call of `train`. Returns its offset. */
  beginRun(numbers: number): number {
    // the loops read four numbers at a time
    const size = 4 * Math.ceil(this.scratchNumbers / 4 + 1);
    this.#lastAt = this.#engine.scratch.allocateOnly(size + numbers);
    return this.#lastAt + size;
  }

  /** Trains on the run at offset `run`, while the program is running. See the kernel `train`. */
  train(run: number): void {
    this.#engine.kernels.train!(this.#at, this.#layers.length, this.#lastAt, run);
    this.fresh = true;
  }

  /** Stops the program before frame `index` and updates the layers. */
  stop(index: number): void {
    if (this.#startIndex < 0) return;
    const start = this.#startIndex;
    let [from, to] = [start, index];
    for (const [l, layer] of this.#layers.entries()) {
      const { outputsAfter } = this.#specs[l].pace;
      const [before, after] = [outputsAfter(from), outputsAfter(to)];
      layer.readProgram(this.#wordsOf(l), to - from, after - before);
      [from, to] = [before, after];
    }
    this.#startIndex = -1;
    if (this.#gradients && index - start < shortRun) this.#delay = restartDelay;
  }

  #begin(): number {
    return (this.#lastAt = this.#engine.scratch.allocateOnly(this.scratchNumbers));
  }

  /** Writes a frame to offset `at`. Returns whether it is finite. */
  #writeFrame(x: ArrayLike<number>, at: number): boolean {
    const { f32 } = this.#engine.arena;
    const { length } = x;
    for (let c = 0; c < length; c++) {
      const sample = Math.fround(x[c]);
      if (sample - sample !== 0) return false;
      f32[at + c] = sample;
    }
    return true;
  }

  /** Writes gradients to where the outputs of the last layer are. */
  #writeGradients(g: ArrayLike<number>, at: number): void {
    const { f32 } = this.#engine.arena;
    const to = at + this.#top;
    const { length } = g;
    for (let i = 0; i < length; i++) {
      const slope = Math.fround(g[i]);
      if (slope - slope === 0) f32[to + i] = slope;
      else f32[to + i] = 0;
    }
  }

  #readFinal(count: number, out: Float32Array | null): void {
    if (out === null || count === 0) return;
    const { f32, i32 } = this.#engine.arena;
    copyNumbers(f32, i32[this.#at + words.dx], count * this.#inChannels, out);
  }

  #finish(count: number, out: Float32Array | null): number {
    this.fresh = count >= 0;
    if (out !== null && count > 0)
      copyNumbers(this.#engine.arena.f32, this.#lastAt + this.#top, count * this.#outChannels, out);
    return count;
  }

  #wordsOf(l: number): Int32Array {
    return new Int32Array(this.#engine.arena.f32.buffer, 4 * (this.#at + l * wordsPerLayer), wordsPerLayer);
  }
}

/** Copies `count` numbers of `f32`, from offset `at` on, to `out`. Faster than `set` for a few numbers. */
function copyNumbers(f32: Float32Array, at: number, count: number, out: Float32Array): void {
  let i = 0;
  for (; i < count - 3; i += 4) {
    out[i] = f32[at + i];
    out[i + 1] = f32[at + i + 1];
    out[i + 2] = f32[at + i + 2];
    out[i + 3] = f32[at + i + 3];
  }
  for (; i < count; i++) out[i] = f32[at + i];
}

/** Returns the size of the rows of one call, with a margin because the loops read four numbers at a time. */
function paddedSize(channels: number): number {
  return (maxStepFrames * channels + 7) & ~3;
}
