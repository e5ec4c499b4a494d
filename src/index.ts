/**
 * The core library: numbers in, numbers out. Runs in Node.js and in browsers.
 *
 * @module tapline
 */

// Convolution and padding of whole recordings, in double precision
export {
  autocorrelation,
  convolve,
  correlate,
  type ConvolutionMode,
  type ConvolutionOptions,
} from './core/reference/convolution.ts';
export { pad, type PadMode, type PadOptions } from './core/reference/padding.ts';
export * as reference from './core/reference/index.ts';

// Networks that stream
export { Network, type CreateOptions } from './core/network/network.ts';
export { NetworkStream } from './core/network/network-stream.ts';
export type { CompiledNetwork } from './core/network/compiled-network.ts';
export { Engine, type EngineKind } from './core/memory/engine.ts';
export type { StreamOptions } from './core/network/stream-options.ts';
export type { MakeTransform, Transform } from './core/layers/convolution/transform.ts';
export type { NetworkSpec } from './core/network/network-spec.ts';
export type {
  ActivationSpec,
  ConcatSpec,
  Conv1dSpec,
  ConvTranspose1dSpec,
  CustomSpec,
  LayerSpec,
  LinearSpec,
  NormSpec,
  PoolSpec,
  ResidualSpec,
  SoftmaxSpec,
} from './core/layers/layer-spec.ts';
export type { Mode, Padding } from './core/layers/windowing.ts';
export type { ActivationType } from './core/layers/activation.ts';
export type { Initialization } from './core/network/network.ts';
export { plan, type Delay, type LayerPlan, type Plan } from './core/network/plan.ts';
export { fromTorch, toTorch } from './core/network/torch.ts';
export type { Tensor, Weights, WeightsLike } from './core/network/weights.ts';

// The whole processing chain of one stream, saved and restored
export { hashNetwork, hashWeights } from './core/network/weights-hash.ts';
export { Pipeline, type PipelineOptions } from './core/pipeline/pipeline.ts';
export type { PipelineOutput } from './core/pipeline/pipeline-output.ts';
export type {
  DetectSpec,
  LearnerStageSpec,
  MapStageSpec,
  NetworkStageSpec,
  PipelineSpec,
  StageName,
  StageSpec,
  StandardizeSpec,
} from './core/pipeline/pipeline-spec.ts';
export { decodeMessage, encodeMessage } from './core/pipeline/message-codec.ts';
export type { WeightTable } from './core/pipeline/stage-factory.ts';
export type { StageFailure } from './core/pipeline/stage-slot.ts';
export type {
  AddMessage,
  BlockMessage as PipelineBlockMessage,
  ControlMessage,
  FeedbackMessage,
  PipelineMessage,
  RemoveMessage,
  RestartMessage,
  Stamp,
  TargetsMessage,
  TimedMessage,
} from './core/pipeline/pipeline-message.ts';

// Your own layers
export { registerLayer, type LayerDefinition, type WindowFunction } from './core/layers/custom-layer.ts';
export type { Layer, Packing, ParameterSpec, Start } from './core/layers/layer.ts';
export type { Pace } from './core/layers/pace.ts';
export type { MemoryRange } from './core/layers/parameter-gradients.ts';
export type { WindowSpec } from './core/layers/windowing.ts';

// Learning
export { sgd, type SgdOptions } from './core/learning/optimizers/sgd.ts';
export { rls, type RlsOptions } from './core/learning/optimizers/rls.ts';
export { autoStep, type AutoStepOptions } from './core/learning/optimizers/auto-step.ts';
export { nlms, type NlmsOptions } from './core/learning/optimizers/sgd.ts';
export { rmsprop, type RmspropOptions } from './core/learning/optimizers/adam.ts';
export { adam, adamW, type AdamOptions } from './core/learning/optimizers/adam.ts';
export type { LearningRate, Optimizer, TunableOptimizer } from './core/learning/optimizers/optimizer.ts';
export type { OptimizerSpec } from './core/learning/optimizers/optimizer-spec.ts';
export { Learner } from './core/learning/learner.ts';
export type { Learned, SkipReason } from './core/learning/learned.ts';
export type { MissingReason } from './core/learning/evaluation.ts';
export type { LateTargets } from './core/learning/late-targets.ts';
export type { LearnerOptions } from './core/learning/learner-options.ts';
export type { LossName, LossSpec } from './core/learning/loss.ts';
export type { RunningScore, Score } from './core/learning/forecast-score.ts';
export type { ServedWeights } from './core/learning/served-weights.ts';
export type { ErrorStats } from './core/learning/running-errors.ts';
/** @deprecated Use `SkipReason`. */
export type { SkipReason as Refusal } from './core/learning/learned.ts';
/** @deprecated Use `ErrorStats`. */
export type { ErrorStats as Standing } from './core/learning/running-errors.ts';

// Anomalies
export {
  Detector,
  type Alarm,
  type Detected,
  type DetectorOptions,
  type ChannelFault,
  type FaultChange,
} from './core/detector/detector.ts';
/** @deprecated Use `ChannelFault`. */
export type { ChannelFault as Lasting } from './core/detector/detector.ts';
export type { NoveltyCause } from './core/detector/channel-detector.ts';
export type { FalseAlarms } from './core/detector/alarm-budget.ts';

// Kernel design, in lag order
export {
  difference,
  gaussian,
  gaussianDerivative,
  movingAverage,
  type GaussianOptions,
} from './core/designs/smoothing.ts';
export {
  bandPass,
  bandStop,
  highPass,
  lowPass,
  type WindowedSincOptions,
  type WindowName,
} from './core/designs/windowed-sinc.ts';
export { gabor, type GaborOptions, type GaborPair } from './core/designs/gabor.ts';
export { eegBank, eegBands, type Bands, type EegBankOptions } from './core/designs/eeg-bank.ts';
export { bandPower, type BandPowerOptions } from './core/designs/band-power.ts';
export { Whitener, type WhitenerOptions } from './core/filters/whitener.ts';
export { Biquad, butterworthHighPass, notch, type Section } from './core/filters/biquad.ts';

// Blocks
export { block, frameCount, timeOf, type Block, type BlockOptions } from './core/blocks/block.ts';
export { random, type Random } from './core/random.ts';
export type { State } from './core/state/state.ts';
