import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { autocorrelation, convolve, correlate, type ConvolutionMode } from '../../../src/core/reference/convolution.ts';

interface Array1 {
  data: number[];
}
interface Case {
  x: Array1;
  kernel: Array1;
  convolve: Record<ConvolutionMode, Array1>;
  correlate: Record<ConvolutionMode, Array1>;
  valid_stride_2: Array1;
  valid_stride_3: Array1;
}

const { cases } = JSON.parse(readFileSync(new URL('../../vectors/article.json', import.meta.url), 'utf8')) as {
  cases: Case[];
};
const modes = ['full', 'same', 'valid'] as const;
const signal = fc.array(fc.integer({ min: -9, max: 9 }), { minLength: 1, maxLength: 12 });
const anyMode = fc.constantFrom(...modes);
const close = (a: ArrayLike<number>, b: ArrayLike<number>): void => {
  expect(a.length).toBe(b.length);
  for (let i = 0; i < a.length; i++) expect(Math.abs(a[i] - b[i])).toBeLessThan(1e-9);
};
const reversed = (a: ArrayLike<number>): number[] => Array.from(a).reverse();

describe('invariants', () => {
  test('an impulse reproduces the kernel, tap by tap', () => {
    fc.assert(
      fc.property(signal, (w) => {
        expect(Array.from(convolve([1], w))).toEqual(w);
      }),
      { seed: 1 },
    );
  });

  test('convolution is commutative', () => {
    fc.assert(
      fc.property(signal, signal, anyMode, (x, w, mode) => {
        expect(convolve(x, w, { mode })).toEqual(convolve(w, x, { mode }));
      }),
      { seed: 2 },
    );
  });

  test('correlation is convolution with the reversed kernel', () => {
    fc.assert(
      fc.property(signal, signal, (x, w) => {
        expect(correlate(x, w, { mode: 'full' })).toEqual(convolve(x, reversed(w)));
        expect(correlate(x, w)).toEqual(convolve(x, reversed(w), { mode: 'valid' }));
      }),
      { seed: 3 },
    );
  });

  test('correlating the kernel with the recording gives the reversed result', () => {
    fc.assert(
      fc.property(signal, signal, anyMode, (x, w, mode) => {
        fc.pre(x.length !== w.length || mode !== 'same');
        expect(reversed(correlate(w, x, { mode }))).toEqual(Array.from(correlate(x, w, { mode })));
      }),
      { seed: 4 },
    );
  });

  test('stride S gives every S-th output of stride 1', () => {
    fc.assert(
      fc.property(signal, signal, anyMode, fc.integer({ min: 1, max: 5 }), (x, w, mode, stride) => {
        for (const operation of [convolve, correlate]) {
          const every = operation(x, w, { mode });
          expect(operation(x, w, { mode, stride })).toEqual(every.filter((_, i) => i % stride === 0));
        }
      }),
      { seed: 5 },
    );
  });

  test('convolution is linear', () => {
    fc.assert(
      fc.property(signal, signal, fc.integer({ min: -5, max: 5 }), (x, w, a) => {
        const scaled = x.map((v, i) => a * v + i);
        const ramp = convolve(
          x.map((_, i) => i),
          w,
        );
        expect(Array.from(convolve(scaled, w), (v) => v + 0)).toEqual(
          Array.from(convolve(x, w), (v, i) => a * v + ramp[i] + 0),
        );
      }),
      { seed: 6 },
    );
  });

  test('autocorrelation is the second half of a recording correlated with itself', () => {
    fc.assert(
      fc.property(signal, (x) => {
        const r = autocorrelation(x);
        expect(r).toEqual(correlate(x, x, { mode: 'full' }).slice(x.length - 1));
        expect(autocorrelation(x, { lags: 0 })).toEqual(r.slice(0, 1));
      }),
      { seed: 7 },
    );
  });
});

describe('numpy', () => {
  test.each(cases.map((c) => [c.x.data.length, c.kernel.data.length, c] as const))(
    'gives the same for %i samples and %i taps, in every mode, to 1e-9',
    (_samples, _taps, { x, kernel, ...expected }) => {
      for (const mode of modes) {
        close(convolve(x.data, kernel.data, { mode }), expected.convolve[mode].data);
        close(correlate(x.data, kernel.data, { mode }), expected.correlate[mode].data);
      }
      close(convolve(x.data, kernel.data), expected.convolve.full.data);
      close(correlate(x.data, kernel.data), expected.correlate.valid.data);
      if (kernel.data.length > x.data.length) return;
      close(convolve(x.data, kernel.data, { mode: 'valid', stride: 2 }), expected.valid_stride_2.data);
      close(convolve(x.data, kernel.data, { mode: 'valid', stride: 3 }), expected.valid_stride_3.data);
    },
  );
});

describe('errors', () => {
  test('name the argument, the rule and the value', () => {
    expect(() => convolve([], [1])).toThrow(new RangeError('x must be an array of at least one number, got []'));
    expect(() => correlate([1], [])).toThrow(new RangeError('w must be an array of at least one number, got []'));
    expect(() => convolve([1], [1], { stride: 0 })).toThrow(new RangeError('stride must be an integer >= 1, got 0'));
    expect(() => convolve([1], [1], { mode: 'sane' as 'same' })).toThrow(
      new TypeError("mode must be one of full, same, valid, got 'sane'"),
    );
    expect(() => convolve('abc' as unknown as number[], [1])).toThrow(
      new TypeError("x must be an array of numbers, got 'abc'"),
    );
    expect(() => autocorrelation([1, 2], { lags: 2 })).toThrow(new RangeError('lags must be an integer <= 1, got 2'));
  });
});
