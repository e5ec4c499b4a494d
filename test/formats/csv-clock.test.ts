import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { timeOf } from '../../src/core/blocks/block.ts';
import { readCsv } from '../../src/formats/csv/csv.ts';
import type { ReadOptions } from '../../src/formats/recording.ts';

const begin = Date.UTC(2025, 2, 1);
const table = (times: readonly number[], name = 'time') =>
  `${name},a\n${times.map((ms, n) => `${new Date(begin + ms).toISOString()},${n}\n`).join('')}`;
/** The time of every frame, in ms since 1 March. */
const timesOf = (text: string, options: ReadOptions = {}) =>
  readCsv(text, options).blocks.flatMap((block) =>
    Array.from(block.data, (_, i) => timeOf(block, block.start + i) - begin),
  );
const sums = (steps: readonly number[]) => steps.reduce((times, step) => [...times, times.at(-1) + step], [0]);

describe('frames keep the times of the file', () => {
  test('exactly if the steps are irregular; no frame is lost, and a note reports the steps', () => {
    const irregular = fc.array(fc.constantFrom(1000, 7000, 60_000, 333_000), { minLength: 20, maxLength: 60 });
    fc.assert(
      fc.property(irregular, (steps) => {
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
      "The time steps in the column 'time' are irregular (most are 10 to 300 s). Each frame keeps its own time; 0.02 Hz is assumed where a sampling rate is needed.",
    ]);
  });

  test('within half a step if the steps are regular except for jitter and clock drift', () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: -300, max: 300 }), { minLength: 30, maxLength: 200 }), (jitter) => {
        const times = jitter.map((off, n) => n * 1000 + off + (n > 20 ? 20 * (n - 20) : 0));
        const read = timesOf(table(times), { rate: 1 });
        expect(read).toHaveLength(times.length);
        for (const [n, time] of read.entries()) expect(Math.abs(time - times[n])).toBeLessThanOrEqual(500);
      }),
      { seed: 2, numRuns: 50 },
    );
  });

  test('a gap between regular steps keeps its exact length', () => {
    const times = [0, 1000, 2000, 3000, 63_000, 64_000, 65_000, 66_000, 67_000];
    const recording = readCsv(table(times));
    expect(timesOf(table(times))).toEqual(times);
    expect(recording).toMatchObject({ lost: 59, notes: [] });
    expect(recording.blocks.map(({ start }) => start)).toEqual([0, 63]);
  });

  test('frames with the same timestamp follow the first one at the sampling rate', () => {
    expect(timesOf(table([0, 0, 0, 0, 80, 80, 80, 80, 170, 170]), { rate: 50 })).toEqual([
      0, 20, 40, 60, 80, 100, 120, 140, 170, 190,
    ]);
  });

  test('times that are coarser than the set rate show only gaps longer than twice their resolution, and drift', () => {
    const coarse = (rate: number, hole: number) =>
      Array.from({ length: 2500 }, (_, n) => 1000 * Math.floor((n + (n < 1250 ? 0 : hole)) / rate));
    for (const rate of [249.2, 250, 250.7])
      expect(readCsv(table(coarse(rate, 0)), { rate: 250 })).toMatchObject({ rate: 250, lost: 0, frames: 2500 });
    const { lost, irregular } = readCsv(table(coarse(250, 2500)), { rate: 250 });
    expect(Math.abs(lost - 2500)).toBeLessThanOrEqual(5);
    expect(irregular).toBeUndefined();
    const drifted = timesOf(table(coarse(240, 0)), { rate: 250 });
    expect(Math.abs(drifted[2499] - 10_400)).toBeLessThan(1500);
  });

  test('frames of an irregular table with the same timestamp keep it', () => {
    const times = [0, 0, 10_000, 17_000, 39_000, 41_000, 41_000, 44_000, 60_000];
    expect(timesOf(table(times))).toEqual(times);
  });

  test('a frame with an unreadable timestamp follows the previous frame', () => {
    const text = table([0, 1000, 2000, 3000, 4000, 5000]).replace(/.*,3\n/, 'late,3\n');
    expect(timesOf(text)).toEqual([0, 1000, 2000, 3000, 4000, 5000]);
    expect(readCsv(text).notes).toContain(
      "Cells of 'time' without a readable time: 1. These frames are timed by the sampling rate.",
    );
    expect(timesOf(text.replace(/\n.*,0\n/, '\n,0\n'))).toEqual([0, 1000, 2000, 3000, 4000, 5000]);
  });
});

describe('the time column', () => {
  test.each([{}, { rate: 1 }])('that runs backwards is rejected with the options %j', (options) => {
    expect(() => readCsv(table([3000, 2000, 1000, 0]), options)).toThrow(
      "the times in the column 'time' are descending: line 3: the time in the column 'time' goes back from 2025-03-01T00:00:03.000Z to 2025-03-01T00:00:02.000Z. Sort the rows with the option sort.",
    );
  });

  test('with regular steps is overruled by the option rate, and a note reports it', () => {
    expect(timesOf(table([0, 1000, 2000]), { rate: 2 })).toEqual([0, 500, 1000]);
    expect(readCsv(table([0, 1000, 2000]), { rate: 2 }).notes).toEqual([
      "The time column 'time' implies 1 Hz, but the rate is set to 2 Hz. The set rate is used.",
    ]);
  });

  test('can have any name if it contains ISO dates', () => {
    expect(timesOf(table([0, 1000, 2000], 'Zeit'))).toEqual([0, 1000, 2000]);
  });

  test('in an unknown format is reported', () => {
    const text = `Zeit,a\n${'week 12,1\n'.repeat(3)}`;
    expect(() => readCsv(text)).toThrow(
      'the file has no time column. Set the sampling rate with the option rate (Hz).',
    );
    expect(readCsv(text, { rate: 1 })).toMatchObject({
      rate: 1,
      time: 0,
      undated: true,
      notes: ["Skipped columns in which most cells are not numbers: Zeit ('week 12')."],
    });
  });
});
