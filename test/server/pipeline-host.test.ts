import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { type Block, frameCount } from '../../src/core/blocks/block.ts';
import { cutBlock } from '../../src/core/blocks/cut-block.ts';
import type { Learned } from '../../src/core/learning/learned.ts';
import { autoStep } from '../../src/core/learning/optimizers/auto-step.ts';
import { Network } from '../../src/core/network/network.ts';
import { hashNetwork } from '../../src/core/network/weights-hash.ts';
import { Pipeline } from '../../src/core/pipeline/pipeline.ts';
import { encodeBlock, type WatchMessage } from '../../src/protocol/index.ts';
import type { FeedDesigner } from '../../src/server/index.ts';
import { random } from '../../src/core/random.ts';
import { is, type Of, type Peer, type World, world } from './peer.ts';

const rate = 100;
const frames = 3000;
const rng = random(7);
const x = Float32Array.from({ length: 2 * frames }, (_, i) => Math.sin(i / 9) + 0.2 * rng.normal());
for (let i = 2 * 2500; i < 2 * 2520; i++) x[i] += 30;
const whole: Block = { data: x, channels: 2, start: 0, rate, time: 0 };
const truth: Block = {
  data: Float32Array.from({ length: frames }, (_, t) => x[2 * t] - x[2 * t + 1]),
  channels: 1,
  start: 0,
  rate,
  time: 0,
};

const smooth = Network.create(
  { inChannels: 2, layers: [{ type: 'conv1d', outChannels: 2, kernelSize: 9, stride: 2, groups: 2 }] },
  { seed: 2 },
);
const deep = Network.create(
  {
    inChannels: 2,
    layers: [
      { type: 'conv1d', outChannels: 3, kernelSize: 6 },
      { type: 'tanh' },
      { type: 'conv1d', outChannels: 2, kernelSize: 3 },
    ],
  },
  { seed: 3 },
);

/** A feed with a user's own networks, and a learner of every kind. */
const feed: FeedDesigner = ({ name }, targets) => ({
  gaps: 'hold',
  detect: name === 'a' ? { digest: 'auto', falseAlarms: 100 } : null,
  standardize: { tau: 1 },
  maps: name === 'a' ? [{ name: 'smooth', network: smooth, on: 'raw', labels: ['x', 'y'] }] : [],
  learners:
    name === 'a'
      ? [
          {
            name: 'deep',
            task: 'forecast',
            horizon: 3,
            network: deep,
            optimizer: { type: 'sgd', learningRate: 0.003 },
          },
          ...targets.map((target) => {
            return { name: target.name, task: 'target' as const, target: target.name, taps: 5, learningRate: 0.1 };
          }),
        ]
      : [],
});

/** The outputs of the same pipeline when blocks are pushed directly. */
function expected(): { features: Float32Array; deep: Float32Array; weights: Float32Array } {
  const weights = Object.fromEntries([smooth, deep].map((network) => [hashNetwork(network), network]));
  const pipeline = Pipeline.create(
    {
      gaps: { policy: 'hold' },
      detect: { digest: 'auto', falseAlarms: 100, channels: [0, 1] },
      standardize: { tau: 1 },
      maps: [{ name: 'smooth', network: smooth.spec, weights: hashNetwork(smooth), on: 'raw' }],
      learners: [
        {
          name: 'deep',
          network: deep.spec,
          weights: hashNetwork(deep),
          horizon: 3,
          optimizer: { type: 'sgd', learningRate: 0.003 },
        },
      ],
    },
    { weights },
  );
  const outputs = pipeline.push(whole);
  const learned: Learned = outputs[0].learners.deep;
  expect(learned.skipped.alarmed).toBeGreaterThan(0);
  return {
    features: outputs[0].maps.smooth!.data,
    deep: learned.prediction.data,
    weights: learned.currentWeights()['layers.0.weight'].data,
  };
}

/** Joins the blocks of one kind, in order, and checks that no frame is missing. */
function joined(messages: readonly WatchMessage[], kind: string, map: number): Float32Array {
  const blocks = messages
    .filter(is('block'))
    .filter((message) => message.kind === kind && message.map === map)
    .map(({ block }) => block);
  for (let i = 1; i < blocks.length; i++) expect(blocks[i].start).toBe(blocks[i - 1].start + frameCount(blocks[i - 1]));
  return Float32Array.from(blocks.flatMap(({ data }) => [...data]));
}

let directory: string;
let w: World;
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'tapline-'));
});
afterEach(async () => {
  await w.stop();
  await rm(directory, { recursive: true });
});

/** A stream of the test, and the sensor that sends it. */
interface Source {
  name: string;
  block: Block;
  query?: string;
  run?: number;
}

const signal: Source = { name: 'a', block: whole };
const target: Source = { name: 't', block: truth, query: '&for=a' };

