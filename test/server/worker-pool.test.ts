import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { block } from '../../src/core/blocks/block.ts';
import type { StageOutput } from '../../src/server/feed-output.ts';
import type { PipelineHost } from '../../src/server/pipeline-host.ts';
import type { PipelineSetup } from '../../src/server/pipeline-runner.ts';
import { WorkerPool } from '../../src/server/worker-pool.ts';
import { run } from '../run-process.ts';

const network = { inChannels: 1, layers: [{ type: 'conv1d' as const, outChannels: 1, kernelSize: 3 }] };
const setup: PipelineSetup = {
  channels: 1,
  rate: 100,
  gaps: { policy: 'hold' },
  stages: [{ stage: { kind: 'map', spec: { name: 'm', on: 'raw', network } }, map: 0 }],
};

let pool: WorkerPool;
let host: PipelineHost;
let outputs: StageOutput[];
beforeEach(() => {
  pool = new WorkerPool(1);
  outputs = [];
  host = pool.host((output) => outputs.push(output));
  host.open(setup);
});
afterEach(() => pool.close());

function send(start: number): void {
  const data = Float32Array.from({ length: 50 }, (_, i) => start + i);
  host.send({ type: 'block', block: block(data, { channels: 1, rate: 100, start }) });
}

test('outputs of an earlier run that arrive after the start of the next one are dropped', async () => {
  send(5000);
  host.open(setup);
  send(0);
  await host.save();
  expect(outputs.map((output) => output.type === 'features' && output.block.start)).toEqual([0]);
});

test('outputs contain their own samples only, although learners and maps share the memory of outputs', async () => {
  const learner = { name: 'l', network, optimizer: { type: 'sgd' as const, learningRate: 1e-3 } };
  host.open({
    ...setup,
    stages: [...setup.stages, { stage: { kind: 'learner', spec: learner }, learner: { index: 0, kernels: null } }],
  });
  for (let start = 0; start < 200; start += 50) send(start);
  await host.save();
  for (const type of ['features', 'prediction']) {
    const sizes = outputs.flatMap((output) =>
      'block' in output && output.type === type ? output.block.data.buffer.byteLength : [],
    );
    expect(sizes.length).toBeGreaterThan(1);
    expect(Math.max(...sizes)).toBeLessThanOrEqual(4 * 50);
  }
});

test('a thread that always ends at once is started again less and less often', async () => {
  const broken: StageOutput[] = [];
  const delays: number[] = [];
  const failing = new WorkerPool(1, new URL('data:text/javascript,process.exit(1)'), (work, ms) => {
    delays.push(ms);
    return setTimeout(work, 0);
  });
  failing.host((output) => broken.push(output)).open(setup);
  await expect.poll(() => delays.length, { timeout: 30_000 }).toBeGreaterThanOrEqual(9);
  await failing.close();
  expect(delays.slice(0, 9)).toEqual([100, 200, 400, 800, 1600, 3200, 6400, 10_000, 10_000]);
  expect(broken[0]).toMatchObject({ type: 'broken', where: 'worker thread' });
});

test('a pipeline that is closed answers the requests before, and rejects those after', async () => {
  const before = host.save();
  host.close();
  expect((await before)?.length).toBeGreaterThan(0);
  await expect(host.learned()).rejects.toThrow('the pipeline is closed');
});

test('a process waits for the answer to a request, although nothing else keeps it running', async () => {
  const directory = await mkdtemp(join(tmpdir(), 'tapline-'));
  const script = join(directory, 'save.mjs');
  const module = new URL('../../dist/src/server/worker-pool.js', import.meta.url);
  await writeFile(
    script,
    `import { WorkerPool } from ${JSON.stringify(module)};
    const pool = new WorkerPool(1);
    const host = pool.host(() => {});
    host.open(${JSON.stringify(setup)});
    const bytes = await host.save();
    console.log(bytes.length > 0 ? 'saved' : 'empty');
    await pool.close();`,
  );
  const { stdout, code } = await run(process.execPath, [script]);
  await rm(directory, { recursive: true });
  expect([stdout, code]).toEqual(['saved\n', 0]);
});
