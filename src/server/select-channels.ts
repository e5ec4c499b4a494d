import { map, type OperatorFunction } from 'rxjs';
import type { Block } from '../core/blocks/block.ts';
import { invalid } from '../core/check.ts';
import type { FeedChannel } from './feed-spec.ts';

/**
 * Returns the indexes of channels given by label or index; all if undefined. Throws a RangeError for an unknown
 * channel.
 */
export function channelIndexes(
  selected: readonly (string | number)[] | undefined,
  channels: readonly FeedChannel[],
): readonly number[] {
  const all = channels.map((_, channel) => channel);
  return (selected ?? all).map((name) => {
    const index = typeof name === 'number' ? name : channels.findIndex(({ label }) => label === name);
    if (index in all) return index;
    throw invalid('channel', `one of ${channels.map(({ label }) => label).join(', ')}`, name);
  });
}

/** Selects the channels at `indexes`, in that order. Blocks pass unchanged if all channels are selected in order. */
export function selectChannels(indexes: readonly number[], channels: number): OperatorFunction<Block, Block> {
  const same = indexes.length === channels && indexes.every((index, position) => index === position);
  return map((block) => {
    if (same) return block;
    const frames = block.data.length / channels;
    const data = new Float32Array(frames * indexes.length);
    for (let t = 0, at = 0; t < frames; t++) for (const index of indexes) data[at++] = block.data[t * channels + index];
    return { ...block, data, channels: indexes.length };
  });
}
