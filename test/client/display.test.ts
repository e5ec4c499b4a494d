import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { AutoRange } from '../../client/auto-range.ts';
import { RunningMean } from '../../client/signal-plot.ts';
import { formatNumber, formatQuantity } from '../../client/format-number.ts';
import { ownScale, roundUpNice, sharedScales } from '../../client/lane-scale.ts';
import { displayUnit } from '../../client/decibel.ts';
import { breakAtOutages, DownsampledHistory } from '../../client/loss-plot.ts';
import { paletteColors, palettes } from '../../client/palette.ts';
import { Ribbon } from '../../client/ribbon.ts';
import { robustRange } from '../../client/robust-range.ts';
import { Ring } from '../../client/ring.ts';
import { groupRows } from '../../client/row-groups.ts';
import { signalQuality } from '../../client/signal-quality.ts';
import { kernelSpectrum } from '../../client/spectrum.ts';
import { TimeView } from '../../client/time-view.ts';
import { gabor } from '../../src/index.ts';

describe('a spectrum', () => {
  test('of a Gabor kernel peaks at its center frequency', () => {
    const { cos } = gabor(10, { rate: 250, taps: 125 });
    expect(kernelSpectrum(cos, 1, 250).peak).toBeCloseTo(10, 1);
  });

  test('of one tap is flat, and of zero weights has no peak', () => {
    const { magnitude, hz } = kernelSpectrum([2], 1, 100);
    expect(Math.max(...magnitude)).toBeCloseTo(2, 12);
    expect(Math.min(...magnitude)).toBeCloseTo(2, 12);
    expect(hz.at(-1)).toBe(50);
    expect(kernelSpectrum([0, 0], 1, 100).peak).toBeNaN();
  });

  test('adds the power of the inputs', () => {
    expect(kernelSpectrum([3, 4], 2, 100).magnitude[0]).toBeCloseTo(5, 12);
  });
});

describe('a running mean', () => {
  test('is exact for a large constant, from the first frame on', () => {
    const data = new Float32Array(500).fill(187_000);
    const means = new RunningMean(1).update({ data, channels: 1, start: 0, rate: 250, time: 0 });
    expect(means.data).toEqual(data);
  });

  test('is causal, and ignores samples that are not finite', () => {
    const runningMean = new RunningMean(1);
    const data = Float32Array.from([1, NaN, 3]);
    const means = runningMean.update({ data, channels: 1, start: 0, rate: 100, time: 0 });
    expect(Array.from(means.data)).toEqual([1, 1, 2]);
  });

  test('restarts after a gap longer than its time constant', () => {
    const runningMean = new RunningMean(1, 1);
    const one = (start: number, value: number) =>
      runningMean.update({ data: Float32Array.of(value), channels: 1, start, rate: 10, time: 0 }).data[0];
    one(0, 100);
    expect(one(5, 0)).toBe(50);
    expect(one(100, 7)).toBe(7);
  });
});

describe('the quality of a channel', () => {
  const qualityOf = (sample: (i: number) => number, rail?: number) => {
    const ring = new Ring(1, 300);
    const data = Float32Array.from({ length: 250 }, (_, i) => sample(i));
    ring.push({ data, channels: 1, start: 0, rate: 250, time: 0 });
    return signalQuality(ring, 0, rail);
  };

  test('is flat, rail, or ok', () => {
    expect(qualityOf((i) => Math.sin(i))).toBe('ok');
    expect(qualityOf(() => 3)).toBe('flat');
    expect(qualityOf((i) => Math.min(0.5, Math.sin(i)))).toBe('rail');
    expect(qualityOf((i) => 200 + Math.sin(i), 150)).toBe('rail');
    expect(qualityOf(() => NaN)).toBe('ok');
  });
});

describe('an automatic range', () => {
  const update = (range: AutoRange, ...samples: number[]): void =>
    range.update(Float32Array.from(samples), samples.length);

  test('is undefined before the first sample, and never empty after it', () => {
    const range = new AutoRange();
    range.update(new Float32Array(4), 0);
    expect(range.range).toBeUndefined();
    update(range, 5, 5, 5);
    const [low, high] = range.range ?? [0, 0];
    expect(low).toBeLessThan(5);
    expect(high).toBeGreaterThan(5);
  });

  test('ignores outliers and small changes, and follows large changes', () => {
    const range = new AutoRange();
    const samples = Array.from({ length: 1000 }, (_, i) => i / 1000);
    update(range, ...samples, 1e6);
    expect(range.range?.[1]).toBeLessThan(1);
    const before = range.range;
    update(range, ...samples.map((x) => 1.05 * x));
    expect(range.range).toEqual(before);
    for (let i = 0; i < 40; i++) update(range, ...samples.map((x) => 10 * x));
    expect(range.range?.[1]).toBeCloseTo(9.8, 0);
  });

  test('is centered on 0 if it is symmetric', () => {
    const range = new AutoRange(0, 1, true);
    update(range, -1, 3);
    expect(range.range).toEqual([-3, 3]);
  });
});

