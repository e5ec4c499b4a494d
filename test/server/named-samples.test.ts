import { afterEach, expect, test } from 'vitest';
import { is, type World, world } from './peer.ts';

let w: World;
afterEach(() => w.stop());

/** Opens a stream without a description, and sends texts; returns what the server answered to each. */
async function exchange(path: string, texts: readonly string[]) {
  w = await world();
  const viewer = await w.viewer();
  const sensor = await w.sensor(path);
  for (const text of texts) sensor.send(text);
  sensor.send('{"type":"nothing"}');
  await sensor.until((reply) => reply.type === 'error' && reply.message.includes("'nothing'"));
  const [name] = path.split('?');
  const errors = sensor.messages.filter(is('error')).slice(0, -1);
  viewer.send({ type: 'subscribe', id: 1, stream: name, what: ['raw'], recent: true });
  const next = w.server.streams()[0].next;
  await viewer.until((m) => m.type === 'block' && m.block.start + m.block.data.length / m.block.channels === next);
  const blocks = viewer.messages.filter(is('block')).map(({ block }) => block);
  return {
    errors: errors.map(({ message }) => message),
    channels: w.server.streams()[0].channels.map(({ label }) => label),
    samples: blocks.flatMap(({ data }) => [...data]),
    times: blocks.map(({ time }) => time),
  };
}

test('an object that names its channels is a frame, with the channels in any order and one level deep', async () => {
  const { errors, channels, samples } = await exchange('room', [
    '{"temperature":21.5,"humidity":40}',
    '{"humidity":41,"temperature":21.6}',
    '{"values":{"temperature":21.7,"humidity":null}}',
    '{"humidity":43}',
  ]);
  expect(errors).toEqual([]);
  expect(channels).toEqual(['temperature', 'humidity']);
  expect(samples).toEqual([21.5, 40, 21.6, 41, 21.7, NaN, NaN, 43].map(Math.fround));
});

test('a time beside the channels is that of the frame', async () => {
  const { times, channels } = await exchange('room', [
    '{"ts":1700000000000,"temperature":21.5}',
    '{"temperature":22,"timestamp":1700000001000}',
  ]);
  expect([times, channels]).toEqual([[1700000000000, 1700000001000], ['temperature']]);
});

test('what does not fit is rejected with a sentence that says what came and what to send', async () => {
  const { errors, samples } = await exchange('room?channels=t,h', [
    '{"t":"21.5","h":40}',
    '{"t":1,"x":2}',
    '[1, NaN]',
    '{"type":"sample","data":[[1],[2]]}',
    '["21.5","40"]',
    '{"t":1,"h":2}',
  ]);
  expect(errors).toEqual([
    `t must be a number or null, got text '21.5'; send numbers without quotes: {"t":21.5,"h":40}`,
    "channel must be one of t, h, got 'x'; name all channels in the first message (null if missing), in hello, or in the URL (channels=)",
    'message must be valid JSON, got NaN at character 5; NaN is not JSON; send null',
    `type must be one of hello, samples, gap, mark, got 'sample'; for samples, send {"type": "samples", "data": [[1],[2]]}`,
    "data[0][0] must be a number or null, got text '21.5'; send numbers without quotes: [21.5,40]",
  ]);
  expect(samples).toEqual([1, 2]);
});

test('a hello that omits kind, labels, or units keeps them, and begins no new run', async () => {
  w = await world();
  const first = await w.sensor('soil?rate=10&channels=air,soil&unit=C,%25&kind=greenhouse');
  const { run } = await first.until(is('welcome'));
  first.send({ type: 'samples', data: [[1], [2]] });
  await first.until((reply) => reply.type === 'ack' && reply.received === 1);
  for (const hello of [{ rate: 10 }, { rate: 10, channels: 2 }, { rate: 10, channels: ['air', 'soil'] }]) {
    const again = await w.sensor('soil');
    again.send({ type: 'hello', ...hello });
    expect(await again.until(is('welcome'))).toMatchObject({ run, next: 1 });
    expect(w.server.streams()[0]).toMatchObject({
      kind: 'greenhouse',
      channels: [
        { label: 'air', unit: 'C' },
        { label: 'soil', unit: '%' },
      ],
    });
  }
});

test('other channels after a reconnection start a new run with a warning, and keep the units of their labels', async () => {
  w = await world();
  const first = await w.sensor('air?channels=t,h&unit=C,%25');
  first.send({ t: 21, h: 40 });
  await first.until((reply) => reply.type === 'ack' && reply.received === 1);
  const again = await w.sensor('air');
  again.send({ h: 41, t: 22, p: 1013 });
  expect((await again.until(is('warning'))).message).toBe(
    'the channels were t, h and are now h, t, p; a new run begins',
  );
  expect(w.server.streams()[0].channels).toEqual([
    { label: 'h', unit: '%' },
    { label: 't', unit: 'C' },
    { label: 'p', unit: '' },
  ]);
});

test('labels in another order keep their units', async () => {
  w = await world();
  const sensor = await w.sensor('air?channels=a,b&unit=C,%25');
  await sensor.until(is('welcome'));
  sensor.send({ type: 'hello', channels: ['b', 'a'] });
  sensor.send([1, 2]);
  await sensor.until((reply) => reply.type === 'ack' && reply.received === 1);
  expect(w.server.streams()[0].channels).toEqual([
    { label: 'b', unit: '%' },
    { label: 'a', unit: 'C' },
  ]);
});

test('a part of the objects of a stream is found by the names of the objects', async () => {
  const { errors, channels, samples } = await exchange('rooms', [
    '{"A":{"t":1},"B":{"t":2}}',
    '{"B":{"t":3}}',
    '{"A":{"t":4}}',
  ]);
  expect([errors, channels, samples]).toEqual([[], ['A.t', 'B.t'], [1, 2, NaN, 3, 4, NaN]]);
});

test('deeply nested messages are rejected and counted like others', async () => {
  const { errors } = await exchange('deep?channels=a', [`{"a":${'['.repeat(20_000)}${']'.repeat(20_000)}}`, '{"a":1}']);
  expect(errors).toHaveLength(1);
  expect(errors[0]).toMatch(/^a must be a number or null, got an array/);
});
