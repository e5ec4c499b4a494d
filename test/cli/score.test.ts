import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { nabBlocks, readNab, runNab } from '../../src/cli/score/nab-corpus.ts';
import { random } from '../../src/core/random.ts';
import { run } from './run-tapline.ts';

const stamp = (t: number) => new Date(Date.UTC(2014, 3, 1) + t * 300_000).toISOString().slice(0, 19).replace('T', ' ');
const lines = (text: string, name: string) => text.split('\n').find((line) => line.startsWith(name)) ?? '';

let directory: string;
beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'tapline-'));
  const chance = random(1);
  const series = (spike: number) =>
    Array.from({ length: 1200 }, (_, t) => `${stamp(t)},${(t === spike ? 40 : chance.normal()).toFixed(4)}\n`).join('');
  const windows = { 'kind/spiked.csv': [[`${stamp(800)}.000000`, `${stamp(860)}.000000`]], 'kind/plain.csv': [] };
  for (const folder of ['nab/data/kind', 'nab/labels', 'skab/valve1', 'skab/other'])
    await mkdir(join(directory, folder), { recursive: true });
  await writeFile(join(directory, 'nab/data/kind/spiked.csv'), `timestamp,value\n${series(800)}`);
  await writeFile(join(directory, 'nab/data/kind/plain.csv'), `timestamp,value\n${series(-1)}`);
  await writeFile(join(directory, 'nab/labels/combined_windows.json'), JSON.stringify(windows));
  for (const name of ['valve1/0.csv', 'other/1.csv']) {
    const rows = Array.from({ length: 1000 }, (_, t) => {
      const shifted = t >= 600 && t < 800;
      return `2020-03-09 10:00:00;${chance.normal() + (shifted ? 9 : 0)};${chance.normal()};${shifted ? '1.0;1.0' : '0.0;0.0'}`;
    });
    const text = `datetime;Current;Pressure;anomaly;changepoint\n${rows.join('\n')}\n`;
    await writeFile(join(directory, 'skab', name), text);
  }
});
afterAll(() => rm(directory, { recursive: true }));

describe('tapline score nab', () => {
  test('scores the files of a folder and writes result files that NAB can read', async () => {
    const { code, stdout } = await run(['score', 'nab', 'nab', '--output', 'results'], directory);
    expect(code).toBe(0);
    expect(stdout).toContain('2 files, 1 window;');
    for (const row of [
      'tapline ',
      'tapline, alarms at 1/month',
      'tapline without the learner',
      'range baseline',
      'periodic alarms',
    ])
      expect(lines(stdout, row)).toMatch(/\d+\.\d\d \([01]\/1, \d+\)/);
    expect(lines(stdout, 'range baseline')).toContain('100.00 (1/1, 0)');
    const text = await readFile(join(directory, 'results/kind/tapline_spiked.csv'), 'utf8');
    const rows = text.trimEnd().split('\n');
    expect(rows[0]).toBe('timestamp,value,anomaly_score,label');
    expect(rows).toHaveLength(1201);
    const cells = rows.slice(1).map((row) => row.split(','));
    expect(cells[800].slice(0, 2)).toEqual([stamp(800), '40']);
    expect(cells.filter(([, , , label]) => label === '1')).toHaveLength(61);
    expect(cells.every(([, , score]) => Number(score) >= 0 && Number(score) <= 1)).toBe(true);
    expect(Math.max(...cells.map(([, , score]) => Number(score)))).toBe(Number(cells[800][2]));
  });

  test('truncating a file changes no earlier score', () => {
    const [, whole] = readNab(join(directory, 'nab'));
    const rows = 901;
    const cut = { ...whole, times: whole.times.subarray(0, rows), samples: whole.samples.subarray(0, rows) };
    expect(runNab(cut).scores).toEqual(runNab(whole).scores.subarray(0, rows));
  });

  test('rows whose timestamps jump, repeat, or go back start a new block, and rows are numbered consecutively', () => {
    const minutes = [0, 5, 10, 30, 35, 35, 20, 25];
    const times = Float64Array.from(minutes, (minute) => minute * 60_000);
    const series = { category: 'a', file: 'b', stamps: [], times, samples: times, windows: [] };
    expect([...nabBlocks(series)].map(({ start, time, data }) => [start, time / 60_000, data.length])).toEqual([
      [0, 0, 3],
      [3, 30, 2],
      [5, 35, 1],
      [6, 20, 2],
    ]);
  });

  test('reports what is missing if a folder is not a clone', async () => {
    const { code, stderr } = await run(['score', 'nab', 'skab', '--output', 'x'], directory);
    expect([code, stderr]).toEqual([
      2,
      'tapline: skab: not a clone of NAB. The directory must contain data/ and labels/combined_windows.json.\n',
    ]);
  });
});

describe('tapline score skab', () => {
  test('prints F1, false alarms, and misses, also of baselines that ignore the samples', async () => {
    const { code, stdout } = await run(['score', 'skab', 'skab'], directory);
    expect(code).toBe(0);
    expect(stdout).toContain('2 files; the first 400 frames of each are start-up');
    const [, f1, far, mar] = /^tapline +([\d.]+) +([\d.]+) +([\d.]+)$/m.exec(stdout) ?? [];
    expect(Number(f1)).toBeGreaterThan(0.9);
    expect(Number(far) + Number(mar)).toBeLessThan(12);
    expect(lines(stdout, 'every row')).toMatch(/0\.500 +100\.0 +0\.0$/);
    expect(stdout.match(/^fixed rows/gm)).toHaveLength(2);
  });
});
