import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { encodeBlock, type IngestReply } from '../../../src/protocol/index.ts';
import { is, type World, world } from '../peer.ts';

let w: World;
beforeEach(async () => {
  w = await world();
});
afterEach(() => w.stop());

const ackOf = (received: number) => (message: IngestReply) => message.type === 'ack' && message.received >= received;
const stream = (name: string) => w.server.streams().find((each) => each.name === name);
const bytes = (frames: number, start = 0) =>
  encodeBlock({ data: new Float32Array(frames).fill(1), channels: 1, rate: 0, start, time: 0 });
/** Largest binary message of one channel, in frames. */
const largest = 260_000;

describe('while one client floods the server, others are served', () => {
  test('after 48 kB of hellos that each start a new run: a few start at once, and the others wait', async () => {
    const flood = await w.sensor('flood?rate=250&channels=1');
    const { run } = await flood.until(is('welcome'));
    for (let i = 0; i < 700; i++) flood.send({ type: 'hello', channels: i % 2 === 0 ? 1024 : 1, rate: 250 });
    const healthy = await w.sensor('healthy?rate=250&channels=1');
    for (let i = 0; i < 10; i++) healthy.send('[1]');
    await healthy.until(ackOf(10));
    expect((stream('flood')!.run - run) >>> 0).toBeLessThanOrEqual(4);
  });

  test('after gaps of 1000 frames in small messages', async () => {
    const flood = await w.sensor('flood?rate=250&channels=64');
    for (let i = 0; i < 300; i++)
      flood.send(JSON.stringify({ type: 'samples', start: 1001 * i, data: Array.from({ length: 64 }, () => [i]) }));
    const healthy = await w.sensor('healthy?rate=250&channels=1');
    for (let i = 0; i < 10; i++) healthy.send('[1]');
    await healthy.until(ackOf(10));
    expect(stream('flood')!.next).toBeLessThan(1001 * 299);
  });

  test('after the largest messages, of which nothing is lost, even if the sensor disconnects at once', async () => {
    const flood = await w.sensor('flood?rate=0&channels=1');
    const viewer = await w.viewer();
    for (let i = 0; i < 3; i++) flood.send(bytes(largest, i * largest));
    const healthy = await w.sensor('healthy?rate=0&channels=1');
    healthy.send('[1]');
    await healthy.until(ackOf(1));
    expect(stream('flood')?.next ?? 0).toBeLessThan(3 * largest);
    flood.socket.close(1000);
    await viewer.until(
      (message) => message.type === 'streams' && message.streams.some(({ name, live }) => name === 'flood' && !live),
    );
    expect(stream('flood')).toMatchObject({ next: 3 * largest, live: false });
  }, 120_000);

  test('after lists of many small messages', async () => {
    const flood = await w.sensor('flood?rate=0&channels=a');
    const list = `[${Array.from({ length: 32_000 }, () => '{"a":1}').join()}]`;
    for (let i = 0; i < 3; i++) flood.send(list);
    const healthy = await w.sensor('healthy?rate=0&channels=1');
    healthy.send('[1]');
    await healthy.until(ackOf(1));
    expect(stream('flood')!.next).toBeLessThan(3 * 32_000);
    await flood.until(ackOf(3 * 32_000));
  }, 120_000);

  test('after requests of a viewer that each send recent data', async () => {
    const sensor = await w.sensor('healthy?rate=0&channels=1');
    sensor.send(bytes(largest));
    await sensor.until(ackOf(largest));
    const flood = await w.viewer();
    for (let id = 1; id <= 2000; id++) {
      flood.send({ type: 'subscribe', id, stream: 'healthy', what: ['raw', 'features'], recent: true });
      flood.send({ type: 'unsubscribe', id });
    }
    sensor.send('[1]');
    await sensor.until(ackOf(largest + 1));
    expect(flood.messages.filter(is('subscribed')).length).toBeLessThan(2000);
  }, 120_000);
});

describe('a sensor that sends faster than its samples are processed', () => {
  test('is disconnected with 4009 if that lasts longer than `maxSlowed`, and can continue', async () => {
    await w.stop();
    w = await world({ maxSlowed: 1 });
    const flood = await w.sensor('flood?rate=0&channels=1');
    await flood.until(is('welcome'));
    for (let i = 0; i < 40; i++) flood.send(bytes(largest, i * largest));
    const { code, sentence } = await flood.closed;
    expect(code).toBe(4009);
    expect(sentence).toBe('The samples arrive faster than they are processed.');
    const again = await w.sensor('flood?rate=0&channels=1');
    const { next } = await again.until(is('welcome'));
    expect(next % largest).toBe(0);
    again.send(bytes(1, next));
    await again.until(ackOf(next + 1));
  }, 120_000);

  test('is replaced by a newer one after the message that is being processed', async () => {
    const first = await w.sensor('a?rate=0&channels=1');
    await first.until(is('welcome'));
    for (let i = 0; i < 5; i++) first.send(bytes(largest, i * largest));
    const second = await w.sensor('a?rate=0&channels=1');
    const { next } = await second.until(is('welcome'));
    expect((await first.closed).code).toBe(4001);
    expect(next % largest).toBe(0);
    second.send(bytes(10, next));
    await second.until(ackOf(next + 10));
    expect(stream('a')!.next).toBe(next + 10);
  }, 120_000);
});
