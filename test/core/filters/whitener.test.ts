import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { inverseRoot, Whitener } from '../../../src/core/filters/whitener.ts';
import { random } from '../../../src/core/random.ts';

/** Frames of correlated channels with a mean of about 40 and very different scales. */
function mixed(frames: number, channels: number, seed = 1): Float32Array {
  const chance = random(seed);
  const mix = Array.from({ length: channels }, () => Array.from({ length: channels }, () => chance.normal()));
  return Float32Array.from(
    Array.from({ length: frames }, () => Array.from({ length: channels }, () => chance.normal())).flatMap((source) =>
      mix.map((row, c) => 40 + 10 ** (c - 1) * row.reduce((sum, weight, k) => sum + weight * source[k], 0)),
    ),
  );
}

function covariance(z: Float32Array, channels: number): number[][] {
  const frames = z.length / channels;
  return Array.from({ length: channels }, (_, i) =>
    Array.from({ length: channels }, (_, j) => {
      let sum = 0;
      for (let t = 0; t < frames; t++) sum += z[t * channels + i] * z[t * channels + j];
      return sum / frames;
    }),
  );
}

/** a b, both [n, n]. */
function product(a: Float64Array, b: Float64Array, n: number): Float64Array {
  return a.map((_, at) => {
    let sum = 0;
    for (let k = 0; k < n; k++) sum += a[Math.floor(at / n) * n + k] * b[k * n + (at % n)];
    return sum;
  });
}

describe('inverseRoot', () => {
  test('S A S = 1 for any symmetric A > 0, and S is symmetric', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 9 }), fc.nat(1000), (n, seed) => {
        const chance = random(seed);
        const half = Float64Array.from({ length: n * n }, () => chance.normal());
        const transposed = half.map((_, at) => half[(at % n) * n + Math.floor(at / n)]);
        const a = product(half, transposed, n).map((sum, at) => sum + (at % (n + 1) === 0 ? 0.1 : 0));
        const s = inverseRoot(a, n);
        product(product(s, a, n), s, n).forEach((entry, at) => {
          expect(entry).toBeCloseTo(at % (n + 1) === 0 ? 1 : 0, 9);
        });
        s.forEach((entry, at) => expect(entry).toBe(s[(at % n) * n + Math.floor(at / n)]));
      }),
      { seed: 1, numRuns: 60 },
    );
  });

  test('ignores directions without variance', () => {
    expect([...inverseRoot(Float64Array.of(4, 0, 0, 0), 2)]).toEqual([0.5, 0, 0, 0]);
    expect([...inverseRoot(new Float64Array(9), 3)]).toEqual(Array(9).fill(0));
    inverseRoot(Float64Array.of(1, 1, 1, 1), 2).forEach((entry) => {
      expect(entry).toBeCloseTo(Math.SQRT1_2 / 2, 12);
    });
  });
});

describe('Whitener', () => {
  test('gives the same bits for any split and after a restart', () => {
    const x = mixed(60, 3);
    const whole = new Whitener({ channels: 3, frames: 9 }).push(x);
    fc.assert(
      fc.property(fc.array(fc.nat(9)), (cut) => {
        let whitener = new Whitener({ channels: 3, frames: 9 });
        const out: number[] = [];
        let at = 0;
        for (const frames of [...cut, 60]) {
          const to = Math.min(180, at + 3 * frames);
          out.push(...whitener.push(x.subarray(at, to)));
          at = to;
          const state = whitener.save();
          whitener = new Whitener({ channels: 3, frames: 9 });
          whitener.restore(state);
        }
        expect(Float32Array.from(out)).toEqual(whole);
      }),
      { seed: 1, numRuns: 50 },
    );
  });

  test('decorrelates channels and scales them to standard deviation 1, for any correlation and scale', () => {
    const z = new Whitener({ channels: 4, frames: 1e5 }).push(mixed(20_000, 4)).subarray(4 * 2000);
    for (const [i, row] of covariance(z, 4).entries())
      for (const [j, entry] of row.entries()) expect(Math.abs(entry - (i === j ? 1 : 0))).toBeLessThan(0.05);
  });

  test('standardizes a single channel', () => {
    const z = new Whitener({ channels: 1, frames: 1000 }).push(Float32Array.of(5, 7, 6, 1000));
    expect([...z.subarray(0, 3)]).toEqual([0, 1, 0]);
    expect(z[3]).toBeCloseTo(Math.sqrt(3), 4);
  });

  test('invalid frames and frames with a non-finite sample do not change the statistics', () => {
    const x = mixed(50, 2);
    const [clean, dirty] = [0, 1].map(() => new Whitener({ channels: 2, frames: 20 }));
    clean.push(x);
    dirty.push(x.subarray(0, 60));
    dirty.push(Float32Array.of(900, -900), Uint8Array.of(0));
    expect([...dirty.push(Float32Array.of(3, NaN, Infinity, 3))]).toEqual([NaN, NaN, NaN, NaN]);
    dirty.push(x.subarray(60));
    expect(dirty.save()).toEqual(clean.save());
  });

  test('a constant channel gives 0, and so does the mean of channels that sum to 0', () => {
    const x = mixed(400, 3).map((sample, i) => (i % 3 === 2 ? 12 : sample));
    const z = new Whitener({ channels: 3, frames: 100 }).push(x);
    expect(z.filter((_, i) => i % 3 === 2).every((sample) => sample === 0)).toBe(true);
    const referenced = Float32Array.from({ length: 900 }, (_, i) => {
      const frame = x.subarray(3 * Math.floor(i / 3), 3 * Math.floor(i / 3) + 2);
      return [frame[0], frame[1], -frame[0] - frame[1]][i % 3];
    });
    const whitened = new Whitener({ channels: 3, frames: 100 }).push(referenced);
    expect(Math.max(...whitened.map(Math.abs))).toBeLessThan(10);
  });

  test('rejects arguments that do not fit, with an error message', () => {
    expect(() => new Whitener({ channels: 0, frames: 9 })).toThrow('channels must be an integer >= 1, got 0');
    expect(() => new Whitener({ channels: 1, frames: 0 })).toThrow('frames must be a number > 0, got 0');
    expect(() => new Whitener({ channels: 2, frames: 9 }).push(new Float32Array(3))).toThrow(
      'x.length must be a multiple of the 2 channels, got 3',
    );
  });
});
