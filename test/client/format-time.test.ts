import { expect, test } from 'vitest';
import { formatAgo, formatDuration, formatRate, frequencyUnit, lagUnit } from '../../client/format-time.ts';
import { defaultWindow, longestWindow, timeWindows } from '../../client/dashboard/time-windows.ts';

test('durations and rates are formatted in a suitable unit', () => {
  expect([0.012, 1, 45, 300, 7200, 86_400, 604_800].map(formatDuration)).toEqual(
    ['12 ms', '1 s', '45 s', '5 min', '2 h', '24 h', '7 days'], // prettier-ignore
  );
  expect([formatAgo(5, 10), formatAgo(60, 60), formatAgo(1200, 3600), formatAgo(86_400, 604_800)]).toEqual([
    '−5 s',
    '−60 s',
    '−20 min',
    '−1 day',
  ]);
  expect([250, 10, 1, 0.1, 1 / 1800].map(formatRate)).toEqual([
    '250 Hz',
    '10 Hz',
    '1 Hz',
    'every 10 s',
    'every 30 min',
  ]);
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
