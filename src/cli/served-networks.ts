import { basename } from 'node:path';
import type { Network } from '../core/network/network.ts';
import type { FeedChannel, FeedDesigner, MapSpec } from '../server/feed-spec.ts';
import { defaultFeed } from '../server/default-feed.ts';
import { UsageError } from './failure.ts';
import { readNetwork } from './network-file.ts';

/**
 * The default feeds of a server, with networks of the user added to some streams. Each network is one more feature map.
 *
 * @param given one `<stream>=<file>` per network
 * @param input the signal that the networks read
 */
export async function feedsWith(given: readonly string[], input: MapSpec['on']): Promise<FeedDesigner> {
  const served = await Promise.all(given.map(readServed));
  return (info, targets) => {
    const feed = defaultFeed(info, targets);
    const own = served.filter(({ stream }) => stream === info.name);
    const maps = own.map(({ name, network }): MapSpec => {
      return { name, network, on: input, labels: labelsOf(network, info.channels) };
    });
    return { ...feed, maps: [...feed.maps, ...maps] };
  };
}

async function readServed(text: string): Promise<{ stream: string; name: string; network: Network }> {
  const at = text.indexOf('=');
  if (at <= 0 || at === text.length - 1)
    throw new UsageError(`--network must be <stream>=<file>, such as headset=weights.safetensors, got '${text}'`);
  const path = text.slice(at + 1);
  return { stream: text.slice(0, at), name: basename(path), network: await readNetwork(path) };
}

/** The labels of the stream's channels if there are as many outputs as channels, else numbered labels. */
function labelsOf({ outChannels }: Network, channels: readonly FeedChannel[]): string[] {
  if (channels.length === outChannels) return channels.map(({ label }) => label);
  return Array.from({ length: outChannels }, (_, i) => `map ${i + 1}`);
}
