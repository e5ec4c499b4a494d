import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { afterAll, describe, expect, test } from 'vitest';
import { readRecordingFile } from '../../../src/sources/node/file.ts';
import { encodeBrainvision } from '../../formats/encode-brainvision.ts';
import { encodeEdf } from '../../formats/encode-edf.ts';
import { sharedData } from '../../shared-data.ts';

const directory = mkdtempSync(join(tmpdir(), 'tapline-'));
afterAll(() => rmSync(directory, { recursive: true }));
const write = (name: string, content: string | Uint8Array) => {
  const path = join(directory, name);
  writeFileSync(path, content);
  return path;
};

describe('a recording file', () => {
  test('is read in pieces, and its format is detected from the content', async () => {
    const rows = Array.from({ length: 40_000 }, (_, n) => `${n / 100};${n};µ`).join('\n');
    const path = write('long.txt', `time;α;unit\n${rows}\n`);
    const progress: number[] = [];
    let size = 0;
    const recording = await readRecordingFile(path, { onProgress: (bytes, of) => progress.push(bytes) && (size = of) });
    expect(recording).toMatchObject({ format: 'csv', channels: [{ label: 'α' }], rate: 100, frames: 40_000, lost: 0 });
    expect(recording.blocks.at(-1)!.data.at(-1)).toBe(39_999);
    expect(progress.length).toBeGreaterThan(1);
    expect(progress.at(-1)).toBe(size);
  });

  test('can be an OpenBCI file after a blank line', async () => {
    const path = write('o.txt', '\n%OpenBCI\n%Number of channels = 1\n%Sample Rate = 200 Hz\n0, 1.5, 1557936053329\n');
    expect(await readRecordingFile(path)).toMatchObject({ format: 'openbci', rate: 200, frames: 1 });
  });

  test('in several files is found beside its header, by its name in any case or by the name of the header', async () => {
    const files = encodeBrainvision({
      channels: [{ info: 'x', stored: [1, 2] }],
      markers: ['Stimulus,S  1,2,1,0'],
    });
    const expected = { format: 'brainvision', frames: 2, marks: [{ at: 1, label: 'S  1' }] };
    for (const [n, names] of [
      ['a.vmrk', 'a.eeg'],
      ['A.VMRK', 'A.EEG'],
      ['renamed.vmrk', 'renamed.eeg'],
    ].entries()) {
      const place = join(directory, `several-${n}`);
      mkdirSync(place);
      const header = join(place, 'renamed.vhdr');
      writeFileSync(header, files['a.vhdr']);
      await expect(readRecordingFile(header)).rejects.toThrow("the file 'a.eeg', which belongs to the recording");
      writeFileSync(join(place, names[1]), files['a.eeg']);
      expect(await readRecordingFile(header)).toMatchObject({ frames: 2, marks: [] });
      writeFileSync(join(place, names[0]), files['a.vmrk']);
      const progress: number[] = [];
      const onProgress = (bytes: number, of: number) => progress.push(bytes / of);
      expect(await readRecordingFile(header, { onProgress })).toMatchObject(expected);
      expect(progress).toEqual([1, 1, 1]);
    }
  });

  const table = `time,a\n${Array.from({ length: 90_000 }, (_, n) => `${n / 100},${Math.sin(n)}`).join('\n')}\n`;
  const edf = encodeEdf({ signals: [{ label: 'x', records: Array.from({ length: 500 }, (_, n) => [n, -n]) }] });

  test.each([
    ['CSV', table],
    ['EDF', edf],
  ])('can be compressed with gzip, in one or several parts: %s', async (name, content) => {
    const bytes = Buffer.from(content);
    const expected = await readRecordingFile(write(name, bytes));
    expect(await readRecordingFile(write(`${name}.gz`, gzipSync(bytes)))).toEqual(expected);
    const [first, second] = [bytes.subarray(0, 1000), bytes.subarray(1000)].map((part) => gzipSync(part));
    expect(await readRecordingFile(write(`${name}-2.gz`, Buffer.concat([first, second])))).toEqual(expected);
  });

  test('that is compressed and cut is read up to the cut, with a note', async () => {
    const bytes = gzipSync(edf);
    const path = write('cut.edf.gz', bytes.subarray(0, bytes.length / 2));
    const { frames, notes } = await readRecordingFile(path);
    expect(frames).toBeGreaterThan(10);
    expect(frames).toBeLessThan(1000);
    expect(notes?.at(-1)).toBe('The compressed file is truncated. All data before the end of the file is read.');
    await expect(readRecordingFile(write('head.gz', bytes.subarray(0, 30)))).rejects.toThrow();
  });

  test('that is compressed and damaged is rejected', async () => {
    const bytes = gzipSync(table);
    bytes[bytes.length - 6] ^= 1;
    await expect(readRecordingFile(write('damaged.gz', bytes))).rejects.toThrow('the compressed file is damaged');
  });

  test.each([
    ['missing.csv', undefined, 'file not found'],
    ['.', undefined, 'this is a directory, not a file'],
    ['empty.csv', '', 'the file is empty'],
    ['binary.edf', Uint8Array.of(48, 0, 1, 2), 'the file is binary, but not EDF, BDF, GDF, or XDF'],
    ['ragged.csv', 'time,a\n0,1\n1\n2\n3,4\n5,6\n', 'line 3 must have 2 cells, got 1'],
    ['no-rate.csv', 'a,b\n0,1\n', 'Set the sampling rate with the option rate'],
  ])('%s is refused by name and reason', async (name, content, sentence) => {
    const path = content === undefined ? join(directory, name) : write(name, content);
    const rejection = expect(readRecordingFile(path)).rejects;
    await rejection.toThrow(sentence);
    await expect(readRecordingFile(path)).rejects.toThrow(path);
  });

  const gdf = sharedData('mitbih/100.dat');
  test.skipIf(!gdf)('in a binary format is rejected as binary', async () => {
    await expect(readRecordingFile(gdf!)).rejects.toThrow('is binary');
  });
});