describe('a downsampled history', () => {
  test('covers the whole past in fixed memory, and preserves the mean', () => {
    const history = new DownsampledHistory(2, 16);
    for (let i = 0; i < 4096; i++) history.add([i, 7]);
    expect(history.length).toBeLessThan(16);
    const times = Array.from(history.column(0));
    expect(times).toEqual([...times].sort((a, b) => a - b));
    expect(times[0]).toBeLessThan(600);
    expect(times.at(-1)).toBeGreaterThan(3000);
    expect(Array.from(history.column(1)).every((value) => value === 7)).toBe(true);
  });
});

describe('a range without outliers', () => {
  const sorted = (samples: readonly number[]): Float64Array => Float64Array.from(samples).sort();
  const sample = fc.double({ min: -1e6, max: 1e6, noNaN: true });

  test('contains all samples but 2 % and two, and is within their range', () => {
    fc.assert(
      fc.property(fc.array(sample, { minLength: 1, maxLength: 300 }), (samples) => {
        const [low, high] = robustRange(sorted(samples), samples.length);
        const outside = samples.filter((x) => x < low || x > high).length;
        expect(outside).toBeLessThanOrEqual(0.02 * samples.length + 2);
        expect(samples).toContain(low);
        expect(samples).toContain(high);
      }),
      { seed: 31, numRuns: 300 },
    );
  });

  test('contains every one of a few similar samples, such as those of a slow stream, but no outlier', () => {
    const samples = [19.1, 19.3, 20.4, 21];
    for (const count of [1, 2, 3, 4]) expect(robustRange(samples, count)).toEqual([19.1, samples[count - 1]]);
    expect(robustRange([18, 20, 20.1, 21], 4)).toEqual([18, 21]);
    expect(robustRange([...samples, 1e6], 5)).toEqual([19.1, 21]);
  });

  test('is not changed by one outlier, but a lone change of a constant is shown', () => {
    const samples = Array.from({ length: 100 }, (_, i) => Math.sin(i));
    const range = robustRange(sorted(samples), 100);
    const [low, high] = robustRange(sorted([...samples, 1e9]), 101);
    expect(low).toBe(range[0]);
    expect(high).toBeGreaterThan(0.9);
    expect(high).toBeLessThanOrEqual(range[1]);
    expect(robustRange(sorted([...Array.from({ length: 100 }, () => 5), 9]), 101)).toEqual([5, 9]);
  });
});

describe('the scales of a signal', () => {
  const frames = 300;
  const ringOf = (...channels: ((i: number) => number)[]): Ring => {
    const ring = new Ring(channels.length, frames);
    const data = Float32Array.from({ length: frames * channels.length }, (_, i) =>
      channels[i % channels.length](Math.floor(i / channels.length)),
    );
    ring.push({ data, channels: channels.length, start: 0, rate: 100, time: 0 });
    return ring;
  };
  const wave = (size: number, outlier?: number) => (i: number) =>
    i === 150 && outlier !== undefined ? outlier : size * Math.sin(i);

  test('survive one outlier', () => {
    const ring = ringOf(wave(1, 1e9), wave(1));
    expect(ownScale(ring, 0, 0, frames, undefined)).toEqual(ownScale(ring, 1, 0, frames, undefined));
    const scales = sharedScales(ring, ringOf(wave(0), wave(0)), [0, 1], 0, frames, new Map());
    expect(scales.get(0)).toEqual(scales.get(1));
    expect(scales.get(0)?.high).toBeLessThanOrEqual(2);
  });

  test('are shared by channels of similar size, but not with hum or with 1e9 beside 1e-9', () => {
    const highs = (...sizes: number[]): (number | undefined)[] => {
      const zeros = sizes.map(() => wave(0));
      const scales = sharedScales(
        ringOf(...sizes.map((size) => wave(size))),
        ringOf(...zeros),
        [...sizes.keys()],
        0,
        frames,
        new Map(),
      );
      return sizes.map((_, channel) => scales.get(channel)?.high);
    };
    expect(highs(10, 20, 40)).toEqual([50, 50, 50]);
    expect(highs(10, 10, 10, 5000)).toEqual([20, 20, 20, 10_000]);
    expect(highs(1e9, 1e-9)).toEqual([2e9, 2e-9]);
    expect(highs(0, 10)).toEqual([20, 20]);
  });

  test('of a large value with a small change is not empty', () => {
    const scale = ownScale(
      ringOf((i) => 1e9 + 64 * (i % 2)),
      0,
      0,
      frames,
      undefined,
    );
    expect(scale?.high).toBeGreaterThan(scale?.low ?? Infinity);
  });
});

