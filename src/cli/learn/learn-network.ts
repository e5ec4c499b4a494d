import { Network } from '../../core/network/network.ts';
import { checkStreams } from '../../core/network/plan.ts';
import type { Channel } from '../../sources/index.ts';
import { counted } from '../counted.ts';
import type { Places } from './learn-places.ts';
import { readNetwork } from '../network-file.ts';
import { asUsage, UsageError } from '../usage-error.ts';

/** One convolution that says nothing before it has learned something. */
export function oneLayer({ inputs, outputs }: Places, taps: number): Network {
  const layers = [{ type: 'conv1d' as const, outChannels: outputs.length, kernelSize: taps }];
  return asUsage(() => Network.create({ inChannels: inputs.length, layers }, { zeroOutput: true }), '--taps');
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
