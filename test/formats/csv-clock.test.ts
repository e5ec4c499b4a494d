import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { timeOf } from '../../src/core/blocks/block.ts';
import { readCsv } from '../../src/formats/csv.ts';
import type { ReadOptions } from '../../src/formats/recording.ts';

const begin = Date.UTC(2025, 2, 1);
const table = (times: readonly number[], name = 'time') =>
  `${name},a\n${times.map((ms, n) => `${new Date(begin + ms).toISOString()},${n}\n`).join('')}`;
/** The time of every frame, in ms since the first of March. */
const timesOf = (text: string, options: ReadOptions = {}) =>
  readCsv(text, options).blocks.flatMap((block) =>
    Array.from(block.data, (_, i) => timeOf(block, block.start + i) - begin),
  );
const sums = (steps: readonly number[]) => steps.reduce((times, step) => [...times, times.at(-1) + step], [0]);

describe('frames keep the times of their file', () => {
  test('each its own, where the steps are uneven; none is lost, and the steps are told', () => {
    const uneven = fc.array(fc.constantFrom(1000, 7000, 60_000, 333_000), { minLength: 20, maxLength: 60 });
    fc.assert(
      fc.property(uneven, (steps) => {
        const times = sums([1000, 7000, 60_000, 60_000, 333_000, 1000, 7000, ...steps]);
        const recording = readCsv(table(times));
        fc.pre(recording.notes!.length > 0);
        expect(timesOf(table(times))).toEqual(times);
        expect(recording).toMatchObject({ frames: times.length, lost: 0 });
      }),
      { seed: 1, numRuns: 50 },
    );
    const { notes, rate } = readCsv(
      table(sums(Array.from({ length: 100 }, (_, n) => [10_000, 50_000, 300_000][n % 3]))),
    );
    expect(rate).toBe(0.02);
    expect(notes).toEqual([
      "the steps of 'time' are uneven (most are 10 to 300 s): frames keep their own times, and 0.02 frames a second are assumed where Hz are needed",
    ]);
  });

  test('to half a step, where the steps are even but for jitter and a clock that drifts', () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: -300, max: 300 }), { minLength: 30, maxLength: 200 }), (jitter) => {
        const times = jitter.map((off, n) => n * 1000 + off + (n > 20 ? 20 * (n - 20) : 0));
        const told = timesOf(table(times), { rate: 1 });
        expect(told).toHaveLength(times.length);
        for (const [n, time] of told.entries()) expect(Math.abs(time - times[n])).toBeLessThanOrEqual(500);
      }),
      { seed: 2, numRuns: 50 },
    );
  });

  test('a gap between even steps keeps its exact length', () => {
    const times = [0, 1000, 2000, 3000, 63_000, 64_000, 65_000, 66_000, 67_000];
    const recording = readCsv(table(times));
    expect(timesOf(table(times))).toEqual(times);
    expect(recording).toMatchObject({ lost: 59, notes: [] });
    expect(recording.blocks.map(({ start }) => start)).toEqual([0, 63]);
  });

  test('of frames that share a stamp, the later ones follow the first by the rate', () => {
    expect(timesOf(table([0, 0, 0, 0, 80, 80, 80, 80, 170, 170]), { rate: 50 })).toEqual([
      0, 20, 40, 60, 80, 100, 120, 140, 170, 190,
    ]);
  });

  test('a stamp that cannot be read is counted on from the one before', () => {
    const text = table([0, 1000, 2000, 3000, 4000, 5000]).replace(/.*,3\n/, 'late,3\n');
    expect(timesOf(text)).toEqual([0, 1000, 2000, 3000, 4000, 5000]);
    expect(readCsv(text).notes).toEqual(["frames whose 'time' cannot be read count on by the rate: 1"]);
    expect(timesOf(text.replace(/\n.*,0\n/, '\n,0\n'))).toEqual([0, 1000, 2000, 3000, 4000, 5000]);
  });
});

describe('the time column', () => {
  test.each([{}, { rate: 1 }])('that runs backwards is refused, with %j', (options) => {
    expect(() => readCsv(table([3000, 2000, 1000, 0]), options)).toThrow(
      "its rows are newest first by 'time': sort them by time",
    );
  });

  test('of even steps gives way to another rate, and that is told', () => {
    expect(timesOf(table([0, 1000, 2000]), { rate: 2 })).toEqual([0, 500, 1000]);
    expect(readCsv(table([0, 1000, 2000]), { rate: 2 }).notes).toEqual([
      "'time' tells 1 Hz and --rate 2: times are counted by --rate",
    ]);
  });

  test('may have any name where it holds ISO dates', () => {
    expect(timesOf(table([0, 1000, 2000], 'Zeit'))).toEqual([0, 1000, 2000]);
  });

  test.each(['01.03.2025 12:00:00', '03/01/2025 12:00 PM', '12:00:00', '2025/03/01', '1/3/25'])(
    'that looks like times and cannot be read is named: %s',
    (cell) => {
      const text = `Zeit,a\n${`${cell},1\n`.repeat(3)}`;
      const sentence = "the column 'Zeit' looks like times but cannot be read: write 2025-03-01T12:00:00Z";
      expect(() => readCsv(text)).toThrow(`${sentence}, or give the rate with --rate (Hz)`);
      expect(readCsv(text, { rate: 1 })).toMatchObject({ rate: 1, time: 0, notes: [sentence] });
    },
  );
});
