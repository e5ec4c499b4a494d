import { expect } from 'vitest';

/** Asserts equal lengths and an error of at most `tolerance` times the largest magnitude expected. */
export function expectClose(actual: ArrayLike<number>, expected: ArrayLike<number>, tolerance: number): void {
  expect(actual.length).toBe(expected.length);
  let largest = 0;
  let worst = 0;
  for (let i = 0; i < expected.length; i++) {
    largest = Math.max(largest, Math.abs(expected[i]));
    const error = Math.abs(actual[i] - expected[i]);
    worst = Math.max(worst, Number.isNaN(error) ? Infinity : error);
  }
  expect(worst).toBeLessThanOrEqual(tolerance * Math.max(largest, Number.MIN_VALUE));
}
