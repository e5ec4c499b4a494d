import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { AlarmRecord } from '../../src/core/alarms/alarm-lifecycle.ts';
import { parseIngestReply, parseWatch, type WatchMessage } from '../../src/protocol/index.ts';
import type { AlarmQueryResult } from '../../src/server/alarm-query.ts';
import type { SessionQueryResult } from '../../src/server/session-query.ts';
import { noise } from '../core/alarms/quiet-stream.ts';
import { is, Peer, world } from './peer.ts';

let statePath: string;
beforeEach(async () => {
  statePath = await mkdtemp(join(tmpdir(), 'tapline-killed-'));
});
afterEach(() => rm(statePath, { recursive: true }));

const script = fileURLToPath(new URL('server-process.ts', import.meta.url));

/** Starts a server, and kills it as soon as a viewer has received the `count`-th alarm event. Returns the received events. */
async function killAfter(count: number, streams: number): Promise<Map<number, AlarmRecord>> {
  const child = spawn(process.execPath, ['--import', 'tsx', script, statePath], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const exited = once(child, 'exit');
  const [port] = (await once(child.stdout, 'data')) as [Buffer];
  const base = `ws://127.0.0.1:${Number(port)}`;
  const reported = new Map<number, AlarmRecord>();
  let events = 0;
  const viewer = await new Peer<WatchMessage>(`${base}/watch`, parseWatch).opened();
  viewer.send({ type: 'alarms', on: true });
  await viewer.until(is('alarms'));
  const acted = (event: WatchMessage) => {
    if (event.type !== 'alarm' || events === count) return;
    events++;
    reported.set(event.alarm.id, event.alarm);
    if (events === count) child.kill('SIGKILL');
    else if (event.step === 'raised') viewer.send({ type: 'alarm', alarm: event.alarm.id, do: 'acknowledge' });
    else if (event.step === 'acknowledged') viewer.send({ type: 'alarm', alarm: event.alarm.id, do: 'falseAlarm' });
  };
  viewer.socket.on('message', (data: Buffer) => {
    acted(parseWatch(data.toString()));
  });
  for (let n = 0; n < streams; n++) {
    const sensor = new Peer(`${base}/ingest/mill.${n}?rate=10&channels=a`, parseIngestReply);
    await Promise.race([sensor.opened(), exited]);
    if (child.exitCode !== null || child.signalCode !== null) break;
    sensor.send({ type: 'samples', data: [Array.from(noise(660, 1, (t, _, x) => (t === 640 + 5 * n ? x + 200 : x)))] });
  }
  await exited;
  return reported;
}

/** Each alarm has three events: it is raised, acknowledged, and marked as false. */
const points = Array.from({ length: 10 }, (_, n) => [n, 1 + (n % 8)]);

test.each(points)(
  'kill %i, right after event %i was reported, loses no alarm and no step of one',
  async (_, count) => {
    const reported = await killAfter(count, 3);
    expect(reported.size).toBeGreaterThan(0);
    const w = await world({ statePath, alarms: { falseAlarms: 1e5, groupWithin: 0 } });
    const ask = async <T>(path: string) => (await (await fetch(`${w.server.url}${path}`)).json()) as T;
    const { alarms } = await ask<AlarmQueryResult>('/alarms');
    const { sessions } = await ask<SessionQueryResult>('/sessions');
    const found = new Map(alarms.map((alarm) => [alarm.id, alarm]));
    // The server may have stored later events that the viewer had not received.
    for (const [id, alarm] of reported) {
      expect(found.get(id)!.changed).toBeGreaterThanOrEqual(alarm.changed);
      if (found.get(id)!.changed === alarm.changed) expect(found.get(id)).toEqual(alarm);
    }
    expect(new Set(alarms.map(({ changed }) => changed)).size).toBe(alarms.length);
    for (const { closed, reason } of sessions)
      expect([typeof closed, reason]).toEqual(['number', 'The server was stopped without closing the connection.']);
    await w.stop();
  },
  60_000,
);
