import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { WatchMessage } from '../../src/protocol/index.ts';
import type { AlarmQueryResult } from '../../src/server/alarm-query.ts';
import { openHistory } from '../../src/store/open-history.ts';
import { noise } from '../core/alarms/quiet-stream.ts';
import { is, type Of, type Peer, type World, world } from './peer.ts';

let w: World;
let statePath: string;
const alarms = { falseAlarms: 1e5 };
beforeEach(async () => {
  statePath = await mkdtemp(join(tmpdir(), 'tapline-'));
  w = await world({ statePath, alarms });
});
afterEach(async () => {
  await w.stop();
  await rm(statePath, { recursive: true });
});

type AlarmMessage = Of<WatchMessage, 'alarm'>;
const stepped =
  (step: string) =>
  (message: WatchMessage): message is AlarmMessage =>
    message.type === 'alarm' && message.step === step;

async function ask(query: string): Promise<{ status: number; body: AlarmQueryResult & { error?: string } }> {
  const answer = await fetch(`${w.server.url}/alarms${query}`);
  return { status: answer.status, body: (await answer.json()) as AlarmQueryResult };
}

/** A sensor `name` with two channels, whose second channel jumps at frame 650; resolves when the frames are acknowledged. */
async function leap(name: string): Promise<void> {
  const sensor = await w.sensor(`${name}?rate=10&channels=left,right`);
  const data = noise(660, 2, (t, c, x) => (t === 650 && c === 1 ? x + 200 : x));
  const columns = [0, 1].map((c) => Array.from({ length: 660 }, (_, t) => data[2 * t + c]));
  sensor.send({ type: 'samples', data: columns });
  await sensor.until((reply) => reply.type === 'ack' && reply.received === 660);
}

/** A viewer of alarms, and the alarm of a sensor whose signal jumps. */
async function raise(name: string): Promise<{ viewer: Peer<WatchMessage>; alarm: AlarmMessage }> {
  const viewer = await w.viewer();
  viewer.send({ type: 'alarms', on: true });
  await viewer.until(is('alarms'));
  await leap(name);
  return { viewer, alarm: await viewer.until(stepped('raised')) };
}

