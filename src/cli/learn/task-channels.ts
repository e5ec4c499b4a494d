import type { Block } from '../../core/blocks/block.ts';
import type { LearnerOptions } from '../../core/learning/learner-options.ts';
import { Network } from '../../core/network/network.ts';
import { checkStreams } from '../../core/network/plan.ts';
import type { Channel, ReadOptions, Recording } from '../../sources/index.ts';
import { counted } from '../amounts.ts';
import { asUsage, UsageError } from '../failure.ts';
import { readNetwork } from '../network-file.ts';

type Task = NonNullable<LearnerOptions['task']>;

/** What a command says of columns that have a part of their own in the task. */
export interface Asked {
  readonly task: Task;
  readonly target?: readonly (string | number)[];
  readonly reference?: readonly (string | number)[];
}

/** The same for the reader of the recording. Throws where a task goes without, or has none such. */
export function rolesOf({ task, target, reference }: Asked): ReadOptions['roles'] {
  if ((task === 'target') !== (target !== undefined))
    throw new UsageError("--target must be given for the task 'target', and for no other");
  if ((task === 'cancel') !== (reference !== undefined))
    throw new UsageError("--reference must be given for the task 'cancel', and for no other");
  return { ...(target && { target }), ...(reference && { reference }) };
}

/** Which channels of a recording are pushed, seen by the network, predicted by it, and taught. */
export interface Places {
  readonly input: readonly number[];
  readonly inputs: readonly number[];
  readonly outputs: readonly number[];
  readonly target: readonly number[];
  /** Within what is pushed. */
  readonly reference: readonly number[];
}

/** Where the channels of a recording that was read so go. */
export function placesOf({ channels, roles = {} }: Recording, task: Task): Places {
  const { target = [], reference = [] } = roles;
  const input = [...channels.keys()].filter((c) => !target.includes(c));
  const others = input.filter((c) => !reference.includes(c));
  const named = channels.map(({ label }) => label).join(', ');
  if (input.length === 0) throw new UsageError(`--target must leave a channel to predict it from, got all: ${named}`);
  if (others.length === 0) throw new UsageError(`--reference must leave a channel to clean, got all: ${named}`);
  const outputs = { forecast: input, reconstruct: input, target, cancel: others }[task];
  return {
    input,
    inputs: task === 'cancel' ? reference : input,
    outputs,
    target,
    reference: reference.map((c) => input.indexOf(c)),
  };
}

/** The channels of `block` at `places`, in that order. */
export function pickedFrom(block: Block, places: readonly number[]): Block {
  const { channels, data } = block;
  const picked = new Float32Array((data.length / channels) * places.length);
  for (let from = 0, at = 0; from < data.length; from += channels)
    for (const place of places) picked[at++] = data[from + place];
  return { ...block, data: picked, channels: places.length };
}

/** One convolution that says nothing before it has learned something. */
export function oneLayer({ inputs, outputs }: Places, taps: number): Network {
  const layers = [{ type: 'conv1d' as const, outChannels: outputs.length, kernelSize: taps }];
  return asUsage(() => Network.create({ inChannels: inputs.length, layers }, { silent: true }), '--taps');
}

/** The network of a file, to go on from. Throws where it does not stream, or has not a channel for each that it is to see and to tell. */
export async function networkFor(
  { inputs, outputs }: Places,
  channels: readonly Channel[],
  path: string,
): Promise<Network> {
  const network = await readNetwork(path);
  asUsage(() => checkStreams(network.layers), path);
  const named = (places: readonly number[]) => places.map((place) => channels[place].label).join(', ');
  if (network.inChannels !== inputs.length)
    throw new UsageError(
      `${path} takes ${counted(network.inChannels, 'channel')}, and is to see ${inputs.length}: ${named(inputs)}`,
    );
  if (network.outChannels !== outputs.length)
    throw new UsageError(
      `${path} tells ${counted(network.outChannels, 'channel')}, and is to tell ${outputs.length}: ${named(outputs)}`,
    );
  return network;
}
