import { from, lastValueFrom, type Observable, toArray } from 'rxjs';
import { describe, expect, test } from 'vitest';
import { frameCount } from '../../src/core/blocks/block.ts';
import type { Epoch, Reading, Sample } from '../../src/core/blocks/sample.ts';
import { blocks } from '../../src/operators/blocks.ts';
import { fromSamples } from '../../src/operators/from-samples.ts';
import { toEpochs } from '../../src/operators/to-epochs.ts';
import { toSamples } from '../../src/operators/to-samples.ts';
import { verifyOperator } from '../../src/testing/index.ts';
import { noiseBlocks, samplesIn } from './make-blocks.ts';

type Options = Parameters<typeof fromSamples>[0];
const through = (input: (Sample | Epoch | Reading)[], options?: Options) =>
  lastValueFrom(from(input).pipe(fromSamples(options), toArray()));
const startsOf = async (input: (Sample | Epoch | Reading)[], options?: Options) =>
  (await through(input, options)).map(({ start }) => start);
const at = (...times: number[]): Sample[] => times.map((timestamp) => ({ data: [timestamp], timestamp }));
const counted = (...counts: number[]): Sample[] => counts.map((count) => ({ data: [count], timestamp: 0, count }));

/** What muse-js's `zipSamples` emits for readings of 12 samples. */
const muse = (...readings: number[]): Sample[] =>
  readings.flatMap((reading) =>
    Array.from({ length: 12 }, (_, i) => ({
      data: [reading, i, 0, 0, NaN],
      index: reading % 65536,
      timestamp: ((reading * 12 + i) * 1000) / 256,
    })),
  );

