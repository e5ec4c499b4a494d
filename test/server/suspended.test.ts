import { afterEach, expect, test } from 'vitest';
import { parseIngestReply, parseWatch } from '../../src/protocol/index.ts';
import { type Running, start } from '../cli/run-tapline.ts';
import { is, Peer } from './peer.ts';

let running: Running | undefined;
afterEach(async () => {
  running?.process.kill('SIGKILL');
  await running?.ended;
});

/** Longer than the 5 s after which a stream without samples is reported. */
const suspended = 7000;

test('a server that was suspended does not report its streams as silent', async () => {
  running = start(['serve', '--port', '0', '--no-state']);
  const [, port] = await running.prints(/running at http:\/\/127\.0\.0\.1:(\d+)/);
  const sensor = await new Peer(`ws://127.0.0.1:${port}/ingest/a?channels=1`, parseIngestReply).opened();
  for (let n = 1; n <= 4; n++) {
    sensor.send([n]);
    await sensor.until((reply) => reply.type === 'ack' && reply.received === n);
  }
  const viewer = await new Peer(`ws://127.0.0.1:${port}/watch`, parseWatch).opened();
  viewer.send({ type: 'alarms', on: true });
  await viewer.until(is('alarms'));

  running.process.kill('SIGSTOP');
  await new Promise((resolve) => setTimeout(resolve, suspended));
  running.process.kill('SIGCONT');
  await running.prints(/the server did not run for \d+\.\d s/);
  const ticks = () => viewer.messages.filter(is('health')).length;
  const before = ticks();
  await viewer.until(() => ticks() >= before + 3);
  sensor.send([5]);
  await sensor.until((reply) => reply.type === 'ack' && reply.received === 5);
  expect(viewer.messages.filter(is('alarm'))).toEqual([]);
  for (const { socket } of [sensor, viewer]) socket.terminate();
});
