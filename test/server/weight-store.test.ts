import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { Network } from '../../src/core/network/network.ts';
import { WeightStore } from '../../src/server/weight-store.ts';

let directory: string;
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'tapline-'));
});
afterEach(() => rm(directory, { recursive: true }));

test('beyond the maximum number of learners, those saved longest ago are deleted, also from disk', async () => {
  const store = await WeightStore.open(directory, 2, () => {});
  const spec = { inChannels: 1, layers: [{ type: 'conv1d' as const, outChannels: 1, kernelSize: 2 }] };
  const networks = new Map([['f', { spec, weights: Network.create(spec).weights() }]]);
  for (const stream of ['a', 'b', 'a', 'c']) await store.save(stream, networks);
  expect((await readdir(directory)).sort()).toEqual(['a~f.safetensors', 'c~f.safetensors']);
  expect(['a', 'b', 'c'].map((stream) => store.get(stream, 'f') !== undefined)).toEqual([true, false, true]);
});
