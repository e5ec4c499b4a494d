import { detectorInput } from '../core/detector/digest.ts';
import type { NetworkSpec } from '../core/network/network-spec.ts';
import { plan } from '../core/network/plan.ts';
import type { LearnerStageSpec, StageSpec } from '../core/pipeline/pipeline-spec.ts';

/** How frames are divided into slices of work. */
export interface FrameSlice {
  /** Frames per slice, >= 1. */
  readonly frames: number;
  /** Estimated cost of a frame in ns. */
  readonly cost: number;
}

/** Cost of a slice in ns, unless a single frame costs more. */
const sliceCost = 2_000_000;
/** Largest number of frames per slice. */
const maxFrames = 4096;

/** Costs in ns, rounded up from measurements: of a frame and of each of its samples in any pipeline, … */
const perFrame = 200;
const perSample = 20;
/** … of a sample that the detector processes, … */
const perDetectorSample = 5000;
/** … of a multiply-add of a network, and of one of a learner, which is performed forward and backward … */
const perMultiplyAdd = 0.5;
const perLearnedMultiplyAdd = 2;
/** … and of an element of the matrix that recursive least squares updates. */
const perMatrixElement = 1;
/** Largest number of weights per output for which recursive least squares is the default. */
const maxDefaultWeights = 256;

/** Estimates the cost of a frame in ns from the stages of a pipeline. */
export function frameCost(stages: readonly { stage: StageSpec }[], channels: number, rate: number): number {
  const each = stages.map(({ stage }) => stageCost(stage, channels, rate));
  return each.reduce((sum, cost) => sum + cost, perFrame + perSample * channels);
}

/** Divides frames of a cost into slices. */
export function sliceOf(cost: number): FrameSlice {
  return { cost, frames: Math.max(1, Math.min(maxFrames, Math.floor(sliceCost / cost))) };
}

function stageCost(stage: StageSpec, channels: number, rate: number): number {
  switch (stage.kind) {
    case 'detect': {
      const input = detectorInput(rate, stage.spec.channels?.length ?? channels);
      return (perDetectorSample * input.channels) / input.every;
    }
    case 'map':
      return perMultiplyAdd * multiplyAdds(stage.spec.network);
    case 'learner':
      return learnerCost(stage.spec);
    case 'standardize':
      return perSample * channels;
  }
}

function learnerCost({ network, optimizer }: LearnerStageSpec): number {
  const products = multiplyAdds(network);
  const outputs = plan(network, 1).outChannels;
  const weights = products / outputs;
  const isLeastSquares = optimizer ? optimizer.type === 'rls' : weights <= maxDefaultWeights;
  return perLearnedMultiplyAdd * products + (isLeastSquares ? perMatrixElement * weights ** 2 : 0);
}

/** Multiply-adds per input frame. */
function multiplyAdds(network: NetworkSpec): number {
  return plan(network, 1).macsPerSecond;
}
