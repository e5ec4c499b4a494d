import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { encodeBlock, type ErrorCode, type IngestReply, type WatchMessage } from '../../src/protocol/index.ts';
import { is, type Of, type Peer, type World, world } from './peer.ts';

let w: World;
beforeEach(async () => {
  w = await world();
});
afterEach(() => w.stop());

const listed = (count: number) => (message: WatchMessage) =>
  message.type === 'streams' && message.streams.length === count;
const acked = (received: number) => (message: IngestReply) => message.type === 'ack' && message.received >= received;

/** A tone of 10 Hz on two channels, as one binary message. */
function tone(start: number, frames: number): Uint8Array {
  const data = Float32Array.from({ length: 2 * frames }, (_, i) =>
    Math.sin((start + Math.floor(i / 2)) * 0.2513 + (i % 2)),
  );
  return encodeBlock({ data, channels: 2, start, rate: 250, time: 1e12 + start * 4 });
}

async function subscribed(stream: string, what: string[], more: object = {}): Promise<Peer<WatchMessage>> {
  const viewer = await w.viewer();
  await viewer.until((m) => m.type === 'streams' && m.streams.some(({ name }) => name === stream));
  viewer.send({ type: 'subscribe', id: 7, stream, what, ...more });
  await viewer.until(is('subscribed'));
  return viewer;
}

const isBlock = (message: WatchMessage): message is Of<WatchMessage, 'block'> => message.type === 'block';

