import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { bandPass, bandStop, highPass, lowPass, type WindowName } from '../../../src/core/designs/windowed-sinc.ts';

interface Kernel {
  name: 'lowPass' | 'highPass' | 'bandPass' | 'bandStop';
  cutoff: [number, number];
  window: WindowName;
  rate: number;
  taps: number;
  w: number[];
}
const { kernels } = JSON.parse(readFileSync(new URL('../../vectors/firwin.json', import.meta.url), 'utf8')) as {
  kernels: Kernel[];
};
/** |H(hz)| of a kernel. */
const gain = (w: Float64Array, hz: number, rate: number): number => {
  let [re, im] = [0, 0];
  w.forEach((tap, k) => {
    re += tap * Math.cos((2 * Math.PI * hz * k) / rate);
    im += tap * Math.sin((2 * Math.PI * hz * k) / rate);
  });
  return Math.hypot(re, im);
};

test('equals scipy.signal.firwin to 1e-12, for every kind, window, and length', () => {
  for (const { name, cutoff, window, rate, taps, w } of kernels) {
    const options = { rate, taps, window };
    const ours = {
      lowPass: () => lowPass(cutoff[0], options),
      highPass: () => highPass(cutoff[0], options),
      bandPass: () => bandPass(cutoff, options),
      bandStop: () => bandStop(cutoff, options),
    }[name]();
    expect(ours.length).toBe(w.length);
    for (let k = 0; k < taps; k++) expect(Math.abs(ours[k] - w[k])).toBeLessThan(1e-12);
  }
});

test('has gain 1 in the pass band, 0.5 at its edges, and 0 in the stop band', () => {
  fc.assert(
    fc.property(fc.integer({ min: 20, max: 40 }), fc.integer({ min: 60, max: 100 }), (low, high) => {
      const options = { rate: 250, taps: 151 };
      expect(gain(lowPass(low, options), 0, 250)).toBeCloseTo(1, 12);
      expect(gain(highPass(high, options), 125, 250)).toBeCloseTo(1, 12);
      expect(gain(bandPass([low, high], options), (low + high) / 2, 250)).toBeCloseTo(1, 12);
      expect(gain(bandStop([low, high], options), 0, 250)).toBeCloseTo(1, 12);
      for (const w of [lowPass(low, options), bandPass([low, high], options), bandStop([low, high], options)])
        expect(Math.abs(gain(w, low, 250) - 0.5)).toBeLessThan(0.01);
      for (const w of [lowPass(low, options), bandPass([low, high], options)])
        expect(gain(w, high + 10, 250)).toBeLessThan(0.01);
      expect(gain(highPass(high, options), low, 250)).toBeLessThan(0.01);
      expect(gain(bandStop([low, high], options), (low + high) / 2, 250)).toBeLessThan(0.01);
    }),
    { seed: 1, numRuns: 20 },
  );
});

describe('errors', () => {
  test('name the argument, the rule and the value', () => {
    const options = { rate: 250, taps: 31 };
    expect(() => lowPass(125, options)).toThrow(new RangeError('cutoff must be > 0 and < 125 Hz, got 125'));
    expect(() => bandPass([10, 8], options)).toThrow(new RangeError('cutoff must be > 10 and < 125 Hz, got 8'));
    expect(() => highPass(10, { rate: 250, taps: 30 })).toThrow(
      new RangeError('taps must be odd for gain 1 at rate / 2, got 30'),
    );
    expect(() => lowPass(10, { ...options, window: 'box' as WindowName })).toThrow(
      new TypeError("window must be one of hamming, hann, blackman, got 'box'"),
    );
  });
});
