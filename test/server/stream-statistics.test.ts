import fc from 'fast-check';
import { expect, test } from 'vitest';
import { StreamStatistics } from '../../src/server/stream-statistics.ts';

const block = (frames: number, time: number, rate = 1) => ({
  data: new Float32Array(frames),
  channels: 1,
  start: 0,
  rate,
  time,
});

test('the health of a stream reports when frames last arrived, and times that are ahead of the server', () => {
  const statistics = new StreamStatistics();
  expect(statistics.health('x', 1000)).toMatchObject({ lag: null, rate: 0 });
  expect(statistics.health('x', 1000)).not.toHaveProperty('idle');
  statistics.add(block(10, 3_592_000));
  expect(statistics.health('x', 2000)).toMatchObject({ received: 10, lag: 0, ahead: 3_599_000, idle: 0 });
  expect(statistics.health('x', 9000)).toMatchObject({ lag: 0, ahead: 3_592_000, idle: 7000 });
  statistics.add(block(1, 8000));
  const late = statistics.health('x', 10_000);
  expect(late).toMatchObject({ received: 11, lag: 2000, idle: 0 });
  expect(late).not.toHaveProperty('ahead');
});

test('the rate does not depend on how many frames arrive together, and is 0 after the stream has stopped', () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 30 }), fc.integer({ min: 1, max: 500 }), (interval, rate) => {
      const statistics = new StreamStatistics();
      statistics.health('x', 0);
      const last = interval * 6;
      for (let second = 1; second <= last; second++) {
        if (second % interval === 0) statistics.add(block(rate * interval, second * 1000, rate));
        const measured = statistics.health('x', second * 1000).rate;
        if (second > interval) expect(measured).toBeCloseTo(rate, 9);
      }
      const stopped = last + Math.max(5, 3 * interval) + 1;
      for (let second = last + 1; second < stopped; second++)
        expect(statistics.health('x', second * 1000).rate).toBeCloseTo(rate, 9);
      expect(statistics.health('x', stopped * 1000).rate).toBe(0);
    }),
    { seed: 1, numRuns: 100 },
  );
});
