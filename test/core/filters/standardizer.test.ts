import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { random } from '../../../src/core/random.ts';
import { Standardizer } from '../../../src/core/filters/standardizer.ts';

const noise = (length: number, seed = 1) => {
  const chance = random(seed);
  return Float32Array.from({ length }, () => 40 + 7 * chance.normal());
};

describe('Standardizer', () => {
  test('gives the same bits for any split', () => {
    const x = noise(120);
    const whole = new Standardizer({ channels: 2, frames: 9 }).push(x);
    fc.assert(
      fc.property(fc.array(fc.nat(9)), (cut) => {
        const standardizer = new Standardizer({ channels: 2, frames: 9 });
        const out: number[] = [];
        let at = 0;
        for (const frames of [...cut, 60]) {
          const to = Math.min(120, at + 2 * frames);
          out.push(...standardizer.push(x.subarray(at, to)));
          at = to;
        }
        expect(Float32Array.from(out)).toEqual(whole);
      }),
      { seed: 1, numRuns: 50 },
    );
  });

  test('initially uses the exact mean and standard deviation of all samples so far', () => {
    const x = noise(50);
    const standardizer = new Standardizer({ channels: 1, frames: 1e6 });
    for (let n = 1; n <= x.length; n++) {
      const [z] = standardizer.push(x.subarray(n - 1, n));
      const seen = [...x.subarray(0, n)];
      const mean = seen.reduce((sum, value) => sum + value, 0) / n;
      const standardDeviation = Math.sqrt(seen.reduce((sum, value) => sum + (value - mean) ** 2, 0) / n);
      expect(standardizer.statistics().mean[0]).toBeCloseTo(mean, 10);
      expect(standardizer.statistics().standardDeviation[0]).toBeCloseTo(standardDeviation, 10);
      expect(z).toBeCloseTo(n === 1 ? 0 : (x[n - 1] - mean) / standardDeviation, 5);
    }
  });

  test('later the weight of old samples decays by 1/e per time constant', () => {
    const standardizer = new Standardizer({ channels: 1, frames: 50 });
    standardizer.push(new Float32Array(1000));
    standardizer.push(new Float32Array(50).fill(1));
    expect(standardizer.statistics().mean[0]).toBeCloseTo(1 - Math.exp(-1), 10);
  });

  test('invalid frames and non-finite samples do not change the statistics, separately for each channel', () => {
    const [clean, dirty] = [0, 1].map(() => new Standardizer({ channels: 2, frames: 5 }));
    clean.push(Float32Array.of(1, 2, 3, 5, 4, 7));
    dirty.push(Float32Array.of(1, 2, 900, -900, 3, 5), Uint8Array.of(1, 0, 1));
    dirty.push(Float32Array.of(4, 7));
    expect(dirty.statistics()).toEqual(clean.statistics());
    const before = dirty.statistics();
    const z = dirty.push(Float32Array.of(NaN, 8));
    expect(z[0]).toBeNaN();
    expect(dirty.statistics().mean[0]).toBe(before.mean[0]);
    expect(dirty.statistics().mean[1]).not.toBe(before.mean[1]);
    expect(dirty.push(Float32Array.of(Infinity, 1))[0]).toBeNaN();
  });

  test('a constant channel gives 0, also long after it flatlined at a high level', () => {
    const standardizer = new Standardizer({ channels: 1, frames: 20 });
    expect([...standardizer.push(Float32Array.of(5, 5, 5))]).toEqual([0, 0, 0]);
    standardizer.push(noise(100).map((x) => x + 60_000));
    const flat = standardizer.push(new Float32Array(5000).fill(61_379.36));
    expect(flat.at(-1)).toBe(0);
    expect(Math.max(...flat.subarray(100).map(Math.abs))).toBeLessThan(1);
  });
});
