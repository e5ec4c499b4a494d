import { autoStep } from './optimizers/auto-step.ts';
import { integer, invalid, oneOf, positive, renamedOption } from '../check.ts';
import type { Optimizer } from './optimizers/optimizer.ts';
import { Evaluation } from './evaluation.ts';
import { baselineReach } from './forecast-score.ts';
import { collectedFrames, HeldOutFrames } from './held-out-frames.ts';
import { FrameHistory } from './frames.ts';
import { HeldOutOutputs } from './held-out-outputs.ts';
import { HeldOutWeights } from './held-out-weights.ts';
import { HoldoutSchedule } from './holdout-schedule.ts';
import { Holdout } from './holdout.ts';
import { lossOf, type LossSpec } from './loss.ts';
import { activations } from '../../kernels/activation-types.ts';
import { chain } from '../layers/pace.ts';
import type { Network } from '../network/network.ts';
import { defaultForgetting } from './optimizers/least-squares-layer.ts';
import { rls } from './optimizers/rls.ts';
import { nlms } from './optimizers/sgd.ts';
import type { CompiledNetwork } from '../network/compiled-network.ts';
import type { UpdateOptions } from './weight-updater.ts';

/** Options of `Learner`. */
export interface LearnerOptions extends UpdateOptions {
  /**
   * Target of an output. 'forecast' (default): the input `horizon` frames after the frame that the output is aligned
   * with. 'reconstruct': that frame itself. 'target': the frame passed to `teach`. 'cancel': the channels not in
   * `reference`; the network reads only the reference channels.
   */
  task?: 'forecast' | 'target' | 'reconstruct' | 'cancel';
  /** Forecast horizon in frames, >= 1. Default 1. */
  horizon?: number;
  /** For 'cancel': indexes of the reference channels, from 0. */
  reference?: readonly number[];
  /** Loss function. Default 'squared'. */
  loss?: LossSpec;
  /**
   * Default rls() if the last layer is 'linear' or a convolution with at most 256 weights per output, the loss is 'squared', and the
   * weights are updated every frame. Otherwise autoStep(), or for 'cancel' nlms({ learningRate: 0.1 }), because there the error is the result: at
   * frequencies without interference, NLMS raises it by 1 / (1 - µ/2), which is 0.4 dB for µ = 0.1.
   */
  optimizer?: Optimizer;
  /** Input frames per update. Default 1. */
  updateEvery?: number;
  /** Maximum norm of ∂L/∂y of one output; longer gradients are scaled down to it. Default Infinity. */
  clip?: number;
  /**
   * 'stream' (default): gradients are exact and continue across updates, although the weights have changed. 'window':
   * each update uses the gradient of the frames since the last update and treats earlier delay-line contents as
   * constants.
   */
  mode?: 'stream' | 'window';
  /**
   * For 'target': maximum delay of a target in frames, >= 0. The target of frame t must arrive before frame t +
   * `maxDelay` + 1; with 0, before the next frame. Otherwise, the output for frame t is skipped and counted as late.
   * Default: the number of input frames that `maxPending` outputs span.
   */
  maxDelay?: number;
  /**
   * For 'target': the default of `maxDelay`, in outputs. For other tasks: number of outputs for which memory is
   * allocated, which does not change the results. Default 1024.
   */
  maxPending?: number;
  /** Power-line frequency in Hz for the power-line baseline. Default 50. */
  powerLine?: number;
  /** @deprecated Use `powerLine`. */
  mains?: number;
  /**
   * Set weights aside and score them on later frames (`score.holdout`). Default true. If false, `weights()` returns the
   * current weights.
   */
  holdout?: boolean;
}

/** Learner options that are plain JSON. */
export const learnerFields: readonly (keyof LearnerOptions)[] = [
  'task',
  'horizon',
  'reference',
  'loss',
  'updateEvery',
  'clip',
  'mode',
  'maxDelay',
  'maxPending',
  'powerLine',
  'mains',
  'warmUp',
  'decay',
  'average',
  'holdout',
];

