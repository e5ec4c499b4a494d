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
    return runCommand(scoreNabCommand(), [directory, ...(out ? ['--out', join(directory, 'out')] : [])]);
  };
  const head = 'timestamp,value\n';

  test.each<[string, string, unknown, string]>([
    ['no rows', head, {}, 'odd.csv: holds no rows'],
    ['nothing', '', {}, 'odd.csv: holds no rows'],
    [
      'a word',
      `${head}${rows(4, (t) => (t === 2 ? 'abc' : '1'))}`,
      {},
      "odd.csv: value in row 3 must be a number, got 'abc'",
    ],
    [
      'stamps that are none',
      `${head}yesterday,1\ntoday,2\n`,
      {},
      "odd.csv: timestamp in row 1 must be an ISO date and time, got 'yesterday'",
    ],
    ['one stamp', `${head}${`${stamp(1)},1\n`.repeat(5)}`, {}, 'odd.csv: its timestamps tell no rate'],
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
      `odd.csv: has no row of ${stamp(1.5)}, where a window has its edge`,
    ],
    [
      'a window that ends before it begins',
      head + rows(9),
      { 'kind/odd.csv': [[stamp(3), stamp(2)]] },
      `odd.csv: the end of a window must be behind its beginning at ${stamp(3)}, got '${stamp(2)}'`,
    ],
  ])('refuses %s by name', async (_, data, labels, sentence) => {
    const refused = score(data, labels);
    await expect(refused).rejects.toThrow(sentence);
    await expect(refused).rejects.toHaveProperty('name', 'UsageError');
  });

  test('prints the same scores without --out, and writes nothing', async () => {
    const windows = { 'kind/odd.csv': [[stamp(200), stamp(220)]] };
    const { stdout } = await score(head + rows(300), windows);
    await rm(join(directory, 'out'), { recursive: true });
    expect(await score(head + rows(300), windows, false)).toEqual({ stdout, stderr: '' });
    await expect(stat(join(directory, 'out'))).rejects.toThrow('ENOENT');
  });

  test('takes an empty cell for a missing sample, and not for 0', async () => {
    await score(head + rows(300, (t) => (t === 280 ? '' : String(100 + (t % 7)))));
    const written = await readFile(join(directory, 'out/kind/tapline_odd.csv'), 'utf8');
    expect(written.split('\n')[281].split(',').slice(0, 3)).toEqual([stamp(280), 'NaN', '0']);
  });

  test('says so where no threshold is better than to tell nothing', async () => {
    const { stdout } = await score(head + rows(300, () => '1'), { 'kind/odd.csv': [[stamp(200), stamp(220)]] });
    expect(stdout).toContain('thresholds: standard none, for telling nothing is best, ');
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

  test('says that nothing is scored of files that end while they settle, and leaves them out beside others', async () => {
    await write('0.csv', 400);
    await expect(runCommand(scoreSkabCommand(), [directory])).rejects.toThrow(
      `${directory}: nothing is scored: all its files are of no more than the 400 frames for settling`,
    );
    await write('1.csv', 401);
    const { stdout, stderr } = await runCommand(scoreSkabCommand(), [directory]);
    expect(stdout).toContain('1 file, the first 400 frames of each for settling');
    expect(stderr).toBe('1 file not scored, of no more than the 400 frames for settling\n');
  });

  test('refuses a file without a sensor', async () => {
    await write('0.csv', 401, '');
    await expect(runCommand(scoreSkabCommand(), [directory])).rejects.toThrow('0.csv: has no column of a sensor');
  });
});
