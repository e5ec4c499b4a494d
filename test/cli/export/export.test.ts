import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parquetReadObjects } from 'hyparquet';
import { describe, expect, test } from 'vitest';
import { exportCommand } from '../../../src/cli/export/export.ts';
import { readCsv } from '../../../src/formats/index.ts';
import { Recorder } from '../../../src/store/recorder.ts';
import { inDirectory } from '../../store/temporary.ts';
import { runCommand } from '../run-command.ts';
import { begin, bitsOf, eventsOfRun, recordInto } from './stored-events.ts';

const events = eventsOfRun({
  rate: 250,
  channels: 3,
  blocks: [100, 3000, -37, 400, 1, 9000],
  marks: [{ at: 120, label: 'eyes, closed', frames: 50 }],
});

const bits = (blocks: readonly { data: Float32Array }[]) =>
  blocks.flatMap(({ data }) => [...new Uint32Array(data.slice().buffer)]);

const exported = (state: string, out: string, ...args: string[]) =>
  runCommand(exportCommand(), ['x', '--state', state, '-o', out, ...args]);

describe('tapline export', () => {
  test('to CSV is read back bit for bit, with its gap and its event', () =>
    inDirectory(async (state) => {
      await recordInto(state, 'x', events);
      const out = join(state, 'x.csv');
      const { stderr } = await exported(state, out);
      expect(stderr).toBe(`Wrote 12501 frames and 1 event of x to ${out}\n`);
      const read = readCsv(readFileSync(out, 'utf8'));
      expect(bits(read.blocks)).toEqual(bitsOf(events));
      expect(read).toMatchObject({ rate: 250, lost: 37, time: begin, kind: 'eeg', frames: 12501 });
      expect(read.marks).toMatchObject([{ at: 120, label: 'eyes, closed', frames: 50 }]);
    }));

  test('while a recorder writes the stream, nothing changes for it', () =>
    inDirectory(async (state) => {
      const recorder = await Recorder.open(join(state, 'recordings'), { retention: { minFree: 0, maxAge: 1e15 } });
      for (const event of events) recorder.record('x', event);
      await recorder.flush();
      await exported(state, join(state, 'x.csv'));
      const read = readCsv(readFileSync(join(state, 'x.csv'), 'utf8'));
      expect(bits(read.blocks)).toEqual(bitsOf(events));
      expect(recorder.status().problem).toBeUndefined();
      await recorder.close();
    }));

  test('selects a time, to the frame', () =>
    inDirectory(async (state) => {
      await recordInto(state, 'x', events);
      const at = (frame: number) => new Date(begin + 4 * frame).toISOString();
      const out = join(state, 'x.csv');
      await exported(state, out, '--from', at(110), '--to', at(125));
      const read = readCsv(readFileSync(out, 'utf8'));
      expect(read.frames).toBe(15);
      expect(read.time).toBe(begin + 440);
      expect(bits(read.blocks)).toEqual(bitsOf(events).slice(330, 375));
    }));

  test('selects a run by its number, and rejects runs of different shapes in one file', () =>
    inDirectory(async (state) => {
      const second = eventsOfRun({ rate: 100, channels: 2, blocks: [50], run: 1, time: begin + 3_600_000 });
      await recordInto(state, 'x', [...events, ...second]);
      const out = join(state, 'x.csv');
      await exported(state, out, '--run', '701');
      expect(bits(readCsv(readFileSync(out, 'utf8')).blocks)).toEqual(bitsOf(second));
      await expect(exported(state, out)).rejects.toThrow(
        /the channels or the sampling rate change\. Select a run with --run.*\n.*\n {2}run 700: .*12501 frames.*\n {2}run 701: /,
      );
      await expect(exported(state, out, '--run', '5')).rejects.toThrow(
        /^--run must be the number of a recorded run, got 5\./,
      );
    }));

  test('to Parquet is read back bit for bit by another reader', () =>
    inDirectory(async (state) => {
      const odd = eventsOfRun({ rate: 250, channels: 2, blocks: [200_000, -9, 100_000], hasNaN: true });
      await recordInto(state, 'x', odd);
      const out = join(state, 'x.parquet');
      await exported(state, out);
      const file = readFileSync(out);
      const rows = await parquetReadObjects({
        file: file.buffer.slice(file.byteOffset, file.byteOffset + file.length),
      });
      expect(rows.length).toBe(300_000);
      const samples = Float32Array.from(rows.flatMap(({ ch1, ch2 }) => [ch1, ch2] as number[]));
      expect([...new Uint32Array(samples.buffer)]).toEqual(bitsOf(odd));
      expect(rows[0]).toMatchObject({ time: new Date(begin), run: 700n, index: 0n, valid: true, event: null });
      expect(rows[200_000]).toMatchObject({ index: 200_009n });
    }));

  test('to Parquet has a row for each event', () =>
    inDirectory(async (state) => {
      await recordInto(state, 'x', events);
      const out = join(state, 'x.parquet');
      await exported(state, out);
      const file = readFileSync(out);
      const rows = await parquetReadObjects({
        file: file.buffer.slice(file.byteOffset, file.byteOffset + file.length),
      });
      expect(rows.filter(({ event }) => event !== null)).toEqual([
        {
          time: new Date(begin + 480),
          run: 700n,
          index: null,
          ch1: null,
          ch2: null,
          ch3: null,
          valid: null,
          event: 'eyes, closed',
          duration: 0.2,
        },
      ]);
    }));

  test('rejects a stream that is not recorded, a file of another kind, and a time that ends before it starts', () =>
    inDirectory(async (state) => {
      await expect(exported(join(state, 'none'), 'x.csv')).rejects.toThrow(/contains no recordings\. Set --state/);
      await recordInto(state, 'plant-1', events);
      await expect(exported(state, join(state, 'x.csv'))).rejects.toThrow(
        /^stream x is not recorded in .*recordings\. Recorded streams: plant-1\.$/,
      );
      await expect(exported(state, 'x.mat')).rejects.toThrow(/--out must end with \.csv, .* got 'x\.mat'/);
      await expect(exported(state, 'x.csv', '--from', '2026-01-02', '--to', '2026-01-01')).rejects.toThrow(
        /^--to must be after --from/,
      );
      await expect(
        runCommand(exportCommand(), ['plant-1', '--state', state, '-o', join(state, 'x.csv'), '--from', '2030-01-01']),
      ).rejects.toThrow(/^no frames are recorded from --from to before --to\.\nRecorded runs:\n {2}run 700: /);
      expect(existsSync(join(state, 'x.csv'))).toBe(false);
    }));
});