/** Returns those fields of an object that are learner options and plain JSON. */
export function learnerOptionsIn(
  fields: Omit<LearnerOptions, 'optimizer' | 'reference'>,
): Omit<LearnerOptions, 'optimizer'> {
  return Object.fromEntries(Object.entries(fields).filter(([name]) => (learnerFields as string[]).includes(name)));
}

/** Channels that the network reads, channels that it predicts, and when its targets arrive. */
export interface Task {
  readonly name: NonNullable<LearnerOptions['task']>;
  /** Whether targets are passed to `teach`. */
  readonly external: boolean;
  /** Frames from the frame that an output is aligned with to its target. */
  readonly lead: number;
  /** Maximum number of frames between the frame that an output is aligned with and its arrival. */
  readonly delay: number;
  /** Number of channels per block. */
  readonly channels: number;
  /** Indexes of the channels that the network reads and of those that it predicts. */
  readonly inputChannels: readonly number[];
  readonly targetChannels: readonly number[];
  /** Buffer for one target frame. */
  readonly target: Float32Array;
}

/**
 * Returns the task of a learner of `network`.
 * @throws if the network and the options do not match
 */
export function taskOf({ inChannels, outChannels, pace }: Network, options: LearnerOptions): Task {
  const names = ['forecast', 'target', 'reconstruct', 'cancel'] as const;
  const name = oneOf('task', options.task ?? 'forecast', names);
  const { horizon = 1, reference = [] } = options;
  const channels = name === 'cancel' ? inChannels + outChannels : inChannels;
  const all = Array.from({ length: channels }, (_, c) => c);
  if (name === 'cancel') checkReference(reference, inChannels, channels);
  else if (name !== 'target' && inChannels !== outChannels) {
    throw invalid('outChannels', `${inChannels}, the number of input channels, for task '${name}'`, outChannels);
  }
  const inputs = name === 'cancel' ? reference : all;
  const targetChannels = name === 'cancel' ? all.filter((c) => !reference.includes(c)) : all;
  return {
    name,
    external: name === 'target',
    lead: name === 'forecast' ? integer('horizon', horizon, 1) : 0,
    delay: Math.max(0, pace.framesFor(1) - 1 - pace.alignedFrame(0)) + pace.settlingFrames,
    channels,
    inputChannels: inputs,
    targetChannels,
    target: new Float32Array(targetChannels.length),
  };
}

function checkReference(reference: readonly number[], count: number, channels: number): void {
  if (!Array.isArray(reference)) throw invalid('reference', 'a list of channels', reference, TypeError);
  const places = new Set(reference.filter((c) => Number.isInteger(c) && c >= 0 && c < channels));
  if (reference.length === count && places.size === count) return;
  const rule = `${count} different channel indexes from 0 to ${channels - 1}, one per input channel of the network`;
  throw invalid('reference', rule, `[${reference.join(', ')}]`);
}

/** Largest number of weights per output for which recursive least squares is the default. */
const maxLeastSquares = 256;

/** Returns the optimizer that a learner uses by default. */
export function defaultOptimizer(options: LearnerOptions, network: CompiledNetwork): Optimizer {
  const { task, horizon = 1, updateEvery = 1, mode, loss = 'squared' } = options;
  const layer = network.spec.layers.at(-1);
  const isLinear =
    layer?.type === 'linear' || (layer?.type === 'conv1d' && (layer.groups ?? 1) === 1 && (layer.dilation ?? 1) === 1);
  const isSquared = (typeof loss === 'string' ? loss : loss.type) === 'squared';
  if (isLinear && isSquared && updateEvery === 1 && mode !== 'window') {
    const kernels = network.parameters.filter(({ shape }) => shape.length === 3);
    const [, taps, inputs] = kernels[kernels.length - 1].shape;
    const weights = taps * inputs;
    if (weights <= maxLeastSquares)
      return rls({ forgetting: defaultForgetting(weights + 1, horizon), detectChanges: horizon === 1 });
  }
  return task === 'cancel' ? nlms({ learningRate: 0.1 }) : autoStep();
}

