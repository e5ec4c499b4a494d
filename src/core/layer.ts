import type { Frames } from './frames.ts';
import type { Pace } from './pace.ts';
import { floatsIn, numberIn, type State } from './state.ts';

/** A layer with its numbers checked and worked out: what it does to time, what it costs, and how a stream of it is made. */
export interface Layer {
  readonly type: string;
  readonly inChannels: number;
  readonly outChannels: number;
  readonly pace: Pace;
  /** Multiply-adds of one output frame. */
  readonly macs: number;
  /** Memory of one stream, without gradients, in bytes. */
  readonly bytes: number;
  readonly parameters: readonly ParameterSpec[];
  /** Makes the memory of one stream. `values` are the network's, one for each of `parameters`, and are read live. */
  stream(values: readonly Float32Array[], options: LayerOptions): LayerStream;
}

export interface LayerOptions {
  /** Keep what `backward` needs. */
  readonly gradients: boolean;
}

/** One trainable array of a layer. Inside it is packed as the engine reads it; outside it has `shape`, taps in lag order. */
export interface ParameterSpec {
  /** 'weight', 'bias'; within a compound layer 'layers.0.weight'. */
  readonly name: string;
  readonly shape: readonly number[];
  readonly start: Start;
  /** From `shape` and lag order to the engine's own order, and back. Absent: they are the same. */
  readonly pack?: (numbers: ArrayLike<number>) => Float32Array;
  readonly unpack?: (packed: Float32Array) => Float32Array;
}

/** How a parameter starts: one value, or chance that suits a kernel of so many inputs and outputs. */
export type Start = number | { readonly fanIn: number; readonly fanOut: number; readonly rectified: boolean };

/** The memory of one stream through one layer. Every method appends what became known to `out`. */
export interface LayerStream {
  /** What an optimizer steps: one for each layer with parameters. */
  readonly trained: readonly Trained[];
  /** Takes the frames of `x` and appends the outputs that have come. */
  push(x: Frames, out: Frames): void;
  /** The source has ended: appends the tail. */
  flush(out: Frames): void;
  /** Takes ∂L/∂y of the oldest outputs that have none yet and appends the rows of ∂L/∂x that became final. */
  backward(g: Frames, dx: Frames): void;
  /**
   * Appends the rows of ∂L/∂x up to the newest that an output with a gradient hangs on, final or not: what later outputs
   * would add to them is taken for data.
   */
  release(dx: Frames): void;
  /** No more gradients will come for the outputs so far: appends the rest of ∂L/∂x. */
  flushGradient(dx: Frames): void;
  /** Moves the indexes on by `frames` inputs, a multiple of the pace's period, while the state stays; returns the outputs. */
  shift(frames: number): number;
  /** All that a restored stream needs, as copies. */
  save(): State;
  /** Takes `state` over. Throws when it is not that of such a layer; the stream is then not to be used. */
  restore(state: State): void;
}

/** A layer's parameters and what accumulates beside them in one stream until an optimizer takes it. */
export interface Trained {
  readonly values: readonly Float32Array[];
  readonly gradients: readonly Float32Array[];
  /** Σ over the outputs since the last update of Σ x² of their windows (+ 1 where there is a bias): NLMS divides by it. */
  energy: number;
}

/** Accumulators for `values`, at zero. */
export function trained(values: readonly Float32Array[]): Trained {
  return { values, gradients: values.map((value) => new Float32Array(value.length)), energy: 0 };
}

/** What has accumulated, as copies. */
export function saveSums(layers: readonly Trained[]): State {
  return Object.fromEntries<number | Float32Array>(
    layers.flatMap(({ gradients, energy }, l) => [
      [`energy${l}`, energy] as const,
      ...gradients.map((gradient, i) => [`gradient${l}.${i}`, gradient.slice()] as const),
    ]),
  );
}

/** Takes over what `saveSums` wrote. Throws when it is not of such layers. */
export function restoreSums(layers: readonly Trained[], state: State): void {
  for (const [l, layer] of layers.entries()) {
    layer.energy = numberIn(state, `energy${l}`);
    for (const [i, gradient] of layer.gradients.entries()) {
      gradient.set(floatsIn(state, `gradient${l}.${i}`, gradient.length));
    }
  }
}
