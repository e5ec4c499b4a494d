import { expect, test } from 'vitest';
import { ticks } from '../../src/sources/clock.ts';
import { ManualClock } from './manual-clock.ts';

test('ticks are due at whole intervals; a late tick does not delay others, and missed ticks are skipped', async () => {
  const clock = new ManualClock();
  const seen: number[] = [];
  const subscription = ticks(40, clock).subscribe((elapsed) => seen.push(elapsed));
  await clock.turn(90);
  await clock.jump(101);
  await clock.turn(60);
  expect(seen).toEqual([40, 80, 191, 200, 240]);
  subscription.unsubscribe();
  expect(clock.waiting).toBe(0);
});

test('a timer that fires early does not repeat a tick', () => {
  let now = 0;
  const asked: number[] = [];
  const early = {
    now: () => now,
    after(ms: number, call: () => void) {
      asked.push(ms);
      if (asked.length <= 3) {
        now += ms - 0.5;
        call();
      }
      return () => {};
    },
  };
  const seen: number[] = [];
  ticks(10, early).subscribe((elapsed) => seen.push(elapsed));
  expect(seen).toEqual([9.5, 19.5, 29.5]);
});
