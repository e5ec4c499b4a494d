import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { Biquad, butterworthHighPass, notch } from '../../../src/core/filters/biquad.ts';
import { random } from '../../../src/core/random.ts';

interface Vector {
  name: 'notch' | 'butterworthHighPass';
  hz: number;
  q: number | null;
  rate: number;
  b: number[];
  a: number[];
  y: number[];
}
const { x, sections } = JSON.parse(readFileSync(new URL('../../vectors/firwin.json', import.meta.url), 'utf8')) as {
  x: number[];
  sections: Vector[];
};
const design = ({ name, hz, q, rate }: Vector) =>
  name === 'notch' ? notch(hz, { rate, q: q! }) : butterworthHighPass(hz, { rate });
const cascade = [notch(60, { rate: 250 }), butterworthHighPass(1, { rate: 250 })];
const noise = (count: number, seed: number): Float32Array => {
  const chance = random(seed);
  return Float32Array.from({ length: count }, () => chance.normal());
};

describe('scipy', () => {
  test.each(sections.map((s) => [s.name, s.hz, s.rate, s] as const))(
    'designs the same %s at %d Hz for a rate of %d Hz, and lfilter gives the same outputs',
    (_name, _hz, _rate, vector) => {
      const section = design(vector);
      vector.b.forEach((b, i) => expect(Math.abs(section.b[i] - b)).toBeLessThan(1e-12));
      vector.a.forEach((a, i) => expect(Math.abs(section.a[i] - a)).toBeLessThan(1e-12));
      const y = new Biquad(section).push(Float32Array.from(x), 2);
      const largest = Math.max(...vector.y.map(Math.abs));
      vector.y.forEach((expected, i) => expect(Math.abs(y[i] - expected)).toBeLessThan(1e-6 * largest));
    },
  );
});

describe('a biquad', () => {
  test('gives the same bits for any split, in a new array or in place', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 3 }),
        fc.array(fc.nat(9), { maxLength: 8 }),
        fc.integer({ min: 0, max: 1000 }),
        (channels, lengths, seed) => {
          const frames = lengths.reduce((sum, n) => sum + n, 0);
          const input = noise(frames * channels, seed);
          const whole = new Biquad(cascade).push(input, channels);
          const cut = new Biquad(cascade);
          let at = 0;
          for (const n of lengths) {
            const block = input.subarray(at, at + n * channels);
            expect(cut.push(block, channels, block)).toBe(block);
            at += n * channels;
          }
          expect(input).toEqual(whole);
        },
      ),
      { seed: 1 },
    );
  });

  test('does not depend on later samples or on other channels', () => {
    fc.assert(
      fc.property(fc.nat(29), fc.nat(1), fc.nat(1000), (frame, channel, seed) => {
        const input = noise(60, seed);
        const before = new Biquad(cascade).push(input, 2);
        const changed = Float32Array.from(input);
        changed[2 * frame + channel] += 1;
        const after = new Biquad(cascade).push(changed, 2);
        for (let i = 0; i < 60; i++) {
          if (i < 2 * frame || i % 2 !== channel) expect(after[i]).toBe(before[i]);
        }
        expect(after[2 * frame + channel]).not.toBe(before[2 * frame + channel]);
      }),
      { seed: 2 },
    );
  });

  test('with two sections equals two filters in sequence', () => {
    const input = noise(200, 3);
    const both = new Biquad(cascade).push(input, 1);
    const first = new Biquad(cascade[0]).push(input, 1);
    const second = new Biquad(cascade[1]).push(first, 1);
    both.forEach((y, i) => expect(Math.abs(y - second[i])).toBeLessThan(1e-6));
  });

  test('removes the stop band and passes the rest', () => {
    const filter = new Biquad(cascade);
    const y = filter.push(
      Float32Array.from(
        { length: 5000 },
        (_, t) => 500 + 100 * Math.sin((2 * Math.PI * 60 * t) / 250) + Math.sin((2 * Math.PI * 10 * t) / 250),
      ),
      1,
    );
    const settled = y.subarray(2500);
    expect(Math.max(...settled)).toBeGreaterThan(0.98);
    expect(Math.max(...settled)).toBeLessThan(1.02);
  });

  test('gives NaN for a non-finite sample, and continues as if the last finite one had been repeated', () => {
    for (const bad of [NaN, Infinity, -Infinity]) {
      const input = noise(50, 4);
      const held = Float32Array.from(input);
      input[20] = bad;
      held[20] = held[19];
      const y = new Biquad(cascade).push(input, 1);
      const expected = new Biquad(cascade).push(held, 1);
      expected[20] = NaN;
      expect(y).toEqual(expected);
    }
  });

  test('behaves like a new filter after reset', () => {
    const filter = new Biquad(cascade);
    const input = noise(40, 5);
    const first = filter.push(input, 2);
    filter.reset();
    expect(filter.push(input, 2)).toEqual(first);
    filter.reset();
    expect(() => filter.push(input, 4)).not.toThrow();
  });

  test('rejects a frequency above half the rate, a malformed section, and a different number of channels', () => {
    expect(() => notch(125, { rate: 250 })).toThrow(
      new RangeError('hz must be > 0 and < 125 Hz (half the sampling rate), got 125'),
    );
    expect(() => butterworthHighPass(0, { rate: 250 })).toThrow(RangeError);
    expect(() => new Biquad({ b: [1, 2, NaN], a: [1, 0, 0] })).toThrow(TypeError);
    const filter = new Biquad(cascade);
    filter.push(new Float32Array(4), 2);
    expect(() => filter.push(new Float32Array(3), 3)).toThrow(
      new RangeError('channels must be 2, as in earlier calls, got 3'),
    );
    expect(() => filter.push(new Float32Array(3), 2)).toThrow(
      new RangeError('x.length must be a multiple of the 2 channels, got 3'),
    );
  });
});
