import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { Network } from '../../src/core/network/network.ts';
import { decodeSafetensors } from '../../src/core/state/safetensors.ts';
import type { IngestReply, LearnerInfo, StreamInfo, WatchMessage } from '../../src/protocol/index.ts';
import type { ServerOptions } from '../../src/server/index.ts';
import { noise } from '../core/network/random-networks.ts';
import { is, type Peer, type World, world } from './peer.ts';

let w: World;
let directory: string;
beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'tapline-learners-'));
});
afterAll(() => rm(directory, { recursive: true }));
afterEach(() => w.stop());

const [rate, frames] = [100, 1000];
const x = noise(1, frames);
const y = x.map((each, t) => 2 * each - (x[t - 1] ?? 0));
const streams = (): StreamInfo[] => w.server.streams();
const info = (name: string): StreamInfo => streams().find((each) => each.name === name)!;
const learner = (stream: string, name: string): LearnerInfo | undefined =>
  streams()
    .find((each) => each.name === stream)
    ?.learners.find((each) => each.name === name);
const acked = (count: number) => (message: IngestReply) => message.type === 'ack' && message.received >= count;

/** Publishes the samples of one channel, from frame `start` on. */
async function send(sensor: Peer<IngestReply>, samples: ArrayLike<number>, start = 0): Promise<void> {
  for (let t = 0; t < samples.length; t += 50)
    sensor.send({ type: 'samples', start: start + t, data: [Array.from(samples).slice(t, t + 50)] });
  await sensor.until(acked(start + samples.length));
}

/** The error of a learner relative to the variance of its target, in the last loss message. */
async function lossOf(viewer: Peer<WatchMessage>, index: number, at: number): Promise<number> {
  const message = await viewer.until((m) => m.type === 'loss' && m.learner === index && m.at >= at && m.nmse !== null);
  return (message as Extract<WatchMessage, { type: 'loss' }>).nmse ?? NaN;
}

async function watching(stream: string): Promise<Peer<WatchMessage>> {
  const viewer = await w.viewer();
  viewer.send({ type: 'subscribe', id: 1, stream, what: ['loss'] });
  await viewer.until(is('subscribed'));
  return viewer;
}

const start = async (options: ServerOptions = {}) => {
  w = await world(options);
};

