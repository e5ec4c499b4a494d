import fc from 'fast-check';
import { expect, test } from 'vitest';
import { roundTimes } from '../../client/clock-axis.ts';
import {
  formatClock,
  formatDuration,
  formatRate,
  frequencyUnit,
  lagUnit,
  timeSteps,
} from '../../client/format-time.ts';
import { defaultWindow, longestWindow, timeWindows } from '../../client/dashboard/time-windows.ts';

test('durations and rates are formatted in a suitable unit', () => {
  expect([0.012, 1, 45, 300, 7200, 86_400, 604_800].map(formatDuration)).toEqual(
    ['12 ms', '1 s', '45 s', '5 min', '2 h', '24 h', '7 days'], // prettier-ignore
  );
  expect([250, 10, 1, 0.1, 1 / 1800].map(formatRate)).toEqual([
    '250 Hz',
    '10 Hz',
    '1 Hz',
    'every 10 s',
    'every 30 min',
  ]);
});

test('times are formatted as precisely as the ticks of an axis need', () => {
  const time = new Date(2026, 4, 4, 18, 38, 12, 500).getTime();
  expect([0.5, 1, 60, 3600, 86_400, 2_592_000].map((step) => formatClock(time, step))).toEqual(
    ['18:38:12.5', '18:38:12', '18:38', '18:38', 'May 4', 'May 2026'], // prettier-ignore
  );
  expect(formatClock(new Date(2026, 4, 4).getTime(), 3600)).toBe('May 4');
});

test('the ticks of a time axis are at round times of day, and stay there as time passes', () => {
  const end = new Date(2026, 4, 4, 18, 38, 12, 500).getTime();
  expect(roundTimes(end, -10, 0, 5).map((x) => formatClock(end + 1000 * x, 5))).toEqual(['18:38:05', '18:38:10']);
  const hours = roundTimes(end, -86_400, 0, 21_600).map((x) => formatClock(end + 1000 * x, 21_600));
  expect(hours).toEqual(['May 4', '06:00', '12:00', '18:00']);
  expect(roundTimes(NaN, -10, 0, 1)).toEqual([]);
  fc.assert(
    fc.property(fc.constantFrom(...timeSteps), fc.nat(1e6), (step, later) => {
      const at = (now: number) => roundTimes(now, -6 * step, 0, step).map((x) => Math.round(now + 1000 * x));
      const kept = new Set(at(end + later));
      const common = at(end).filter((time) => time > end + later - 6000 * step + 1);
      for (const time of common) expect(kept).toContain(time);
    }),
    { seed: 21, numRuns: 200 },
  );
});

test('lags and frequencies of a kernel have units that give small numbers', () => {
  expect([0.256, 160, 28_800].map((lag) => lagUnit(lag).name)).toEqual(['ms', 'min', 'h']);
  expect([250, 0.1, 1 / 1800].map((rate) => frequencyUnit(rate).name)).toEqual(['Hz', '/min', '/day']);
});

test('time windows depend on the rate: seconds for fast streams, minutes to days for slow ones', () => {
  expect(timeWindows(250)).toEqual([1, 2, 5, 10, 20, 30, 60]);
  expect([250, 10, 0, 1, 0.1, 1 / 1800, 1 / 86_400].map(defaultWindow)).toEqual(
    [10, 10, 10, 120, 1800, 604_800, 31_536_000], // prettier-ignore
  );
  for (const rate of [1e6, 1000, 10, 0.1, 1e-6]) {
    expect(timeWindows(rate)).toContain(defaultWindow(rate));
    expect(defaultWindow(rate)).toBeLessThanOrEqual(longestWindow(rate));
  }
});
