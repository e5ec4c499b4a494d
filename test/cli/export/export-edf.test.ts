import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { exportCommand } from '../../../src/cli/export/export.ts';
import { recordLength } from '../../../src/cli/export/export-edf.ts';
import { physicalRange } from '../../../src/formats/edf/physical-range.ts';
import { edfReader, type Recording } from '../../../src/formats/index.ts';
import type { RecordedEvent } from '../../../src/store/recorded-event.ts';
import { pythonWith } from '../../python-with.ts';
import { inDirectory } from '../../store/temporary.ts';
import { runCommand } from '../run-command.ts';
import { begin, eventsOfRun, recordInto, type StreamShape } from './stored-events.ts';

const python = pythonWith('mne');

/** Exports events, and reads the file. */
async function roundTrip(
  state: string,
  events: readonly RecordedEvent[],
  format: 'edf' | 'bdf',
): Promise<{ read: Recording; stderr: string; path: string }> {
  await recordInto(state, 'x', events);
  const path = join(state, `x.${format}`);
  const { stderr } = await runCommand(exportCommand(), ['x', '--state', state, '-o', path]);
  const reader = edfReader();
  reader.push(readFileSync(path));
  return { read: reader.end(), stderr, path };
}

/** Samples by frame of the file: [frame, samples] of blocks. */
function framesOf(blocks: readonly { data: Float32Array; channels: number; start: number }[]): Map<number, number[]> {
  const frames = new Map<number, number[]>();
  for (const { data, channels, start } of blocks)
    for (let f = 0; f < data.length / channels; f++)
      frames.set(start + f, [...data.subarray(f * channels, (f + 1) * channels)]);
  return frames;
}

const blocksOf = (events: readonly RecordedEvent[]) =>
  events.flatMap((event) => (event.type === 'block' ? [event.block] : []));

/** Half of the difference of two stored samples, and the rounding error of float32. */
function tolerance(events: readonly RecordedEvent[], format: 'edf' | 'bdf'): number {
  const samples = blocksOf(events).flatMap(({ data }) => [...data].filter(Number.isFinite));
  const range = Math.max(...samples, 0) - Math.min(...samples, 0);
  const largest = Math.max(...samples.map(Math.abs));
  return (1.01 * range) / (format === 'edf' ? 2 ** 17 : 2 ** 25) + largest * 2 ** -23;
}