describe('an alarm of a feed', () => {
  test('is sent to viewers with stream, channel, cause, and frames, and returned by GET /alarms', async () => {
    const { viewer, alarm } = await raise('mill');
    expect(await viewer.until(is('alarms'))).toEqual({ type: 'alarms', alarms: [], maintenance: [] });
    expect(alarm.alarm).toMatchObject({
      id: 1,
      kind: 'unusual',
      state: 'raised',
      members: [
        {
          stream: 'mill',
          cause: 'range',
          channels: [{ label: 'right' }, { label: 'left' }],
          window: { from: 650, to: 650 },
        },
      ],
    });
    const { status, body } = await ask('?since=2020-01-01T00:00Z&open=true&stream=mi*');
    expect(status).toBe(200);
    expect(body).toMatchObject({
      alarms: [{ id: 1, raised: alarm.time }],
      more: false,
      counts: [{ stream: 'mill', alarms: 1, falseAlarms: 0 }],
    });
    expect((await ask(`?since=${body.now + 1}`)).body.alarms).toEqual([]);
    expect((await ask('?stream=other')).body.alarms).toEqual([]);
  });

  test('is returned to a client that polls since the last response, even if its frames are older', async () => {
    const sensor = await w.sensor('mill?rate=10&channels=a');
    const samples = Array.from(noise(900, 1, (t, _, x) => (t === 850 ? x + 200 : x)));
    const send = async (from: number, to: number) => {
      sensor.send({ type: 'samples', start: from, data: [samples.slice(from, to)] });
      await sensor.until((reply) => reply.type === 'ack' && reply.received === to);
    };
    await send(0, 840);
    const { now, alarms: before } = (await ask('')).body;
    expect(before).toEqual([]);
    await send(840, 900);
    const { alarms: after } = (await ask(`?since=${now}`)).body;
    expect(after).toMatchObject([{ id: 1, members: [{ stream: 'mill', window: { from: 850 } }] }]);
    expect(after[0].raised).toBeLessThan(now);
    expect(after[0].changed).toBeGreaterThanOrEqual(now);
  });

  test('can be acknowledged, shelved, and marked as false by a viewer, and all other viewers are notified', async () => {
    const { viewer } = await raise('mill');
    const other = await w.viewer();
    other.send({ type: 'alarms', on: true });
    expect((await other.until(is('alarms'))).alarms).toMatchObject([{ id: 1, state: 'raised' }]);
    viewer.send({ type: 'alarm', alarm: 1, do: 'acknowledge' });
    await other.until(stepped('acknowledged'));
    const until = Date.now() + 3_600_000;
    viewer.send({ type: 'alarm', alarm: 1, do: 'shelve', until });
    expect((await other.until(stepped('shelved'))).alarm).toMatchObject({ state: 'shelved', until });
    viewer.send({ type: 'alarm', alarm: 1, do: 'falseAlarm' });
    expect((await other.until(stepped('falseAlarm'))).alarm).toMatchObject({ state: 'cleared', falseAlarm: true });
    expect((await ask('?open=true')).body).toMatchObject({ alarms: [], counts: [{ falseAlarms: 1 }] });
  });

  test('ends when its sensor closes normally', async () => {
    const { viewer } = await raise('mill');
    const sensor = await w.sensor('mill?rate=10&channels=left,right');
    await sensor.until(is('welcome'));
    sensor.socket.close(1000);
    expect((await viewer.until(stepped('cleared'))).alarm).toMatchObject({ id: 1, state: 'cleared' });
  });

  test('is not sent to a viewer that unsubscribed', async () => {
    const { viewer } = await raise('mill');
    viewer.send({ type: 'alarms', on: false });
    viewer.send({ type: 'alarm', alarm: 1, do: 'clear' });
    viewer.send({ type: 'alarm', alarm: 1, do: 'clear' });
    viewer.send({ type: 'alarm', alarm: 2, do: 'clear' });
    expect(await viewer.until(is('error'))).toMatchObject({
      code: 'no-alarm',
      message: 'alarm must be the id of an alarm, got 2',
    });
    expect(viewer.messages.some(stepped('cleared'))).toBe(false);
    expect((await ask('')).body.alarms).toMatchObject([{ state: 'cleared' }]);
  });

  test('is restored after a restart, and the next alarm gets the next id', async () => {
    const { viewer } = await raise('mill');
    viewer.send({ type: 'alarm', alarm: 1, do: 'acknowledge' });
    await viewer.until(stepped('acknowledged'));
    await w.stop();
    w = await world({ statePath, alarms });
    expect((await ask('')).body.alarms).toMatchObject([{ id: 1, state: 'acknowledged' }]);
    const { alarm } = await raise('press');
    expect(alarm.alarm.id).toBe(2);
  });

  test('of a stale stream is kept when the server shuts down', async () => {
    await leap('mill');
    await w.server.close();
    const history = await openHistory(statePath, () => {});
    const streams = JSON.parse(history.settings().get('streams') ?? '') as { stream: string }[];
    history.close();
    expect(streams.map(({ stream }) => stream)).toEqual(['mill']);
  });

  test('is not raised during maintenance, which is sent to every viewer', async () => {
    const viewer = await w.viewer();
    viewer.send({ type: 'alarms', on: true });
    const until = Date.now() + 60_000;
    viewer.send({ type: 'maintenance', streams: 'mill*', until });
    await viewer.until((m) => m.type === 'alarms' && m.maintenance[0]?.until === until);
    await leap('mill.1');
    const { alarm } = await raise('press');
    expect(alarm.alarm.members[0].stream).toBe('press');
    expect((await ask('')).body).toMatchObject({
      alarms: [{ members: [{ stream: 'press' }] }],
      maintenance: [{ streams: 'mill*', until }],
    });
  });
});

