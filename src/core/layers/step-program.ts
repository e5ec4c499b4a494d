import { wordsPerLayer, words } from '../../kernels/kernels.ts';
import type { Engine } from '../memory/engine.ts';
import type { Layer, LayerStream, StreamContext } from './layer.ts';
import type { Rows } from '../memory/rows.ts';

/** Maximum number of frames per call. Larger blocks gain nothing, since each layer processes them in one call. */
export const maxStepFrames = 8;

/** A layer that the `run` kernel can execute. */
export interface SteppedLayer {
  /** Writes the layer's state to the program. Returns false if the next windows include padding or invalid frames. */
  writeProgram(layer: Int32Array): boolean;
  /** Reads the layer's state back after `run` has processed `frames` input frames and `outputs` outputs. */
  readProgram(layer: Int32Array, frames: number, outputs: number): void;
}

/** Returns whether the `run` kernel can execute all of these layers. */
export function canStep(layers: readonly LayerStream[]): layers is readonly (LayerStream & SteppedLayer)[] {
  return layers.every((layer) => 'writeProgram' in layer);
}

/**
 * The layers of a settled stream as one program for the `run` kernel, which needs one call per frame instead of one call
 * per layer. The layer objects are out of date while the program is running; `stop` updates them.
 */
export class StepProgram {
  /** Numbers of scratch memory that a call needs. */
  readonly scratchNumbers: number;
  readonly #engine: Engine;
  readonly #layers: readonly SteppedLayer[];
  readonly #specs: readonly Layer[];
  readonly #at: number;
  readonly #outChannels: number;
  /** Offset of the last layer's outputs in the scratch memory. */
  readonly #top: number;
  /** The index at which the program was started, -1 if it is not running. */
  #startIndex = -1;

  constructor({ engine, allocation }: StreamContext, layers: readonly SteppedLayer[], specs: readonly Layer[]) {
    this.#engine = engine;
    this.#layers = layers;
    this.#specs = specs;
    this.#at = allocation.allocate(wordsPerLayer * layers.length);
    this.#outChannels = specs.at(-1)!.outChannels;
    let y = paddedSize(specs[0].inChannels);
    for (let l = 0; l < layers.length; l++) {
      this.#wordsOf(l)[words.y] = y;
      y += paddedSize(specs[l].outChannels);
    }
    this.scratchNumbers = y;
    this.#top = y - paddedSize(this.#outChannels);
  }

  get running(): boolean {
    return this.#startIndex >= 0;
  }

  /** Starts the program before frame `index` unless it is running. Returns false if the layers do not allow it. */
  start(index: number): boolean {
    if (this.#startIndex >= 0) return true;
    for (let l = 0; l < this.#layers.length; l++) if (!this.#layers[l].writeProgram(this.#wordsOf(l))) return false;
    this.#startIndex = index;
    return true;
  }

  /**
   * Processes one frame while the program is running, and writes the outputs to `out`. Returns their count, or -1 if
   * the frame is not finite.
   */
  step(x: ArrayLike<number>, out: Float32Array): number {
    const { arena, kernels, scratch } = this.#engine;
    const at = scratch.allocateOnly(this.scratchNumbers);
    const { f32 } = arena;
    const { length } = x;
    for (let c = 0; c < length; c++) {
      const sample = Math.fround(x[c]);
      if (sample - sample !== 0) return -1;
      f32[at + c] = sample;
    }
    const count = kernels.run!(this.#at, this.#layers.length, at, 1);
    const numbers = count * this.#outChannels;
    const from = at + this.#top;
    let i = 0;
    for (; i < numbers - 3; i += 4) {
      out[i] = f32[from + i];
      out[i + 1] = f32[from + i + 1];
      out[i + 2] = f32[from + i + 2];
      out[i + 3] = f32[from + i + 3];
    }
    for (; i < numbers; i++) out[i] = f32[from + i];
    return count;
  }

  /** Returns the outputs for the frames of `x`, which has `scratchNumbers` numbers of memory. */
  run(x: Rows): Rows {
    const { kernels, scratch } = this.#engine;
    const count = kernels.run!(this.#at, this.#layers.length, x.at, x.count);
    return scratch.view(x.at + this.#top, count, this.#outChannels);
  }

  /** Stops the program before frame `index` and updates the layers. */
  stop(index: number): void {
    if (this.#startIndex < 0) return;
    let [from, to] = [this.#startIndex, index];
    for (const [l, layer] of this.#layers.entries()) {
      const { outputsAfter } = this.#specs[l].pace;
      const [before, after] = [outputsAfter(from), outputsAfter(to)];
      layer.readProgram(this.#wordsOf(l), to - from, after - before);
      [from, to] = [before, after];
    }
    this.#startIndex = -1;
  }

  #wordsOf(l: number): Int32Array {
    return new Int32Array(this.#engine.arena.f32.buffer, 4 * (this.#at + l * wordsPerLayer), wordsPerLayer);
  }
}

/** Returns the size of the rows of one call, with a margin because the loops read four numbers at a time. */
function paddedSize(channels: number): number {
  return (maxStepFrames * channels + 7) & ~3;
}
