import { readdir, rm, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { timeOf } from '../../src/core/blocks/block.ts';
import type { Overview } from '../../src/store/overview.ts';
import type { RecordedEvent } from '../../src/store/recorded-event.ts';
import { Recorder } from '../../src/store/recorder.ts';
import type { RecorderOptions } from '../../src/store/recorder-options.ts';
import { eventsOf, randomSteps } from './random-events.ts';
import { inDirectory } from './temporary.ts';

const options: RecorderOptions = { fsync: 'never', segmentBytes: 1 << 16, retention: { minFree: 0 } };

interface Column {
  run: number;
  start: number;
  time: number;
  frames: number;
  min: number[];
  max: number[];
  mean: number[];
  count: number[];
}

/** Reduces recorded frames directly to columns of `size` frames. */
function direct(events: readonly RecordedEvent[], size: number): Column[] {
  const columns = new Map<string, Omit<Column, 'mean'> & { sum: number[] }>();
  let run = -1;
  for (const event of events) {
    if (event.type === 'run') run = event.run;
    if (event.type !== 'block') continue;
    const { block } = event;
    const { channels, valid } = block;
    for (let f = 0; f < block.data.length / channels; f++) {
      const start = Math.floor((block.start + f) / size) * size;
      const time = timeOf(block, block.start + f);
      const key = `${run} ${start}`;
      const none = () => Array.from({ length: channels }, () => NaN);
      const zero = () => Array.from({ length: channels }, () => 0);
      let column = columns.get(key);
      if (!column)
        columns.set(
          key,
          (column = { run, start, time, frames: 0, min: none(), max: none(), sum: zero(), count: zero() }),
        );
      column.frames++;
      const samples = [...block.data.subarray(f * channels, (f + 1) * channels)];
      // all finite and invalid: the device has marked the frame
      if (valid && valid[f] === 0 && samples.every(Number.isFinite)) continue;
      for (const [c, x] of samples.entries()) {
        if (!Number.isFinite(x)) continue;
        const n = column.count[c]++;
        column.min[c] = n === 0 ? x : Math.min(column.min[c], x);
        column.max[c] = n === 0 ? x : Math.max(column.max[c], x);
        column.sum[c] += x;
      }
    }
  }
  // the samples are integers, whose sums are exact in any order
  return [...columns.values()].map(({ sum, ...column }) => ({
    ...column,
    mean: sum.map((total, c) => Math.fround(total / column.count[c])),
  }));
}

function columnsOf({ runs }: Overview): Column[] {
  return runs.flatMap(({ run, start, time, frames, min, max, mean, count }) => {
    const channels = run.channels.length;
    const row = (values: ArrayLike<number>, i: number) => Array.from(values).slice(i * channels, (i + 1) * channels);
    return [...start].map((first, i) => ({
      run: run.run,
      start: first,
      time: time[i],
      frames: frames[i],
      min: row(min, i),
      max: row(max, i),
      mean: row(mean, i),
      count: row(count, i),
    }));
  });
}

const all = [-8.64e15, 8.64e15] as const;

describe('an overview', () => {
  test('equals the same reduction of the recorded frames, with any blocks, gaps, runs, segments, and restarts', () =>
    inDirectory(async (directory) => {
      let n = 0;
      const tiers = new Set<number>();
      await fc.assert(
        fc.asyncProperty(
          randomSteps(40),
          fc.nat(),
          fc.constantFrom(1, 2, 7, 40, 300),
          async (steps, restart, points) => {
            const events = eventsOf(steps);
            const path = join(directory, String(n++));
            let recorder = await Recorder.open(path, options);
            for (const [i, event] of events.entries()) {
              if (i === restart % events.length) {
                await recorder.close();
                recorder = await Recorder.open(path, options);
              }
              recorder.record('x', event);
            }
            const found = await recorder.overview('x', ...all, points);
            tiers.add(found.bucket);
            expect(columnsOf(found)).toEqual(direct(events, found.size));
            const runs = events.filter(({ type }) => type === 'run').length;
            expect(columnsOf(found).length).toBeLessThanOrEqual(Math.max(points, runs));
            await recorder.close();
          },
        ),
        { seed: 1, numRuns: 60 },
      );
      expect([...tiers].sort((a, b) => a - b)).toEqual(expect.arrayContaining([1, 64, 1024, 16_384]));
    }));

  test('of a time span equals that of the frames within it, apart from the buckets at its ends', () =>
    inDirectory(async (directory) => {
      let n = 0;
      await fc.assert(
        fc.asyncProperty(randomSteps(40), fc.nat(), fc.nat(), async (steps, a, b) => {
          const events = eventsOf(steps);
          const times = events.flatMap((event) => (event.type === 'block' ? [event.block.time] : []));
          fc.pre(times.length > 1);
          const [from, to] = [times[a % times.length], times[b % times.length]].sort((x, y) => x - y);
          fc.pre(from < to);
          const recorder = await Recorder.open(join(directory, String(n++)), options);
          for (const event of events) recorder.record('x', event);
          const found = await recorder.overview('x', from, to, 20);
          const columns = columnsOf(found);
          const reference = direct(events, found.size);
          const within = direct(events, 1).filter(({ time }) => time >= from && time < to).length;
          const frames = columns.reduce((sum, column) => sum + column.frames, 0);
          expect(frames).toBeGreaterThanOrEqual(within);
          expect(frames).toBeLessThanOrEqual(within + (found.bucket > 1 ? 2 * found.bucket : 0));
          for (const column of columns) {
            const whole = reference.find(({ run, start }) => run === column.run && start === column.start)!;
            expect(whole.frames).toBeGreaterThanOrEqual(column.frames);
            const isInside = columns.indexOf(column) > 0 && columns.indexOf(column) < columns.length - 1;
            if (isInside && columns.filter(({ run }) => run === column.run).length === columns.length)
              expect(column).toEqual(whole);
          }
          await recorder.close();
        }),
        { seed: 2, numRuns: 60 },
      );
    }));

  test('does not depend on what a kill leaves: missing, torn, or damaged tiers are computed again', () =>
    inDirectory(async (directory) => {
      const events = eventsOf(
        Array.from({ length: 40 }, (_, i) => ({ type: 'block', frames: 1500, jump: i, valid: i % 2 > 0, seed: i })),
      );
      const recorder = await Recorder.open(directory, options);
      for (const event of events) recorder.record('x', event);
      const before = await recorder.overview('x', ...all, 50);
      await recorder.close();
      const files = (await readdir(join(directory, 'x'))).filter((name) => name.endsWith('.tiers'));
      expect(files.length).toBeGreaterThan(3);
      await rm(join(directory, 'x', files[0]));
      await truncate(join(directory, 'x', files[1]), 1000);
      await writeFile(join(directory, 'x', files[2]), new Uint8Array(3000));
      const reports: string[] = [];
      const reopened = await Recorder.open(directory, { ...options, report: (line) => reports.push(line) });
      expect(await reopened.overview('x', ...all, 50)).toEqual(before);
      await reopened.close();
      expect(reports).toEqual([]);
    }));

  test('of a year of samples at 250 Hz reads only the coarsest tiers', () =>
    inDirectory(async (directory) => {
      const recorder = await Recorder.open(directory, { ...options, segmentBytes: 1 << 20 });
      const channels = [{ label: 'a', unit: '' }];
      recorder.record('x', { type: 'run', run: 0, next: 0, time: 0, channels, rate: 250 });
      const data = Float32Array.from({ length: 250 }, (_, i) => i);
      // a second of every hour
      for (let hour = 0; hour < 365 * 24; hour++) {
        const start = hour * 3600 * 250;
        recorder.record('x', { type: 'block', block: { data, channels: 1, start, rate: 250, time: hour * 3.6e6 } });
        if (hour % 500 === 0) await recorder.flush();
      }
      const found = await recorder.overview('x', 0, 366 * 86.4e6, 2000);
      const [run] = found.runs;
      expect(run.start.length).toBeGreaterThan(900);
      expect(run.start.length).toBeLessThanOrEqual(2000);
      expect(run.frames.reduce((sum, count) => sum + count)).toBe(365 * 24 * 250);
      expect([Math.min(...run.min), Math.max(...run.max)]).toEqual([0, 249]);
      await recorder.close();
    }));
});
