import { afterEach, describe, expect, test } from 'vitest';
import type { IngestReply, LearnerHealth, StreamInfo, WatchMessage } from '../../src/protocol/index.ts';
import type { ServerOptions } from '../../src/server/index.ts';
import { noise } from '../core/network/random-networks.ts';
import { is, type Peer, type World, world } from './peer.ts';

let w: World;
afterEach(() => w.stop());

const follow = { name: 'follow', task: 'target', target: 'label', taps: 4, on: 'raw' } as const;
const start = async (dev: NonNullable<ServerOptions['learners']>[string], workers = 0) => {
  w = await world({ learners: { dev }, workers });
};
const info = (name: string): StreamInfo => w.server.streams().find((each) => each.name === name)!;
/** The lines of the log with a text. */
const lines = (text: string) => w.lines.filter((line) => line.includes(text));
const healthz = async () =>
  (await (await fetch(`${w.server.url}/healthz`)).json()) as { learners?: LearnerHealth[]; streams: StreamInfo[] };

async function connect(path: string): Promise<Peer<IngestReply>> {
  const sensor = await w.sensor(path);
  await sensor.until(is('welcome'));
  return sensor;
}

/** Publishes frames of one channel in blocks of 50. */
async function send(sensor: Peer<IngestReply>, samples: ArrayLike<number>, first = 0): Promise<void> {
  for (let t = 0; t < samples.length; t += 50)
    sensor.send({ type: 'samples', start: first + t, data: [Array.from(samples).slice(t, t + 50)] });
  await sensor.until((m) => m.type === 'ack' && m.received >= first + samples.length);
}

describe('targets that arrive too late', () => {
  test.each([0, 1])('are counted in the health and reported in one line of the log; %i workers', async (workers) => {
    await start([{ ...follow, maxDelay: 16 }], workers);
    const dev = await connect('dev?rate=100&channels=a');
    const label = await connect('label?rate=100&channels=b');
    await send(dev, noise(1, 600));
    expect((await healthz()).learners).toBeUndefined();
    await send(label, noise(2, 600));
    const health = { stream: 'dev', learner: 'follow', late: { count: 583, delay: 599, maxDelay: 16 } };
    await expect.poll(async () => (await healthz()).learners, { timeout: 10_000 }).toEqual([health]);
    const viewer = await w.viewer();
    const message = await viewer.until(is<WatchMessage, 'health'>('health'));
    expect(message.learners).toEqual([health]);
    const [line, ...more] = lines('follow has skipped');
    expect(line).toMatch(
      /^stream dev: learner follow has skipped \d+ targets of label so far, which arrived up to 599 frames late; maxDelay is 16 frames. Raise maxDelay\./,
    );
    expect(more).toEqual([]);
  });

  test('are not reported if they arrive within maxDelay frames', async () => {
    await start([{ ...follow, maxDelay: 600 }]);
    const dev = await connect('dev?rate=100&channels=a');
    const label = await connect('label?rate=100&channels=b');
    await send(dev, noise(1, 600));
    await send(label, noise(2, 600));
    expect((await healthz()).learners).toBeUndefined();
    expect(info('dev').notes).toBeUndefined();
  });
});

describe('a learner that does not run', () => {
  test('is listed while its stream, or its target stream, is not connected, with the name of that stream', async () => {
    await start([follow, { name: 'next', task: 'forecast', taps: 4 }]);
    const waiting = (learner: string, waitsFor: string) => ({ stream: 'dev', learner, waitsFor });
    expect((await healthz()).learners).toEqual([waiting('follow', 'dev'), waiting('next', 'dev')]);
    const viewer = await w.viewer();
    const message = await viewer.until(is<WatchMessage, 'health'>('health'));
    expect(message.learners).toEqual([waiting('follow', 'dev'), waiting('next', 'dev')]);
    await connect('dev?rate=100&channels=a');
    expect((await healthz()).learners).toEqual([waiting('follow', 'label')]);
    expect(lines('waits for')).toEqual(['stream dev: learner follow waits for the stream label']);
    const label = await connect('label?rate=100&channels=b');
    expect((await healthz()).learners).toBeUndefined();
    label.socket.close(1000);
    await expect.poll(async () => (await healthz()).learners).toEqual([waiting('follow', 'label')]);
  });

  test('is logged once', async () => {
    await start([follow, { name: 'wrong', task: 'forecast', taps: 4, channels: ['q'] }]);
    await connect('dev?rate=100&channels=a');
    await connect('label?rate=50&channels=b');
    await connect('other?rate=50&channels=b');
    expect(lines('rate of label')).toEqual([
      'stream dev: learner follow cannot run: rate of label, the target stream of follow, must be 100 Hz, the rate of this stream, got 50 Hz',
    ]);
    expect(lines("channel must be one of a, got 'q'")).toHaveLength(1);
    expect(info('dev').notes).toHaveLength(2);
  });

  test('because another learner has its name is logged once', async () => {
    await start([{ name: 'forecast', task: 'forecast', taps: 4 }]);
    const dev = await connect('dev?rate=100&channels=a');
    const note =
      'learner forecast was not added, because the stream has another learner of this name; choose another name';
    expect(info('dev').notes).toEqual([note]);
    dev.send({ type: 'hello', name: 'dev', rate: 200, channels: ['a'] });
    await expect.poll(() => info('dev').rate).toBe(200);
    expect(lines('forecast was not added')).toEqual([`stream dev: ${note}`]);
    expect(info('dev').learners.map(({ taps }) => taps)).not.toContain(4);
  });
});

test('the score of weights that were set aside is sent with the baselines on the same frames', async () => {
  await start([{ ...follow, maxDelay: 16 }]);
  const dev = await connect('dev?rate=100&channels=a');
  const label = await connect('label?rate=100&channels=b');
  const viewer = await w.viewer();
  viewer.send({ type: 'subscribe', id: 1, stream: 'dev', what: ['loss'] });
  await viewer.until(is('subscribed'));
  // white noise, whose best constant forecast is its mean
  const x = noise(1, 6000);
  await send(label, x);
  await send(dev, x);
  for (const index of [0, 1]) {
    const message = await viewer.until(
      (m) => m.type === 'loss' && m.learner === index && m.at > 5500 && m.holdout?.nmse !== null,
    );
    const { holdout } = message as Extract<WatchMessage, { type: 'loss' }>;
    const { nmse, skill, persistence, movingAverage, mains } = holdout!;
    expect(skill).toBeCloseTo(1 - nmse! / persistence!, 9);
    if (index === 0) {
      expect(persistence).toBeGreaterThan(1.5);
      expect(movingAverage).toBeCloseTo(1.125, 0);
      expect(mains).toBeGreaterThan(persistence!);
    } else expect(persistence).toBeCloseTo(1, 0);
  }
});
