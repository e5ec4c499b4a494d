import { execFileSync } from 'node:child_process';
import { mkdtemp, rm, statfs, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import type { AlarmRecord, AlarmStep } from '../../src/core/alarms/alarm-lifecycle.ts';
import type { AlarmMessage } from '../../src/protocol/alarm.ts';
import type { Ack } from '../../src/protocol/ingest-reply.ts';
import { Device, Serving } from './killable-server.ts';
import { is, world } from './peer.ts';

/** Mounts a small disk, which only root can do. Returns whether that is possible here. */
function mounted(directory: string): boolean {
  try {
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=8m', 'tapline-test', directory], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
}

test('on a full disk, a server goes on, raises an alarm, reports that nothing is durable and which frames are not recorded, and recovers by itself', async (context) => {
  const disk = await mkdtemp(join(tmpdir(), 'tapline-disk-'));
  if (!mounted(disk)) return context.skip('needs root, to mount a small disk');
  const recording = { fsync: 'never', commitInterval: 5, memoryBytes: 1 << 18, retention: { minFree: 0 } } as const;
  const w = await world({ statePath: disk, recording, saveEvery: 1e9 });
  try {
    const health = async () =>
      ((await (await fetch(`${w.server.url}/healthz`)).json()) as { recording: { problem?: string } }).recording;
    const sensor = await w.sensor('mill?rate=100&channels=a');
    await sensor.until(is('welcome'));
    const viewer = await w.viewer();
    viewer.send({ type: 'alarms', on: true });
    const alarmed = (step: AlarmStep) =>
      viewer.until((message) => message.type === 'alarm' && message.step === step) as Promise<AlarmMessage>;
    let next = 0;
    const send = async (): Promise<void> => {
      sensor.send({ type: 'samples', data: [Array.from({ length: 5000 }, (_, i) => next + i)] });
      next += 5000;
      await sensor.until((reply) => reply.type === 'ack' && reply.received === next);
    };
    const durable = () => sensor.messages.filter((reply): reply is Ack => reply.type === 'ack').at(-1).durable;
    await send();
    await sensor.until((reply) => reply.type === 'ack' && reply.durable === next);
    const { bavail, bsize } = await statfs(disk);
    await writeFile(join(disk, 'filler'), new Uint8Array(bavail * bsize - 4096));
    for (let i = 0; i < 30; i++) await send();
    await expect.poll(health).toMatchObject({ on: true, problem: 'the disk is full' });
    expect(durable()).toBeLessThan(next);
    const { alarm } = await alarmed('raised');
    expect(alarm).toMatchObject({ kind: 'unrecorded', members: [{ stream: 'mill', reason: 'the disk is full' }] });
    await rm(join(disk, 'filler'));
    const warning = await sensor.until((reply) => reply.type === 'warning' && reply.message.includes('not recorded'));
    await sensor.until((reply) => reply.type === 'ack' && reply.durable === next);
    // the lost frames are not acknowledged before they are reported
    const before = sensor.messages.slice(0, sensor.messages.indexOf(warning));
    expect(before.some((reply) => reply.type === 'ack' && reply.durable === next)).toBe(false);
    expect(await health()).not.toHaveProperty('problem');
    expect((await alarmed('cleared')).alarm).toMatchObject({ id: alarm.id, members: [{ active: false }] });
    const history = (await (await fetch(`${w.server.url}/alarms`)).json()) as { alarms: AlarmRecord[] };
    expect(history.alarms).toMatchObject([{ id: alarm.id, kind: 'unrecorded', state: 'cleared' }]);
    await send();
    await sensor.until((reply) => reply.type === 'ack' && reply.durable === next);
    expect(w.lines.filter((line) => line.startsWith('cannot record'))).toHaveLength(1);
  } finally {
    await w.stop();
    execFileSync('umount', ['-l', disk]);
    await rm(disk, { recursive: true, force: true });
  }
}, 30_000);

test('a server that was killed starts on a full disk, and records again when there is room', async (context) => {
  const disk = await mkdtemp(join(tmpdir(), 'tapline-disk-'));
  if (!mounted(disk)) return context.skip('needs root, to mount a small disk');
  const recording = { fsync: 'never', commitInterval: 5, segmentBytes: 1 << 18, retention: { minFree: 0 } };
  const serving = new Serving({ port: 0, recording, saveEvery: 1e9 }, disk);
  try {
    await serving.start();
    const device = new Device(serving, 'a', 3);
    for (let i = 0; i < 40; i++) device.send(2000);
    await device.durable();
    const { bavail, bsize } = await statfs(disk);
    await writeFile(join(disk, 'filler'), new Uint8Array(bavail * bsize));
    for (let i = 0; i < 40; i++) device.send(2000);
    await device.received();
    for (let round = 0; round < 2; round++) {
      await serving.kill();
      await serving.start();
    }
    device.send(100);
    await device.received();
    await rm(join(disk, 'filler'));
    await device.durable();
    await device.end();
    await serving.close();
  } finally {
    await serving.kill();
    execFileSync('umount', ['-l', disk]);
    await rm(disk, { recursive: true, force: true });
  }
}, 60_000);
