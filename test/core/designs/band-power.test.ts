import { describe, expect, test } from 'vitest';
import { bandPower } from '../../../src/core/designs/band-power.ts';
import { eegBands } from '../../../src/core/designs/eeg-bank.ts';
import { plan } from '../../../src/core/network/plan.ts';
import { random } from '../../../src/core/random.ts';
import { runNetwork } from '../../../src/core/reference/network.ts';

const bands = Object.keys(eegBands);
/** Returns sines of [Hz, amplitude], one per channel, with an offset: [frames, channels]. */
const sines = (frames: number, rate: number, offset: number, ...each: [hz: number, amplitude: number][]) =>
  Float32Array.from({ length: frames * each.length }, (_, i) => {
    const [hz, amplitude] = each[i % each.length];
    return offset + amplitude * Math.sin((2 * Math.PI * hz * Math.floor(i / each.length)) / rate + 1);
  });
/** Returns the last output of a network. */
const last = (y: ArrayLike<number>, rows: number): number[] => Array.from(y).slice(-rows);

describe('band power', () => {
  test.each([125, 200, 250, 256, 1000])(
    'at %i Hz is A² / 2 of a sine in the middle of a band, in that band and channel',
    (rate) => {
      const network = bandPower({ channels: 2, rate, unit: 'log' });
      const alpha = bands.indexOf('alpha');
      const out = last(network.apply(sines(4 * rate, rate, 0, [10.5, 20], [37.5, 3])), 10).map(Math.exp);
      expect(out[2 * alpha] / 200).toBeCloseTo(1, 3);
      expect(out[2 * bands.indexOf('gamma') + 1] / 4.5).toBeCloseTo(1, 3);
      expect(out[2 * alpha + 1]).toBeLessThan(0.01);
    },
  );

  test('of a 10 Hz sine in alpha is A² / 2 within 6%, more than 10 dB above every other band', () => {
    const network = bandPower({ channels: 1, rate: 250, unit: 'dB' });
    const out = last(network.apply(sines(1000, 250, 0, [10, 30])), 5);
    const alpha = bands.indexOf('alpha');
    expect(10 ** (out[alpha] / 10) / 450).toBeGreaterThan(0.94);
    expect(10 ** (out[alpha] / 10) / 450).toBeLessThan(1);
    out.forEach((dB, band) => {
      if (band !== alpha) expect(dB).toBeLessThan(out[alpha] - 10);
    });
  });

  test('does not depend on the offset of an electrode', () => {
    const network = bandPower({ channels: 1, rate: 250 });
    const level = last(network.apply(sines(1000, 250, 0, [10.5, 10])), 5);
    const lifted = last(network.apply(sines(1000, 250, 16384, [10.5, 10])), 5);
    const alpha = bands.indexOf('alpha');
    expect(Math.abs(lifted[alpha] - level[alpha])).toBeLessThan(0.01);
    expect(last(network.apply(new Float32Array(1000).fill(16384)), 5).every((dB) => Math.abs(dB + 60) < 1e-3)).toBe(
      true,
    );
  });

  test('is emitted about outRate times per second, for any rate', () => {
    for (const rate of [125, 200, 250, 256, 500, 1000]) {
      expect(Math.abs(plan(bandPower({ channels: 1, rate }).spec, rate).outRate - 10)).toBeLessThan(0.5);
      expect(plan(bandPower({ channels: 1, rate, outRate: rate }).spec, rate).outRate).toBe(rate);
    }
  });

  test('has outputs in order of band, then channel', () => {
    const network = bandPower({ channels: 3, rate: 250, bands: { low: [4, 8], high: [20, 30] }, unit: 'log' });
    expect(network.outChannels).toBe(6);
    const out = last(network.apply(sines(1000, 250, 0, [6, 1], [25, 1], [6, 10])), 6).map(Math.exp);
    [0.5, 1e-6, 50, 1e-6, 0.5, 1e-6].forEach((power, row) =>
      expect(Math.abs(out[row] - power)).toBeLessThan(power / 50 + 1e-3),
    );
  });

  test('equals the reference', () => {
    const network = bandPower({ channels: 2, rate: 125 });
    const chance = random(3);
    const x = Float32Array.from({ length: 2 * 300 }, () => 10 * chance.normal());
    const expected = runNetwork(network.spec, network.weights(), x).output;
    const y = network.apply(x);
    expect(y.length).toBe(expected.length);
    y.forEach((dB, i) => expect(Math.abs(dB - expected[i])).toBeLessThan(1e-3));
  });

  test('rejects 0 channels, a missing rate, and bands above half the rate', () => {
    expect(() => bandPower({ channels: 0, rate: 250 })).toThrow(
      new RangeError('channels must be an integer >= 1, got 0'),
    );
    expect(() => bandPower({ channels: 1, rate: 0 })).toThrow(new RangeError('rate must be a number > 0 in Hz, got 0'));
    expect(() => bandPower({ channels: 1, rate: 64 })).toThrow(/^bands.gamma must be/);
  });
});
