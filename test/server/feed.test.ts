import { expect, test } from 'vitest';
import type { Feed } from '../../src/server/feed.ts';
import { noise } from '../core/alarms/quiet-stream.ts';
import { runNow } from '../../src/server/work-scheduler.ts';
import { localFeed } from './local-feed.ts';

const rate = 10;

function feedOf(falseAlarms: number): { feed: Feed; skipped: () => number } {
  let skipped = 0;
  const opening = { channels: [{ label: 'a', unit: '' }], rate };
  const feed = localFeed('a', opening, { alarms: { falseAlarms } }, (output) => {
    if (output.type === 'loss') skipped = output.refused?.alarmed ?? 0;
  });
  feed.start();
  return { feed, skipped: () => skipped };
}

test('a learner skips the frames that the detector flags, until a user marks the alarm as false', () => {
  const data = noise(700, 1, (t, _, x) => (t >= 650 ? x + 200 : x));
  const run = (isFalse: boolean) => {
    const { feed, skipped } = feedOf(1e5);
    const push = (from: number, to: number) =>
      runNow(feed.receive([{ type: 'samples', data: data.slice(from, to), channels: 1 }]));
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
