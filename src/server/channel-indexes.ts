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