describe('learners of the options of the server', () => {
  test('learn on their stream, several at once, beside the default ones', async () => {
    await start({
      learners: {
        dev: [
          { name: 'far', task: 'forecast', horizon: 3, taps: 4 },
          {
            name: 'deep',
            task: 'forecast',
            network: {
              inChannels: 1,
              layers: [
                { type: 'conv1d', outChannels: 3, kernelSize: 4 },
                { type: 'tanh' },
                { type: 'linear', outChannels: 1 },
              ],
            },
          },
        ],
      },
    });
    const sensor = await w.sensor(`dev?rate=${rate}&channels=a`);
    const viewer = await watching('dev');
    await send(
      sensor,
      Float32Array.from({ length: 1000 }, (_, t) => Math.sin(0.3 * t)),
    );
    expect(info('dev').learners.map(({ name, added, horizon }) => [name, added, horizon])).toEqual([
      ['forecast', undefined, undefined],
      ['far', undefined, 3],
      ['deep', undefined, undefined],
    ]);
    for (const index of [1, 2]) expect(await lossOf(viewer, index, 900)).toBeLessThan(0.3);
    expect(info('dev').notes).toBeUndefined();
    expect(info('dev').learners[0].name).toBe('forecast');
  });

  test('wait for a target stream, which is visible, and learn when it is connected', async () => {
    await start({ learners: { dev: [{ name: 'follow', task: 'target', target: 'label', taps: 4 }] } });
    const sensor = await w.sensor(`dev?rate=${rate}&channels=a`);
    await sensor.until(is('welcome'));
    expect(info('dev').notes).toEqual(['learner follow waits for the stream label']);
    expect(w.lines).toContain('stream dev: learner follow waits for the stream label');
    expect(learner('dev', 'follow')).toBeUndefined();
    const label = await w.sensor(`label?rate=${rate}&channels=b`);
    await label.until(is('welcome'));
    expect(info('dev').notes).toBeUndefined();
    expect(learner('dev', 'follow')?.task).toBe('target');
    const viewer = await watching('dev');
    await send(label, y);
    await send(sensor, x);
    await send(sensor, x.slice(0, 50), frames);
    expect(await lossOf(viewer, 1, 900)).toBeLessThan(0.05);
  });

  test.each<[string, ServerOptions['learners'], string]>([
    [
      'a channel that the stream does not have',
      { dev: [{ name: 'odd', task: 'forecast', taps: 4, channels: ['Oz'] }] },
      "cannot run: channel must be one of a, got 'Oz'",
    ],
    [
      'a network with other inputs',
      {
        dev: [
          { name: 'odd', task: 'forecast', network: { inChannels: 2, layers: [{ type: 'linear', outChannels: 2 }] } },
        ],
      },
      'cannot run: network.inChannels of odd must be 1, the number of channels that it reads, got 2',
    ],
    [
      'a target of another rate',
      { dev: [{ name: 'odd', task: 'target', target: 'label', taps: 4 }] },
      'cannot run: rate of label, the target stream of odd, must be 100 Hz, the rate of this stream, got 50 Hz',
    ],
    [
      'itself as its target',
      { dev: [{ name: 'odd', task: 'target', target: 'dev', taps: 4 }] },
      "cannot run: target of odd must be another stream, got 'dev'",
    ],
    [
      'a network with other outputs than its target has channels',
      {
        dev: [
          {
            name: 'odd',
            task: 'target',
            target: 'pair',
            network: { inChannels: 1, layers: [{ type: 'linear', outChannels: 1 }] },
          },
        ],
      },
      'cannot run: outputs of the network of odd must be 2, the number of channels of its target stream, got 1',
    ],
    [
      'an optimizer that cannot train its network',
      {
        dev: [
          {
            name: 'odd',
            task: 'forecast',
            optimizer: { type: 'rls' },
            network: {
              inChannels: 1,
              layers: [{ type: 'conv1d', outChannels: 1, kernelSize: 3, dilation: 2 }],
            },
          },
        ],
      },
      'cannot run: ',
    ],
  ])('that do not match are reported and do not harm the stream: %s', async (_, learners, note) => {
    await start({ learners });
    await w.sensor('label?rate=50&channels=b');
    await w.sensor('pair?rate=100&channels=b,c');
    const sensor = await w.sensor(`dev?rate=${rate}&channels=a`);
    await sensor.until(is('welcome'));
    await send(sensor, x.slice(0, 100));
    await expect.poll(() => info('dev').notes?.join('\n') ?? '').toContain(`learner odd ${note}`);
    const lines = w.lines.filter((line) => line.startsWith('stream dev: ') && line.includes('odd'));
    expect(lines.length).toBeGreaterThan(0);
    expect(info('dev').next).toBe(100);
    expect(info('dev').learners.map(({ name }) => name)).toContain('forecast');
  });

  test('keep their weights over a restart, unless their settings have changed, which is noted', async () => {
    const statePath = join(directory, 'restart');
    const file = join(statePath, 'dev~far.safetensors');
    const weightsIn = async () => [...Network.load(await readFile(file)).weights()['layers.0.weight'].data];
    const options = (horizon: number): ServerOptions => ({
      statePath,
      learners: { dev: [{ name: 'far', task: 'forecast', horizon, taps: 4 }] },
    });
    const session = async (horizon: number, samples: Float32Array, path: string) => {
      await start(options(horizon));
      const sensor = await w.sensor(path);
      await sensor.until(is('welcome'));
      if (samples.length > 0) await send(sensor, samples);
      const [notes, lines] = [info('dev').notes, [...w.lines]];
      await w.stop();
      return { notes, lines };
    };
    const path = `dev?rate=${rate}&channels=a`;
    await session(
      2,
      Float32Array.from({ length: 600 }, (_, t) => Math.sin(0.3 * t)),
      path,
    );
    const learned = await weightsIn();
    const { learner: saved } = decodeSafetensors(await readFile(file)).metadata;
    expect(JSON.parse(saved)).toMatchObject({ name: 'far', horizon: 2 });
    const again = await session(2, new Float32Array(0), path);
    expect(await weightsIn()).toEqual(learned);
    expect(again.notes).toBeUndefined();
    const changed = await session(3, new Float32Array(0), path);
    const note = 'learner far starts with new weights, because its settings have changed since its weights were saved';
    expect(changed.notes).toEqual([note]);
    expect(changed.lines).toContain(`stream dev: ${note}`);
    const fresh = await weightsIn();
    expect(fresh).not.toEqual(learned);
    expect(Math.max(...fresh.map(Math.abs))).toBeLessThan(0.2);
  });

  test('keep their state when a device resumes its run, unless their settings have changed', async () => {
    const statePath = join(directory, 'resume');
    const tone = Float32Array.from({ length: 600 }, (_, t) => Math.sin(0.3 * t));
    const options = (updateEvery: number): ServerOptions => ({
      statePath,
      learners: { dev: [{ name: 'slow', task: 'forecast', taps: 4, updateEvery }] },
    });
    await start(options(1));
    const first = await w.sensor('dev');
    const hello = { type: 'hello', name: 'dev', rate, channels: ['a'] };
    first.send(hello);
    const { run } = await first.until(is('welcome'));
    await send(first, tone);
    await w.stop();
    for (const [updateEvery, isFresh] of [
      [1, false],
      [2, true],
      [2, false],
    ] as const) {
      await start(options(updateEvery));
      const sensor = await w.sensor('dev');
      sensor.send({ ...hello, run });
      expect(await sensor.until(is('welcome'))).toMatchObject({ run, next: 600 });
      expect(info('dev').notes?.some((each) => each.includes('starts with new weights')) ?? false).toBe(isFresh);
      expect(learner('dev', 'slow')).toBeDefined();
      await w.stop();
    }
  });

  test('two of one name are rejected', async () => {
    const far = { name: 'far', task: 'forecast', taps: 4 } as const;
    await expect(world({ learners: { dev: [far, far] } })).rejects.toThrow(
      "name of a learner of stream dev must be unique, got 'far'",
    );
    await start({ learners: { dev: [{ ...far, name: 'forecast' }] } });
    const sensor = await w.sensor(`dev?rate=${rate}&channels=a`);
    await sensor.until(is('welcome'));
    expect(info('dev').notes?.join()).toContain(
      'learner forecast was not added, because the stream has another learner of this name',
    );
  });
});