/** Connects a sensor, in the run of the source if it has one; returns a function that sends its frames up to an index. */
async function connect(source: Source): Promise<(end: number, length: number) => Promise<void>> {
  const { name, block, query = '' } = source;
  const sensor = await w.sensor(`${name}?rate=${rate}${query}`);
  sensor.send({ type: 'hello', channels: block.channels, rate, run: source.run });
  const { run, next } = await sensor.until(is('welcome'));
  source.run = run;
  let sent = next;
  return async (end, length) => {
    for (; sent < end; sent += length)
      sensor.send(encodeBlock(cutBlock(block, sent, Math.min(length, end - sent)), { kind: 'samples', map: 0, run }));
    sent = end;
    await sensor.until((reply) => reply.type === 'ack' && reply.received === end);
  };
}

async function watch(): Promise<Peer<WatchMessage>> {
  const viewer = await w.viewer();
  await viewer.until((m) => m.type === 'streams' && m.streams.some(({ name }) => name === 'a'));
  viewer.send({
    type: 'subscribe',
    id: 1,
    stream: 'a',
    what: ['features', 'prediction', 'kernels', 'loss'],
    maxHz: 1000,
  });
  await viewer.until(is('subscribed'));
  return viewer;
}

const hasPredictionUpTo = (end: number) => (message: WatchMessage) =>
  message.type === 'block' &&
  message.kind === 'prediction' &&
  message.map === 0 &&
  message.block.start + frameCount(message.block) === end;

describe.each([
  ['in the thread of the server', 0],
  ['in worker threads', 2],
])('a pipeline %s', (_, workers) => {
  test('returns the same bits through a WebSocket as through Pipeline.push', async () => {
    w = await world({ feed, workers });
    const send = await connect({ ...signal });
    const viewer = await watch();
    await send(frames, 73);
    await viewer.until(hasPredictionUpTo(frames));
    const direct = expected();
    expect(joined(viewer.messages, 'features', 0)).toEqual(direct.features);
    expect(joined(viewer.messages, 'prediction', 0)).toEqual(direct.deep);
  });

  test('continues with the same bits after a restart of the server if the sensors resume their runs', async () => {
    const kernels = async (restart: boolean) => {
      const statePath = join(directory, String(restart));
      const [a, t] = [{ ...signal }, { ...target }];
      w = await world({ feed, workers, statePath });
      let [send, teach] = [await connect(a), await connect(t)];
      let viewer = await watch();
      await teach(1490, 73);
      await send(1510, 73);
      await viewer.until(hasPredictionUpTo(1510));
      let messages: WatchMessage[] = [...viewer.messages];
      if (restart) {
        await w.stop();
        w = await world({ feed, workers, statePath });
        [send, teach] = [await connect(a), await connect(t)];
        viewer = await watch();
        messages = messages.concat(viewer.messages);
      }
      const seen = viewer.messages.length;
      await teach(frames, 73);
      await send(frames, 41);
      await viewer.until(hasPredictionUpTo(frames));
      await viewer.until((m) => m.type === 'loss' && m.learner === 1 && m.at > frames - 30);
      const after = messages.concat(viewer.messages.slice(seen));
      await w.stop();
      const last = (type: 'kernels' | 'loss', learner: number) =>
        after.filter(is(type)).findLast((m) => m.learner === learner)!;
      return {
        features: joined(after, 'features', 0),
        predictions: joined(after, 'prediction', 0),
        kernels: [0, 1].map((learner) => (last('kernels', learner) as Of<WatchMessage, 'kernels'>).data),
        refused: [0, 1].map((learner) => (last('loss', learner) as Of<WatchMessage, 'loss'>).refused),
        lines: w.lines.filter((line) => line.includes('stream a: ')).length,
      };
    };
    const straight = await kernels(false);
    const restarted = await kernels(true);
    expect(straight.features).toEqual(expected().features);
    expect(restarted).toEqual(straight);
    expect(straight.refused[0]!.alarmed).toBeGreaterThan(0);
    expect(straight.refused[1]!.late).toBe(0);
  });

  test('keeps its learned weights if the sensor starts a new run', async () => {
    const statePath = join(directory, 'new');
    // without holdout, the current weights are saved
    const unscored: FeedDesigner = (...about) => {
      const spec = feed(...about);
      return { ...spec, learners: spec.learners.map((learner) => ({ ...learner, holdout: false })) };
    };
    w = await world({ feed: unscored, workers, statePath });
    await (
      await connect({ ...signal })
    )(frames, 500);
    await w.stop();
    w = await world({ feed: unscored, workers, statePath });
    const send = await connect({ ...signal, query: '&fresh=true' });
    const viewer = await watch();
    await send(30, 30);
    const { at, data } = await viewer.until(is('kernels'));
    expect(at).toBe(30);
    const direct = expected().weights;
    expect(Math.max(...data.map((weight, i) => Math.abs(weight - direct[i])))).toBeLessThan(0.05);
    expect(data).not.toEqual(Array.from(deep.weights()['layers.0.weight'].data));
  });
});