describe('a server with a reference', () => {
  test('reports slow drift away from the reference period of a stream', async () => {
    await w.stop();
    w = await world({ statePath, alarms: { falseAlarms: 1e9, reference: 2000 } });
    const sensor = await w.sensor('pump?rate=10&channels=bearing');
    const data = noise(12_000, 1, (t, _, x) => x + 0.002 * Math.max(0, t - 3000));
    sensor.send({ type: 'samples', data: [Array.from(data)] });
    await sensor.until((reply) => reply.type === 'ack' && reply.received === 12_000);
    const { alarms: reported } = (await ask('')).body;
    expect(reported.filter(({ kind }) => kind === 'wear')).toMatchObject([
      { members: [{ stream: 'pump', cause: 'wear', channels: [{ label: 'bearing' }] }] },
    ]);
    await expect(world({ alarms: { reference: 1 } })).rejects.toThrow(/^reference must be an integer >= \d+, got 1$/);
  });
});

describe('maintenance', () => {
  test('is limited to 256 names and one year', async () => {
    const viewer = await w.viewer();
    const now = Date.now();
    const maintain = (streams: string, until: number) => {
      viewer.send({ type: 'maintenance', streams, until });
    };
    for (let n = 0; n < 256; n++) maintain(`hall.${n}`, now + 60_000);
    maintain('hall.0', now + 90_000);
    maintain('one.more', now + 60_000);
    expect(await viewer.until(is('error'))).toMatchObject({
      code: 'too-much-maintenance',
      message: 'maintenance must have at most 256 names at once, got 257',
    });
    maintain('one.more', 8e15);
    const error = await viewer.until((m) => m.type === 'error' && m.code === 'bad-time');
    expect(error).toMatchObject({
      message: expect.stringMatching(
        /^until must be at most 366 days after \d+, the current time, got 8000000000000000$/,
      ) as string,
    });
    const { maintenance } = (await ask('')).body;
    expect(maintenance).toHaveLength(256);
    expect(maintenance.at(-1)).toEqual({ streams: 'hall.0', until: now + 90_000 });
    maintain('hall.0', 0);
    maintain('one.more', now + 60_000);
    viewer.send({ type: 'alarms', on: true });
    expect((await viewer.until(is('alarms'))).maintenance.at(-1)?.streams).toBe('one.more');
  });
});

describe('GET /alarms', () => {
  test.each([
    ...[
      'yesterday',
      '2026-01-31',
      '2026-01-31T12:00',
      '2026-02-31T12:00Z',
      '2026-01-31T25:00Z',
      '2026-01-31 (x)',
      '-5',
      '8640000000000001',
    ].map((text): [string, string] => [
      `?since=${text}`,
      `since must be ms since 1970, or a time with a time zone such as 2026-01-31T12:00Z, got '${text}'`,
    ]),
    ['?before=now', "before must be ms since 1970, or a time with a time zone such as 2026-01-31T12:00Z, got 'now'"],
    ['?limit=0', "limit must be an integer from 1 to 1000, got '0'"],
    ['?limit=1001', "limit must be an integer from 1 to 1000, got '1001'"],
    ['?open=yes', "open must be true or false, got 'yes'"],
    ['?sinse=1', "query parameters must be among since, before, limit, stream, open, got 'sinse'"],
  ])('refuses %s with a sentence', async (query, sentence) => {
    expect(await ask(query)).toEqual({ status: 400, body: { error: sentence } });
  });
});

describe('the time in a query', () => {
  test.each([
    '2026-01-31T12:00Z',
    '2026-01-31T13:30+01:30',
    '2026-01-31T13:30%2B01:30',
    '2026-01-31T10:00:00.000-02:00',
  ])('may be written as %s', async (text) => {
    const { status, body } = await ask(`?before=${text}`);
    expect([status, body.now]).toEqual([200, Date.UTC(2026, 0, 31, 12)]);
  });
});

describe('a stream that is monitored in part', () => {
  test('is marked in the list of streams', async () => {
    const viewer = await w.viewer();
    await w.sensor('wide?rate=10&channels=65');
    const message = await viewer.until((m) => m.type === 'streams' && m.streams.length === 1);
    expect(message).toMatchObject({
      streams: [{ unwatched: '64 of 65 channels monitored (at most 64 per stream)' }],
    });
  });
});