/** Starts a server with the streams dev and label, and a viewer of dev. */
async function plant() {
  await start();
  const sensor = await w.sensor(`dev?rate=${rate}&channels=a`);
  const label = await w.sensor(`label?rate=${rate}&channels=b`);
  await label.until(is('welcome'));
  await sensor.until(is('welcome'));
  return { sensor, label, viewer: await watching('dev') };
}

describe('a viewer', () => {
  test('adds a learner, which is listed, learns, and can be removed', async () => {
    const { sensor, label, viewer } = await plant();
    const add = { name: 'mine', task: 'target', target: 'label', taps: 4, optimizer: { type: 'rls' } };
    viewer.send({ type: 'learner', stream: 'dev', add });
    await viewer.until(
      (m) => m.type === 'streams' && m.streams.some(({ learners }) => learners.some(({ name }) => name === 'mine')),
    );
    expect(learner('dev', 'mine')).toMatchObject({ index: 1, added: true, task: 'target', taps: 4, channels: ['a'] });
    await send(label, y);
    await send(sensor, x);
    await send(sensor, x.slice(0, 50), frames);
    expect(await lossOf(viewer, 1, 900)).toBeLessThan(0.05);
    viewer.send({ type: 'learner', stream: 'dev', remove: 'mine' });
    await expect.poll(() => learner('dev', 'mine')).toBeUndefined();
    viewer.send({ type: 'learner', stream: 'dev', add: { name: 'other' } });
    await expect.poll(() => learner('dev', 'other')).toMatchObject({ index: 1, taps: 16 });
  });

  test('adds a learner of another stream that reads the signal as it is, so that a change of scale does not matter', async () => {
    const { sensor, label, viewer } = await plant();
    const add = { task: 'target', target: 'label', taps: 4, optimizer: { type: 'rls' } };
    viewer.send({ type: 'learner', stream: 'dev', add: { ...add, name: 'own' } });
    viewer.send({ type: 'learner', stream: 'dev', add: { ...add, name: 'scaled', on: 'standardized' } });
    await expect.poll(() => learner('dev', 'scaled')).toBeDefined();
    const louder = x.map((sample, t) => (t < 500 ? sample : 10 * sample));
    await send(
      label,
      louder.map((sample, t) => 2 * sample - (louder[t - 1] ?? 0)),
    );
    await send(sensor, louder);
    await send(sensor, x.slice(0, 50), frames);
    expect(await lossOf(viewer, learner('dev', 'own')!.index, 900)).toBeLessThan(1e-4);
    expect(await lossOf(viewer, learner('dev', 'scaled')!.index, 900)).toBeGreaterThan(1e-2);
  });

  test.each<[string, object, string]>([
    [
      'a name',
      { name: 'a b' },
      "name must be 1 to 64 characters of A-Z a-z 0-9 . _ -, not starting with a dot, got 'a b'",
    ],
    [
      'a name that is taken',
      { name: 'forecast' },
      "name must be unique among the learners of stream dev, got 'forecast'",
    ],
    ['an unknown field', { name: 'm', horizn: 3 }, 'field of a learner must be one of name, taps, network, '],
    ['an input', { name: 'm', on: 'cooked' }, "on must be one of raw, standardized, got 'cooked'"],
    ['a task', { name: 'm', task: 'guess' }, "task must be one of forecast, target, reconstruct, cancel, got 'guess'"],
    ['a horizon', { name: 'm', horizon: 0 }, 'horizon must be an integer >= 1, got 0'],
    ['a horizon that is too long', { name: 'm', horizon: 1e6 }, 'horizon must be at most 65536, got 1000000'],
    [
      'no target',
      { name: 'm', task: 'target' },
      "target must be the name of a stream for task 'target', got undefined",
    ],
    [
      'its own stream as target',
      { name: 'm', task: 'target', target: 'dev' },
      "target must be another stream, got 'dev'",
    ],
    [
      'a target of another rate',
      { name: 'm', task: 'target', target: 'slow' },
      'rate of stream slow must be 100 Hz, the rate of stream dev, got 50',
    ],
    ['a channel', { name: 'm', channels: ['q'] }, "channel must be one of a, got 'q'"],
    ['an optimizer', { name: 'm', optimizer: { type: 'magic' } }, 'optimizer.type must be one of sgd, nlms, '],
    [
      'a setting of an optimizer',
      { name: 'm', optimizer: { type: 'sgd', speed: 1 } },
      "field of optimizer 'sgd' must be one of type, learningRate, ",
    ],
    [
      'a path of a network',
      { name: 'm', network: 'x.json' },
      "network must be an object with inChannels and layers, got 'x.json'",
    ],
    [
      'a network',
      { name: 'm', network: { inChannels: 1, layers: [{ type: 'conv2d' }] } },
      'layers[0].type must be one of ',
    ],
    [
      'a network that does not match',
      { name: 'm', network: { inChannels: 3, layers: [{ type: 'linear', outChannels: 3 }] } },
      'network.inChannels of m must be 1, the number of channels that it reads, got 3',
    ],
    [
      'too many weights',
      { name: 'm', network: { inChannels: 4096, layers: [{ type: 'linear', outChannels: 4096 }] } },
      'size of the network must be at most 16777216 bytes, got ',
    ],
    [
      'too many weights for rls',
      { name: 'm', taps: 4000, optimizer: 'rls' },
      'weights per output must be at most 2048 for optimizer rls, got 4000',
    ],
    [
      'taps and a network',
      { name: 'm', taps: 2, network: { inChannels: 1, layers: [] } },
      'taps and network must not both be given',
    ],
  ])('receives an error that names the setting and the rule for %s', async (_, add, sentence) => {
    await start();
    await w.sensor(`slow?rate=50&channels=b`);
    const sensor = await w.sensor(`dev?rate=${rate}&channels=a`);
    await sensor.until(is('welcome'));
    const viewer = await w.viewer();
    viewer.send({ type: 'learner', stream: 'dev', add });
    const error = await viewer.until(is('error'));
    expect(error.code).toBe('bad-learner');
    expect(error.message).toContain(sentence);
    expect(info('dev').learners).toHaveLength(1);
    await send(sensor, x.slice(0, 50));
  });

  test.each<[object, string]>([
    [{ type: 'learner', stream: 'dev' }, 'add must be given, or else remove, but not both'],
    [
      { type: 'learner', stream: 'dev', add: { name: 'm' }, remove: 'm' },
      'add must be given, or else remove, but not both',
    ],
    [{ type: 'learner', stream: 'dev', add: 'm' }, 'add must be an object with the settings of a learner'],
    [
      { type: 'learner', stream: 'dev', remove: 'forecast' },
      "remove must be the name of a learner that was added, got 'forecast'",
    ],
    [
      { type: 'learner', stream: 'dev', remove: 'fixed' },
      'learner fixed is an option of the server (--learn); remove the option instead',
    ],
  ])('receives an error for %j', async (request, sentence) => {
    await start({ learners: { dev: [{ name: 'fixed', task: 'forecast', taps: 2 }] } });
    const sensor = await w.sensor(`dev?rate=${rate}&channels=a`);
    await sensor.until(is('welcome'));
    const viewer = await w.viewer();
    viewer.send(request);
    const error = await viewer.until(is('error'));
    expect([error.code, error.message]).toEqual(['bad-learner', expect.stringContaining(sentence)]);
    expect(learner('dev', 'fixed')).toBeDefined();
  });

  test('can add at most 16 learners to a stream', async () => {
    await start();
    const sensor = await w.sensor(`dev?rate=${rate}&channels=a`);
    await sensor.until(is('welcome'));
    const viewer = await w.viewer();
    for (let i = 0; i <= 16; i++) viewer.send({ type: 'learner', stream: 'dev', add: { name: `m${i}`, taps: 2 } });
    const error = await viewer.until(is('error'));
    expect(error.message).toBe('stream dev must have at most 16 added learners; remove one first');
    expect(info('dev').learners).toHaveLength(17);
  });

  test('adds a learner that is kept over a restart, with its weights, and removes it for good', async () => {
    const statePath = join(directory, 'added');
    const file = join(statePath, 'dev~mine.safetensors');
    await start({ statePath });
    let sensor = await w.sensor(`dev?rate=${rate}&channels=a`);
    await sensor.until(is('welcome'));
    let viewer = await w.viewer();
    viewer.send({ type: 'learner', stream: 'dev', add: { name: 'mine', horizon: 2, taps: 4 } });
    await expect.poll(() => learner('dev', 'mine')).toBeDefined();
    await send(
      sensor,
      Float32Array.from({ length: 500 }, (_, t) => Math.sin(0.3 * t)),
    );
    await w.stop();
    const before = await readFile(file);
    await start({ statePath });
    sensor = await w.sensor(`dev?rate=${rate}&channels=a`);
    await sensor.until(is('welcome'));
    expect(learner('dev', 'mine')).toMatchObject({ added: true, horizon: 2 });
    expect(info('dev').notes).toBeUndefined();
    await w.stop();
    expect(Network.load(await readFile(file)).weights()).toEqual(Network.load(before).weights());
    await start({ statePath });
    sensor = await w.sensor(`dev?rate=${rate}&channels=a`);
    await sensor.until(is('welcome'));
    viewer = await w.viewer();
    viewer.send({ type: 'learner', stream: 'dev', remove: 'mine' });
    await expect.poll(() => learner('dev', 'mine')).toBeUndefined();
    await w.stop();
    await expect(readFile(file)).rejects.toThrow('ENOENT');
    await start({ statePath });
    sensor = await w.sensor(`dev?rate=${rate}&channels=a`);
    await sensor.until(is('welcome'));
    expect(learner('dev', 'mine')).toBeUndefined();
  });

  test('is served by a server whose file of added learners is damaged', async () => {
    const statePath = await mkdtemp(join(directory, 'damaged-'));
    await writeFile(join(statePath, 'learners.json'), '{"dev":[{"name":"good"},{"name":"bad","taps":0}]}');
    await start({ statePath });
    const sensor = await w.sensor(`dev?rate=${rate}&channels=a`);
    await sensor.until(is('welcome'));
    expect(info('dev').learners.map(({ name }) => name)).toEqual(['forecast', 'good']);
    expect(w.lines).toContain('skipped a learner of stream dev in learners.json: taps must be an integer >= 1, got 0');
  });
});
