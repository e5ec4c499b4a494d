import type fs from 'node:fs';
import { expect, test, vi } from 'vitest';
import { Recorder } from '../../src/store/recorder.ts';
import { inDirectory } from './temporary.ts';

/** Calls of fdatasync that fail: after `after - 1` others, the next `next` ones. */
const failures = vi.hoisted(() => ({ after: 0, next: 0 }));

vi.mock('node:fs', async (original) => {
  const real = await original<typeof fs>();
  const fdatasync = (descriptor: number, done: (error: Error | null) => void): void => {
    if (--failures.after <= 0 && failures.next-- > 0)
      done(Object.assign(new Error('EIO: i/o error, fdatasync'), { code: 'EIO' }));
    else real.fdatasync(descriptor, done);
  };
  return { ...real, fdatasync };
});

test('frames whose fsync has failed are reported as possibly damaged, and recording continues in a new segment', () =>
  inDirectory(async (directory) => {
    const reports: string[] = [];
    const report = (line: string) => reports.push(line);
    const recorder = await Recorder.open(directory, { fsync: 'always', retention: { minFree: 0 }, report });
    const channels = [{ label: 'a', unit: '' }];
    recorder.record('x', { type: 'run', run: 0, next: 0, time: 0, channels, rate: 1000 });
    const record = (start: number): void => {
      const data = new Float32Array(100).fill(start);
      recorder.record('x', { type: 'block', block: { data, channels: 1, start, rate: 1000, time: start } });
    };
    record(0);
    await recorder.flush();
    record(100);
    failures.next = 1;
    await recorder.flush();
    expect(recorder.durable('x')).toEqual({ run: 0, next: 100 });
    expect(recorder.status().problem).toContain('EIO');
    record(200);
    await recorder.flush();
    expect(recorder.durable('x')).toEqual({ run: 0, next: 300 });
    expect(recorder.status().problem).toBeUndefined();
    const lost = { type: 'lost', from: 100, count: 100, reason: expect.stringContaining('EIO') };
    const found = [];
    for await (const { event, position } of recorder.read('x')) found.push({ ...event, segment: position.segment });
    expect(found).toMatchObject([
      { type: 'run', segment: 1 },
      { type: 'block', block: { start: 0 }, segment: 1 },
      { type: 'block', block: { start: 100 }, segment: 1 },
      { ...lost, segment: 2 },
      { type: 'block', block: { start: 200 }, segment: 2 },
    ]);
    await recorder.close();
    expect(reports.some((line) => line.includes('did not record 100 frames from frame 100 of run 0'))).toBe(true);
  }));

test('whichever fsync fails, also when a segment is closed or for a reader, the frames since the last one are reported', async () => {
  let reported = 0;
  for (let failing = 1; failing <= 16; failing++)
    for (const isRead of [false, true])
      await inDirectory(async (directory) => {
        const options = {
          fsync: 'always' as const,
          retention: { minFree: 0 },
          segmentBytes: 1 << 12,
          report: () => {},
        };
        const recorder = await Recorder.open(directory, options);
        const channels = [{ label: 'a', unit: '' }];
        let [run, durable] = [0, { run: -1, next: 0 }];
        const begin = (next: number) =>
          recorder.record('x', { type: 'run', run: run++, next, time: 0, channels, rate: 1000 });
        begin(5000);
        failures.after = failing;
        failures.next = 1;
        for (let i = 0; i < 24; i++) {
          if (i === 12) begin(8000);
          const start = i < 12 ? 5000 + 100 * i : 8000 + 100 * i;
          const data = new Float32Array(100).fill(start);
          recorder.record('x', { type: 'block', block: { data, channels: 1, start, rate: 1000, time: start } });
          if (isRead) for await (const { event } of recorder.read('x')) expect(event.type).not.toBe('damaged');
          // frames that are durable were not lost before
          if (recorder.lost('x').frames === 0) durable = recorder.durable('x');
          if (i % 2 === 0) await recorder.flush();
        }
        const isFailed = failures.next <= 0;
        failures.next = 0;
        failures.after = 0;
        await recorder.flush();
        await recorder.flush();
        expect(recorder.durable('x')).toEqual(recorder.accepted('x'));
        const { frames } = recorder.lost('x');
        if (isFailed && frames > 0) reported++;
        expect(frames).toBeLessThanOrEqual(200);
        const lost = [];
        for await (const { event, run: lostRun } of recorder.read('x'))
          if (event.type === 'lost') lost.push({ event, lostRun });
        expect(lost.reduce((sum, { event }) => sum + event.count, 0)).toBe(frames);
        for (const { event, lostRun } of lost)
          if (lostRun === durable.run) expect(event.from).toBeGreaterThanOrEqual(durable.next);
        await recorder.close();
      });
  // the others failed when a segment was closed of which everything was durable
  expect(reported).toBe(26);
});
