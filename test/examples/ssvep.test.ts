import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { canonicalCorrelation, harmonicsOf, orthonormal } from '../../examples/ssvep/cca.ts';
import { dot, eigen, maximizeRatio } from '../../examples/ssvep/symmetric.ts';
import { transferRate } from '../../examples/ssvep/transfer-rate.ts';
import { example, trca } from '../../examples/ssvep/trca.ts';
import { random } from '../../src/core/random.ts';

const times = (matrix: readonly Float64Array[], v: Float64Array) => Float64Array.from(matrix, (row) => dot(row, v));
const rows = (n: number, length: number) =>
  fc.integer().map((seed) => {
    const chance = random(seed);
    return Array.from({ length: n }, () => Float64Array.from({ length }, () => chance.normal()));
  });
/** A symmetric matrix without negative eigenvalues, of rank min(n, length). */
const gram = (x: readonly Float64Array[]) => x.map((a) => Float64Array.from(x, (b) => dot(a, b)));
const size = fc.integer({ min: 1, max: 10 });

describe('eigen', () => {
  test('the vectors are orthonormal, A v = λ v, and the values are in descending order', () => {
    const symmetric = size.chain((n) => rows(n, n).map((x) => x.map((row, i) => row.map((_, j) => x[i][j] + x[j][i]))));
    fc.assert(
      fc.property(symmetric, (a) => {
        const { values, vectors } = eigen(a);
        for (const [i, v] of vectors.entries()) {
          times(a, v).forEach((each, k) => expect(each).toBeCloseTo(values[i] * v[k], 9));
          vectors.forEach((other, j) => expect(dot(v, other)).toBeCloseTo(i === j ? 1 : 0, 9));
          if (i > 0) expect(values[i]).toBeLessThanOrEqual(values[i - 1]);
        }
      }),
      { seed: 1 },
    );
  });

  test('a known case: the second difference of n samples has the eigenvalues 2 - 2 cos(π k / (n + 1))', () => {
    const n = 8;
    const difference = Array.from({ length: n }, (_, i) =>
      Float64Array.from({ length: n }, (_, j) => (i === j ? 2 : Math.abs(i - j) === 1 ? -1 : 0)),
    );
    eigen(difference).values.forEach((value, i) =>
      expect(value).toBeCloseTo(2 - 2 * Math.cos((Math.PI * (n - i)) / (n + 1)), 12),
    );
  });

  test('equal eigenvalues and a matrix of zeros', () => {
    const identity = [0, 1, 2].map((i) => Float64Array.from([0, 1, 2], (j) => (i === j ? 1 : 0)));
    expect([...eigen(identity).values]).toEqual([1, 1, 1]);
    expect([...eigen(identity.map((row) => row.fill(0))).values]).toEqual([0, 0, 0]);
  });
});

test('no vector has a larger ratio than that of maximizeRatio', () => {
  const ratio = (s: Float64Array[], q: Float64Array[], w: Float64Array) => dot(w, times(s, w)) / dot(w, times(q, w));
  const problem = size.chain((n) => fc.tuple(rows(n, n + 2), rows(n, n + 2), rows(20, n)));
  fc.assert(
    fc.property(problem, ([a, b, others]) => {
      const [s, q] = [gram(a), gram(b)];
      const w = maximizeRatio(s, q);
      expect(dot(w, times(q, w))).toBeCloseTo(1, 6);
      for (const other of others) expect(ratio(s, q, other)).toBeLessThanOrEqual(ratio(s, q, w) * (1 + 1e-6));
    }),
    { seed: 1 },
  );
});