/** Returns the maximum delay of a target in frames; 0 if the targets are part of the input. */
export function maxDelayOf({ pace }: Network, { external, name }: Task, options: LearnerOptions): number {
  const { maxDelay, maxPending = 1024 } = options;
  if (maxDelay !== undefined && !external) throw new TypeError(`task must be 'target' for maxDelay, got '${name}'`);
  const outputs = integer('maxPending', maxPending, 1);
  return integer('maxDelay', maxDelay ?? Math.ceil((outputs * pace.stride) / pace.up), 0);
}

/** Returns how many outputs may wait for their target: at least those of one frame and those of the horizon. */
export function capacityOf(
  { maxOutputsPerFrame, pace }: Network,
  { external, lead, delay }: Task,
  { maxPending = 1024 }: LearnerOptions,
): number {
  const ahead = lead === 0 ? 0 : Math.ceil(((lead + delay) * pace.up) / pace.stride);
  return Math.max(external ? 1 : integer('maxPending', maxPending, 1), ahead + maxOutputsPerFrame);
}

/** Creates the evaluation of a learner; at most `capacity` predictions wait for their target. */
export function evaluationOf(
  { outChannels, pace }: Network,
  task: Task,
  options: LearnerOptions,
  capacity: number,
): Evaluation {
  const { loss = 'squared', clip = Infinity } = options;
  if (clip !== Infinity) positive('clip', clip);
  return new Evaluation({
    channels: outChannels,
    lead: task.lead,
    maxPending: capacity,
    targetCapacity: 1 + task.lead + task.delay,
    alignedFrame: pace.alignedFrame,
    loss: lossOf(loss),
    clip,
    powerLine: powerLineOf(options),
  });
}

/**
 * Creates the holdout of a learner.
 * @param writeMeans writes the running means of the targets
 */
export function holdoutOf(
  network: Network,
  task: Task,
  options: LearnerOptions,
  writeMeans: (means: Float64Array) => void,
): Holdout {
  const { settlingFrames, framesFor, alignedFrame } = network.pace;
  const lag = Math.max(0, framesFor(1) - 1 - alignedFrame(0));
  const known = task.lead + baselineReach;
  const schedule = new HoldoutSchedule(settlingFrames + known, lag, weightDependentFrames(network) + known);
  // frames are predicted some at a time, after their targets have been added
  const maxOutputs =
    capacityOf(network, task, { maxPending: 1 }) + settlingFrames + collectedFrames * network.maxOutputsPerFrame;
  const maxTargets = 1 + task.lead + task.delay + collectedFrames + baselineReach;
  const targets = new FrameHistory(network.outChannels, maxTargets);
  const loss = lossOf(options.loss ?? 'squared');
  const candidate = () => {
    const heldOut = { channels: network.outChannels, lead: task.lead, maxOutputs, alignedFrame, loss };
    const outputs = new HeldOutOutputs(heldOut, targets);
    return new HeldOutWeights(network.clone(), outputs);
  };
  const candidates = { chosen: candidate(), latest: candidate(), mean: candidate() };
  const collected = new HeldOutFrames(network.inChannels, network.outChannels, loss);
  return new Holdout(schedule, candidates, collected, targets, {
    channels: network.outChannels,
    lead: task.lead,
    powerLine: powerLineOf(options),
    writeMeans,
  });
}

/**
 * Returns the number of frames after which outputs depend only on the current weights, and no longer on earlier ones: those until the
 * layers above the first trained one have settled.
 */
function weightDependentFrames({ layers, pace }: Network): number {
  const first = layers.findIndex(({ parameters }) => parameters.length > 0);
  // other layers may contain trained layers in sequence, or keep more of the past than their windows
  const known = new Set<string>([
    ...activations,
    'conv1d',
    'linear',
    'convTranspose1d',
    'avgPool',
    'maxPool',
    'softmax',
  ]);
  if (!layers.slice(Math.max(0, first)).every(({ type }) => known.has(type))) return pace.settlingFrames;
  return pace.settlingFrames - chain(layers.slice(0, first + 1).map((layer) => layer.pace)).settlingFrames;
}

function powerLineOf(options: LearnerOptions): number {
  return positive('powerLine', renamedOption(options, 'powerLine', 'mains') ?? 50, 'Hz');
}
