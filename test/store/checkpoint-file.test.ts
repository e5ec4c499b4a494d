import { readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { CheckpointFiles } from '../../src/store/checkpoint-file.ts';
import { inDirectory } from './temporary.ts';

const state = (length: number) => Uint8Array.from({ length }, (_, i) => i & 0xff);

describe('checkpoints', () => {
  test('of a stream: the newest is returned, and the last two are kept', () =>
    inDirectory(async (directory) => {
      const files = new CheckpointFiles(join(directory, 'x'), (line) => {
        throw new Error(line);
      });
      expect(await files.newest()).toBeUndefined();
      for (const [run, index] of [
        [0, 900],
        [0, 1000],
        [2, 50],
      ])
        await files.save({ run, index, state: state(index) });
      expect(await files.newest()).toEqual({ run: 2, index: 50, state: state(50) });
      expect((await readdir(join(directory, 'x'))).sort()).toEqual(['0-1000.state', '2-50.state']);
      await files.clear();
      expect(await files.newest()).toBeUndefined();
    }));

  test('that are cut at any byte or have a flipped bit are skipped with a report, and the one before is returned', () =>
    inDirectory(async (directory) => {
      const reports: string[] = [];
      const files = new CheckpointFiles(directory, (line) => reports.push(line));
      await files.save({ run: 0, index: 1, state: state(30) });
      await files.save({ run: 0, index: 2, state: state(21) });
      const path = join(directory, '0-2.state');
      const bytes = await readFile(path);
      const damaged: Uint8Array[] = [];
      for (let cut = 0; cut < bytes.length; cut++) damaged.push(bytes.subarray(0, cut));
      for (let bit = 0; bit < 8 * bytes.length; bit++) {
        const copy = Uint8Array.from(bytes);
        copy[bit >> 3] ^= 1 << (bit & 7);
        damaged.push(copy);
      }
      for (const [i, content] of damaged.entries()) {
        await writeFile(path, content);
        expect(await files.newest(), `damage ${i}`).toEqual({ run: 0, index: 1, state: state(30) });
        expect(reports).toHaveLength(i + 1);
      }
      expect(reports[0]).toContain('0-2.state: skipped the checkpoint: file must be a checkpoint');
    }));

  test('that a kill has left unfinished are not used, and are deleted by the next one', () =>
    inDirectory(async (directory) => {
      const files = new CheckpointFiles(directory, () => {});
      await files.save({ run: 0, index: 1, state: state(9) });
      await writeFile(join(directory, '0-5.state.tmp'), state(5));
      expect(await files.newest()).toMatchObject({ index: 1 });
      await files.save({ run: 0, index: 6, state: state(6) });
      expect((await readdir(directory)).sort()).toEqual(['0-1.state', '0-6.state']);
    }));
});
