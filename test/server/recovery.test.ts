import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { describe, expect, test } from 'vitest';
import type { AlarmRecord } from '../../src/core/alarms/alarm-lifecycle.ts';
import type { Ack, Welcome } from '../../src/protocol/ingest-reply.ts';
import { Device, Serving } from './killable-server.ts';

const options = { port: 0, saveEvery: 400, recording: { fsync: 'never', commitInterval: 20 } };

/** Random numbers from 0 to 1. */
function randomOf(seed: number): () => number {
  let state = seed;
  return () => (state = (state * 48271) % 2147483647) / 2147483647;
}

/** Publishes the blocks of a seed, with kills at some of them, and returns the saved state at the end. */
async function run(seed: number, kills: ReadonlySet<number>, more: object = {}) {
  const serving = new Serving({ ...options, ...more });
  await serving.start();
  const device = new Device(serving, 'a', seed);
  await device.until(({ type }) => type === 'welcome');
  const random = randomOf(seed);
  for (let i = 0; i < 30; i++) {
    const frames = 1 + Math.floor(60 * random());
    const missing = random() < 0.15 ? 1 + Math.floor(20 * random()) : 0;
    const wait = random();
    device.send(frames, missing);
    if (kills.has(i)) {
      // sometimes before anything has arrived, sometimes after the last acknowledgment
      if (wait > 0.5) await device.received();
      // or at any moment, also within a write
      else await setTimeout(1 + 200 * wait);
      await Device.restart(serving, [device]);
    } else if (wait > 0.8) await device.received();
  }
  await device.received();
  await device.end();
  await serving.close();
  return { ...serving.saved('a'), lines: serving.lines, device, serving };
}

describe('a server that is killed', () => {
  test.each([1, 2, 3, 4, 5])(
    'continues every stream as if it had not been killed, bit by bit: seed %i',
    async (seed) => {
      const random = randomOf(seed + 100);
      const kills = new Set(Array.from({ length: 5 }, () => Math.floor(30 * random())));
      const [killed, whole] = await Promise.all([run(seed, kills), run(seed, new Set())]);
      expect(killed.next).toBe(whole.next);
      const welcomes = killed.device.replies.filter((reply): reply is Welcome => reply.type === 'welcome');
      expect(welcomes.length).toBeGreaterThan(1);
      expect(Buffer.compare(killed.pipeline, whole.pipeline)).toBe(0);
      for (const { recovered, next } of welcomes.slice(1)) expect(recovered ?? next === 0).toBe(true);
    },
    120_000,
  );

  test.each([
    [0, 0],
    [0, 20],
    [1, 0],
    [1, 30],
    [1, 60],
  ])(
    'raises each alarm once: %i worker threads, killed after %i ms',
    async (workers, wait) => {
      const alarms = async (isKilled: boolean) => {
        const serving = new Serving({ ...options, workers, alarms: { falseAlarms: 1e5, cooldown: 0 } });
        await serving.start();
        const device = new Device(serving, 'a', 3);
        for (let i = 0; i < 8; i++) device.send(1000);
        await device.durable();
        device.send(100, 0, 300);
        if (isKilled) {
          await setTimeout(wait);
          await Device.restart(serving, [device]);
        }
        await device.received();
        device.send(1000);
        await device.received();
        const raised = async () => {
          const response = await fetch(`http://127.0.0.1:${serving.port}/alarms`);
          const { alarms: all } = (await response.json()) as { alarms: AlarmRecord[] };
          return all.map(({ kind, returns, members: [{ stream, window }] }) => [kind, returns, stream, window.from]);
        };
        await expect.poll(raised, { timeout: 10_000 }).not.toEqual([]);
        const found = await raised();
        await device.end();
        await serving.close();
        return found;
      };
      const [killed, whole] = await Promise.all([alarms(true), alarms(false)]);
      expect(whole).toContainEqual(['unusual', 0, 'a', expect.any(Number)]);
      expect(killed).toEqual(whole);
    },
    60_000,
  );

  test('does not lose what it has acknowledged as durable', async () => {
    const serving = new Serving(options);
    await serving.start();
    const device = new Device(serving, 'a', 7);
    for (let i = 0; i < 10; i++) device.send(50);
    await device.until((reply) => reply.type === 'ack' && reply.durable >= 250);
    await serving.kill();
    const acks = device.replies.filter((reply): reply is Ack => reply.type === 'ack');
    const durable = Math.max(...acks.map((ack) => ack.durable));
    await serving.start();
    await device.until((reply) => reply.type === 'welcome' && reply.recovered === true);
    const welcome = device.replies.findLast((reply): reply is Welcome => reply.type === 'welcome');
    expect(welcome?.next).toBeGreaterThanOrEqual(durable);
    await device.received();
    await device.end();
    await serving.close();
    expect(existsSync(join(serving.statePath, 'recordings', 'a'))).toBe(true);
  }, 60_000);

  test('continues a stream of which the recording was erased while it was recorded', async () => {
    const publish = async (isErased: boolean) => {
      const serving = new Serving(options);
      await serving.start();
      const device = new Device(serving, 'a', 11);
      const durable = () => device.until((reply) => reply.type === 'ack' && reply.durable >= device.next);
      for (let i = 0; i < 5; i++) device.send(50);
      await device.received();
      const address = `http://127.0.0.1:${serving.port}/recordings/a`;
      if (isErased) expect((await fetch(address, { method: 'DELETE' })).status).toBe(200);
      for (let i = 0; i < 5; i++) device.send(50);
      await durable();
      if (isErased) {
        // the pipeline has been saved with its position in the new recording
        await expect.poll(() => serving.saved('a').next).toBeGreaterThan(250);
        device.send(50);
        await durable();
        await serving.kill();
        await serving.start();
        await device.until((reply) => reply.type === 'welcome' && reply.next > 0);
      } else device.send(50);
      device.send(50);
      await device.received();
      await device.end();
      await serving.close();
      return { ...serving.saved('a'), device, lines: serving.lines };
    };
    const [erased, whole] = await Promise.all([publish(true), publish(false)]);
    const welcome = erased.device.replies.findLast((reply): reply is Welcome => reply.type === 'welcome');
    expect({ recovered: welcome?.recovered, lines: erased.lines }).toMatchObject({ recovered: true });
    expect(erased.next).toBe(whole.next);
    expect(Buffer.compare(erased.pipeline, whole.pipeline)).toBe(0);
  }, 60_000);
});