describe('a viewer', () => {
  test('receives the streams at once and whenever one is added, changed, or removed', async () => {
    const viewer = await w.viewer();
    await viewer.until(listed(0));
    const sensor = await w.sensor('eeg?rate=250&channels=O1,O2&unit=uV&kind=eeg');
    const message = await viewer.until(listed(1));
    expect(message).toMatchObject({
      streams: [
        {
          name: 'eeg',
          kind: 'eeg',
          live: true,
          maps: [{ index: 0, name: 'band power', unit: 'dB', rate: 10 }],
          learners: [
            { index: 0, name: 'forecast', task: 'forecast', learning: true, taps: 16, channels: ['O1', 'O2'] },
          ],
        },
      ],
    });
    sensor.socket.close(1000);
    await viewer.until((m) => m.type === 'streams' && m.streams[0]?.live === false);
  });

  test('with `recent` receives recent frames first, then new ones, each frame once, with gaps and validity', async () => {
    const sensor = await w.sensor('eeg?rate=250&channels=2');
    for (let start = 0; start < 500; start += 10) sensor.send(tone(start, 10));
    sensor.send({ type: 'samples', start: 600, time: 1e12 + 2400, data: [[1, null], [3, 4]] }); // prettier-ignore
    await sensor.until(acked(602));
    const what = ['raw', 'features', 'kernels', 'loss'];
    const late = await subscribed('eeg', what, { recent: true });
    const old = await subscribed('eeg', ['raw']);
    sensor.send(tone(602, 10));
    const sampleBlocks = (peer: typeof late) => peer.messages.filter(isBlock).filter(({ kind }) => kind === 'samples');
    const all = (m: WatchMessage) =>
      isBlock(m) && m.kind === 'samples' && m.block.start + m.block.data.length / 2 === 612;
    await late.until(all);
    await old.until(all);
    const blocks = sampleBlocks(late).map(({ block }) => block);
    const frames = blocks.flatMap(({ start, data, valid, time }) =>
      Array.from({ length: data.length / 2 }, (_, t) => [start + t, time + 4 * t, data[2 * t], valid?.[t] ?? 1]),
    );
    expect(frames.map(([index]) => index)).toEqual([
      ...Array.from({ length: 500 }, (_, t) => t),
      ...Array.from({ length: 12 }, (_, t) => 600 + t),
    ]);
    for (const [index, time, sample, valid] of frames) {
      expect(time).toBe(1e12 + 4 * index);
      expect(valid).toBe(index === 601 ? 0 : 1);
      if (index < 500) expect(sample).toBeCloseTo(Math.sin(index * 0.2513), 5);
    }
    const order = late.messages.filter(
      (m) => is<WatchMessage, 'gap'>('gap')(m) || (isBlock(m) && m.kind === 'samples'),
    );
    expect(order.findIndex(({ type }) => type === 'gap')).toBe(
      order.findIndex((m) => isBlock(m) && m.block.start === 600) - 1,
    );
    expect(late.messages.some((m) => isBlock(m) && m.kind === 'features')).toBe(true);
    for (const type of ['kernels', 'loss'] as const) await late.until(is(type));
    expect(sampleBlocks(old).map(({ block }) => block.start)).toEqual([602]);
  });

  test('receives at most 192 KiB of recent data of a stream, the newest', async () => {
    const sensor = await w.sensor('wide?rate=100&channels=64');
    for (let start = 0; start < 4000; start += 100)
      sensor.send(
        encodeBlock({ data: new Float32Array(6400), channels: 64, start, rate: 100, time: 1e12 + 10 * start }),
      );
    await sensor.until(acked(4000));
    const viewer = await subscribed('wide', ['raw', 'features'], { recent: true });
    sensor.send({ type: 'gap', from: 4000, count: 1 });
    await viewer.until(is('gap'));
    const raw = viewer.messages.filter(isBlock).filter(({ kind }) => kind === 'samples');
    const frames = raw.reduce((sum, { block }) => sum + block.data.length / 64, 0);
    expect(frames).toBeGreaterThan(200);
    expect(frames * 256).toBeLessThan(192 << 10);
    expect(raw[0].block.start).toBe(4000 - frames);
  });

  test('receives the time of each frame of an irregular stream, even if they are sent together', async () => {
    const sensor = await w.sensor('door?channels=1');
    for (let at = 0; at < 5; at++)
      sensor.send({ type: 'samples', start: at, time: 1e12 + at ** 2 * 60_000, data: [[at]] });
    await sensor.until(acked(5));
    const viewer = await subscribed('door', ['raw'], { recent: true });
    await viewer.until((m) => isBlock(m) && m.block.start === 4);
    expect(viewer.messages.filter(isBlock).map(({ block }) => block.time - 1e12)).toEqual(
      [0, 1, 4, 9, 16].map((minutes) => minutes * 60_000),
    );
  });

  test('can remove a stream that has ended, but not one that is live', async () => {
    const sensor = await w.sensor('old?rate=250&channels=2');
    sensor.send(tone(0, 10));
    const viewer = await subscribed('old', ['raw'], { recent: true });
    viewer.send({ type: 'remove', stream: 'old' });
    expect(await viewer.until(is('error'))).toMatchObject({ code: 'live-stream' });
    sensor.socket.close(1000);
    await viewer.until((m) => m.type === 'streams' && m.streams[0]?.live === false);
    const before = viewer.messages.length;
    viewer.send({ type: 'remove', stream: 'old' });
    await viewer.until((m) => viewer.messages.indexOf(m) >= before && m.type === 'streams' && m.streams.length === 0);
    expect(w.server.streams()).toEqual([]);
    const again = await w.sensor('old?rate=250&channels=2');
    expect(await again.until(is('welcome'))).toMatchObject({ next: 0 });
    viewer.send({ type: 'subscribe', id: 7, stream: 'old', what: ['raw'] });
    await viewer.until((m) => viewer.messages.indexOf(m) >= before && m.type === 'subscribed');
  });

  test('that subscribes late receives the newest marks of the run, and none of the run before', async () => {
    const sensor = await w.sensor('eeg?rate=250&channels=2');
    for (let at = 0; at < 20; at++) sensor.send({ type: 'mark', at, label: 'blink' });
    sensor.send(tone(0, 25));
    await sensor.until(acked(25));
    const late = await subscribed('eeg', ['marks']);
    await late.until((m) => is<WatchMessage, 'mark'>('mark')(m) && m.at === 19);
    expect(late.messages.filter(is('mark')).map(({ at }) => at)).toEqual(Array.from({ length: 16 }, (_, i) => i + 4));
    sensor.send({ type: 'hello', channels: 2, rate: 500 });
    sensor.send({ type: 'mark', at: 1, label: 'yawn' });
    const later = await subscribed('eeg', ['marks']);
    await late.until((m) => is<WatchMessage, 'mark'>('mark')(m) && m.label === 'yawn');
    await later.until(is('mark'));
    expect(later.messages.filter(is('mark')).map(({ label }) => label)).toEqual(['yawn']);
  });

  test('receives what it subscribed to, with absolute indexes, and nothing else', async () => {
    const sensor = await w.sensor('eeg?rate=250&channels=2&unit=uV&kind=eeg');
    const raw = await subscribed('eeg', ['raw', 'marks'], { maxHz: 1000 });
    const derived = await subscribed('eeg', ['features', 'prediction', 'kernels', 'loss'], { maxHz: 1000 });
    for (let block = 0; block < 20; block++) sensor.send(tone(block * 25, 25));
    sensor.send({ type: 'mark', at: 480, label: 'blink', frames: 50 });
    await sensor.until(acked(500));
    expect(await raw.until(is('mark'))).toEqual({ type: 'mark', id: 7, at: 480, label: 'blink', frames: 50 });
    const blocks = raw.messages.filter(isBlock);
    expect(new Set(blocks.map(({ kind, id }) => `${kind} ${id}`))).toEqual(new Set(['samples 7']));
    let next = 0;
    for (const { block } of blocks) {
      expect(block.start).toBe(next);
      expect(block.time).toBe(1e12 + next * 4);
      next += block.data.length / 2;
    }
    expect(next).toBe(500);
    const { block: features } = (await derived.until((m) => isBlock(m) && m.kind === 'features')) as Of<
      WatchMessage,
      'block'
    >;
    expect(features).toMatchObject({ channels: 10, rate: 10 });
    const { block: prediction } = (await derived.until((m) => isBlock(m) && m.kind === 'prediction')) as Of<
      WatchMessage,
      'block'
    >;
    expect(prediction).toMatchObject({ channels: 2, rate: 250, start: 0 });
    const kernels = await derived.until(is('kernels'));
    expect(kernels.shape).toEqual([2, 16, 2]);
    expect(kernels.start).toHaveLength(64);
    expect(await derived.until(is('loss'))).toMatchObject({ learner: 0 });
    expect(derived.messages.some((m) => isBlock(m) && m.kind === 'samples')).toBe(false);
  });

  test('receives the initial weights of a learner once', async () => {
    const sensor = await w.sensor('eeg?rate=250&channels=2');
    const viewer = await subscribed('eeg', ['kernels'], { maxHz: 1000 });
    for (let start = 0; viewer.messages.filter(is('kernels')).length < 3; start += 125) {
      sensor.send(tone(start, 125));
      await sensor.until(acked(start + 125));
    }
    const [first, ...others] = viewer.messages.filter(is('kernels'));
    expect(first.start).toHaveLength(64);
    expect(others.map(({ start }) => start)).toEqual(others.map(() => undefined));
  });

  test('turns a learner off and on, and sets its learning rate', async () => {
    const sensor = await w.sensor('eeg?rate=250&channels=2');
    await sensor.until(is('welcome'));
    const viewer = await subscribed('eeg', ['raw']);
    viewer.send({ type: 'learning', stream: 'eeg', learner: 0, on: false, learningRate: 0.5 });
    await viewer.until((m) => m.type === 'streams' && m.streams[0].learners[0].learningRate === 0.5);
    expect(w.server.streams()[0].learners[0]).toMatchObject({ learning: false, learningRate: 0.5, step: 0.5 });
    viewer.send({ type: 'learning', stream: 'eeg', learner: 0, on: true });
    await viewer.until(
      (m) => m.type === 'streams' && m.streams[0].learners[0].learning && m.streams[0].learners[0].learningRate === 0.5,
    );
  });

  test('receives the health of the streams every second', async () => {
    const sensor = await w.sensor('eeg?rate=250&channels=2');
    sensor.send(tone(0, 100));
    sensor.send('[null,1]');
    sensor.send({ type: 'gap', from: 101, count: 9 });
    await sensor.until(acked(110));
    const viewer = await w.viewer();
    const { streams } = await viewer.until(is('health'));
    expect(streams).toMatchObject([{ name: 'eeg', received: 101, gaps: 9, invalid: 1 }]);
  });

  test('is notified of a new run before its frames', async () => {
    const sensor = await w.sensor('a?rate=250&channels=2');
    const viewer = await subscribed('a', ['raw']);
    sensor.send(tone(5, 10));
    sensor.send({ type: 'hello', fresh: true });
    sensor.send(tone(0, 10));
    const run = await viewer.until(is('run'));
    const last = (await viewer.until((m) => isBlock(m) && m.run === run.run)) as Of<WatchMessage, 'block'>;
    expect(last.block.start).toBe(0);
    expect(viewer.messages.filter((m) => isBlock(m) || m.type === 'run').map((m) => m.type)).toEqual([
      'block',
      'run',
      'block',
    ]);
  });

  test('does not affect others, and can unsubscribe', async () => {
    const sensor = await w.sensor('a?rate=250&channels=2');
    const first = await subscribed('a', ['raw']);
    const second = await subscribed('a', ['raw']);
    first.send({ type: 'unsubscribe', id: 7 });
    first.send({ type: 'unsubscribe', id: 7 });
    expect(await first.until(is('error'))).toMatchObject({ code: 'no-id' });
    sensor.send(tone(0, 10));
    await second.until(isBlock);
    expect(first.messages.filter(isBlock)).toEqual([]);
  });

  test('that sends 64 invalid messages in a row is closed with 4504, and later messages are ignored', async () => {
    const sensor = await w.sensor('a?rate=250&channels=2');
    const viewer = await subscribed('a', ['raw']);
    for (let i = 0; i < 64; i++) viewer.send('{');
    viewer.send({ type: 'learning', stream: 'a', learner: 0, on: false });
    expect((await viewer.closed).code).toBe(4504);
    sensor.send(tone(0, 10));
    await sensor.until(acked(10));
    expect(w.server.streams()[0].learners[0].learning).toBe(true);
  });

  test('gets an error for an invalid request and continues', async () => {
    const sensor = await w.sensor('a?rate=250&channels=2');
    const viewer = await subscribed('a', ['raw']);
    const cases: [ErrorCode, object | string | Uint8Array][] = [
      ['bad-json', '{'],
      ['binary-refused', new Uint8Array(60)],
      ['unknown-type', { type: 'samples' }],
      ['unknown-stream', { type: 'subscribe', id: 8, stream: 'b', what: ['raw'] }],
      ['same-id', { type: 'subscribe', id: 7, stream: 'a', what: ['raw'] }],
      ['bad-what', { type: 'subscribe', id: 8, stream: 'a', what: ['all'] }],
      ['unknown-learner', { type: 'learning', stream: 'a', learner: 99, on: true }],
      ['bad-learning', { type: 'learning', stream: 'a', learner: 0, learningRate: -1 }],
      ['bad-learning', { type: 'learning', stream: 'a', learner: 0, step: -1 }],
      ['bad-learning', { type: 'learning', stream: 'a', learner: 0, step: 0.1, learningRate: 0.1 }],
    ];
    for (const [, message] of cases) viewer.send(message);
    await viewer.until(() => viewer.messages.filter(is('error')).length === cases.length);
    expect(viewer.messages.filter(is('error')).map(({ code }) => code)).toEqual(cases.map(([code]) => code));
    sensor.send(tone(0, 10));
    await viewer.until(isBlock);
  });

  test('is rejected with 4005 if there are too many', async () => {
    await w.stop();
    w = await world({ maxViewers: 1 });
    await w.viewer();
    const second = await w.viewer();
    expect((await second.closed).code).toBe(4005);
  });
});

