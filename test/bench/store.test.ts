import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import type { StoreFigure } from '../../bench/store.ts';
import { runScript } from '../run-process.ts';

test('the recording benchmark writes a figure for every row', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'tapline-bench-'));
  const json = join(folder, 'figures.json');
  const { code, stdout, stderr } = await runScript('bench/store.ts', ['--rounds', '1', '--json', json]);
  expect(code, stderr).toBe(0);
  const figures = JSON.parse(readFileSync(json, 'utf8')) as StoreFigure[];
  rmSync(folder, { recursive: true });
  expect(figures).toHaveLength(6);
  for (const { name, us, ratio } of figures) {
    expect(stdout).toContain(name);
    expect(us).toBeGreaterThan(0);
    expect(ratio).toBeGreaterThan(0);
  }
});
