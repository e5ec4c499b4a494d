import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { difference, gaussian, gaussianDerivative, movingAverage } from '../../../src/core/designs/smoothing.ts';
import { convolve } from '../../../src/core/reference/convolution.ts';

const { gaussians } = JSON.parse(readFileSync(new URL('../../vectors/firwin.json', import.meta.url), 'utf8')) as {
  gaussians: { sigma: number; w: number[] }[];
};
const factorial = (n: number): number => (n < 2 ? 1 : n * factorial(n - 1));

test('a moving average gives the mean of the last frames', () => {
  expect(Array.from(convolve([3, 6, 9, 12], movingAverage(3), { mode: 'valid' }))).toEqual([6, 9]);
  expect(() => movingAverage(0)).toThrow(new RangeError('taps must be an integer >= 1, got 0'));
});

test('a difference of order n is a difference of order 1 applied n times, newest frame first, and sums to 0', () => {
  expect(Array.from(difference(0))).toEqual([1]);
  expect(Array.from(difference())).toEqual([1, -1]);
  expect(Array.from(difference(3))).toEqual([1, -3, 3, -1]);
  for (let order = 1; order < 20; order++) {
    expect(difference(order)).toEqual(convolve(difference(order - 1), difference()));
    expect(difference(order).reduce((sum, tap) => sum + tap, 0)).toBe(0);
  }
});

test('a Gaussian equals that of scipy.ndimage, in size and to 1e-12, and sums to 1', () => {
  for (const { sigma, w } of gaussians) {
    const ours = gaussian(sigma);
    expect(ours.length).toBe(w.length);
    for (let k = 0; k < w.length; k++) expect(Math.abs(ours[k] - w[k])).toBeLessThan(1e-12);
    expect(ours.reduce((sum, tap) => sum + tap, 0)).toBeCloseTo(1, 14);
  }
});

test('a Gaussian derivative of order n gives 0 for lower polynomials and n! for t^n, with any number of taps', () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 0, max: 4 }),
      fc.integer({ min: 1, max: 40 }),
      fc.option(fc.integer({ min: 0, max: 9 }), { nil: undefined }),
      (order, tenths, more) => {
        const taps = more === undefined ? Math.max(order + 1, 31) : order + 1 + more;
        const w = gaussianDerivative(0.5 + tenths / 10, order, { taps });
        const middle = (taps - 1) / 2;
        for (let power = 0; power <= order; power++) {
          const x = Float64Array.from({ length: taps }, (_, t) => ((t - middle) / 4) ** power);
          const expected = power === order ? factorial(order) / 4 ** order : 0;
          const largest = w.reduce((sum, tap, k) => sum + Math.abs(tap * x[taps - 1 - k]), 1);
          expect(Math.abs(convolve(x, w, { mode: 'valid' })[0] - expected)).toBeLessThan(1e-12 * largest);
        }
      },
    ),
    { seed: 1 },
  );
});

test('on a whole Gaussian it is the sampled derivative', () => {
  const sigma = 4;
  const size = 2 * 24 + 1;
  const bell = gaussian(sigma, { taps: size });
  const u = bell.map((_, k) => k - 24);
  const analytic = [
    bell.map((g, k) => (-u[k] / sigma ** 2) * g),
    bell.map((g, k) => (u[k] ** 2 / sigma ** 4 - 1 / sigma ** 2) * g),
  ];
  analytic.forEach((expected, i) => {
    const ours = gaussianDerivative(sigma, i + 1, { taps: size });
    for (let k = 0; k < size; k++) expect(Math.abs(ours[k] - expected[k])).toBeLessThan(1e-7);
  });
});

test('a derivative needs more taps than its order', () => {
  expect(() => gaussianDerivative(1, 3, { taps: 3 })).toThrow(new RangeError('taps must be an integer >= 4, got 3'));
  expect(() => gaussian(0)).toThrow(new RangeError('sigma must be a number > 0 in frames, got 0'));
});