describe('a viewer that does not read', () => {
  test('has a bounded queue that drops the oldest data and reports it, and does not slow down others', async () => {
    const sensor = await w.sensor('a?rate=250&channels=256');
    const slow = await subscribed('a', ['raw'], { maxHz: 1000 });
    const quick = await subscribed('a', ['raw'], { maxHz: 1000 });
    slow.socket.pause();
    const frames = 200;
    const rounds = 100;
    const data = new Float32Array(256 * frames).fill(1);
    for (let block = 0; block < rounds; block++) {
      sensor.send(encodeBlock({ data, channels: 256, start: block * frames, rate: 250, time: 0 }));
      await quick.until((m) => isBlock(m) && m.block.start + m.block.data.length / 256 >= (block + 1) * frames);
    }
    slow.socket.resume();
    const { what, from, count } = await slow.until(is('dropped'));
    await slow.until((m) => isBlock(m) && m.block.start + m.block.data.length / 256 === rounds * frames);
    const seen = slow.messages.filter(isBlock).reduce((sum, { block }) => sum + block.data.length / 256, 0);
    expect(what).toBe('raw');
    const before = slow.messages
      .slice(0, slow.messages.findIndex(is('dropped')))
      .filter(isBlock)
      .at(-1);
    expect(from).toBe(before ? before.block.start + before.block.data.length / 256 : 0);
    expect(seen + count).toBe(rounds * frames);
    expect(quick.messages.filter(is('dropped'))).toEqual([]);
  });
});

