import { autoStep } from './optimizers/auto-step.ts';
import { integer, invalid, oneOf, positive } from '../check.ts';
import type { Optimizer } from './optimizers/optimizer.ts';
import { Evaluation } from './evaluation.ts';
import { lossOf, type LossSpec } from './loss.ts';
import type { Network } from '../network/network.ts';
import { nlms } from './optimizers/sgd.ts';
import type { UpdateOptions } from './weight-updater.ts';

export interface LearnerOptions extends UpdateOptions {
  /**
   * What an output's truth is. 'forecast' (default): the input `horizon` frames after the one that it hangs on; 'reconstruct':
   * that frame itself; 'target': what `teach` brings for it; 'cancel': the channels beside `reference`, which is all that the network sees.
   */
  task?: 'forecast' | 'target' | 'reconstruct' | 'cancel';
  /** Frames ahead, >= 1. Default 1. */
  horizon?: number;
  /** Of 'cancel': places of the reference channels, from 0. */
  reference?: readonly number[];
  /** Default 'squared'. */
  loss?: LossSpec;
  /**
   * Default autoStep(); of 'cancel' nlms({ learningRate: 0.1 }), because there the error is what is to remain: far from what is cancelled
   * a step μ lifts it by 1 / (1 - μ/2), which at 0.1 is 0.4 dB.
   */
  optimizer?: Optimizer;
  /** Input frames between two updates. Default 1. */
  updateEvery?: number;
  /** The most that the ∂L/∂y of one output may be long; longer ones are shortened to it. Default Infinity. */
  clip?: number;
  /**
   * 'stream' (default): gradients are exact and flow on over updates, with weights that have moved meanwhile. 'window':
   * every update is autograd of the frames since the last one, and takes what the lines held before for data.
   */
  mode?: 'stream' | 'window';
  /** Outputs that may wait for their truth; older ones are given up unlearned. Default 1024, or what the horizon needs. */
  maxPending?: number;
  /** Of the mains, in Hz, for the rival that knows them. Default 60. */
  mains?: number;
}

/** Settings of a learner that are plain JSON. */
export const learnerFields: readonly (keyof LearnerOptions)[] = [
  'task',
  'horizon',
  'reference',
  'loss',
  'updateEvery',
  'clip',
  'mode',
  'maxPending',
  'mains',
  'warmUp',
  'decay',
  'average',
];

/** Which channels of a block a learner's network sees, which are its truth, and when that is known. */
export interface Task {
  readonly name: NonNullable<LearnerOptions['task']>;
  /** Whether the truth is brought from outside. */
  readonly external: boolean;
  /** Frames from the one that an output hangs on to its truth. */
  readonly lead: number;
  /** The most frames that an output comes after the one that it hangs on. */
  readonly delay: number;
  /** Channels of a block. */
  readonly channels: number;
  /** Places in a frame of what the network sees, and of what it is to say. */
  readonly inputChannels: readonly number[];
  readonly targetChannels: readonly number[];
  /** Room for one truth. */
  readonly target: Float32Array;
}

/** The task of a learner of `network`. Throws when the two do not fit. */
export function taskOf({ inChannels, outChannels, pace }: Network, options: LearnerOptions): Task {
  const names = ['forecast', 'target', 'reconstruct', 'cancel'] as const;
  const name = oneOf('task', options.task ?? 'forecast', names);
  const { horizon = 1, reference = [] } = options;
  const channels = name === 'cancel' ? inChannels + outChannels : inChannels;
  const all = Array.from({ length: channels }, (_, c) => c);
  if (name === 'cancel') checkReference(reference, inChannels, channels);
  else if (name !== 'target' && inChannels !== outChannels) {
    const verb = name === 'forecast' ? 'forecasts' : 'reconstructs';
    throw invalid(`outChannels of a network that ${verb}`, `its ${inChannels} channels in`, outChannels);
  }
  const inputs = name === 'cancel' ? reference : all;
  const truths = name === 'cancel' ? all.filter((c) => !reference.includes(c)) : all;
  return {
    name,
    external: name === 'target',
    lead: name === 'forecast' ? integer('horizon', horizon, 1) : 0,
    delay: Math.max(0, pace.framesFor(1) - 1 - pace.hang(0)) + pace.settle,
    channels,
    inputChannels: inputs,
    targetChannels: truths,
    target: new Float32Array(truths.length),
  };
}

function checkReference(reference: readonly number[], count: number, channels: number): void {
  if (!Array.isArray(reference)) throw invalid('reference', 'a list of channels', reference, TypeError);
  const places = new Set(reference.filter((c) => Number.isInteger(c) && c >= 0 && c < channels));
  if (reference.length === count && places.size === count) return;
  const rule = `${count} different channels of 0 … ${channels - 1}, one for each that the network takes`;
  throw invalid('reference', rule, `[${reference.join(', ')}]`);
}

/** The optimizer of a learner that is given none. */
export function defaultOptimizer({ task }: LearnerOptions): Optimizer {
  return task === 'cancel' ? nlms({ learningRate: 0.1 }) : autoStep();
}

/** How many outputs may wait for their truth: at least those of one frame, and those of the horizon. */
export function capacityOf(
  { burst, pace }: Network,
  { lead, delay }: Task,
  { maxPending = 1024 }: LearnerOptions,
): number {
  const ahead = lead === 0 ? 0 : Math.ceil(((lead + delay) * pace.up) / pace.stride);
  return Math.max(integer('maxPending', maxPending, 1), ahead + burst);
}

/** Where a learner's predictions wait for their truth, `capacity` of them at most. */
export function evaluationOf(
  { outChannels, pace }: Network,
  task: Task,
  options: LearnerOptions,
  capacity: number,
): Evaluation {
  const { loss = 'squared', clip = Infinity, mains = 60 } = options;
  if (clip !== Infinity) positive('clip', clip);
  return new Evaluation({
    channels: outChannels,
    lead: task.lead,
    maxPending: capacity,
    targetCapacity: 1 + (task.external ? Math.ceil((capacity * pace.stride) / pace.up) : task.lead + task.delay),
    alignedFrame: pace.hang,
    loss: lossOf(loss),
    clip,
    mains: positive('mains', mains, 'Hz'),
  });
}