describe('canonicalCorrelation', () => {
  test('does not change if the channels are mixed, and is 1 for channels that contain the wave', () => {
    const problem = fc.tuple(rows(4, 100), rows(4, 4));
    const wave = orthonormal(harmonicsOf(13, 2, 100, 256));
    fc.assert(
      fc.property(problem, ([x, mixing]) => {
        fc.pre(eigen(gram(mixing)).values[3] > 0.01);
        const mixed = mixing.map((row) =>
          x[0].map((_, t) => x.reduce((sum, channel, c) => sum + row[c] * channel[t], 0)),
        );
        const correlation = canonicalCorrelation(orthonormal(x), wave);
        expect(correlation).toBeGreaterThan(0);
        expect(correlation).toBeLessThan(1);
        expect(canonicalCorrelation(orthonormal(mixed), wave)).toBeCloseTo(correlation, 6);
        const withWave = [...x, x[0].map((each, t) => each + wave[1][t])];
        expect(canonicalCorrelation(orthonormal(withWave), wave)).toBeCloseTo(1, 6);
      }),
      { seed: 1 },
    );
  });

  test('ignores a channel that repeats another', () => {
    const wave = orthonormal(harmonicsOf(13, 1, 100, 256));
    fc.assert(
      fc.property(rows(3, 100), (x) => {
        const repeated = orthonormal([...x, x[0].map((each) => -2 * each)]);
        expect(repeated).toHaveLength(3);
        expect(canonicalCorrelation(repeated, wave)).toBeCloseTo(canonicalCorrelation(orthonormal(x), wave), 12);
      }),
      { seed: 1 },
    );
  });
});

describe('trca', () => {
  /** Six trials of each of two waves, in channel 0 only, among stronger noise that all channels share. */
  const drawn = (seed: number) => {
    const chance = random(seed);
    const trial = (hz: number) => {
      const shared = Float64Array.from({ length: 200 }, () => 3 * chance.normal());
      return [1, -1, 0.5].map((gain, c) =>
        shared.map(
          (each, t) => gain * each + 0.3 * chance.normal() + (c === 0 ? Math.sin((2 * Math.PI * hz * t) / 100) : 0),
        ),
      );
    };
    return [7, 9].map((hz) => Array.from({ length: 6 }, () => example([trial(hz)])));
  };

  test.each([true, false])('finds a wave that repeats among noise that does not (ensemble: %s)', (ensemble) => {
    const chosen = Array.from({ length: 20 }, (_, seed) => {
      const trials = drawn(seed);
      const score = trca(
        trials.map((each) => each.slice(1)),
        { ensemble },
      );
      return trials.map(([test], light) => score(test, light) > score(test, 1 - light));
    });
    expect(chosen.flat().filter((right) => right).length).toBeGreaterThanOrEqual(38);
  });
});

describe('transferRate', () => {
  test('known values: 1 bit for two choices, log2 N for N, 0 at the chance level and below', () => {
    expect(transferRate(1, 2, 60)).toBe(1);
    expect(transferRate(1, 4, 3)).toBe(40);
    expect(transferRate(0.9, 4, 60)).toBeCloseTo(1.3725, 4);
    expect([0, 0.1, 0.25].map((accuracy) => transferRate(accuracy, 4, 1))).toEqual([0, 0, 0]);
  });

  test('equals the mutual information of a symmetric channel and increases with the accuracy', () => {
    fc.assert(
      fc.property(fc.integer({ min: 2, max: 40 }), fc.double({ min: 0.001, max: 1, noNaN: true }), (choices, above) => {
        const accuracy = 1 / choices + above * (1 - 1 / choices);
        const errors = Array<number>(choices - 1).fill((1 - accuracy) / (choices - 1));
        const entropy = [accuracy, ...errors].reduce((sum, p) => (p > 0 ? sum - p * Math.log2(p) : sum), 0);
        expect(transferRate(accuracy, choices, 60)).toBeCloseTo(Math.log2(choices) - entropy, 9);
        expect(transferRate(accuracy, choices, 60)).toBeGreaterThan(
          transferRate(accuracy - above / choices / 2, choices, 60),
        );
      }),
      { seed: 1 },
    );
  });
});
