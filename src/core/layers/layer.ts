import type { Engine } from '../memory/engine.ts';
import type { MakeTransform } from './convolution/transform.ts';
import type { Allocation } from '../memory/allocation.ts';
import type { Memory } from '../memory/memory-size.ts';
import type { Pace } from './pace.ts';
import type { Rows } from '../memory/rows.ts';
import type { State } from '../state/state.ts';
import type { MemoryRange, ParameterGradients } from './parameter-gradients.ts';

/** A layer with its numbers checked and worked out: what it does to time, what it costs, and how a stream of it is made. */
export interface Layer {
  readonly type: string;
  readonly inChannels: number;
  readonly outChannels: number;
  readonly pace: Pace;
  /** Multiply-adds of one output frame. */
  readonly macs: number;
  /** Those of them that the newest frame brings: what is left to do when the others were done early. Default: all. */
  readonly eagerMacs?: number;
  /** Outputs that must come at once for it to go by FFT, where the stream has one; undefined: it never does. */
  readonly fftFrom?: number;
  /** Memory of one stream, with gradients or without, or with an FFT. */
  memory(gradients: boolean, fft?: boolean): Memory;
  readonly parameters: readonly ParameterSpec[];
  /** Makes the memory of one stream. `values` are the network's, one for each of `parameters`, and are read live. */
  stream(values: readonly MemoryRange[], context: StreamContext): LayerStream;
}

/** Where a stream lives and what it keeps. */
export interface StreamContext {
  readonly engine: Engine;
  /** Its memory. */
  readonly allocation: Allocation;
  /** Keep what `backward` needs. */
  readonly gradients: boolean;
  /** Whether nobody reads the ∂L/∂x of this layer. */
  readonly skipInputGradient: boolean;
  /** Let `prepare` do work before its frame arrives. */
  readonly eager: boolean;
  /** Makes what long kernels may go by; not with gradients. */
  readonly fft?: MakeTransform;
  /** How often the network's weights were changed: what was summed up with others is void. */
  readonly weights: { readonly version: number };
}

/** One trainable array of a layer. Inside it is packed as the engine reads it; outside it has `shape`, taps in lag order. */
export interface ParameterSpec {
  /** 'weight', 'bias'; within a compound layer 'layers.0.weight'. */
  readonly name: string;
  readonly shape: readonly number[];
  readonly start: Start;
  /** Numbers as the engine holds them, where these are not those of `shape` in their order. */
  readonly packing?: Packing;
}

/** From a parameter's shape and lag order to the engine's own order, and back. */
export interface Packing {
  /** Numbers in the engine. */
  readonly count: number;
  readonly pack: (numbers: ArrayLike<number>) => Float32Array;
  readonly unpack: (packed: Float32Array) => Float32Array;
}

/** How a parameter starts: one value, or chance that suits a kernel of so many inputs and outputs. */
export type Start = number | { readonly fanIn: number; readonly fanOut: number; readonly rectified: boolean };

/** The memory of one stream through one layer. What it returns holds until the next call of the stream. */
export interface LayerStream {
  /** What an optimizer steps: one for each layer with parameters. */
  readonly trained: readonly ParameterGradients[];
  /** Takes the frames of `x` and returns the outputs that have come. */
  push(x: Rows): Rows;
  /** Does what the next output needs of the frames that have come. */
  prepare?(): void;
  /** The source has ended: the tail. */
  flush(): Rows;
  /** Takes ∂L/∂y of the oldest outputs that have none yet and returns the rows of ∂L/∂x that became final. */
  backward(g: Rows): Rows;
  /**
   * The rows of ∂L/∂x up to the newest that an output with a gradient hangs on, final or not: what later outputs would add
   * to them is taken for data.
   */
  truncateGradient(): Rows;
  /** No more gradients will come for the outputs so far: the rest of ∂L/∂x. */
  flushGradient(): Rows;
  /** Moves the indexes on by `frames` inputs, a multiple of the pace's period, while the state stays; returns the outputs. */
  advanceIndexes(frames: number): number;
  /** All that a restored stream needs, as copies. */
  save(): State;
  /** Takes `state` over. Throws when it is not that of such a layer; the stream is then not to be used. */
  restore(state: State): void;
}

/** Numbers that the engine holds for a parameter: filled up to a multiple of 4. */
export function packedCount({ shape, packing }: ParameterSpec): number {
  const count = packing?.count ?? shape.reduce((product, size) => product * size, 1);
  return (count + 3) & ~3;
}
