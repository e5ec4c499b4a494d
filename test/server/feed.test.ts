import { expect, test } from 'vitest';
import { defaultFeed } from '../../src/server/default-feed.ts';
import { Feed } from '../../src/server/feed.ts';
import { LocalHost } from '../../src/server/pipeline-host.ts';
import { noise } from '../core/alarms/quiet-stream.ts';

const rate = 10;

function feedOf(falseAlarms: number): { feed: Feed; skipped: () => number } {
  const opening = { type: 'hello' as const, channels: [{ label: 'a', unit: '' }], rate };
  const feed = new Feed('a', opening, {
    design: defaultFeed,
    newRun: () => 1,
    host: (emit) => new LocalHost(emit),
    monitor: () => ({ channels: 1 }),
    alarms: { falseAlarms },
    saved: () => undefined,
    savedWeights: () => undefined,
    now: () => 0,
  });
  let skipped = 0;
  feed.output.subscribe((output) => {
    if (output.type === 'broken') throw new Error(output.message);
    if (output.type === 'loss') skipped = output.refused?.alarmed ?? 0;
  });
  feed.start();
  return { feed, skipped: () => skipped };
}

test('a learner skips the frames that the detector flags, until a user marks the alarm as false', () => {
  const data = noise(700, 1, (t, _, x) => (t >= 650 ? x + 200 : x));
  const run = (isFalse: boolean) => {
    const { feed, skipped } = feedOf(1e5);
    const push = (from: number, to: number) => feed.push({ type: 'samples', data: data.slice(from, to), channels: 1 });
    push(0, 650);
    const before = skipped();
    push(650, 653);
    if (isFalse) feed.markNormal();
    push(653, 700);
    feed.close();
    return skipped() - before;
  };
  expect(run(true)).toBe(3);
  expect(run(false)).toBeGreaterThan(3);
});
