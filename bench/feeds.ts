import type { Contestant } from './contestant.ts';
import type { Block } from '../src/core/blocks/block.ts';
import { Pipeline } from '../src/core/pipeline/pipeline.ts';
import { defaultFeed } from '../src/server/default-feed.ts';
import { Feed } from '../src/server/feed.ts';
import { LocalHost } from '../src/server/pipeline-host.ts';
import { runNow } from '../src/server/work-scheduler.ts';
import { eegChannels, EegSimulator } from '../src/sources/index.ts';

const channels = eegChannels.map(({ label }) => ({ label, unit: 'uV' }));

/** Creates a default EEG feed whose detector monitors all channels. */
function eegFeed(rate: number): Feed {
  const opening = { type: 'hello' as const, channels, rate, kind: 'eeg' };
  const feed = new Feed('headset', opening, {
    design: defaultFeed,
    newRun: () => 1,
    host: (emit) => new LocalHost(emit),
    monitor: () => ({ channels: channels.length }),
    alarms: {},
    saved: () => undefined,
    savedWeights: () => undefined,
    now: () => 0,
  });
  feed.output.subscribe((output) => {
    if (output.type === 'broken') throw new Error(output.message);
  });
  feed.start();
  return feed;
}

/** Measures restoring a saved pipeline of the default EEG feed and computing its first output. */
export async function restoring(): Promise<Contestant> {
  const feed = eegFeed(250);
  const simulator = new EegSimulator({ seed: 1, rate: 250 });
  for (let i = 0; i < 400; i++) runNow(feed.receive([{ type: 'samples', ...simulator.next(25).eeg }]));
  const { pipeline: bytes } = (await feed.save())!;
  const next: Block = simulator.next(25).eeg;
  feed.close();
  return {
    engine: 'tapline, restore',
    run(calls) {
      let output: ArrayLike<number> = [];
      for (let i = 0; i < calls; i++) {
        const pipeline = Pipeline.restore(bytes);
        output = pipeline.push(next)[0].block.data;
        pipeline.close();
      }
      return output;
    },
  };
}

/**
 * Measures a `hello`. If `known`, it starts a new run of the same stream; otherwise, the first run of a stream with a
 * new rate.
 */
export function hello(known: boolean): Contestant {
  const feed = eegFeed(250);
  const fresh = { type: 'hello' as const, channels, rate: 250, kind: 'eeg', fresh: true };
  let rate = 250;
  return {
    engine: known ? 'known spec' : 'new spec',
    run(calls) {
      for (let i = 0; i < calls; i++) {
        if (known) feed.open(fresh);
        else eegFeed((rate += 1 / 1024)).close();
      }
      return [];
    },
  };
}
