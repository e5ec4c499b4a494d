import { readdir, statfs } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { Recorder } from '../../src/store/recorder.ts';
import type { RecorderOptions } from '../../src/store/recorder-options.ts';
import { inDirectory } from './temporary.ts';

const day = 86_400_000;
const channels = [{ label: 'a', unit: '' }];

/** A recorder with a clock that stands still, and a function that records `count` blocks of 1000 frames. */
async function openAt(directory: string, options: RecorderOptions) {
  const clock = { now: 1.7e12 };
  const recorder = await Recorder.open(directory, {
    fsync: 'never',
    segmentBytes: 1 << 14,
    ...options,
    retention: { minFree: 0, ...options.retention },
    now: () => clock.now,
  });
  const frames = new Map<string, number>();
  const record = async (stream: string, count: number): Promise<void> => {
    for (let n = 0; n < count; n++) {
      const start = frames.get(stream) ?? 0;
      if (start === 0) recorder.record(stream, { type: 'run', run: 0, next: 0, time: clock.now, channels, rate: 1000 });
      const data = new Float32Array(1000).fill(start);
      recorder.record(stream, { type: 'block', block: { data, channels: 1, start, rate: 1000, time: clock.now } });
      frames.set(stream, start + 1000);
    }
    await recorder.flush();
  };
  return { recorder, clock, record };
}

async function firstFrame(recorder: Recorder, stream: string): Promise<number | undefined> {
  for await (const { event } of recorder.read(stream)) if (event.type === 'block') return event.block.start;
  return undefined;
}

const names = async (directory: string, ending: string) =>
  (await readdir(directory)).filter((name) => name.endsWith(ending));

describe('retention', () => {
  test('deletes segments by age, keeps their tiers longer, and never deletes the segment that is written', () =>
    inDirectory(async (directory) => {
      const { recorder, clock, record } = await openAt(directory, {
        retention: { maxAge: 2 * day, maxTierAge: 10 * day },
      });
      await record('x', 20);
      clock.now += day;
      await record('x', 20);
      const before = await recorder.overview('x', 0, 2e12, 10);
      clock.now += 1.5 * day;
      expect(await recorder.enforceRetention()).toBeGreaterThan(0);
      const first = await firstFrame(recorder, 'x');
      expect(first).toBeGreaterThan(15_000);
      expect(first).toBeLessThanOrEqual(20_000);
      expect(await recorder.overview('x', 0, 2e12, 10)).toEqual(before);
      clock.now += 20 * day;
      await recorder.enforceRetention();
      // closed because of its age, by the first check after it; deleted by the next one that finds it too old
      expect((await names(join(directory, 'x'), '.rec')).length).toBeLessThanOrEqual(1);
      expect(recorder.accepted('x')).toEqual({ run: 0, next: 40_000 });
      await record('x', 1);
      expect(recorder.accepted('x').next).toBe(41_000);
      await recorder.close();
    }));

  test('deletes the oldest segments of all streams first when the size exceeds its limit', () =>
    inDirectory(async (directory) => {
      const { recorder, clock, record } = await openAt(directory, {
        retention: { maxBytes: 200_000, maxTierBytes: 10_000 },
      });
      for (let n = 0; n < 10; n++) {
        clock.now += 1000;
        await record(n % 2 === 0 ? 'x' : 'y', 10);
      }
      await recorder.enforceRetention();
      expect(recorder.status().bytes).toBeLessThanOrEqual(200_000);
      const [x, y] = [await firstFrame(recorder, 'x'), await firstFrame(recorder, 'y')];
      expect(x).toBeGreaterThan(20_000);
      expect(Math.abs(x! - y!)).toBeLessThanOrEqual(10_000);
      await recorder.close();
    }));

  test('deletes segments until enough of the disk is free, but not those that are written', () =>
    inDirectory(async (directory) => {
      const { bavail, blocks } = await statfs(directory);
      const { recorder, record } = await openAt(directory, {
        retention: { minFree: Math.min(1, bavail / blocks + 0.1) },
      });
      await record('x', 20);
      await recorder.enforceRetention();
      expect((await names(join(directory, 'x'), '.rec')).length).toBeLessThanOrEqual(2);
      await record('x', 1);
      expect(recorder.accepted('x').next).toBe(21_000);
      expect(await firstFrame(recorder, 'x')).toBeGreaterThan(0);
      await recorder.close();
    }));

  test('limits the size of segments that are written to an eighth of the budget, so that old ones can be deleted', () =>
    inDirectory(async (directory) => {
      const { recorder, record } = await openAt(directory, {
        segmentBytes: 64 << 20,
        retention: { maxBytes: 8 << 20 },
      });
      for (let turn = 0; turn < 20; turn++) for (let n = 0; n < 4; n++) await record(`s${n}`, 15);
      await recorder.flush();
      for (let n = 0; n < 4; n++) expect((await names(join(directory, `s${n}`), '.rec')).length).toBeGreaterThan(3);
      await recorder.close();
    }));
});
