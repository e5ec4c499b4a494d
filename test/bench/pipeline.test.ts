import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import type { PipelineFigure } from '../../bench/pipeline.ts';
import { runScript } from '../run-process.ts';

test('the pipeline benchmark writes a figure for every row', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'tapline-bench-'));
  const json = join(folder, 'figures.json');
  const { code, stdout, stderr } = await runScript('bench/pipeline.ts', ['--rounds', '1', '--json', json]);
  expect(code, stderr).toBe(0);
  const figures = JSON.parse(readFileSync(json, 'utf8')) as PipelineFigure[];
  rmSync(folder, { recursive: true });
  expect(figures.map(({ name }) => name)).toEqual(
    expect.arrayContaining(['W1', 'W2', 'W4'].map((network) => `operators ÷ engine, ${network}, blocks of 25`)),
  );
  for (const { name, us, referenceUs, ratio } of figures) {
    expect(stdout).toContain(name);
    expect(us).toBeGreaterThan(0);
    if (referenceUs !== null) expect(ratio).toBeGreaterThan(0);
  }
});

test('the pipeline benchmark rejects a number of rounds that is not an integer', async () => {
  const { code, stderr } = await runScript('bench/pipeline.ts', ['--rounds', '0']);
  expect(code).toBe(2);
  expect(stderr).toContain('--rounds must be an integer >= 1, got 0');
});
