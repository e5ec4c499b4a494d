import { layerWords, words } from '../../kernels/program.ts';
import type { Engine } from '../memory/engine.ts';
import type { Layer, LayerStream, StreamContext } from './layer.ts';
import type { Rows } from '../memory/rows.ts';

/** Frames of one call at most: larger blocks gain nothing, since layers are called for whole blocks anyway. */
export const maxStepFrames = 8;

/** A layer of a stream that `run` can take over. */
export interface SteppedLayer {
  /** Writes what `run` needs to know; false where something is in sight that it does not know of: padding, holes. */
  writeProgram(layer: Int32Array): boolean;
  /** Goes on where `run` has come to: `frames` more input frames, `outputs` more outputs. */
  readProgram(layer: Int32Array, frames: number, outputs: number): void;
}

/** Whether all of them can be stepped. */
export function canStep(layers: readonly LayerStream[]): layers is readonly (LayerStream & SteppedLayer)[] {
  return layers.every((layer) => 'enter' in layer);
}

/**
 * The layers of a settled stream as one program for the kernels: frame by frame, one call a stack instead of one a layer. The
 * layers know nothing of it while it runs; `leave` brings them up to date.
 */
export class StepProgram {
  /** Numbers that a call needs behind its first one. */
  readonly scratchNumbers: number;
  readonly #engine: Engine;
  readonly #layers: readonly SteppedLayer[];
  readonly #specs: readonly Layer[];
  readonly #at: number;
  readonly #outChannels: number;
  /** Where the last layer's outputs lie, from the first number of the call. */
  readonly #top: number;
  /** The index at which it was entered; -1: it is not running. */
  #startIndex = -1;

  constructor({ engine, allocation: lease }: StreamContext, layers: readonly SteppedLayer[], specs: readonly Layer[]) {
    this.#engine = engine;
    this.#layers = layers;
    this.#specs = specs;
    this.#at = lease.allocate(layerWords * layers.length);
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

  /** Whether the next frame, frame `index`, can be stepped. */
  start(index: number): boolean {
    if (this.#startIndex >= 0) return true;
    for (let l = 0; l < this.#layers.length; l++) if (!this.#layers[l].writeProgram(this.#wordsOf(l))) return false;
    this.#startIndex = index;
    return true;
  }

  /** Takes one frame while it is running and writes the outputs to `out`; how many, or -1 where the frame is not all numbers. */
  step(x: ArrayLike<number>, out: Float32Array): number {
    const { arena, kernels, scratch } = this.#engine;
    const at = scratch.allocateOnly(this.scratchNumbers);
    const { f32 } = arena;
    let odd = 0;
    for (let c = 0; c < x.length; c++) {
      const sample = Math.fround(x[c]);
      odd += sample - sample;
      f32[at + c] = sample;
    }
    if (odd !== 0) return -1;
    const count = kernels.run!(this.#at, this.#layers.length, at, 1);
    const numbers = count * this.#outChannels;
    for (let i = 0; i < numbers; i++) out[i] = f32[at + this.#top + i];
    return count;
  }

  /** The outputs that come with the frames of `x`, behind which there is `room`. */
  run(x: Rows): Rows {
    const { kernels, scratch } = this.#engine;
    const count = kernels.run!(this.#at, this.#layers.length, x.at, x.count);
    return scratch.view(x.at + this.#top, count, this.#outChannels);
  }

  /** Brings the layers up to date before frame `index`. */
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
    return new Int32Array(this.#engine.arena.f32.buffer, 4 * (this.#at + l * layerWords), layerWords);
  }
}

/** Numbers for the rows of one call, with room behind them: the loops go by fours. */
function paddedSize(channels: number): number {
  return (maxStepFrames * channels + 7) & ~3;
}
