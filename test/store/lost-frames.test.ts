import fc from 'fast-check';
import { expect, test } from 'vitest';
import { LostFrames, type LostRange } from '../../src/store/lost-frames.ts';
import type { RunEvent } from '../../src/store/recorded-event.ts';

test('the numbers of lost frames and events are exact, and the number of ranges is bounded', () => {
  const step = fc.record({ skip: fc.nat(3), count: fc.integer({ min: 1, max: 5 }), isEvent: fc.boolean() });
  fc.assert(
    fc.property(fc.array(step, { minLength: 500, maxLength: 3000 }), (steps) => {
      const lost = new LostFrames();
      const run: RunEvent = { type: 'run', run: 3, next: 0, time: 0, channels: [], rate: 1 };
      let [next, frames, events] = [0, 0, 0];
      for (const { skip, count, isEvent } of steps) {
        next += skip;
        if (isEvent) {
          lost.addEvent(run, next, 'full');
          events++;
          continue;
        }
        lost.addFrames(run, next, count, 'full');
        next += count;
        frames += count;
      }
      expect([lost.frames, lost.events]).toEqual([frames, events]);
      const ranges: LostRange[] = [];
      for (let first = lost.first; first; first = lost.first) {
        ranges.push(first);
        lost.shift();
      }
      expect(ranges.length).toBeLessThanOrEqual(256);
      expect(ranges.reduce((sum, range) => sum + range.lost.count, 0)).toBe(frames);
      expect(ranges.reduce((sum, range) => sum + range.lost.events, 0)).toBe(events);
      for (const [i, range] of ranges.entries()) {
        expect(range.span).toBeGreaterThanOrEqual(range.lost.count);
        if (i > 0) expect(range.lost.from).toBeGreaterThanOrEqual(ranges[i - 1].lost.from + ranges[i - 1].span);
      }
    }),
    { seed: 4, numRuns: 50 },
  );
});
