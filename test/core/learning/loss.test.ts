import fc from 'fast-check';
import { expect, test } from 'vitest';
import { lossOf, type LossSpec } from '../../../src/core/learning/loss.ts';

const specs: LossSpec[] = [
  'squared',
  'absolute',
  'huber',
  { type: 'huber', delta: 0.3 },
  { type: 'quantile', quantile: 0.9 },
  'softmax',
  'sigmoid',
];

test.each(specs)('the gradient of %j equals the finite difference of its loss', (spec) => {
  const loss = lossOf(spec);
  const number = fc.double({ min: -4, max: 4, noNaN: true });
  const target = fc.double({ min: 0.05, max: 1, noNaN: true });
  const law = (y: number[], d: number[]) => {
    // away from the corner of |e|
    fc.pre(y.every((value, c) => Math.abs(value - d[c]) > 0.01));
    const [expected, gradient, unused] = [0, 1, 2].map(() => new Float32Array(3));
    const measure = (at: number[]) => loss.measure(at, 0, d, 0, expected, unused);
    loss.measure(y, 0, d, 0, expected, gradient);
    for (let c = 0; c < 3; c++) {
      const near = (step: number) => measure(y.map((value, i) => (i === c ? value + step : value)));
      expect(gradient[c]).toBeCloseTo((near(1e-3) - near(-1e-3)) / 2e-3, 2);
    }
  };
  const three = { minLength: 3, maxLength: 3 };
  fc.assert(fc.property(fc.array(number, three), fc.array(target, three), law), { seed: 3, numRuns: 100 });
});

test('cross-entropies follow the formulas, however confident the outputs are', () => {
  const [expected, gradient] = [new Float32Array(2), new Float32Array(2)];
  expect(lossOf('softmax').measure([1, 3], 0, [0, 1], 0, expected, gradient)).toBeCloseTo(
    Math.log(1 + Math.exp(-2)),
    6,
  );
  expect([...expected].map((p) => +p.toFixed(5))).toEqual([0.1192, 0.8808]);
  expect(lossOf('sigmoid').measure([0, 2], 0, [1, 0], 0, expected, gradient)).toBeCloseTo(Math.LN2 + 2.126928, 5);
  for (const name of ['softmax', 'sigmoid'] as const)
    expect(lossOf(name).measure([900, -900], 0, [1, 0], 0, expected, gradient)).toBeLessThan(1e-100);
});

test.each([
  ['hinge', "loss.type must be one of squared, absolute, huber, quantile, softmax, sigmoid, got 'hinge'"],
  [{ type: 'quantile', quantile: 1 }, 'loss.quantile must be a number > 0 and < 1, got 1'],
  [{ type: 'huber', delta: 0 }, 'loss.delta must be a number > 0, got 0'],
])('%j is rejected with an error message', (spec, message) => {
  expect(() => lossOf(spec as LossSpec)).toThrow(message);
});
