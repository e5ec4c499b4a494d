import type { WindowSpec } from './windowing.ts';
import type { ActivationType } from '../../kernels/activation-types.ts';
import type { Layer } from './layer.ts';

export interface Conv1dSpec extends WindowSpec {
  type: 'conv1d';
  outChannels: number;
  groups?: number;
  bias?: boolean;
}

/** A convolution of one tap: every frame by itself. */
export interface LinearSpec {
  type: 'linear';
  outChannels: number;
  bias?: boolean;
}

/** Upsampling: input n adds to the outputs nS + kD, so every input brings S outputs, and the rest comes at flush. */
export interface ConvTranspose1dSpec {
  type: 'convTranspose1d';
  outChannels: number;
  kernelSize: number;
  stride?: number;
  dilation?: number;
  groups?: number;
  bias?: boolean;
}

export interface ActivationSpec {
  type: ActivationType;
  /** Slope of leakyRelu (0.01), scale of elu (1), floor of log (1e-6). */
  alpha?: number;
}

export interface SoftmaxSpec {
  type: 'softmax';
}

export interface PoolSpec {
  type: 'avgPool' | 'maxPool';
  kernelSize: number;
  /** Default: kernelSize. */
  stride?: number;
}

export interface NormSpec {
  type: 'norm';
  kind: 'affine' | 'running';
  /** Time constant of the running statistics, in frames. Default 100. */
  tau?: number;
}

/** y[n] = layers(x)[n] + x of the frame that output n hangs on. */
export interface ResidualSpec {
  type: 'residual';
  layers: LayerSpec[];
}

/** The channels of several branches side by side; outputs that hang on the same frame meet. */
export interface ConcatSpec {
  type: 'concat';
  branches: LayerSpec[][];
}

/** A layer of your own (see `registerLayer`); its fields are those that its definition names. */
export interface CustomSpec {
  type: `${string}/${string}`;
  [field: string]: unknown;
}

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

/** What a layer is told of where it stands. */
export interface LayerContext {
  readonly inChannels: number;
  /** Whether a rectifier follows, which kernels start differently for. */
  readonly rectified: boolean;
  /** Whether registered layers pad with the first frame, whatever their window says (`prewarm`). */
  readonly edgePadding?: boolean;
  /** Builds the layers within a compound layer; `field` is where they stand in its spec. */
  readonly build: (field: string, specs: readonly LayerSpec[], inChannels: number) => Layer[];
}