describe.each(['edf', 'bdf'] as const)('tapline export to %s', (format) => {
  test('is read back within its precision, for any rate, blocks, and gaps', () =>
    inDirectory(async (directory) => {
      let n = 0;
      const shapes = fc.record({
        rate: fc.constantFrom(250, 1, 100, 128.5, 0.1, 512),
        channels: fc.integer({ min: 1, max: 4 }),
        blocks: fc.array(fc.integer({ min: -40, max: 300 }), { minLength: 1, maxLength: 12 }),
        hasNaN: fc.boolean(),
      });
      await fc.assert(
        fc.asyncProperty(shapes, async (shape: StreamShape) => {
          fc.pre(shape.blocks.some((frames) => frames > 0));
          const events = eventsOfRun({ ...shape, blocks: [5, ...shape.blocks] });
          const { read } = await roundTrip(join(directory, String(n++)), events, format);
          expect(read.rate).toBeCloseTo(shape.rate, 9);
          expect(read.time).toBeCloseTo(begin, 3);
          const found = framesOf(read.blocks);
          const most = tolerance(events, format);
          for (const [frame, samples] of framesOf(blocksOf(events)))
            samples.forEach((sample, c) => {
              if (Number.isFinite(sample)) expect(Math.abs((found.get(frame)?.[c] ?? NaN) - sample)).toBeLessThan(most);
            });
          const missing = read.marks?.filter(({ label }) => label.startsWith('BAD_gap')) ?? [];
          const gaps = events.flatMap((event) => (event.type === 'gap' ? [event.count] : []));
          const filled = missing.reduce((sum, { frames = 0 }) => sum + frames, 0);
          // a gap at the end is followed by no frame
          const last = shape.blocks.findLastIndex((frames) => frames > 0);
          const after = shape.blocks.slice(last + 1).reduce((sum, frames) => sum - frames, 0);
          expect(filled).toBe(gaps.reduce((sum, count) => sum + count, 0) - after);
        }),
        { seed: 5, numRuns: 30 },
      );
    }));

  test('contains events, and covers missing samples by annotations', () =>
    inDirectory(async (state) => {
      const events = eventsOfRun({
        rate: 100,
        channels: 2,
        blocks: [250, -30, 100],
        start: 1000,
        marks: [
          { at: 1010, label: 'eyes closed', frames: 40 },
          { at: 1290, label: 'blink' },
        ],
      });
      const block = blocksOf(events)[0];
      block.data.fill(NaN, 2 * 100, 2 * 120);
      const { read, stderr } = await roundTrip(state, events, format);
      const marks = read.marks?.map(({ at, label, frames }) => [at, label, frames]);
      expect(marks).toEqual([
        [10, 'eyes closed', 40],
        [100, 'BAD_missing ch1 ch2', 20],
        [250, 'BAD_gap 30 frames missing', 30],
        [290, 'blink', undefined],
        [380, 'BAD_padding', 20],
      ]);
      expect(stderr).toContain('Wrote 350 frames and 2 events of x to ');
      expect(stderr).toMatch(/Samples are rounded to (16|24) bits, by at most [\d.e-]+ µV \(channel ch[12]\)\./);
      expect(read.channels).toMatchObject([
        { label: 'ch1', unit: 'µV' },
        { label: 'ch2', unit: 'µV' },
      ]);
    }));

  test('omits a long gap, which is read back with its exact length', () =>
    inDirectory(async (state) => {
      const events = eventsOfRun({ rate: 100, channels: 1, blocks: [250, -1_234_567, 100] });
      const { read, stderr, path } = await roundTrip(state, events, format);
      expect(stderr).toContain(`(${format.toUpperCase()}+D)`);
      expect(readFileSync(path).length).toBeLessThan(10_000);
      const found = framesOf(read.blocks);
      const most = tolerance(events, format);
      for (const [frame, [sample]] of framesOf(blocksOf(events)))
        expect(Math.abs((found.get(frame)?.[0] ?? NaN) - sample)).toBeLessThan(most);
    }));

  test('two runs are at their times, and an irregular stream is rejected', () =>
    inDirectory(async (state) => {
      const second = eventsOfRun({ rate: 100, channels: 1, blocks: [10], run: 1, start: 77, time: begin + 12_340 }, 2);
      const events = [...eventsOfRun({ rate: 100, channels: 1, blocks: [250] }), ...second];
      const { read } = await roundTrip(join(state, '1'), events, format);
      const [{ data }] = blocksOf(second);
      expect(Math.abs((framesOf(read.blocks).get(1234)?.[0] ?? NaN) - data[0])).toBeLessThan(tolerance(events, format));
      const irregular = eventsOfRun({ rate: 0, channels: 1, blocks: [1, 1] });
      await expect(roundTrip(join(state, '2'), irregular, format)).rejects.toThrow(/require a fixed sampling rate/);
    }));

  test('an annotation burst at the end fits', () =>
    inDirectory(async (state) => {
      const marks = Array.from({ length: 300 }, (_, i) => ({ at: 900 + (i % 100), label: `event ${i}` }));
      const events = eventsOfRun({ rate: 10, channels: 1, blocks: [1000], marks });
      const { read } = await roundTrip(state, events, format);
      expect(read.marks?.length).toBe(300);
    }));

  test.skipIf(!python)('is read by MNE', () =>
    inDirectory(async (state) => {
      const events = eventsOfRun({
        rate: 250,
        channels: 3,
        blocks: [1000, -100, 900],
        marks: [{ at: 300, label: 'eyes closed', frames: 50 }],
      });
      const { path } = await roundTrip(state, events, format);
      const script = new URL('../../formats/read-with-mne.py', import.meta.url).pathname;
      const told = JSON.parse(execFileSync(python ?? '', [script, state, path], { encoding: 'utf8' })) as {
        rate: number;
        labels: string[];
        time: number;
        annotations: [number, number, string][];
      };
      expect(told).toMatchObject({ rate: 250, labels: ['ch1', 'ch2', 'ch3'], time: begin });
      expect(told.annotations).toEqual([
        [1.2, 0.2, 'eyes closed'],
        [4, 0.4, 'BAD_gap 100 frames missing'],
      ]);
      const bytes = readFileSync(join(state, '0'));
      const samples = new Float64Array(bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.length));
      const most = tolerance(events, format);
      for (const [frame, expected] of framesOf(blocksOf(events)))
        expected.forEach((sample, c) => {
          expect(Math.abs(samples[3 * frame + c] - sample)).toBeLessThan(most);
        });
    }),
  );
});

test('a physical range contains its samples and fits into a header', () => {
  const sample = fc.float({ noNaN: true, noDefaultInfinity: true });
  fc.assert(
    fc.property(sample, sample, (a, b) => {
      const [min, max] = a < b ? [a, b] : [b, a];
      const range = physicalRange(min, max);
      expect(range.min.length).toBeLessThanOrEqual(8);
      expect(range.max.length).toBeLessThanOrEqual(8);
      expect(Number(range.min)).toBeLessThanOrEqual(min);
      expect(Number(range.max)).toBeGreaterThanOrEqual(max);
      expect(Number(range.min)).toBeLessThan(Number(range.max));
    }),
    { seed: 6, numRuns: 2000 },
  );
});

test('a record lasts about a second, exactly if possible', () => {
  expect(recordLength(250, Infinity)).toEqual({ frames: 250, duration: '1' });
  expect(recordLength(128.5, Infinity)).toEqual({ frames: 257, duration: '2' });
  expect(recordLength(0.1, Infinity)).toEqual({ frames: 1, duration: '10' });
  expect(recordLength(1000, 100)).toEqual({ frames: 100, duration: '0.1' });
});