describe('the lines of a learner', () => {
  test('are broken where scores are missing for longer than usual, and only there', () => {
    expect(breakAtOutages([0, 1, 2, 60, 61], [[1, 2, 3, 4, 5]])).toEqual([
      [0, 1, 2, 31, 60, 61],
      [1, 2, 3, null, 4, 5],
    ]);
    expect(breakAtOutages([0, 600, 1200, 1900], [[1, 2, 3, 4]])).toEqual([
      [0, 600, 1200, 1900],
      [1, 2, 3, 4],
    ]);
  });
});

describe('a time view', () => {
  test('stops while paused, reports how far it is behind, and goes live again', () => {
    const view = new TimeView(10);
    view.advance(1000);
    view.pause();
    view.advance(13_000);
    expect(view.end).toBe(1000);
    expect(view.behind).toBe(12);
    view.resume();
    expect(view.end).toBe(13_000);
    expect(view.behind).toBe(0);
  });

  test('cannot be paused before the first frame', () => {
    const view = new TimeView();
    view.pause();
    expect(view.paused).toBe(false);
    view.advance(1000);
    view.advance(2000);
    expect(view.end).toBe(2000);
  });

  test('goes back with a clock that was set back, but not for a slightly late stream', () => {
    const view = new TimeView();
    view.advance(100_000);
    view.advance(99_700);
    expect(view.end).toBe(100_000);
    view.advance(5000);
    expect(view.end).toBe(5000);
  });

  test('follows the clock while no data arrives, and the newest frame otherwise', () => {
    const view = new TimeView();
    view.advance(1000);
    expect([view.end, view.fresh, view.note]).toEqual([1000, false, '']);
    view.setStatus({ clock: 9000, note: 'No data since 0:01' });
    expect([view.end, view.fresh, view.note]).toEqual([9000, false, 'No data since 0:01']);
    view.pause();
    view.setStatus({ clock: 20_000 });
    expect(view.end).toBe(9000);
    view.resume();
    expect(view.end).toBe(20_000);
    view.setStatus({ fresh: true });
    expect([view.end, view.fresh]).toEqual([1000, true]);
  });

  test('rejects a window of length 0', () => {
    expect(() => new TimeView(0)).toThrow('window must be a number > 0 in s, got 0');
  });
});

describe('displayed values', () => {
  test('have three significant digits, a minus sign, and a unit prefix', () => {
    expect(formatNumber(-12.345)).toBe('−12.3');
    expect(formatNumber(NaN)).toBe('–');
    expect(formatNumber(0.05)).toBe('0.05');
    expect(formatQuantity(12_340, 'uV')).toBe('12.3 mV');
    expect(formatQuantity(50, 'µV')).toBe('50 µV');
    expect(formatQuantity(2.4e6, 'B/s')).toBe('2.4 MB/s');
    expect(formatQuantity(42, '%')).toBe('42%');
    expect(formatQuantity(3, 'ms')).toBe('3 ms');
  });

  test('have scales of 1, 2, or 5 times a power of ten', () => {
    expect([0.03, 1, 1.1, 21, 99].map(roundUpNice)).toEqual([0.05, 1, 2, 50, 100]);
  });

  test('have row labels grouped by a shared first word if that shortens them', () => {
    expect(groupRows(['alpha O1', 'alpha O2', 'beta O1', 'beta O2'])).toEqual([
      { name: 'alpha', from: 0, rows: ['O1', 'O2'] },
      { name: 'beta', from: 2, rows: ['O1', 'O2'] },
    ]);
    expect(groupRows(['Fz', 'Cz'])).toBeUndefined();
    expect(groupRows(['a x', 'b x', 'a y', 'b y'])).toBeUndefined();
  });

  test('are converted between dB and power', () => {
    expect(displayUnit('dB', false).convert(20)).toBe(100);
    expect(displayUnit('µV²', true).convert(100)).toBe(20);
    expect(displayUnit('µV²', true).convert(0)).toBe(-120);
    expect(displayUnit('dB', true).convert(3)).toBe(3);
    expect(displayUnit('z', undefined).convert(3)).toBe(3);
  });

  test('have 256 opaque colors in every palette, the lowest different from the highest', () => {
    for (const name of palettes) {
      const colors = paletteColors(name);
      expect(colors).toHaveLength(256);
      expect(colors.every((color) => color >>> 24 === 255)).toBe(true);
      expect(colors[0]).not.toBe(colors[255]);
    }
    expect(() => paletteColors('grey' as 'viridis')).toThrow('palette must be one of viridis');
  });

  test('have at most four kinds of events, each with its own color', () => {
    const ribbon = new Ribbon();
    const kinds = ['eyes closed', 'blink', 'jaw clench', 'yawn', 'cough'];
    expect(ribbon.add(kinds.map((label) => ({ time: 0, label })))).toBe(true);
    expect(ribbon.kinds).toHaveLength(4);
    expect(new Set(ribbon.kinds.map((kind) => ribbon.color(kind))).size).toBe(4);
    expect(ribbon.color('eyes closed')).toBe(2);
    expect(ribbon.add([{ time: 1, label: 'blink' }])).toBe(false);
  });
});
