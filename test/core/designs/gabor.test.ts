import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { eegBands, eegBank } from '../../../src/core/designs/eeg-bank.ts';
import { gabor } from '../../../src/core/designs/gabor.ts';
import { convolve } from '../../../src/core/reference/convolution.ts';

/** Returns H(hz) of a kernel, relative to its center. */
const response = (w: Float64Array, hz: number, rate: number): [re: number, im: number] => {
  let [re, im] = [0, 0];
  w.forEach((tap, k) => {
    const angle = (2 * Math.PI * hz * (k - (w.length - 1) / 2)) / rate;
    re += tap * Math.cos(angle);
    im -= tap * Math.sin(angle);
  });
  return [re, im];
};
const plainSum = (w: ArrayLike<number>): number => Array.from(w).reduce((sum, tap) => sum + tap, 0);
const float32Sum = (w: ArrayLike<number>): number => Array.from(w).reduce((sum, tap) => Math.fround(sum + tap), 0);
/** Sums in the network's order: oldest tap first, in four partial sums. */
const fourPartialSums = (w: ArrayLike<number>): number => {
  const s = new Float32Array(4);
  for (let j = 0; j < w.length; j++) s[j % 4] += w[w.length - 1 - j];
  return Math.fround(Math.fround(s[0] + s[1]) + Math.fround(s[2] + s[3]));
};

const anyPair = fc
  .record({
    rate: fc.integer({ min: 20, max: 2000 }),
    center: fc.integer({ min: 4, max: 45 }),
    octaves: fc.integer({ min: 3, max: 10 }),
    even: fc.boolean(),
  })
  .map(({ rate, center, octaves, even }) => {
    const centerHz = (center / 100) * rate;
    const bandwidthHz = (centerHz * octaves) / 10;
    const { cos } = gabor(centerHz, { rate, bandwidthHz });
    return { rate, centerHz, bandwidthHz, taps: cos.length + (even ? 1 : 0) };
  });

describe('a Gabor pair', () => {
  test('sums to exactly 0: in float32, in double precision, in order and in four partial sums', () => {
    fc.assert(
      fc.property(anyPair, ({ centerHz, ...options }) => {
        for (const w of Object.values(gabor(centerHz, options) as unknown as Record<string, Float64Array>)) {
          const stored = Float32Array.from(w);
          expect(Float64Array.from(stored)).toEqual(w);
          expect([plainSum(stored), float32Sum(stored), fourPartialSums(stored)].map(Math.abs)).toEqual([0, 0, 0]);
        }
      }),
      { seed: 1 },
    );
  });

  test('has gain 1 at its center frequency and a phase difference of a quarter period', () => {
    fc.assert(
      fc.property(anyPair, ({ centerHz, ...options }) => {
        const { cos, sin } = gabor(centerHz, options);
        const [cosRe, cosIm] = response(cos, centerHz, options.rate);
        const [sinRe, sinIm] = response(sin, centerHz, options.rate);
        expect(Math.abs(cosRe - 1)).toBeLessThan(1e-5);
        expect(Math.abs(cosIm)).toBeLessThan(1e-5);
        expect(Math.abs(sinRe)).toBeLessThan(1e-5);
        expect(Math.abs(sinIm + 1)).toBeLessThan(1e-5);
      }),
      { seed: 2 },
    );
  });

  test('has gain 0.5 at the edges of its bandwidth', () => {
    const { cos, sin } = gabor(20, { rate: 250, bandwidthHz: 10 });
    for (const w of [cos, sin]) {
      for (const hz of [15, 25]) expect(Math.abs(Math.hypot(...response(w, hz, 250)) - 0.5)).toBeLessThan(0.01);
    }
  });

  test('converts a sine of its frequency to A sin φ and -A cos φ', () => {
    const { cos, sin } = gabor(10, { rate: 250, bandwidthHz: 4 });
    const delay = (cos.length - 1) / 2;
    const x = Float64Array.from({ length: 600 }, (_, t) => 3 * Math.sin((2 * Math.PI * 10 * t) / 250));
    const [re, im] = [convolve(x, cos, { mode: 'valid' }), convolve(x, sin, { mode: 'valid' })];
    re.forEach((y, n) => {
      const phase = (2 * Math.PI * 10 * (n + delay)) / 250;
      expect(Math.abs(y - 3 * Math.sin(phase))).toBeLessThan(1e-3);
      expect(Math.abs(im[n] + 3 * Math.cos(phase))).toBeLessThan(1e-3);
    });
  });

  test('rejects a center frequency above half the rate, and missing options', () => {
    expect(() => gabor(125, { rate: 250, taps: 31 })).toThrow(
      new RangeError('centerHz must be > 0 and < 125 Hz, got 125'),
    );
    expect(() => gabor(10, { rate: 250 })).toThrow(
      new TypeError('bandwidthHz must be given when taps is not given, got undefined'),
    );
  });
});

describe('the EEG bank', () => {
  test.each([125, 200, 250, 256, 500, 1000])('at %i Hz has kernels of one size that sum to exactly 0', (rate) => {
    const bank = eegBank({ rate });
    expect(Object.keys(bank)).toEqual(Object.keys(eegBands));
    const sizes = new Set<number>();
    for (const { cos, sin } of Object.values(bank)) {
      for (const w of [cos, sin]) {
        sizes.add(w.length);
        const stored = Float32Array.from(w);
        expect([plainSum(stored), float32Sum(stored), fourPartialSums(stored)].map(Math.abs)).toEqual([0, 0, 0]);
      }
    }
    expect(sizes.size).toBe(1);
  });

  test('has full gain at the center of each band, and at most a third at the centers of the others', () => {
    const bank = eegBank({ rate: 250 });
    const bands = Object.keys(eegBands) as (keyof typeof eegBands)[];
    for (const band of bands) {
      for (const other of bands) {
        const [low, high] = eegBands[other];
        const gain = Math.hypot(...response(bank[band].sin, (low + high) / 2, 250));
        if (band === other) expect(Math.abs(gain - 1)).toBeLessThan(1e-5);
        else expect(gain).toBeLessThan(0.34);
      }
    }
  });

  test('accepts custom bands and rejects bands above half the rate', () => {
    expect(Object.keys(eegBank({ rate: 250, bands: { mu: [8, 12] } }))).toEqual(['mu']);
    expect(() => eegBank({ rate: 50 })).toThrow(
      new RangeError(
        'bands.beta must be [low, high] with 0 <= low < high <= 25 Hz (half the sampling rate), got [13,30]',
      ),
    );
    expect(() => eegBank({ rate: 50, bands: {} })).toThrow(new RangeError('bands must be at least one band, got {}'));
  });
});
