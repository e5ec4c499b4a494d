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

describe('a Standardizer is robust', () => {
  const largest = 3.4028234663852886e38;

  test.each([
    ['the largest float32', largest],
    ['a glitch of a million standard deviations', 7e6],
    ['a negative glitch', -7e6],
  ])('one sample of %s moves the statistics by a bounded amount', (_, glitch) => {
    for (const at of [0, 1, 3, 9, 20, 500]) {
      const clean = noise(2000);
      const dirty = clean.slice();
      dirty[at] = glitch;
      const [expected, got] = [clean, dirty].map((x) => {
        const standardizer = new Standardizer({ channels: 1, frames: 200 });
        standardizer.push(x.subarray(0, at + 30));
        const soon = standardizer.statistics();
        standardizer.push(x.subarray(at + 30));
        return { soon, late: standardizer.statistics() };
      });
      const sd = expected.soon.standardDeviation[0];
      expect(Math.abs(got.soon.mean[0] - expected.soon.mean[0]), `at ${at}`).toBeLessThan(sd);
      expect(got.soon.standardDeviation[0] / sd, `at ${at}`).toBeGreaterThan(0.5);
      expect(got.soon.standardDeviation[0] / sd, `at ${at}`).toBeLessThan(2.5);
      expect(got.late.standardDeviation[0] / expected.late.standardDeviation[0], `at ${at}`).toBeCloseTo(1, 1);
    }
  });

  test('adopts a new level within a fraction of the time constant, however far away it is', () => {
    for (const step of [20, 1e3, 1e6, 1e12]) {
      const standardizer = new Standardizer({ channels: 1, frames: 100 });
      standardizer.push(noise(1000));
      const z = standardizer.push(noise(600, 2).map((x) => x + 7 * step));
      expect(z.every((sample) => Math.abs(sample) < 20)).toBe(true);
      const mean = standardizer.statistics().mean[0];
      expect(Math.abs(mean - 40 - 7 * step) / (7 * step)).toBeLessThan(0.01);
    }
  });

  test('equals the plain statistics while no sample is an outlier', () => {
    const x = noise(3000);
    const z = new Standardizer({ channels: 1, frames: 50 }).push(x);
    let [m, v] = [0, 0];
    x.forEach((sample, i) => {
      const w = Math.max(1 / (i + 1), -Math.expm1(-1 / 50));
      const d = sample - m;
      m += w * d;
      v = (1 - w) * (v + w * d * d);
      expect(z[i]).toBe(i === 0 ? 0 : Math.fround((sample - m) / Math.sqrt(v)));
    });
  });

  test('an offset of a million standard deviations costs nothing that float32 input has not lost', () => {
    const offset = 2 ** 20;
    const steps = Float32Array.from(noise(2000), (x) => Math.round(x)); // differences that float32 holds exactly
    const [plain, shifted] = [0, offset].map((level) => {
      return new Standardizer({ channels: 1, frames: 100 }).push(steps.map((x) => x + level));
    });
    plain.forEach((z, i) => expect(shifted[i]).toBeCloseTo(z, 5));
  });

  test('a state saved among outliers is restored bit for bit, and a state from before has no memory of them', () => {
    const x = noise(60);
    x[3] = 1e9;
    x[30] = 1e9;
    x[31] = 1e9;
    for (const at of [2, 5, 10, 31, 32, 40]) {
      const [whole, first] = [0, 1].map(() => new Standardizer({ channels: 1, frames: 20 }));
      const expected = whole.push(x).subarray(at);
      first.push(x.subarray(0, at));
      const second = new Standardizer({ channels: 1, frames: 20 });
      second.restore(first.save());
      expect(second.push(x.subarray(at))).toEqual(expected);
    }
    const { count, mean, variance } = new Standardizer({ channels: 1, frames: 20 }).save();
    expect(() => new Standardizer({ channels: 1, frames: 20 }).restore({ count, mean, variance })).not.toThrow();
  });
});
