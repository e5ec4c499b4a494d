import { describe, expect, test } from 'vitest';
import { random } from '../../../src/core/random.ts';
import { alarmsOf, blockOf, detected, joined, quiet, rate } from './planted.ts';
import { Detector } from '../../../src/core/detector/detector.ts';

const channels = 3;
const at = 5000;
const near = (index: number, frames: number) => index >= at && index < at + frames;

/** Three channels; the middle one is changed from frame 5000 on. */
function withAnomaly(change: (x: number, t: number) => number): Float32Array {
  return quiet(6000, { channels }).map((x, i) => {
    const t = Math.floor(i / channels);
    return i % channels === 1 && t >= at ? change(x, t) : x;
  });
}

describe('an injected anomaly is detected at 1/month, on the right channel:', () => {
  test('a spike, at its very frame', () => {
    const alarms = alarmsOf(
      withAnomaly((x, t) => (t === at ? x + 30 : x)),
      channels,
    );
    const found = alarms.find(({ index }) => index === at);
    expect(found).toMatchObject({ cause: 'range', time: at * 300_000 });
    expect(found?.channels[0].channel).toBe(1);
    expect(found?.channels[0].share).toBeGreaterThan(0.9);
  });

  test('a level shift, and the channel is reported as shifted for a while', () => {
    const data = withAnomaly((x) => x + 24);
    const { alarms, shifted } = joined(detected([blockOf(data, channels)]));
    const found = alarms.find(({ index }) => near(index, 20));
    expect(found?.channels[0].channel).toBe(1);
    expect(found?.since).toBeGreaterThan(at - 20);
    expect(shifted.slice((at + 30) * channels, (at + 31) * channels)).toEqual([0, 1, 0]);
  });

  test('a change of rhythm within the same range', () => {
    const chance = random(9);
    const data = withAnomaly((_, t) => 20 + 2 * (2 * Math.sin((2 * Math.PI * t) / 9) + 0.3 * chance.normal()));
    const found = alarmsOf(data, channels, { falseAlarms: '1/week' }).find(({ index }) => near(index, 100));
    expect(found?.cause).toBe('surprise');
    expect(found?.channels[0].channel).toBe(1);
  });

  test('and the same streams without an anomaly raise no alarm there', () => {
    expect(alarmsOf(quiet(6000, { channels }), channels).filter(({ index }) => near(index, 100))).toEqual([]);
  });
});

describe('slow drift', () => {
  /** A stream that rises by 3 standard deviations over 100,000 frames, after 20,000 stationary ones. */
  const drifting = (seed: number, rise: number) => {
    const chance = random(seed);
    return Float32Array.from({ length: 120_000 }, (_, t) => {
      const cycle = Math.SQRT2 * 0.9 * Math.sin((2 * Math.PI * t) / 288);
      return cycle + 0.4 * chance.normal() + (rise * Math.max(0, t - 20_000)) / 100_000;
    });
  };
  const driftAlarms = (data: Float32Array) =>
    alarmsOf(data, 1, { reference: 10_000 }).filter(({ cause }) => cause === 'wear');

  test.each([1, 2, 3, 4])(
    'of 3 standard deviations over 100,000 frames is reported once with a reference period (seed %i)',
    (seed) => {
      const alarms = driftAlarms(drifting(seed, 3));
      expect(alarms).toHaveLength(1);
      expect(alarms[0].since).toBeGreaterThan(20_000);
      expect(alarms[0].index).toBeLessThan(50_000);
    },
  );

  test('is not reported if there is none', () => {
    expect(driftAlarms(drifting(2, 0))).toEqual([]);
  });

  test.each<[string, (seed: number) => () => number]>([
    [
      'hangs together over twenty frames',
      (seed) => {
        const chance = random(seed);
        let x = 0;
        return () => (x = 0.95 * x + 0.31 * chance.normal());
      },
    ],
    [
      'is chaos, which is forecast ever better',
      (seed) => {
        let x = 0.3 + 0.01 * seed;
        return () => (x = 3.9 * x * (1 - x));
      },
    ],
  ])('is not reported for a stream that %s', (_, make) => {
    for (const seed of [1, 2, 3]) {
      const data = Float32Array.from({ length: 25_000 }, make(seed));
      expect(alarmsOf(data, 1, { reference: 2000 }).filter(({ cause }) => cause === 'wear')).toEqual([]);
    }
  });

  test('ends after as many frames without drift as the reference period has', () => {
    const chance = random(1);
    const detector = new Detector(1, 1, { reference: 2000 });
    const drifting: number[] = [];
    for (let t = 0; t < 14_000; t += 100) {
      const data = Float32Array.from({ length: 100 }, () => chance.normal() + (t >= 4000 && t < 8000 ? 1.5 : 0));
      detector.push({ data, channels: 1, start: t, rate: 1, time: t * 1000 });
      if (detector.drifted.length === 0) continue;
      drifting.push(t);
      expect(detector.drifted).toEqual([{ channel: 0, since: 4000 }]);
    }
    expect([drifting[0], drifting[drifting.length - 1]]).toEqual([4700, 9800]);
  });
});

describe('the false-alarm rate', () => {
  /** Two years in five-minute frames: daily and weekly cycles, heavy tails, and a slow random walk. */
  const years = (seed: number) => {
    const chance = random(seed);
    let [walk, noise] = [0, 0];
    return Float32Array.from({ length: 2 * 12 * 8640 }, (_, t) => {
      const heavy =
        chance.normal() / Math.sqrt((chance.normal() ** 2 + chance.normal() ** 2 + chance.normal() ** 2) / 3);
      noise = 0.7 * noise + 0.7 * heavy;
      walk += 0.002 * chance.normal();
      const weekend = Math.floor(t / 288) % 7 >= 5 ? 0.6 : 1;
      return 2 * weekend * Math.sin((2 * Math.PI * t) / 288) + noise + walk;
    });
  };

  test('is the configured one, within a factor of 1.5, over two years of a drifting stream', () => {
    const data = years(5);
    for (const [falseAlarms, expected] of [
      ['1/day', 720],
      ['1/week', 720 / 7],
      ['1/month', 24],
    ] as const) {
      const count = new Detector(1, rate, { falseAlarms }).push(blockOf(data)).alarms.length;
      expect(count / expected, falseAlarms).toBeGreaterThan(1 / 1.5);
      expect(count / expected, falseAlarms).toBeLessThan(1.5);
    }
  });

  test('is counted in frames if the stream has no rate', () => {
    const data = years(6).subarray(0, 60_000);
    const block = { ...blockOf(data), rate: 0 };
    const count = new Detector(1, 0, { falseAlarms: 500 }).push(block).alarms.length;
    expect(count).toBeGreaterThan(90);
    expect(count).toBeLessThan(160);
    expect(new Detector(1, 0).push(block).alarms.length).toBeLessThan(12);
  });
});
