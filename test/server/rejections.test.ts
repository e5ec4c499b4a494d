import { afterEach, expect, test } from 'vitest';
import { is, type World, world } from './peer.ts';

let w: World;
afterEach(() => w.stop());

test('rejected messages are counted by reason, for viewers and in /healthz, and logged now and then', async () => {
  w = await world();
  const sensor = await w.sensor('a?rate=10&channels=2');
  for (let i = 0; i < 12; i++) sensor.send('[1,2,3]');
  sensor.send('[1,');
  sensor.send('[1,2]');
  await sensor.until((reply) => reply.type === 'ack' && reply.received === 1);
  const rejected = {
    count: 13,
    reasons: { 'wrong-channels': 12, 'bad-json': 1 },
    last: 'message must be valid JSON, got incomplete JSON that ends after character 3; ] is missing',
    inARow: 0,
  };
  const viewer = await w.viewer();
  const { streams } = await viewer.until(is('health'));
  expect(streams[0]).toMatchObject({ name: 'a', received: 1, rejected });
  const answer = (await (await fetch(`${w.server.url}/healthz`)).json()) as { streams: object[] };
  expect(answer.streams).toMatchObject([{ name: 'a', rejected }]);
  expect(w.lines.filter((line) => line.includes('rejected'))).toEqual([
    'stream a: rejected a message: channels must be 2, got 3 (wrong-channels)',
    'stream a: rejected 10 messages; the last: channels must be 2, got 3 (wrong-channels)',
  ]);
});

test('what is probably not intended is answered with a warning, and nothing is rejected', async () => {
  w = await world();
  const sensor = await w.sensor('a?freq=10&channels=t,t,u&unit=C,C');
  sensor.send('[1,2,3]');
  await sensor.until((reply) => reply.type === 'ack' && reply.received === 1);
  expect(sensor.messages.filter(is('warning')).map(({ message }) => message)).toEqual([
    "channels should have different labels, got 't' twice",
    "parameter 'freq' is unknown and is ignored; the known parameters are rate, channels, unit, kind, for, fresh, if, clock",
    'unit must be one unit, or one for each of the 3 channels, got 2 units',
  ]);
});
