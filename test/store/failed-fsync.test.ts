import type fs from 'node:fs';
import { expect, test, vi } from 'vitest';
import { Recorder } from '../../src/store/recorder.ts';
import { inDirectory } from './temporary.ts';

const failures = vi.hoisted(() => ({ next: 0 }));

vi.mock('node:fs', async (original) => {
  const real = await original<typeof fs>();
  const fdatasync = (descriptor: number, done: (error: Error | null) => void): void => {
    if (failures.next-- > 0) done(Object.assign(new Error('EIO: i/o error, fdatasync'), { code: 'EIO' }));
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
