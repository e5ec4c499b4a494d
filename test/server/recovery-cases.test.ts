import { closeSync, openSync, readdirSync, readFileSync, rmSync, statSync, truncateSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { parseWatch, type WatchMessage } from '../../src/protocol/index.ts';
import type { Welcome } from '../../src/protocol/ingest-reply.ts';
import { Device, Serving } from './killable-server.ts';
import { Peer } from './peer.ts';

const recording = { fsync: 'never', commitInterval: 20 };
const options = { port: 0, saveEvery: 400, recording };

/** Random numbers from 0 to 1. */
function randomOf(seed: number): () => number {
  let state = seed;
  return () => (state = (state * 48271) % 2147483647) / 2147483647;
}

function welcomesOf({ replies }: Device): Welcome[] {
  return replies.filter((reply) => reply.type === 'welcome');
}

/** Changes the first learner of a stream, and waits until the change is applied. */
async function control(port: number, change: { on?: boolean; learningRate?: number }): Promise<void> {
  const viewer = await new Peer<WatchMessage>(`ws://127.0.0.1:${port}/watch`, parseWatch).opened();
  const learnerIn = (message: WatchMessage) =>
    message.type === 'streams' ? message.streams.find(({ name }) => name === 'a')?.learners[0] : undefined;
  const listed = await viewer.until((message) => learnerIn(message) !== undefined);
  viewer.send({ type: 'learning', stream: 'a', learner: learnerIn(listed)?.index, ...change });
  await viewer.until((message) => {
    const learner = learnerIn(message);
    if (!learner) return false;
    return change.on === undefined ? learner.learningRate === change.learningRate : learner.learning === change.on;
  });
  viewer.socket.terminate();
}

/** Publishes a stream and its target stream, with controls of a learner and gaps, and kills at some blocks. */
async function run(seed: number, kills: ReadonlySet<number>, more: object) {
  const serving = new Serving({ ...options, ...more });
  await serving.start();
  const a = new Device(serving, 'a', seed);
  await a.until(({ type }) => type === 'welcome');
  const b = new Device(serving, 'b', seed + 1, { for: 'a' });
  await b.until(({ type }) => type === 'welcome');
  const random = randomOf(seed);
  for (let i = 0; i < 24; i++) {
    const frames = 1 + Math.floor(60 * random());
    const missing = random() < 0.15 ? 1 + Math.floor(20 * random()) : 0;
    const [wait, choice] = [random(), random()];
    // the targets come first, and the kill while the frames that need them are processed or written
    b.send(frames, missing);
    await (kills.has(i) ? b.durable() : b.received());
    a.send(frames, missing);
    if (kills.has(i)) {
      await setTimeout(1 + 299 * wait);
      await Device.restart(serving, [a, b]);
    }
    await a.received();
    if (choice > 0.7) {
      await control(serving.port, choice > 0.85 ? { learningRate: 0.001 + choice / 100 } : { on: choice > 0.77 });
      b.send(5);
      await b.received();
      a.send(5);
      await a.durable();
    }
  }
  await Promise.all([a.end(), b.end()]);
  await serving.close();
  const files = readdirSync(serving.statePath).filter((file) => file.endsWith('.safetensors'));
  const weights = files.sort().map((file) => [file, readFileSync(join(serving.statePath, file)).toString('base64')]);
  return { saved: [serving.saved('a'), serving.saved('b')], weights, devices: [a, b], lines: serving.lines };
}

test.each([
  [12, {}],
  [13, { workers: 1 }],
])(
  'continues streams that learn from each other, with controls and gaps, bit by bit: seed %i %j',
  async (seed, more) => {
    const random = randomOf(seed + 100);
    const kills = new Set(Array.from({ length: 5 }, () => Math.floor(24 * random())));
    const killed = await run(seed, kills, more);
    const whole = await run(seed, new Set(), more);
    expect(killed.lines.filter((line) => line.includes('could not'))).toEqual([]);
    for (const [i, { pipeline, next }] of killed.saved.entries()) {
      expect(next).toBe(whole.saved[i].next);
      expect(Buffer.compare(pipeline, whole.saved[i].pipeline)).toBe(0);
    }
    expect(killed.weights.length).toBeGreaterThan(1);
    expect(killed.weights).toEqual(whole.weights);
    for (const device of killed.devices)
      for (const { recovered, next } of welcomesOf(device).slice(1)) expect(recovered ?? next === 0).toBe(true);
  },
  180_000,
);

/** Kills a server with durable frames, changes something, starts it again, and returns whether the run was recovered. */
async function restarted(
  change: (serving: Serving, directory: string) => void,
  more: object = {},
  { isSaved = false } = {},
) {
  const serving = new Serving({ ...options, ...more });
  await serving.start();
  const device = new Device(serving, 'a', 5);
  for (let i = 0; i < 20; i++) device.send(100);
  await device.durable();
  if (isSaved) await expect.poll(() => serving.saved('a').next, { timeout: 20_000 }).toBe(device.next);
  await serving.kill();
  change(serving, join(serving.statePath, 'recordings', 'a'));
  await serving.start();
  await device.until((reply) => reply.type === 'welcome' && reply.recovered !== undefined);
  const { recovered } = welcomesOf(device).at(-1);
  // in any case, the server goes on
  device.send(100);
  await device.durable();
  await device.end();
  await serving.close();
  return { recovered, line: serving.lines.find((text) => text.includes('could not continue')) };
}

test('reports that a run was not recovered, and why: changed settings', async () => {
  const { recovered, line } = await restarted((serving) => {
    serving.options = { ...options, alarms: { falseAlarms: '1/week' } };
  });
  expect({ recovered, line }).toMatchObject({
    recovered: false,
    line: expect.stringContaining('settings have changed'),
  });
}, 60_000);

test('reports that a run was not recovered, and why: a damaged segment', async () => {
  const { recovered, line } = await restarted(
    (serving, directory) => {
      rmSync(join(serving.statePath, 'a~pipeline.state'), { force: true });
      const [file] = readdirSync(directory).filter((name) => name.endsWith('.rec'));
      const path = join(directory, file);
      const fd = openSync(path, 'r+');
      writeSync(fd, new Uint8Array(64).fill(7), 0, 64, Math.floor(statSync(path).size / 2));
      closeSync(fd);
    },
    { saveEvery: 1e9 },
  );
  expect({ recovered, line }).toMatchObject({ recovered: false, line: expect.stringContaining('damaged') });
}, 60_000);

test('reports that a run was not recovered, and why: its beginning was deleted', async () => {
  const { recovered, line } = await restarted(
    (serving, directory) => {
      rmSync(join(serving.statePath, 'a~pipeline.state'), { force: true });
      const files = readdirSync(directory).filter((name) => name.endsWith('.rec'));
      expect(files.length).toBeGreaterThan(1);
      rmSync(join(directory, files.sort()[0]));
    },
    { saveEvery: 1e9, recording: { ...recording, segmentBytes: 1 << 12, retention: { maxBytes: 1 << 30 } } },
  );
  expect({ recovered, line }).toMatchObject({ recovered: false, line: expect.any(String) });
}, 60_000);

test('reports that a run was not recovered, and why: its end is missing', async () => {
  const { recovered, line } = await restarted(
    (_, directory) => {
      for (const file of readdirSync(directory).filter((name) => name.endsWith('.rec')))
        truncateSync(join(directory, file), Math.floor(statSync(join(directory, file)).size / 4));
    },
    { saveEvery: 20 },
    { isSaved: true },
  );
  expect({ recovered, line }).toMatchObject({
    recovered: false,
    line: expect.stringContaining('recording ends before'),
  });
}, 60_000);
