import { describe, expect, test } from 'vitest';
import { random } from '../../src/core/random.ts';
import { ArrivalClock } from '../../src/server/arrival-clock.ts';

const begin = 1.5e12;

/** A minute of single frames of a 50 Hz stream that really come `real` times a second: [when, dated] of each. */
function minute(real: number, jitter = 0): [number, number][] {
  const clock = new ArrivalClock(50);
  const chance = random(1);
  return Array.from({ length: 60 * real }, (_, n) => {
    const now = begin + (n * 1000) / real + jitter * chance.uniform();
    return [now, clock.date(n, 1, now)];
  });
}
const steps = (dated: [number, number][]) => dated.slice(1).map(([, time], i) => time - dated[i][1]);

describe('frames that carry no time', () => {
  test.each([40, 49, 50, 51, 60])(
    'of a 50 Hz stream that comes at %d Hz rise without a jump, and stay near now',
    (real) => {
      const dated = minute(real, 30);
      for (const step of steps(dated)) {
        expect(step).toBeGreaterThan(10);
        expect(step).toBeLessThan(30);
      }
      for (const [now, time] of dated) expect(Math.abs(now - time)).toBeLessThan(150);
    },
  );

  test('lie as far apart as the rate says where they come so', () => {
    for (const step of steps(minute(50))) expect(step).toBeCloseTo(20, 3);
  });

  test('are of now after half a second of silence, or where two seconds come at once', () => {
    const clock = new ArrivalClock(50);
    expect(clock.date(0, 1, begin)).toBe(begin - 20);
    expect(clock.date(1, 1, begin + 10_000)).toBe(begin + 9980);
    expect(clock.date(2, 100, begin + 10_000)).toBe(begin + 8000);
  });

  test('are of when they arrive where there is no rate', () => {
    const clock = new ArrivalClock(0);
    expect([clock.date(0, 1, begin), clock.date(1, 5, begin + 7)]).toEqual([begin, begin + 7]);
  });
});
