import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { block, timeOf } from '../../src/core/blocks/block.ts';
import { EventTimes } from '../../src/cli/event-times.ts';
import type { MarkMessage } from '../../src/protocol/index.ts';

/** Frames from `start` on, at 100 Hz and with frame 0 at 1000 ms. */
const frames = (start: number, count: number, rate = 100) =>
  block(new Float32Array(count), { channels: 1, rate, start, time: 1000 + start * 10 });
const mark = (at: number, more: Partial<MarkMessage> = {}): MarkMessage => ({
  type: 'mark',
  id: 1,
  at,
  label: `${at}`,
  ...more,
});

describe('the time of an event', () => {
  test('is that of its frame, by the clock of its block', () => {
    const times = new EventTimes();
    times.subscribed(1);
    expect(times.block(frames(0, 10))).toEqual([]);
    const late = { ...frames(20, 10), time: 5000 };
    expect(times.block(late)).toEqual([]);
    expect(times.mark(mark(5, { frames: 25 }))).toEqual([{ time: 1050, label: '5', duration: 250 }]);
    expect(times.mark(mark(15))).toEqual([{ time: 1150, label: '15' }]);
    expect(times.mark(mark(21))).toEqual([{ time: 5010, label: '21' }]);
  });

  test('is its own if the server sends it', () => {
    const times = new EventTimes();
    times.subscribed(1);
    times.block(frames(0, 10));
    expect(times.mark(mark(5, { time: 1053.25, duration: 7, frames: 1 }))).toEqual([
      { time: 1053.25, label: '5', duration: 7 },
    ]);
    expect(times.mark(mark(500, { time: 9000 }))).toEqual([{ time: 9000, label: '500' }]);
  });

  test('is known when its frame arrives, or is extrapolated at the end', () => {
    const times = new EventTimes();
    times.subscribed(1);
    expect(times.mark(mark(12))).toEqual([]);
    expect(times.block(frames(0, 10))).toEqual([]);
    expect(times.mark(mark(40))).toEqual([]);
    expect(times.block(frames(10, 10))).toEqual([{ time: 1120, label: '12' }]);
    expect(times.end()).toEqual([{ time: 1400, label: '40' }]);
    expect(times.end()).toEqual([]);
  });

  test('of an irregular stream is that of its frame', () => {
    const times = new EventTimes();
    times.subscribed(1);
    for (const start of [0, 1, 2]) times.block(frames(start, 1, 0));
    expect(times.mark(mark(1, { frames: 3 }))).toEqual([{ time: 1010, label: '1' }]);
  });

  test('does not mix runs', () => {
    const times = new EventTimes();
    times.subscribed(1);
    times.block(frames(0, 10));
    times.mark(mark(12));
    expect(times.startRun(2)).toEqual([{ time: 1120, label: '12' }]);
    times.mark(mark(3));
    expect(times.block({ ...frames(0, 10), time: 7000 })).toEqual([{ time: 7030, label: '3' }]);
    expect(times.subscribed(3)).toEqual([]);
    expect(times.mark(mark(3))).toEqual([]);
    expect(times.end()).toEqual([]);
  });
});

test('every event is returned once, although the server repeats the newest ones after a reconnect', () => {
  const label = fc.constantFrom('a', 'b');
  const marks = fc.array(fc.record({ at: fc.nat(20), label }), { maxLength: 30 });
  fc.assert(
    fc.property(marks, marks, fc.integer({ min: 0, max: 16 }), (before, after, repeated) => {
      const times = new EventTimes();
      times.subscribed(1);
      const all = frames(0, 30);
      times.block(all);
      const added = before.flatMap(({ at, label }) => times.mark(mark(at, { label })));
      times.subscribed(1);
      const sent = [...before.slice(before.length - Math.min(repeated, before.length)), ...after];
      // An event that equals one that the server no longer repeats cannot be distinguished from a repetition.
      const forgotten = before.slice(0, Math.max(0, before.length - repeated));
      fc.pre(!after.some((each) => forgotten.some(({ at, label }) => at === each.at && label === each.label)));
      added.push(...sent.flatMap(({ at, label }) => times.mark(mark(at, { label }))));
      expect(added).toEqual([...before, ...after].map(({ at, label }) => ({ time: timeOf(all, at), label })));
    }),
    { seed: 1, numRuns: 300 },
  );
});