test('an optimizer with functions is rejected for worker threads, and the other stages run', async () => {
  w = await world({
    workers: 1,
    feed: () => ({
      gaps: 'hold',
      standardize: null,
      maps: [],
      learners: [
        { name: 'own', task: 'forecast', taps: 2, optimizer: autoStep() },
        { name: 'plain', task: 'forecast', taps: 2 },
      ],
    }),
  });
  const send = await connect({ ...signal });
  const viewer = await watch();
  expect(await viewer.until(is('error'))).toMatchObject({
    message: 'a: own: optimizer must be plain JSON with worker threads, got an object with functions',
  });
  await send(100, 100);
  await viewer.until((m) => m.type === 'block' && m.kind === 'prediction' && m.map === 1);
});

test('a sensor can resume its run in a hello, although its address describes the stream', async () => {
  const statePath = join(directory, 'address');
  w = await world({ feed, statePath });
  const source = { ...signal };
  await (
    await connect(source)
  )(500, 100);
  await w.stop();
  w = await world({ feed, statePath });
  const sensor = await w.sensor(`a?rate=${rate}&channels=2`);
  await sensor.until(is('welcome'));
  sensor.send({ type: 'hello', run: source.run });
  await sensor.until(() => sensor.messages.filter(is('welcome')).length === 2);
  expect(sensor.messages.filter(is('welcome'))[1]).toMatchObject({ run: source.run, next: 500 });
});

test('a frozen learner is still frozen after a restart, and shown as such', async () => {
  const statePath = join(directory, 'frozen');
  w = await world({ feed, statePath });
  const source = { ...signal };
  const send = await connect(source);
  const viewer = await watch();
  await send(100, 100);
  viewer.send({ type: 'learning', stream: 'a', learner: 0, act: 'freeze' });
  await viewer.until((m) => m.type === 'streams' && m.streams[0].learners[0]?.learning === false);
  await w.stop();
  w = await world({ feed, statePath });
  await connect(source);
  expect(w.server.streams()[0].learners[0].learning).toBe(false);
});

test('a saved pipeline of other settings is not continued: a new run starts with what it has learned', async () => {
  const statePath = join(directory, 'settings');
  w = await world({ feed, statePath });
  const source = { ...signal };
  await (
    await connect(source)
  )(frames, 500);
  await w.stop();
  const run = source.run!;
  w = await world({ feed: (info, targets) => ({ ...feed(info, targets), standardize: { tau: 2 } }), statePath });
  const sensor = await w.sensor(`a?rate=${rate}`);
  sensor.send({ type: 'hello', channels: 2, rate, run });
  const welcome = await sensor.until(is('welcome'));
  expect(welcome.next).toBe(0);
  expect(welcome.run).not.toBe(run);
  expect(w.lines).toContain('stream a: 2 channels, 100 Hz; new run with the saved weights and detector state');
});

test('a stream whose feed cannot be designed is shown as not monitored', async () => {
  w = await world({
    feed: () => {
      throw new Error('no design');
    },
  });
  await connect({ ...signal });
  expect(w.server.streams()[0].unwatched).toBe('not monitored (the feed could not be designed)');
});

describe.each([
  ['in the thread of the server', 0],
  ['in a worker thread', 1],
])('settings that cannot work, %s,', (_, workers) => {
  test('are reported, and other streams go on', async () => {
    const wrong: FeedDesigner = (info, targets) =>
      info.name === 'b' ? { ...feed(info, targets), gaps: 'foo' as never } : feed(info, targets);
    w = await world({ feed: wrong, workers, statePath: join(directory, 'wrong') });
    const send = await connect({ ...signal });
    const viewer = await watch();
    const other = await connect({ name: 'b', block: whole });
    await other(10, 10);
    await send(100, 50);
    await viewer.until(hasPredictionUpTo(100));
    await expect.poll(() => w.lines.filter((line) => line.includes('policy must be one of'))).toHaveLength(1);
    await w.stop();
    expect(w.lines.filter((line) => line.includes('could not save'))).toEqual([]);
  });

  test('a learner keeps what it has learned when its target stream starts a new run', async () => {
    w = await world({ feed, workers });
    const [a, t] = [{ ...signal }, { ...target }];
    const [send, teach] = [await connect(a), await connect(t)];
    const viewer = await watch();
    await teach(1000, 100);
    await send(1000, 100);
    const learned = await viewer.until(
      (m): m is Of<WatchMessage, 'kernels'> => m.type === 'kernels' && m.learner === 1 && m.at > 950,
    );
    const again = await w.sensor(`t?rate=${rate}&channels=1&for=a`);
    again.send({ type: 'hello', channels: 1, rate, fresh: true });
    await again.until(() => again.messages.filter(is('welcome')).length === 2);
    await send(1050, 50);
    const after = await viewer.until(
      (m): m is Of<WatchMessage, 'kernels'> => m.type === 'kernels' && m.learner === 1 && m.at > 1000,
    );
    expect(Math.max(...after.data.map((tap, i) => Math.abs(tap - learned.data[i])))).toBeLessThan(0.05);
    expect(Math.max(...after.data.map(Math.abs))).toBeGreaterThan(0.3);
  });
});
