import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { compare, type Contestant, type Make } from '../../bench/contestant.ts';
import type { Figure } from '../../bench/engine.ts';
import { bufferCountAndArrays } from '../../bench/peers/buffer-count.ts';
import { plainJs } from '../../bench/peers/plain-js.ts';
import { tapline } from '../../bench/tapline.ts';
import { blockWorkloads, workloads } from '../../bench/workloads.ts';
import { runScript } from '../run-process.ts';

const all = [...workloads, ...blockWorkloads];

test.each(all)('peers give the same outputs as Tapline on $name', async (workload) => {
  const make = async (maker: Make) => maker(workload);
  await expect(
    compare(workload, await Promise.all([tapline, plainJs, bufferCountAndArrays].map(make))),
  ).resolves.toBeUndefined();
});

test('a peer with wrong outputs is named, with the workload, before anything is timed', async () => {
  const [workload] = workloads;
  const right = plainJs(workload);
  const off: Contestant = {
    engine: 'a peer',
    run: (calls) => Array.from(right.run(calls) as ArrayLike<number>, (y) => y + 0.1),
  };
  await expect(compare(workload, [tapline(workload), off])).rejects.toThrow(
    /^a peer must equal tapline on W1 step 1, got \S+ instead of \S+$/,
  );
});

test('the benchmark writes a figure for every engine', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'tapline-bench-'));
  const json = join(folder, 'figures.json');
  const { code, stderr } = await runScript('bench/engine.ts', ['--only', 'W1', '--rounds', '1', '--json', json]);
  expect(code, stderr).toBe(0);
  const figures = JSON.parse(readFileSync(json, 'utf8')) as Figure[];
  rmSync(folder, { recursive: true });
  const names = figures.map(({ workload, engine }) => `${workload}: ${engine}`);
  expect(names).toEqual(
    expect.arrayContaining([
      'W1 step 1: tapline',
      'W1 step 1: tapline, learning step',
      'W1 step 1: plain JS loop',
      'W1 step 1: bufferCount + arrays',
      'W1 step 25: tapline, operators',
    ]),
  );
  expect(new Set(names).size).toBe(names.length);
  for (const figure of figures) {
    expect(figure).toEqual({
      workload: expect.any(String),
      engine: expect.any(String),
      us: expect.any(Number),
      ratio: expect.any(Number),
    });
    expect(figure.us).toBeGreaterThan(0);
    expect(figure.ratio).toBeGreaterThan(0);
    if (figure.engine === 'tapline') expect(figure.ratio).toBe(1);
  }
});

test('the benchmark rejects an unknown part by name', async () => {
  const { code, stderr } = await runScript('bench/engine.ts', ['--only', 'W9']);
  expect(code).toBe(2);
  expect(stderr).toContain("--only must be some of W1, W2, W3, W4, shapes, optimizers, growth, streams, got 'W9'");
});
