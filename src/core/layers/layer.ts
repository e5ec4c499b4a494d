import type { Engine } from '../memory/engine.ts';
import type { MakeTransform } from './convolution/transform.ts';
import type { Allocation } from '../memory/allocation.ts';
import type { Memory } from '../memory/memory-size.ts';
import type { Pace } from './pace.ts';
import type { Rows } from '../memory/rows.ts';
import type { State } from '../state/state.ts';
import type { MemoryRange, ParameterGradients } from './parameter-gradients.ts';

/** A layer of a network, created from its spec: its timing, cost, and parameters. */
export interface Layer {
  /** Type of the layer, as in its spec. */
  readonly type: string;
  /** Number of channels per input frame. */
  readonly inChannels: number;
  /** Number of channels per output frame. */
  readonly outChannels: number;
  /** The timing of outputs relative to inputs. */
  readonly pace: Pace;
  /** Multiply-adds per output frame. */
  readonly macs: number;
  /** Multiply-adds left for one output when its frame arrives, if the rest was precomputed. Default: `macs`. */
  readonly eagerMacs?: number;
  /**
   * Number of outputs per block from which the layer uses an FFT if the stream has one. undefined: it always uses the
   * direct method.
   */
  readonly fftFrom?: number;
  /** Returns the memory of one stream, without gradients, with gradients, or with an FFT. @internal */
  memory(gradients: boolean, fft?: boolean): Memory;
  /** Name, shape, and initial values of each trainable array. */
  readonly parameters: readonly ParameterSpec[];
  /**
   * Creates the state of one stream. `values` are the locations of the network's values, one for each of `parameters`;
   * they are read live. @internal
   */
  stream(values: readonly MemoryRange[], context: StreamContext): LayerStream;
}

/** Settings and memory of one stream. */
export interface StreamContext {
  /** The engine that runs the stream. */
  readonly engine: Engine;
  /** The memory of the stream. */
  readonly allocation: Allocation;
  /** Whether to keep the data that `backward` needs. */
  readonly gradients: boolean;
  /** Whether the ∂L/∂x of this layer is not needed. */
  readonly skipInputGradient: boolean;
  /** Whether `prepare` may precompute parts of an output before its frame arrives. */
  readonly eager: boolean;
  /** Creates the FFT that long kernels may use; not with gradients. */
  readonly fft?: MakeTransform;
  /** Counter of changes of the network's weights: results that were precomputed with other weights are discarded. */
  readonly weights: { readonly version: number };
}

/**
 * One trainable array of a layer. The engine may store it in a layout of its own; everywhere else it has `shape`, with
 * taps in lag order.
 */
export interface ParameterSpec {
  /** 'weight' or 'bias'; within a compound layer 'layers.0.weight'. */
  readonly name: string;
  /** Sizes of the dimensions, such as [out, taps, in/groups]. */
  readonly shape: readonly number[];
  /** The initial value, or the parameters of a random initial value. */
  readonly start: Start;
  /** Conversion to the engine's layout. Default: the values are stored in the order of `shape`. */
  readonly packing?: Packing;
}

/** Conversion of a parameter between its shape, with taps in lag order, and the engine's layout. */
export interface Packing {
  /** Number of values in the engine's layout, including padding. */
  readonly count: number;
  /**
   * Converts values from the order of the parameter's shape to the engine's layout. Returns a new array of `count`
   * values.
   */
  readonly pack: (numbers: ArrayLike<number>) => Float32Array;
  /** Converts values from the engine's layout to the order of the parameter's shape. Returns a new array. */
  readonly unpack: (packed: Float32Array) => Float32Array;
}

/** Initial value of a parameter: one number for all elements, or the sizes that its random distribution depends on. */
export type Start =
  | number
  | {
      /** Number of inputs per output: taps times input channels of one kernel. */
      readonly fanIn: number;
      /** Number of outputs that one input contributes to: taps times output channels per input channel. */
      readonly fanOut: number;
      /** Whether a rectifier follows. The default distribution is then `he`, otherwise `glorot`. */
      readonly rectified: boolean;
    };

/** State of one stream through one layer. Returned rows are valid until the next call of the stream. */
export interface LayerStream {
  /** The parameters that an optimizer updates, one entry per layer with parameters. */
  readonly trained: readonly ParameterGradients[];
  /** Processes the frames of `x` and returns the outputs that are complete. */
  push(x: Rows): Rows;
  /** Computes the oldest output without a gradient again, with the current weights, at offset `y`. */
  recompute?(y: number): void;
  /** Precomputes what the next output needs from the frames received so far. */
  prepare?(): void;
  /** Returns the remaining outputs after the source has ended. */
  flush(): Rows;
  /** Processes ∂L/∂y of the oldest outputs without a gradient and returns the rows of ∂L/∂x that became final. */
  backward(g: Rows): Rows;
  /**
   * Returns the rows of ∂L/∂x up to the newest frame that an output with a gradient is aligned with, final or not.
   * Contributions of later outputs to these rows are treated as constants.
   */
  truncateGradient(): Rows;
  /** Returns the remaining rows of ∂L/∂x when no more gradients follow for the outputs so far. */
  flushGradient(): Rows;
  /**
   * Increases the indexes by `frames` input frames, a multiple of the pace's period, without changing the state.
   * Returns the number of outputs.
   */
  advanceIndexes(frames: number): number;
  /** Returns a copy of the complete state. */
  save(): State;
  /**
   * Restores a state that `save` returned. Throws if it is not the state of such a layer; do not use the stream after
   * that.
   */
  restore(state: State): void;
}

/** Returns the number of values that the engine stores for a parameter, rounded up to a multiple of 4. */
export function packedCount({ shape, packing }: ParameterSpec): number {
  const count = packing?.count ?? shape.reduce((product, size) => product * size, 1);
  return (count + 3) & ~3;
}
