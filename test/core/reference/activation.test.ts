import { expect, test } from 'vitest';
import { normalCdf, normalPdf } from '../../../src/core/reference/activation.ts';

test('Φ and φ equal tabulated values, including the tails', () => {
  const phi = { '-10': 7.61985302416047e-24, '-5': 2.866515718791939e-7, '-3': 0.0013498980316300946 };
  for (const [x, expected] of Object.entries(phi)) {
    expect(normalCdf(Number(x)) / expected).toBeCloseTo(1, 10);
    expect(normalCdf(-Number(x))).toBeCloseTo(1 - expected, 14);
  }
  expect(normalCdf(1)).toBeCloseTo(0.8413447460685429, 14);
  expect([normalCdf(0), normalCdf(-40), normalCdf(40), normalCdf(NaN)]).toEqual([0.5, 0, 1, NaN]);
  expect(normalPdf(1)).toBeCloseTo(0.24197072451914337, 15);
});

test('φ is the derivative of Φ, also where its two formulas meet', () => {
  for (const x of [-6, -4.001, -4, -3.999, -1, 0, 0.5, 3.9999, 4, 4.5])
    expect((normalCdf(x + 1e-4) - normalCdf(x - 1e-4)) / 2e-4).toBeCloseTo(normalPdf(x), 8);
});
