/** 'tapline': the core. Numbers in, numbers out; runs in Node and in a browser. */

// The article on whole recordings, in double precision
export {
  autocorrelation,
  convolve,
  correlate,
  type ConvolutionMode,
  type ConvolutionOptions,
} from './core/reference/convolution.ts';
export { pad, type PadMode, type PadOptions } from './core/reference/pad.ts';
export * as reference from './core/reference/index.ts';

// Networks that stream
export { Network, type CreateOptions } from './core/network.ts';
export { NetworkStream } from './core/network-stream.ts';
export { Engine, type EngineKind } from './core/engine.ts';
export type { StreamOptions } from './core/stream-options.ts';
export type { MakeTransform, Transform } from './core/fft-convolution.ts';
export type {
  ActivationSpec,
  ConcatSpec,
  Conv1dSpec,
  ConvTranspose1dSpec,
  LayerSpec,
  LinearSpec,
  NetworkSpec,
  NormSpec,
  PoolSpec,
  ResidualSpec,
  SoftmaxSpec,
} from './core/network-spec.ts';
export type { Mode, Padding } from './core/windowing.ts';
export type { ActivationType } from './core/activation.ts';
export type { Initialization } from './core/initialize.ts';
export { plan, type Delay, type LayerPlan, type Plan } from './core/plan.ts';
export { fromTorch, toTorch } from './core/torch.ts';
export type { Tensor, Weights, WeightsLike } from './core/weights.ts';

// A stream's whole way, saved and restored
export { Pipeline, type PipelineOptions, type PipelineOutput } from './core/pipeline.ts';
export type { PipelineSpec } from './core/pipeline-spec.ts';

// Learning
export { sgd, type SgdOptions } from './core/sgd.ts';
export { autoStep, type AutoStepOptions } from './core/auto-step.ts';
export { nlms } from './core/nlms.ts';
export { rmsprop, type RmspropOptions } from './core/rmsprop.ts';
export { adam, adamW, type AdamOptions } from './core/adam.ts';
export type { Optimizer } from './core/descent.ts';
export type { OptimizerSpec } from './core/optimizer.ts';
export { Learner } from './core/learner.ts';
export type { Learned, Refusal } from './core/learned.ts';
export type { LearnerOptions } from './core/learner-options.ts';
export type { LossName, LossSpec } from './core/loss.ts';
export type { Score } from './core/forecast-score.ts';
export type { Standing } from './core/tally.ts';

// What is out of the ordinary
export { Detector, type Alarm, type Detected, type DetectorOptions, type Lasting } from './core/detector/detector.ts';
export type { FalseAlarms } from './core/detector/false-alarms.ts';

// Kernels by design, in lag order
export { movingAverage } from './core/designs/moving-average.ts';
export { difference } from './core/designs/difference.ts';
export { gaussian, gaussianDerivative } from './core/designs/gaussian.ts';
export { bandPass, bandStop, highPass, lowPass } from './core/designs/windowed-sinc.ts';
export { gabor } from './core/designs/gabor.ts';
export { eegBank, eegBands } from './core/designs/eeg-bank.ts';
export { bandPower } from './core/designs/band-power.ts';
export { Whitener, type WhitenerOptions } from './core/whitener.ts';
export { Biquad, butterworthHighPass, notch, type Section } from './core/biquad.ts';

// Blocks and what keeps them in order
export { frameCount, timeOf, type Block } from './core/block.ts';
export { random, type Random } from './core/random.ts';
