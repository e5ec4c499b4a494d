import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { SessionLog, type SessionRecord } from '../../src/server/session-log.ts';
import type { SessionQueryResult } from '../../src/server/session-query.ts';
import { History } from '../../src/store/history.ts';
import { openHistory } from '../../src/store/open-history.ts';
import { is, type World, world } from './peer.ts';

let w: World;
let statePath: string;
beforeEach(async () => {
  statePath = await mkdtemp(join(tmpdir(), 'tapline-'));
  w = await world({ statePath });
});
afterEach(async () => {
  await w.stop();
  await rm(statePath, { recursive: true });
});

async function ask(query = ''): Promise<SessionQueryResult & { error?: string }> {
  return (await (await fetch(`${w.server.url}/sessions${query}`)).json()) as SessionQueryResult;
}

/** Requests until a condition holds: a close is reported to the client before the server has noticed it. */
async function until(fits: (sessions: SessionRecord[]) => boolean): Promise<SessionRecord[]> {
  for (;;) {
    const { sessions } = await ask();
    if (fits(sessions)) return sessions;
  }
}

test('a session has its stream, run, frames, and how it ended, and survives a restart', async () => {
  const sensor = await w.sensor('mill?rate=10&channels=a');
  const { run } = await sensor.until(is('welcome'));
  sensor.send({ type: 'samples', data: [[1, 2, 3]] });
  await sensor.until((reply) => reply.type === 'ack' && reply.received === 3);
  const open = (await ask('?stream=mill')).sessions;
  expect(open).toMatchObject([{ id: 1, stream: 'mill', via: 'websocket', run, from: 0, to: 3 }]);
  expect(open[0]).not.toHaveProperty('closed');
  sensor.socket.close(1000, 'battery changed');
  const closed = await until(([one]) => one.closed !== undefined);
  expect(closed).toMatchObject([{ id: 1, code: 1000, reason: 'battery changed', from: 0, to: 3 }]);
  const again = await w.sensor('mill?rate=10&channels=a');
  await again.until(is('welcome'));
  await w.server.close();
  w = await world({ statePath });
  const { sessions } = await ask();
  expect(sessions).toMatchObject([{ id: 2, from: 3, to: 3, code: 1001 }, closed[0]]);
});

test('a replaced sensor, a new run, and HTTP requests each start a session', async () => {
  const first = await w.sensor('mill?rate=10&channels=a');
  await first.until(is('welcome'));
  const second = await w.sensor('mill?rate=10&channels=a');
  await second.until(is('welcome'));
  second.send({ type: 'samples', data: [[1, 2]] });
  second.send({ type: 'hello', channels: ['a', 'b'], rate: 10 });
  await second.until((reply) => reply.type === 'welcome' && reply.next === 0 && second.messages.indexOf(reply) > 0);
  await fetch(`${w.server.url}/ingest/pump?rate=1&channels=a`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: '{"type":"samples","data":[[1,2,3]]}',
  });
  const { sessions } = await ask();
  expect(sessions.map(({ stream, via, code, reason, from, to }) => [stream, via, code, reason, from, to])).toEqual([
    ['pump', 'http', undefined, undefined, 0, 3],
    ['mill', 'websocket', undefined, undefined, 0, 0],
    ['mill', 'websocket', undefined, 'A new run began.', 0, 2],
    ['mill', 'websocket', 4001, 'A newer device named "mill" replaced this one.', 0, 0],
  ]);
  expect((await ask('?stream=pu*')).sessions.map(({ stream }) => stream)).toEqual(['pump']);
});

test('polling page by page returns every session once, and invalid queries a sentence', async () => {
  for (let n = 0; n < 7; n++) {
    const sensor = await w.sensor(`mill.${n}?rate=10&channels=a`);
    await sensor.until(is('welcome'));
  }
  const ids: number[] = [];
  let page = await ask('?limit=3');
  const { now } = page;
  for (;;) {
    ids.push(...page.sessions.map(({ id }) => id));
    if (!page.more) break;
    page = await ask(`?limit=3&before=${page.sessions.at(-1)?.changed}`);
  }
  expect(ids).toEqual([7, 6, 5, 4, 3, 2, 1]);
  expect((await ask(`?since=${now}`)).sessions).toEqual([]);
  expect(await ask('?open=true')).toEqual({
    error: "query parameters must be among since, before, limit, stream, got 'open'",
  });
});

test('a session that was open when the server was killed ends where it was last stored', async () => {
  const directory = join(statePath, 'x');
  await w.stop();
  w = await world();
  await mkdir(directory);
  const killed = new History(await openHistory(directory, () => {}), () => {});
  const log = new SessionLog(killed);
  log.open('mill', { run: 5, next: 10 }, 'websocket', 1000);
  log.advance('mill', 25);
  log.save();
  killed.tick(2000);
  const next = new History(await openHistory(directory, () => {}), () => {});
  const { records } = await new SessionLog(next).page({ since: 0, before: 1e15 }, 10);
  expect(records).toMatchObject([{ run: 5, from: 10, to: 25, opened: 1000, closed: 1001 }]);
  next.close();
  killed.close();
});

test('GET /healthz states whether alarms and sessions are durable', async () => {
  const health = async () => ((await (await fetch(`${w.server.url}/healthz`)).json()) as { history: unknown }).history;
  expect(await health()).toEqual({ durable: true, waiting: 0 });
  await w.stop();
  w = await world();
  expect(await health()).toEqual({ durable: false, waiting: 0, reason: 'kept in memory only' });
});