describe('fromSamples', () => {
  test('satisfies the operator invariants', () => {
    verifyOperator(
      () => (source) => source.pipe(toSamples(), fromSamples()),
      () => noiseBlocks([4, 3, 5]),
      { frames: 12, anyCut: false },
    );
  });

  test('restores blocks that were converted to samples or epochs', async () => {
    const input = noiseBlocks([4, 3, 5], { channels: 3, rate: 250 });
    const ways: Observable<Sample | Epoch>[] = [from(input).pipe(toSamples()), from(input).pipe(toEpochs())];
    for (const there of ways) {
      const back = await lastValueFrom(there.pipe(fromSamples(), blocks(5), toArray()));
      expect(samplesIn(back)).toEqual(samplesIn(input));
      expect(back.map(({ start, rate, channels }) => [start, rate, channels])).toEqual([
        [0, 250, 3],
        [5, 250, 3],
        [10, 250, 3],
      ]);
      expect(back[1].time).toBeCloseTo(20, 9);
    }
  });

  test('converts an eeg-pipes sample to one frame', async () => {
    const [block] = await through([
      { data: [1, 2], timestamp: 1e12, info: { samplingRate: 256, channelNames: ['a', 'b'] } },
    ]);
    expect(block).toEqual({ data: Float32Array.of(1, 2), channels: 2, start: 0, rate: 256, time: 1e12 });
  });

  test('converts an epoch to one block, with its rows transposed to frames', async () => {
    const epoch = {
      data: [
        [1, 2, 3],
        [4, 5, 6],
      ],
      info: { samplingRate: 256, startTime: 5000 },
    };
    const [block] = await through([epoch]);
    expect(block).toEqual({ data: Float32Array.of(1, 4, 2, 5, 3, 6), channels: 2, start: 0, rate: 256, time: 5000 });
  });

  test('emits every frame of overlapping epochs once', async () => {
    const epoch = (first: number): Epoch => ({
      data: [Array.from({ length: 8 }, (_, i) => first + i)],
      info: { samplingRate: 250, startTime: 1e12 + first * 4 },
    });
    const out = await through([epoch(0), epoch(3), epoch(3), epoch(6), epoch(20)]);
    expect(out.map((block) => [block.start, frameCount(block), block.time - 1e12])).toEqual([
      [0, 8, 0],
      [8, 3, 32],
      [11, 3, 44],
      [20, 8, 80],
    ]);
    expect(samplesIn(out).slice(0, 14)).toEqual(Array.from({ length: 14 }, (_, i) => i));
  });

  test('a gap in the timestamps becomes a gap of the same length in the indexes', async () => {
    expect(await startsOf(at(0, 4, 8, 20, 24), { rate: 250 })).toEqual([0, 1, 2, 5, 6]);
  });

  test('timestamps rounded to ms and a slightly wrong rate cause no gaps', async () => {
    const rounded = at(...Array.from({ length: 3000 }, (_, i) => Math.round((i * 1000) / 256)));
    expect((await startsOf(rounded, { rate: 256 })).at(-1)).toBe(2999);
    const slow = at(...Array.from({ length: 3000 }, (_, i) => (i * 1000) / 249.5));
    expect((await startsOf(slow, { rate: 250 })).at(-1)).toBe(2999);
    const fast = at(...Array.from({ length: 3000 }, (_, i) => (i * 1000) / 250.5));
    expect((await startsOf(fast, { rate: 250 })).at(-1)).toBe(2999);
  });

  test('with `jitter`, bursts of arrival timestamps cause no gaps, but a long pause still does', async () => {
    const bursts = at(...Array.from({ length: 100 }, (_, i) => 40 * Math.floor(i / 10)), 1400);
    const starts = await startsOf(bursts, { rate: 250, jitter: 100 });
    expect(starts.slice(0, 100)).toEqual(Array.from({ length: 100 }, (_, i) => i));
    expect(starts[100]).toBeGreaterThan(330);
    expect(starts[100]).toBeLessThan(370);
  });

  test('a clock that is set back does not stop the numbering', async () => {
    expect(await startsOf(at(1e12, 1e12 + 4, 500, 504, 508, 516), { rate: 250 })).toEqual([0, 1, 2, 3, 4, 6]);
  });

  test('without a rate or a valid timestamp, frames are numbered in order of arrival', async () => {
    expect(await startsOf(at(0, 70, 71, 5000))).toEqual([0, 1, 2, 3]);
    expect(await startsOf(at(0, NaN, 8, NaN, 16), { rate: 250 })).toEqual([0, 1, 2, 3, 4]);
  });

  test("follows muse-js's index, which counts readings of 12 samples and wraps at 65536", async () => {
    expect(await startsOf(muse(65534, 65535, 65536, 65537), { rate: 256 })).toEqual(
      Array.from({ length: 48 }, (_, i) => i),
    );
    const lossy = await startsOf(muse(65534, 65537), { rate: 256 });
    expect(lossy.slice(10, 14)).toEqual([10, 11, 36, 37]);
  });

  test("combines muse-js's readings by index, with NaN for a lost one", async () => {
    const reading = (electrode: number, index: number): Reading => ({
      electrode,
      index,
      timestamp: index * 46.875,
      samples: Array.from({ length: 12 }, (_, i) => index * 100 + electrode * 10 + i / 16),
    });
    const order = [
      reading(2, 7),
      reading(0, 7),
      reading(3, 7),
      reading(1, 7),
      reading(0, 8),
      reading(1, 8),
      reading(3, 8),
      reading(0, 10),
    ];
    const out = await through(order, { rate: 256 });
    expect(out.map((block) => [block.start, frameCount(block), block.channels, block.time])).toEqual([
      [0, 12, 4, 7 * 46.875],
      [12, 12, 4, 8 * 46.875],
      [36, 12, 4, 10 * 46.875],
    ]);
    expect([...out[0].data.subarray(4, 8)]).toEqual([700 + 1 / 16, 710 + 1 / 16, 720 + 1 / 16, 730 + 1 / 16]);
    expect([...out[1].data.subarray(0, 4)]).toEqual([800, 810, NaN, 830]);
    await expect(through([reading(4, 1)])).rejects.toThrow('reading.electrode must be an integer from 0 to 3, got 4');
  });

  test('a sample counter may wrap or restart, and late samples are dropped', async () => {
    expect(await startsOf(counted(253, 254, 255, 0, 1, 4))).toEqual([0, 1, 2, 3, 4, 7]);
    expect(await startsOf(counted(199, 200, 0, 1))).toEqual([0, 1, 2, 3]);
    expect(await startsOf(counted(65534, 65535, 0))).toEqual([0, 1, 2]);
    expect(await startsOf(counted(8, 9, 0), { wrap: 10 })).toEqual([0, 1, 2]);
    expect(await startsOf(counted(10, 11, 9, 12, 12, 13))).toEqual([0, 1, 2, 3]);
    expect(await startsOf(counted(5000, 5001, 0, 1))).toEqual([0, 1, 2, 3]);
  });

  test('a counter that was restarted, or has wrapped, leaves the gap that the timestamps show', async () => {
    const stamped = (...samples: [count: number, time: number][]): Sample[] =>
      samples.map(([count, time]) => ({ data: [count], timestamp: 1e12 + time, count }));
    const starts = (...samples: [number, number][]) => startsOf(stamped(...samples), { rate: 250 });
    expect(await starts([5000, 0], [5001, 4], [0, 8], [1, 12])).toEqual([0, 1, 2, 3]);
    expect(await starts([5000, 0], [5001, 4], [0, 4004], [1, 4008])).toEqual([0, 1, 1001, 1002]);
    expect(await starts([179, 0], [180, 4], [5, 8], [6, 12])).toEqual([0, 1, 2, 3]);
    expect(await starts([3, 0], [4, 4], [0, 8], [1, 12])).toEqual([0, 1, 2, 3]);
    expect(await starts([10, 0], [11, 4], [9, -4], [12, 8])).toEqual([0, 1, 2]);
    expect(await starts([254, 0], [255, 4], [3, 20], [4, 24])).toEqual([0, 1, 5, 6]);
    expect(await starts([254, 0], [255, 4], [3, 10_004], [4, 10_008])).toEqual([0, 1, 2501, 2502]);
  });

  test('timestamps in any unit since 1970 are converted to ms', async () => {
    for (const perMs of [1e-3, 1, 1e3, 1e6]) {
      const samples = [0, 4, 8, 20].map((ms) => ({ data: [ms], timestamp: (1.7e12 + ms) * perMs }));
      const out = await through(samples, { rate: 250 });
      expect(out.map(({ start }) => start)).toEqual([0, 1, 2, 5]);
      out.forEach(({ time }, i) => expect(Math.abs(time - 1.7e12 - samples[i].data[0])).toBeLessThan(0.01));
    }
  });

  test('timestamps of a monotonic clock in any unit stay relative to the first one', async () => {
    for (const perMs of [1e-3, 1, 1e3, 1e6]) {
      const samples = [0, 4, 8, 20, 24].map((ms) => ({ data: [ms], timestamp: 7000 * perMs + ms * perMs }));
      const out = await through(samples, { rate: 250 });
      expect(out.map(({ start }) => start)).toEqual([0, 1, 2, 5, 6]);
      out.forEach(({ time }, i) => expect(time - out[0].time).toBeCloseTo(samples[i].data[0], 6));
      const epochs = [0, 12, 24].map((ms) => ({
        data: [Array.from({ length: 8 }, (_, i) => ms / 4 + i)],
        info: { samplingRate: 250, startTime: (7000 + ms) * perMs },
      }));
      expect(samplesIn(await through(epochs))).toEqual(Array.from({ length: 14 }, (_, i) => i));
    }
  });

  test('rejects an invalid sample with an error message', async () => {
    for (const value of [7, null, {}, { data: [] }])
      await expect(through([value as unknown as Sample])).rejects.toThrow(
        /^sample must be a sample \{ data, timestamp \}/,
      );
    const ragged = { data: [[1, 2], [3]], info: { samplingRate: 1, startTime: 0 } };
    await expect(through([ragged])).rejects.toThrow('data must be rows of the same length, got [2,1]');
    expect(() => fromSamples({ rate: -1 })).toThrow(new RangeError('rate must be a number > 0 in Hz, got -1'));
    expect(() => fromSamples({ jitter: 0 })).toThrow(new RangeError('jitter must be a number > 0 in ms, got 0'));
  });
});

describe('toSamples and toEpochs', () => {
  test('satisfy the operator invariants', () => {
    verifyOperator(
      () => toSamples(),
      () => noiseBlocks([4, 0, 3]),
    );
    verifyOperator(
      () => toEpochs(),
      () => noiseBlocks([4, 0, 3]),
    );
  });

  test('include time, rate, and the given fields', async () => {
    const [block] = noiseBlocks([2], { rate: 250 });
    const late = { ...block, start: 250, time: 1000 };
    const samples = await lastValueFrom(from([late]).pipe(toSamples({ channelNames: ['a', 'b'] }), toArray()));
    expect(samples.map(({ timestamp, info }) => ({ timestamp, info }))).toEqual([
      { timestamp: 1000, info: { samplingRate: 250, channelNames: ['a', 'b'] } },
      { timestamp: 1004, info: { samplingRate: 250, channelNames: ['a', 'b'] } },
    ]);
    const [epoch] = await lastValueFrom(from([late]).pipe(toEpochs(), toArray()));
    expect(epoch).toEqual({
      data: [
        [block.data[0], block.data[2]],
        [block.data[1], block.data[3]],
      ],
      info: { samplingRate: 250, startTime: 1000 },
    });
  });
});
