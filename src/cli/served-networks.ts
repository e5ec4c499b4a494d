import { basename } from 'node:path';
import type { Network } from '../core/network/network.ts';
import type { FeedChannel, FeedDesigner, MapSpec } from '../server/feed-spec.ts';
import { defaultFeed } from '../server/default-feed.ts';
import { readNetwork } from './network-file.ts';
import { UsageError } from './failure.ts';

/**
 * The feeds of a server that runs networks of the user's on some streams, beside what it makes of every stream: each is one
 * more feature map there.
 *
 * @param given `STREAM=FILE` each
 * @param standardize whether they read the signal less its running mean and spread, as they did in learning
 */
export async function feedsWith(given: readonly string[], standardize: boolean): Promise<FeedDesigner> {
  const served = await Promise.all(given.map(readServed));
  return (info, truths) => {
    const feed = defaultFeed(info, truths);
    const own = served.filter(({ stream }) => stream === info.name);
    const maps = own.map(({ name, network }): MapSpec => {
      const labels = labelsOf(network, info.channels);
      return { name, network, on: standardize ? 'standardized' : 'raw', labels };
    });
    return { ...feed, maps: [...feed.maps, ...maps] };
  };
}

async function readServed(text: string): Promise<{ stream: string; name: string; network: Network }> {
  const at = text.indexOf('=');
  if (at <= 0 || at === text.length - 1)
    throw new UsageError(`--network must be STREAM=FILE, such as headset=weights.safetensors, got '${text}'`);
  const path = text.slice(at + 1);
  return { stream: text.slice(0, at), name: basename(path), network: await readNetwork(path) };
}

/** Of a network with an output for every channel, the channels' names. */
function labelsOf({ outChannels }: Network, channels: readonly FeedChannel[]): string[] {
  if (channels.length === outChannels) return channels.map(({ label }) => label);
  return Array.from({ length: outChannels }, (_, i) => `map ${i + 1}`);
}
