import { expect, test } from 'vitest';
import { slopeOf } from '../../../src/cli/stress/slope.ts';
import { random } from '../../../src/core/random.ts';

test('is that of a line, with an interval of length 0', () => {
  const times = Array.from({ length: 50 }, (_, n) => n / 10);
  const { slope, low, high } = slopeOf(
    times,
    times.map((time) => 3 - 2 * time),
  );
  for (const each of [slope, low, high]) expect(each).toBeCloseTo(-2, 9);
});

test('has no finite interval for fewer than 20 values', () => {
  expect(slopeOf([0, 1, 2], [1, 2, 3])).toEqual({ slope: 1, low: -Infinity, high: Infinity });
});

/** Share of 1000 series of noise in which the interval contains the slope, 5. */
function coverage(n: number, correlation: number): number {
  const source = random(n);
  let covered = 0;
  for (let run = 0; run < 1000; run++) {
    let noise = source.normal() / Math.sqrt(1 - correlation ** 2);
    const values = Array.from({ length: n }, (_, i) => {
      noise = correlation * noise + source.normal();
      return 5 * i + noise;
    });
    const times = values.map((_, i) => i);
    const { low, high } = slopeOf(times, values);
    if (low <= 5 && 5 <= high) covered++;
  }
  return covered / 1000;
}

test.each([
  [60, 0, 0.93],
  [400, 0, 0.93],
  [400, 0.5, 0.92],
  [400, 0.9, 0.85],
  [1350, 0.9, 0.9],
])('of %i values with correlation %d contains the true slope in at least %d of all series', (n, correlation, share) => {
  const found = coverage(n, correlation);
  expect(found).toBeGreaterThanOrEqual(share);
  expect(found).toBeLessThan(0.99);
});
