import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { CategoricalForecast } from '../../src/core/detector/categorical-forecast.ts';
import { random } from '../../src/core/random.ts';
import { plain, simd } from '../engines.ts';

describe('the forecast kernel', () => {
  test('gives the same bits in SIMD and TypeScript (invariant 8), with any gaps, days, and restarts', () => {
    fc.assert(
      fc.property(fc.nat({ max: 1e6 }), fc.constantFrom(2, 4, 8, 24), (seed, bins) => {
        const chance = random(seed);
        const forecasts = [simd, plain].map((engine) => new CategoricalForecast(bins, engine));
        const [fast, slow] = forecasts;
        for (let t = 0; t < 200; t++) {
          const kind = chance.uniform();
          const missing = kind < 0.05 ? Math.ceil(6 * chance.uniform()) : 0;
          for (const one of forecasts) one.skip(missing);
          if (kind > 0.98) fast.restore(slow.save());
          const edge = kind < 0.1 ? Math.round(chance.uniform()) * (bins - 1) : (bins - 1) * chance.uniform();
          const sample = [edge, chance.uniform() < 0.5 ? -1 : (bins - 1) * chance.uniform(), chance.uniform()] as const;
          const learning = chance.uniform() < 0.9;
          expect(fast.push(...sample, learning)).toBe(slow.push(...sample, learning));
        }
        expect(fast.save()).toEqual(slow.save());
      }),
      { seed: 1, numRuns: 60 },
    );
  });

  test('computes e^l with the bits of Math.exp for all logits that learning can reach, and limits larger ones', () => {
    const chance = random(2);
    const weights = (logit: number) => {
      const all = new Float64Array((5 * 2 + 12 + 2) * 2);
      all[all.length - 1] = logit;
      return all;
    };
    const surpriseOf = (engine: typeof simd, logit: number) => {
      const forecast = new CategoricalForecast(2, engine);
      forecast.restore({ weights: weights(logit), seen: new Float64Array(5).fill(-1) });
      return forecast.push(0, -1, 0, false);
    };
    const logits = Array.from({ length: 3000 }, () => 30 * chance.normal() * chance.uniform() ** 3);
    for (const logit of [
      ...logits,
      0,
      1,
      -1,
      1e-9,
      -1e-9,
      0.34657359,
      0.3465735911,
      -0.3465735911,
      1.0397207708399179,
    ]) {
      const scale = 1 / (1 + Math.exp(logit));
      const [p, after] = [scale, Math.exp(logit) * scale];
      const expected = -Math.log2(0.5 * p + 0.25 * (p + after) + 1e-7);
      for (const engine of [simd, plain]) expect(surpriseOf(engine, logit)).toBe(expected);
    }
    for (const engine of [simd, plain]) expect(surpriseOf(engine, 1e300)).toBe(surpriseOf(engine, 700));
  });

  test('keeps its weights when the memory grows', () => {
    const forecast = new CategoricalForecast(24, simd);
    for (let t = 0; t < 50; t++) forecast.push(t % 23, -1, 0.5, true);
    const before = forecast.save();
    const size = simd.arena.f32.length;
    simd.arena.release(simd.arena.allocate(size), size);
    expect(simd.arena.f32.length).toBeGreaterThan(size);
    expect(forecast.save()).toEqual(before);
  });

  test('rejects an odd number of categories', () => {
    expect(() => new CategoricalForecast(7, simd)).toThrow('bins must be even, got 7');
  });
});
