import fc from 'fast-check';
import { expect, test } from 'vitest';
import { orderOf } from '../../../src/formats/time/time-order.ts';

const begin = Date.UTC(2026, 0, 30);
const regular = (rows: number, step = 1000) => Float64Array.from({ length: rows }, (_, row) => begin + row * step);

test('one or two rows whose times the next rows contradict are wild, wherever they are', () => {
  const offset = fc.oneof(
    fc.integer({ min: 60_000, max: 1e12 }),
    fc.integer({ min: -1e12, max: -60_000 }),
    fc.constant(-begin),
  );
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 35 }), fc.integer({ min: 1, max: 2 }), offset, (row, count, off) => {
      const times = regular(40);
      const rows = Array.from({ length: count }, (_, i) => row + i);
      for (const each of rows) times[each] += off;
      expect(orderOf(times)).toEqual({ wild: rows, segments: [] });
    }),
    { seed: 1, numRuns: 300 },
  );
});

test('first rows from before the clock was set are wild if there are at most two, else a segment', () => {
  for (const count of [1, 2, 3]) {
    const times = regular(40);
    for (let row = 0; row < count; row++) times[row] = row * 1000;
    const early = Array.from({ length: count }, (_, row) => row);
    expect(orderOf(times)).toEqual(count < 3 ? { wild: early, segments: [] } : { wild: [], segments: [3] });
  }
});

test('a pause is a gap up to the limit and starts a segment beyond it', () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 37 }), fc.integer({ min: 1, max: 1e6 }), (row, seconds) => {
      const times = regular(40).map((time, i) => time + (i >= row ? seconds * 1000 : 0));
      expect(orderOf(times, { maxGap: 3_600_000 }).segments).toEqual(seconds + 1 > 3600 ? [row] : []);
      expect(orderOf(times).segments).toEqual(seconds + 1 > 86_400 ? [row] : []);
    }),
    { seed: 2, numRuns: 300 },
  );
});

test('a clock that is set back is found at its first row', () => {
  fc.assert(
    fc.property(fc.integer({ min: 4, max: 36 }), fc.integer({ min: 2, max: 1e6 }), (row, seconds) => {
      const times = regular(40).map((time, i) => time - (i >= row ? seconds * 1000 : 0));
      expect(orderOf(times).back).toBe(row);
    }),
    { seed: 3, numRuns: 300 },
  );
});

test.each([
  ['descending', [3, 2, 1, 0], 1],
  ['written by two processes', [0, 20, 10, 30, 50, 40], 2],
])('rows that are %s go back', (_, seconds, back) => {
  expect(orderOf(Float64Array.from(seconds, (second) => second * 1000)).back).toBe(back);
});

test('times that repeat or cannot be read do not go back', () => {
  expect(orderOf(Float64Array.of(0, 0, 0, 1, 1, 1, 2, 2, 2))).toEqual({ wild: [], segments: [] });
  expect(orderOf(Float64Array.of(0, NaN, 2, NaN, NaN, 5))).toEqual({ wild: [], segments: [] });
});
