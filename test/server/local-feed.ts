import { defaultFeed } from '../../src/server/default-feed.ts';
import { Feed, type FeedOptions, type Opening } from '../../src/server/feed.ts';
import type { FeedOutput } from '../../src/server/feed-output.ts';
import { LocalHost } from '../../src/server/pipeline-host.ts';

/**
 * Creates a default feed without a server: its pipeline runs in this thread, and nothing is saved. A failure throws.
 * Call `start` next.
 */
export function localFeed(
  name: string,
  opening: Omit<Opening, 'type'>,
  options: Partial<FeedOptions>,
  onOutput: (output: FeedOutput) => void,
): Feed {
  const feed = new Feed(
    name,
    { type: 'hello', ...opening },
    {
      design: defaultFeed,
      newRun: () => 1,
      host: (emit) => new LocalHost(emit),
      monitor: ({ channels }) => ({ channels: channels.length }),
      alarms: {},
      saved: () => undefined,
      savedWeights: () => undefined,
      now: () => 0,
      ...options,
    },
  );
  feed.output.subscribe((output) => {
    if (output.type === 'broken') throw new Error(output.message);
    onOutput(output);
  });
  return feed;
}
