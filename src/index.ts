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
export { Network, type CreateOptions } from './core/network/network.ts';
export { NetworkStream } from './core/network/network-stream.ts';
export { Engine, type EngineKind } from './core/memory/engine.ts';
export type { StreamOptions } from './core/network/stream-options.ts';
export type { MakeTransform, Transform } from './core/layers/convolution/transform.ts';
export type { NetworkSpec } from './core/network/network-spec.ts';
export type {
  ActivationSpec,
  ConcatSpec,
  Conv1dSpec,
  ConvTranspose1dSpec,
  LayerSpec,
  LinearSpec,
  NormSpec,
  PoolSpec,
  ResidualSpec,
  SoftmaxSpec,
} from './core/layers/layer-spec.ts';
export type { Mode, Padding } from './core/layers/windowing.ts';
export type { ActivationType } from './core/layers/activation.ts';
export type { Initialization } from './core/network/initialize.ts';
export { plan, type Delay, type LayerPlan, type Plan } from './core/network/plan.ts';
export { fromTorch, toTorch } from './core/network/torch.ts';
export type { Tensor, Weights, WeightsLike } from './core/network/weights.ts';

// A stream's whole way, saved and restored
export { Pipeline, type PipelineOptions, type PipelineOutput } from './core/pipeline/pipeline.ts';
export type { PipelineSpec } from './core/pipeline/pipeline-spec.ts';

// Learning
export { sgd, type SgdOptions } from './core/learning/optimizers/sgd.ts';
export { autoStep, type AutoStepOptions } from './core/learning/optimizers/auto-step.ts';
export { nlms } from './core/learning/optimizers/sgd.ts';
export { rmsprop, type RmspropOptions } from './core/learning/optimizers/adam.ts';
export { adam, adamW, type AdamOptions } from './core/learning/optimizers/adam.ts';
export type { Optimizer } from './core/learning/optimizers/optimizer.ts';
export type { OptimizerSpec } from './core/learning/optimizers/optimizer-spec.ts';
export { Learner } from './core/learning/learner.ts';
export type { Learned, SkipReason } from './core/learning/learned.ts';
export type { LearnerOptions } from './core/learning/learner-options.ts';
export type { LossName, LossSpec } from './core/learning/loss.ts';
export type { Score } from './core/learning/forecast-score.ts';
export type { ErrorStats } from './core/learning/forecast-score.ts';

// What is out of the ordinary
export {
  Detector,
  type Alarm,
  type Detected,
  type DetectorOptions,
  type ChannelFault,
} from './core/detector/detector.ts';
export type { FalseAlarms } from './core/detector/alarm-budget.ts';

// Kernels by design, in lag order
export { movingAverage } from './core/designs/moving-average.ts';
export { difference } from './core/designs/difference.ts';
export { gaussian, gaussianDerivative } from './core/designs/gaussian.ts';
export { bandPass, bandStop, highPass, lowPass } from './core/designs/windowed-sinc.ts';
export { gabor } from './core/designs/gabor.ts';
export { eegBank, eegBands } from './core/designs/eeg-bank.ts';
export { bandPower } from './core/designs/band-power.ts';
export { Whitener, type WhitenerOptions } from './core/filters/whitener.ts';
export { Biquad, butterworthHighPass, notch, type Section } from './core/filters/biquad.ts';

// Blocks and what keeps them in order
export { frameCount, timeOf, type Block } from './core/blocks/block.ts';
export { random, type Random } from './core/random.ts';
