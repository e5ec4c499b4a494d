import type { WindowSpec } from './windowing.ts';
import type { ActivationType } from '../../kernels/activation-types.ts';
import type { Layer } from './layer.ts';

/** A 1-D convolution, equation (2). Its weights are [out, tap, in/groups] in lag order. */
export interface Conv1dSpec extends WindowSpec {
  /** Selects a convolution. */
  type: 'conv1d';
  /** Number of output channels, >= 1. */
  outChannels: number;
  /**
   * Number of groups that input and output channels are divided into. Each group reads only its own input channels, so
   * `groups` = `inChannels` is a depthwise convolution. It must divide both numbers of channels. Default 1.
   */
  groups?: number;
  /** Whether each output channel has a trainable bias, which starts at 0. Default true. */
  bias?: boolean;
}

/** A convolution with one tap, which mixes the channels of each frame. Its weights are [out, 1, in]. */
export interface LinearSpec {
  /** Selects a linear layer. */
  type: 'linear';
  /** Number of output channels, >= 1. */
  outChannels: number;
  /** Whether each output channel has a trainable bias, which starts at 0. Default true. */
  bias?: boolean;
}

/**
 * Upsampling: tap k adds input n to output nS + kD, so every input frame produces S outputs. Outputs after the last
 * input frame are returned by `flush`. Weights are [out, tap, in/groups].
 */
export interface ConvTranspose1dSpec {
  /** Selects a transposed convolution. */
  type: 'convTranspose1d';
  /** Number of output channels, >= 1. */
  outChannels: number;
  /** Number of taps, >= 1. */
  kernelSize: number;
  /** S: number of outputs per input frame, 1 … 65,536. Default 1. */
  stride?: number;
  /** D: distance between adjacent taps in output frames, >= 1. Default 1. */
  dilation?: number;
  /** Number of groups that input and output channels are divided into, as in `Conv1dSpec`. Default 1. */
  groups?: number;
  /** Whether each output channel has a trainable bias, which starts at 0. Default true. */
  bias?: boolean;
}

/** An elementwise function of every sample: y[n, c] = f(x[n, c]). */
export interface ActivationSpec {
  /** The function f. */
  type: ActivationType;
  /**
   * Slope of leakyRelu below 0 (default 0.01), scale of elu (1), or lower limit of the argument of log (1e-6). Other
   * functions ignore it.
   */
  alpha?: number;
}

/** Softmax over the channels of each frame: y[n, c] = e^x[n, c] / Σ_i e^x[n, i]. */
export interface SoftmaxSpec {
  /** Selects a softmax. */
  type: 'softmax';
}

/** Pooling of each channel over complete windows, without padding. */
export interface PoolSpec {
  /** 'avgPool' returns the mean of each window, 'maxPool' the maximum. */
  type: 'avgPool' | 'maxPool';
  /** Window length in frames, >= 1. */
  kernelSize: number;
  /** Input frames per output, >= 1. Default: `kernelSize`. */
  stride?: number;
}

/** Normalization of each channel. */
export interface NormSpec {
  /** Selects a normalization. */
  type: 'norm';
  /**
   * 'affine': y = w[c] x + b[c] with trainable weights, such as a batch norm after training. 'running': subtracts the
   * running mean and divides by the running standard deviation, both causal.
   */
  kind: 'affine' | 'running';
  /** Time constant of the running statistics in frames, for 'running' only. Default 100. */
  tau?: number;
}

/** A residual connection: y[n] = layers(x)[n] + x[t], where t is the input frame that output n is aligned with. */
export interface ResidualSpec {
  /** Selects a residual connection. */
  type: 'residual';
  /** Inner layers. Their output must have as many channels as their input. */
  layers: LayerSpec[];
}

/**
 * Parallel branches whose output channels are concatenated. Outputs that are aligned with the same input frame are
 * joined.
 */
export interface ConcatSpec {
  /** Selects a concatenation. */
  type: 'concat';
  /**
   * The layers of each branch, at least one branch. All branches must have the same output rate and be aligned with the
   * same frames.
   */
  branches: LayerSpec[][];
}

/** A layer type that was registered with `registerLayer`. Its other fields are those that the definition lists. */
export interface CustomSpec {
  /** Registered name with its namespace, such as 'acme/median'. */
  type: `${string}/${string}`;
  [field: string]: unknown;
}

/** One layer as plain JSON. `type` selects the kind of layer; unknown fields are rejected. */
export type LayerSpec =
  | Conv1dSpec
  | LinearSpec
  | ConvTranspose1dSpec
  | ActivationSpec
  | SoftmaxSpec
  | PoolSpec
  | NormSpec
  | ResidualSpec
  | ConcatSpec
  | CustomSpec;

/** Position of a layer in its network. */
export interface LayerContext {
  /** Number of channels per input frame. */
  readonly inChannels: number;
  /** Whether a rectifier follows, which changes the initial weights. */
  readonly rectified: boolean;
  /** Whether registered layers pad with the first frame, regardless of their window (`prewarm`). */
  readonly edgePadding?: boolean;
  /** Builds the layers within a compound layer; `field` is their position in its spec. */
  readonly build: (field: string, specs: readonly LayerSpec[], inChannels: number) => Layer[];
}
