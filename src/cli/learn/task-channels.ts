import type { LearnerOptions } from '../../core/learning/learner-options.ts';
import { Network } from '../../core/network/network.ts';
import { checkStreams } from '../../core/network/plan.ts';
import type { Channel, ReadOptions, Recording } from '../../formats/index.ts';
import { counted } from '../amounts.ts';
import { asUsage, UsageError } from '../failure.ts';
import { readNetwork } from '../network-file.ts';

/** A task of a learner. */
export type Task = NonNullable<LearnerOptions['task']>;

/** The options of the command that give columns a role in the task. */
export interface RoleOptions {
  readonly task: Task;
  readonly target?: readonly (string | number)[];
  readonly noiseReference?: readonly (string | number)[];
}

/** Names of the roles, as they appear in error messages. */
const [targetRole, noiseReferenceRole] = ['--target', '--noise-reference'];

/** The roles for the reader of the recording. Throws a UsageError if the options do not fit the task. */
export function rolesOf({ task, target, noiseReference }: RoleOptions): ReadOptions['roles'] {
  if (task === 'target' && target === undefined) throw new UsageError('--task target requires --target');
  if (task !== 'target' && target !== undefined) throw new UsageError('--target requires --task target');
  if (task === 'cancel' && noiseReference === undefined)
    throw new UsageError('--task cancel requires --noise-reference');
  if (task !== 'cancel' && noiseReference !== undefined)
    throw new UsageError('--noise-reference requires --task cancel');
  return { ...(target && { [targetRole]: target }), ...(noiseReference && { [noiseReferenceRole]: noiseReference }) };
}

/** The places of channels in the frames of a recording, by their part in a task. */
export interface TaskChannels {
  /** Pushed into the learner. */
  readonly pushed: readonly number[];
  /** Inputs of the network. */
  readonly inputs: readonly number[];
  /** Predicted by the network. */
  readonly outputs: readonly number[];
  /** Passed to the learner as targets. */
  readonly target: readonly number[];
  /** Noise references; places among those that are pushed. */
  readonly reference: readonly number[];
}

/** Assigns the channels of a recording, read with the roles of `rolesOf`, to their parts in a task. */
export function taskChannels({ channels, roles = {} }: Recording, task: Task): TaskChannels {
  const { [targetRole]: target = [], [noiseReferenceRole]: reference = [] } = roles;
  const pushed = [...channels.keys()].filter((c) => !target.includes(c));
  const others = pushed.filter((c) => !reference.includes(c));
  const all = channels.map(({ label }) => label).join(', ');
  if (pushed.length === 0) throw new UsageError(`--target must leave at least one input channel, got all of ${all}`);
  if (others.length === 0)
    throw new UsageError(`--noise-reference must leave at least one channel to clean, got all of ${all}`);
  const outputs = { forecast: pushed, reconstruct: pushed, target, cancel: others }[task];
  return {
    pushed,
    inputs: task === 'cancel' ? reference : pushed,
    outputs,
    target,
    reference: reference.map((c) => pushed.indexOf(c)),
  };
}

/** One convolution whose weights are zero, so that its outputs are zero before it has learned. */
export function oneLayer({ inputs, outputs }: TaskChannels, taps: number): Network {
  const layers = [{ type: 'conv1d' as const, outChannels: outputs.length, kernelSize: taps }];
  return asUsage(() => Network.create({ inChannels: inputs.length, layers }, { zeroOutput: true }), '--taps');
}

/** Reads the network to train. Throws a UsageError if it cannot stream or its channels do not fit the task. */
export async function networkFor(
  { inputs, outputs }: TaskChannels,
  channels: readonly Channel[],
  path: string,
): Promise<Network> {
  const network = await readNetwork(path);
  asUsage(() => checkStreams(network.layers), path);
  const labels = (places: readonly number[]) => places.map((place) => channels[place].label).join(', ');
  if (network.inChannels !== inputs.length)
    throw new UsageError(
      `${path} has ${counted(network.inChannels, 'input channel')}, but the task has ${inputs.length}: ${labels(inputs)}. Select channels with --columns.`,
    );
  if (network.outChannels !== outputs.length)
    throw new UsageError(
      `${path} has ${counted(network.outChannels, 'output channel')}, but the task has ${counted(outputs.length, 'target channel')}: ${labels(outputs)}`,
    );
  return network;
}
