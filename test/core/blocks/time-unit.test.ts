import fc from 'fast-check';
import { expect, test } from 'vitest';
import { fromMs, timeUnits, toMs, unitByProgress, unitBySize } from '../../../src/core/blocks/time-unit.ts';

const dates = fc.integer({ min: Date.UTC(1974, 0), max: Date.UTC(2100, 0) });
const units = fc.constantFrom(...timeUnits);

test('a time since 1970 in any unit is recognized by its size, and converted', () => {
  fc.assert(
    fc.property(dates, units, (ms, unit) => {
      const stamp = fromMs(ms, unit);
      expect(unitBySize(stamp)).toBe(unit);
      expect(toMs(stamp, unit)).toBeCloseTo(ms, 2);
    }),
    { seed: 1 },
  );
});

test('a small number is not a time since 1970', () => {
  for (const stamp of [0, 12345.678, 99_999_999, -5]) expect(unitBySize(stamp)).toBeUndefined();
});

test('the unit of any clock follows from its progress', () => {
  fc.assert(
    fc.property(
      units,
      fc.double({ min: 1e-3, max: 1e5, noNaN: true }),
      fc.double({ min: 0.6, max: 1.9, noNaN: true }),
      (unit, s, speed) => {
        expect(unitByProgress(fromMs(s * 1000 * speed, unit), s, { slowest: 0.5, fastest: 2 })).toBe(unit);
      },
    ),
    { seed: 2 },
  );
  expect(unitByProgress(30, 1, { slowest: 0.5, fastest: 2 })).toBeUndefined();
});
