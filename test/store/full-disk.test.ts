import { execFileSync } from 'node:child_process';
import { mkdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { Recorder } from '../../src/store/recorder.ts';
import { SegmentReader } from '../../src/store/segment-reader.ts';
import { inDirectory } from './temporary.ts';

/** Mounts a disk of one MiB, which only root can do. Returns whether that is possible here. */
function mounted(directory: string): boolean {
  try {
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=1m', 'tapline-test', directory], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
}

const channels = [{ label: 'a', unit: '' }];
const frames = 256;

test('on a full disk, nothing becomes durable, and what was not recorded is recorded as lost, exactly, once there is space', (context) =>
  inDirectory(async (directory) => {
    const disk = join(directory, 'disk');
    await mkdir(disk);
    if (!mounted(disk)) return context.skip('needs root, to mount a small disk');
    try {
      const filler = join(disk, 'filler');
      await writeFile(filler, new Uint8Array(700 << 10));
      const reports: string[] = [];
      const options = { fsync: 'never', memoryBytes: 1 << 18, commitInterval: 5, retention: { minFree: 0 } } as const;
      const recorder = await Recorder.open(join(disk, 'store'), { ...options, report: (line) => reports.push(line) });
      recorder.record('x', { type: 'run', run: 0, next: 0, time: 0, channels, rate: 1000 });
      let next = 0;
      const record = (count: number): void => {
        for (let n = 0; n < count; n++, next += frames) {
          const data = Float32Array.from({ length: frames }, (_, i) => next + i);
          recorder.record('x', { type: 'block', block: { data, channels: 1, start: next, rate: 1000, time: next } });
        }
      };
      record(10);
      await recorder.flush();
      expect(recorder.durable('x')).toEqual({ run: 0, next });
      const before = next;
      for (let turn = 0; turn < 20; turn++) {
        record(50);
        await recorder.flush();
      }
      recorder.record('x', { type: 'mark', at: next, label: 'lost too' });
      const { durable } = recorder.status().streams[0];
      expect(durable.next).toBeGreaterThanOrEqual(before);
      expect(durable.next).toBeLessThan(next);
      expect(recorder.status()).toMatchObject({ problem: expect.stringContaining('ENOSPC') });
      // what is in the file is a prefix of whole records, and at most one that is not finished
      const reader = await SegmentReader.open(join(disk, 'store/x/0000000001.rec'), 'recording');
      while (reader.next() || (await reader.load()));
      await reader.close();
      expect(reader.damage.every(({ tail }) => tail)).toBe(true);
      const full = next;

      await rm(filler);
      // the first flush writes what is in memory, and the second one records what was lost
      await recorder.flush();
      await recorder.flush();
      expect(recorder.durable('x')).toEqual({ run: 0, next: full });
      record(3);
      await recorder.flush();
      expect(recorder.status().problem).toBeUndefined();
      expect(recorder.durable('x')).toEqual({ run: 0, next });

      let end = 0;
      const lost: { from: number; count: number; events: number }[] = [];
      for await (const { event } of recorder.read('x')) {
        if (event.type === 'block') {
          expect(event.block.start).toBe(end);
          event.block.data.forEach((x, i) => expect(x).toBe(end + i));
          end += event.block.data.length;
        } else if (event.type === 'lost') {
          expect(event.from).toBe(end);
          end += event.count;
          lost.push(event);
          expect(event.reason).toContain('ENOSPC');
        } else expect(event.type).toBe('run');
      }
      expect(end).toBe(next);
      // a write that is done in part makes room for a few more blocks, so there can be several lost ranges
      expect(lost.at(-1).from + lost.at(-1).count).toBe(full);
      const total = { frames: lost.reduce((sum, { count }) => sum + count, 0), events: 1 };
      expect(lost.reduce((sum, { events }) => sum + events, 0)).toBe(1);
      expect(total.frames).toBeGreaterThan(0);
      expect(recorder.status().streams[0].lost).toEqual(total);
      expect(reports.filter((line) => line.startsWith('cannot record: ENOSPC'))).toHaveLength(1);
      await recorder.close();
    } finally {
      execFileSync('umount', ['-l', disk]);
    }
  }));
