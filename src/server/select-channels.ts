import { map, type OperatorFunction } from 'rxjs';
import type { Block } from '../core/blocks/block.ts';
import { invalid } from '../core/check.ts';
import type { FeedChannel } from './feed-spec.ts';

/** The places of channels given by label or place; all when none are given. Throws RangeError for one that is not there. */
export function channelIndexes(
  wanted: readonly (string | number)[] | undefined,
  channels: readonly FeedChannel[],
): readonly number[] {
  const all = channels.map((_, channel) => channel);
  return (wanted ?? all).map((name) => {
    const place = typeof name === 'number' ? name : channels.findIndex(({ label }) => label === name);
    if (place in all) return place;
    throw invalid('channel', `one of ${channels.map(({ label }) => label).join(', ')}`, name);
  });
}

/** The channels at `places`, in that order. All of them in order: the blocks themselves. */
export function selectChannels(places: readonly number[], channels: number): OperatorFunction<Block, Block> {
  const same = places.length === channels && places.every((place, at) => place === at);
  return map((block) => {
    if (same) return block;
    const frames = block.data.length / channels;
    const data = new Float32Array(frames * places.length);
    for (let t = 0, at = 0; t < frames; t++) for (const place of places) data[at++] = block.data[t * channels + place];
    return { ...block, data, channels: places.length };
  });
}
