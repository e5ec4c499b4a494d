import { mkdir, mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { scoreNabCommand } from '../../src/cli/score/score-nab.ts';
import { scoreSkabCommand } from '../../src/cli/score/score-skab.ts';
import { random } from '../../src/core/random.ts';
import { runCommand } from './run-command.ts';

let directory: string;
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'tapline-'));
  for (const folder of ['data/kind', 'labels', 'data/valve1'])
    await mkdir(join(directory, folder), { recursive: true });
});
afterEach(() => rm(directory, { recursive: true }));

const stamp = (t: number) => new Date(Date.UTC(2014, 3, 1) + t * 300_000).toISOString().slice(0, 19).replace('T', ' ');
const rows = (count: number, cell = (t: number) => String(t % 7)) =>
  Array.from({ length: count }, (_, t) => `${stamp(t)},${cell(t)}\n`).join('');

describe('tapline score nab', () => {
  const score = async (data: string, labels: unknown = {}, out = true) => {
    await writeFile(join(directory, 'data/kind/odd.csv'), data);
    await writeFile(join(directory, 'labels/combined_windows.json'), JSON.stringify(labels));
    return runCommand(scoreNabCommand(), [directory, ...(out ? ['--output', join(directory, 'out')] : [])]);
  };
  const head = 'timestamp,value\n';

  test.each<[string, string, unknown, string]>([
    ['no rows', head, {}, 'odd.csv: the file has no rows'],
    ['nothing', '', {}, 'odd.csv: the file has no rows'],
    [
      'a word',
      `${head}${rows(4, (t) => (t === 2 ? 'abc' : '1'))}`,
      {},
      "odd.csv: value in row 3 must be a number, got 'abc'",
    ],
    [
      'invalid timestamps',
      `${head}yesterday,1\ntoday,2\n`,
      {},
      "odd.csv: timestamp in row 1 must be an ISO date and time, got 'yesterday'",
    ],
    [
      'equal timestamps',
      `${head}${`${stamp(1)},1\n`.repeat(5)}`,
      {},
      'odd.csv: the timestamps do not determine a sampling rate',
    ],
    [
      'a number for windows',
      head + rows(9),
      { 'kind/odd.csv': 5 },
      'combined_windows.json: the windows of kind/odd.csv must be an array of pairs of timestamps, got 5',
    ],
    [
      'half a window',
      head + rows(9),
      { 'kind/odd.csv': [[stamp(1)]] },
      'combined_windows.json: the windows of kind/odd.csv must be an array of pairs of timestamps',
    ],
    ['no labels', head + rows(9), null, 'combined_windows.json: labels must be an object of windows by file, got null'],
    [
      'a window between rows',
      head + rows(9),
      { 'kind/odd.csv': [[stamp(1), stamp(1.5)]] },
      `odd.csv: no row has the timestamp ${stamp(1.5)}, which is the edge of a window`,
    ],
    [
      'a window that ends before it starts',
      head + rows(9),
      { 'kind/odd.csv': [[stamp(3), stamp(2)]] },
      `odd.csv: the end of a window must be after its start at ${stamp(3)}, got '${stamp(2)}'`,
    ],
  ])('rejects %s with the name of the file', async (_, data, labels, sentence) => {
    const rejected = score(data, labels);
    await expect(rejected).rejects.toThrow(sentence);
    await expect(rejected).rejects.toHaveProperty('name', 'UsageError');
  });

  test('prints the same scores without --output and writes nothing', async () => {
    const windows = { 'kind/odd.csv': [[stamp(200), stamp(220)]] };
    const { stdout } = await score(head + rows(300), windows);
    await rm(join(directory, 'out'), { recursive: true });
    expect(await score(head + rows(300), windows, false)).toEqual({ stdout, stderr: '' });
    await expect(stat(join(directory, 'out'))).rejects.toThrow('ENOENT');
  });

  test('reads an empty cell as a missing sample, not as 0', async () => {
    await score(head + rows(300, (t) => (t === 280 ? '' : String(100 + (t % 7)))));
    const written = await readFile(join(directory, 'out/kind/tapline_odd.csv'), 'utf8');
    expect(written.split('\n')[281].split(',').slice(0, 3)).toEqual([stamp(280), 'NaN', '0']);
  });

  test('reports that no threshold is better than no detections', async () => {
    const { stdout } = await score(head + rows(300, () => '1'), { 'kind/odd.csv': [[stamp(200), stamp(220)]] });
    expect(stdout).toContain('Thresholds (log10 frames): standard none (no detections score best), ');
    expect(stdout).not.toContain('Infinity');
  });
});

describe('tapline score skab', () => {
  const write = (name: string, count: number, sensor = ';Current') => {
    const chance = random(1);
    const lines = Array.from(
      { length: count },
      () => `2020-03-09 10:00:00${sensor && `;${chance.normal()}`};0.0;0.0\n`,
    );
    return writeFile(join(directory, 'data/valve1', name), `datetime${sensor};anomaly;changepoint\n${lines.join('')}`);
  };

  test('rejects a corpus of files that are all start-up, and skips such files in others', async () => {
    await write('0.csv', 400);
    await expect(runCommand(scoreSkabCommand(), [directory])).rejects.toThrow(
      `${directory}: no file is longer than the start-up of 400 frames`,
    );
    await write('1.csv', 401);
    const { stdout, stderr } = await runCommand(scoreSkabCommand(), [directory]);
    expect(stdout).toContain('1 file; the first 400 frames of each are start-up');
    expect(stderr).toBe('1 file not scored: no longer than the start-up of 400 frames\n');
  });

  test('rejects a file without a sensor column', async () => {
    await write('0.csv', 401, '');
    await expect(runCommand(scoreSkabCommand(), [directory])).rejects.toThrow('0.csv: the file has no sensor column');
  });
});