describe('a learner of a feed', () => {
  test('accepts its learning rate also under its deprecated name step, but not both', async () => {
    await w.stop();
    const learner = { task: 'forecast', taps: 2 } as const;
    w = await world({
      feed: () => ({
        gaps: 'hold',
        standardize: null,
        maps: [],
        learners: [
          { ...learner, name: 'new', learningRate: 0.25 },
          { ...learner, name: 'old', step: 0.125 },
          { ...learner, name: 'both', step: 0.5, learningRate: 0.5 },
        ],
      }),
    });
    const sensor = await w.sensor('a?rate=250&channels=2');
    await sensor.until(is('welcome'));
    expect(w.server.streams()[0].learners).toMatchObject([
      { name: 'new', learningRate: 0.25, step: 0.25 },
      { name: 'old', learningRate: 0.125, step: 0.125 },
    ]);
    const viewer = await subscribed('a', ['raw']);
    expect(await viewer.until(is('error'))).toMatchObject({
      message: 'a: both: learningRate and step must not both be given; step is the deprecated name of learningRate',
    });
  });
});

describe('a broken feed', () => {
  test('is also reported to later viewers, and a designer that throws does not stop the server', async () => {
    await w.stop();
    w = await world({
      feed: ({ name }) => {
        if (name === 'b') throw new Error('no design for b');
        return {
          gaps: 'hold',
          standardize: null,
          maps: [],
          learners: [{ name: 'f', task: 'forecast', taps: 0, learningRate: 1 }],
        };
      },
    });
    const first = await w.sensor('a?rate=250&channels=2');
    await first.until(is('welcome'));
    const second = await w.sensor('b?rate=250&channels=2');
    await second.until(is('welcome'));
    const a = await subscribed('a', ['raw']);
    expect(await a.until(is('error'))).toMatchObject({
      code: 'broken-pipeline',
      message: 'a: f: layers[0].kernelSize must be an integer >= 1, got 0',
    });
    const b = await subscribed('b', ['raw']);
    expect(await b.until(is('error'))).toMatchObject({ message: 'b: design: Error: no design for b' });
    second.send(tone(0, 10));
    await b.until(isBlock);
  });

  test('whose designer throws when a target connects keeps both sensors connected', async () => {
    await w.stop();
    w = await world({
      feed: ({ name }, truths) => {
        if (truths.length > 0) throw new Error(`no truth for ${name}`);
        return { gaps: 'hold', standardize: null, maps: [], learners: [] };
      },
    });
    const sensor = await w.sensor('a?rate=250&channels=2');
    await sensor.until(is('welcome'));
    const viewer = await subscribed('a', ['raw']);
    const truth = await w.sensor('t?rate=250&channels=1&for=a');
    expect(await viewer.until(is('error'))).toMatchObject({ message: 'a: design: Error: no truth for a' });
    truth.send({ type: 'hello', fresh: true });
    truth.send('[1]');
    await truth.until(acked(1));
    sensor.send(tone(0, 10));
    await viewer.until(isBlock);
  });

  test('is not reported when a run starts with other channels and the rate of a target', async () => {
    const sensor = await w.sensor('a?rate=10&channels=1');
    await sensor.until(is('welcome'));
    const truth = await w.sensor('t?rate=20&channels=1&for=a');
    await truth.until(is('welcome'));
    sensor.send({ type: 'hello', channels: 4, rate: 20 });
    await sensor.until(() => sensor.messages.filter(is('welcome')).length === 2);
    expect(w.lines.filter((line) => line.includes('must be'))).toEqual([]);
    const { learners } = w.server.streams()[0];
    expect(learners.map(({ name, channels }) => [name, ...channels])).toEqual([
      ['forecast', 'ch1', 'ch2', 'ch3', 'ch4'],
      ['t', 'ch3', 'ch4'],
    ]);
  });

  test('affects its stream only: raw frames are still sent, its viewers get an error, others continue', async () => {
    await w.stop();
    w = await world({
      feed: ({ channels }) => ({
        gaps: 'hold',
        standardize: null,
        maps: [{ name: 'wrong', network: { inChannels: channels.length + 1, layers: [] }, on: 'raw', labels: [] }],
        learners: [{ name: 'forecast', task: 'forecast', taps: 2, learningRate: 0.1 }],
      }),
    });
    const sensor = await w.sensor('a?rate=250&channels=2');
    const viewer = await subscribed('a', ['raw', 'prediction']);
    sensor.send(tone(0, 10));
    expect(await viewer.until(is('error'))).toEqual({
      type: 'error',
      code: 'broken-pipeline',
      message: 'a: wrong: channels of wrong must be 3, to match its network, got 2',
    });
    await viewer.until((m) => isBlock(m) && m.kind === 'samples');
    await viewer.until((m) => isBlock(m) && m.kind === 'prediction');
    expect(w.lines).toContain('stream a: wrong: channels of wrong must be 3, to match its network, got 2');
  });
});
