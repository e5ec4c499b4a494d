import { describe, expect, test } from 'vitest';
import { random } from '../../src/core/random.ts';
import { ArrivalClock } from '../../src/server/arrival-clock.ts';

const begin = 1.5e12;

/** One minute of single frames of a 50 Hz stream that arrive at `real` Hz: [arrival, assigned time] of each. */
function minute(real: number, jitter = 0): [number, number][] {
  const clock = new ArrivalClock(50);
  const chance = random(1);
  return Array.from({ length: 60 * real }, (_, n) => {
    const now = begin + (n * 1000) / real + jitter * chance.uniform();
    return [now, clock.date(n, 1, now)];
  });
}
const steps = (dated: [number, number][]) => dated.slice(1).map(([, time], i) => time - dated[i][1]);

describe('the times of frames without times', () => {
  test.each([40, 49, 50, 51, 60])(
    'of a 50 Hz stream that arrives at %d Hz increase without jumps and stay near the current time',
    (real) => {
      const dated = minute(real, 30);
      for (const step of steps(dated)) {
        expect(step).toBeGreaterThan(10);
        expect(step).toBeLessThan(30);
      }
      for (const [now, time] of dated) expect(Math.abs(now - time)).toBeLessThan(150);
    },
  );

  test('are spaced by the sampling rate if frames arrive at that rate', () => {
    for (const step of steps(minute(50))) expect(step).toBeCloseTo(20, 3);
  });

  test('are reset to the current time after a pause of half a second, or when two seconds of frames arrive at once', () => {
    const clock = new ArrivalClock(50);
    expect(clock.date(0, 1, begin)).toBe(begin - 20);
    expect(clock.date(1, 1, begin + 10_000)).toBe(begin + 9980);
    expect(clock.date(2, 100, begin + 10_000)).toBe(begin + 8000);
  });

  test('are the arrival times if the stream is irregular', () => {
    const clock = new ArrivalClock(0);
    expect([clock.date(0, 1, begin), clock.date(1, 5, begin + 7)]).toEqual([begin, begin + 7]);
  });
});
