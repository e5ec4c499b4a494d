import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { filter, firstValueFrom, map, of, take, toArray } from 'rxjs';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { requestHistory } from '../../client/request-history.ts';
import { watch } from '../../client/watch.ts';
import type { ErrorMessage, HistoryMessage, WatchMessage } from '../../src/protocol/index.ts';
import { is, type Peer, type World, world } from './peer.ts';

let w: World;
let statePath: string;
beforeEach(async () => {
  statePath = await mkdtemp(join(tmpdir(), 'tapline-'));
  w = await world({ statePath, recording: { commitInterval: 5, fsync: 'never' } });
});
afterEach(async () => {
  await w.stop();
  await rm(statePath, { recursive: true });
});

const start = 1_700_000_000_000;

/** Records frames of two channels at 10 Hz with a gap, and with missing samples. */
async function record(stream: string, frames: number): Promise<void> {
  const sensor = await w.sensor(`${stream}?rate=10&channels=a,b`);
  await sensor.until(is('welcome'));
  const half = frames / 2;
  for (const from of [0, half + 100]) {
    const data = [1, -0.3].map((sign) => Array.from({ length: half }, (_, i) => (i % 7 ? sign * (from + i) : null)));
    sensor.send({ type: 'samples', start: from, time: start + 100 * from, data });
  }
  await sensor.until((reply) => reply.type === 'ack' && reply.durable === frames + 100);
}

type Answer = HistoryMessage | ErrorMessage;
const isAnswer =
  (id: number) =>
  (message: WatchMessage): message is Answer =>
    (message.type === 'history' || message.type === 'error') && message.id === id;

let lastId = 0;
async function ask(viewer: Peer<WatchMessage>, request: object): Promise<Answer> {
  const id = ++lastId;
  viewer.send({ type: 'history', id, ...request });
  return viewer.until(isAnswer(id));
}

async function get(path: string): Promise<unknown> {
  return (await fetch(`${w.server.url}/history/${path}`)).json();
}

test('the answer equals that of GET /history, for any span and resolution', async () => {
  await record('mill', 4000);
  const viewer = await w.viewer();
  const spans = [
    [{}, ''],
    [{ points: 7 }, 'points=7'],
    [{ from: start + 1000, to: start + 9000 }, `from=${start + 1000}&to=${start + 9000}`],
    [{ from: start + 100_000, points: 2000 }, `from=${start + 100_000}&points=2000`],
    [{ to: start }, `to=${start}`],
  ] as const;
  for (const [span, query] of spans) {
    const { type, id, ...found } = (await ask(viewer, { stream: 'mill', ...span })) as HistoryMessage;
    expect({ type, id }).toEqual({ type: 'history', id: lastId });
    expect(found).toEqual(await get(`mill?${query}`));
    expect(found.runs.length).toBe('to' in span && !('from' in span) ? 0 : 1);
  }
});

test('a request without an answer is answered by one error with its id, which names what was wrong', async () => {
  await record('mill', 20);
  await record('pump', 20);
  await fetch(`${w.server.url}/recordings/mill`, { method: 'DELETE' });
  const viewer = await w.viewer();
  const wrong: [object, string, string][] = [
    [{ stream: 'none' }, 'unknown-stream', 'stream must be the name of a listed or a recorded stream, got none'],
    [{ stream: 'mill' }, 'not-recorded', "stream must be a recorded stream, got 'mill'"],
    [{ stream: '../pump' }, 'bad-name', 'stream must be 1 to 64 characters'],
    [{ stream: 'pump', from: 5, to: 5 }, 'bad-time', 'to must be a time after from, got 5'],
    [{ stream: 'pump', from: 'now' }, 'bad-time', "from must be ms since 1970, got 'now'"],
    [{ stream: 'pump', points: 2001 }, 'bad-points', 'points must be an integer from 1 to 2000, got 2001'],
  ];
  for (const [request, code, sentence] of wrong) {
    expect(await ask(viewer, request)).toMatchObject({
      type: 'error',
      code,
      message: expect.stringContaining(sentence) as string,
    });
    expect(viewer.messages.filter(isAnswer(lastId))).toHaveLength(1);
  }
  expect(await ask(viewer, { stream: 'pump' })).toMatchObject({ type: 'history', stream: 'pump' });
});

test('a server that does not record answers with an error', async () => {
  await w.stop();
  w = await world({ statePath, recording: false });
  const sensor = await w.sensor('mill?rate=10&channels=a,b');
  await sensor.until(is('welcome'));
  expect(await ask(await w.viewer(), { stream: 'mill' })).toMatchObject({ type: 'error', code: 'not-recorded' });
});

test('requests of one viewer are answered in order, and those beyond 16 with an error', async () => {
  await record('mill', 4000);
  const viewer = await w.viewer();
  const ids = Array.from({ length: 40 }, (_, i) => 1001 + i);
  for (const id of ids) viewer.send({ type: 'history', id, stream: 'mill', points: 2000 });
  const answers: Answer[] = [];
  for (const id of ids) answers.push(await viewer.until(isAnswer(id)));
  const answered = answers.flatMap((answer) => (answer.type === 'history' ? [answer] : []));
  expect(answered.length).toBeGreaterThanOrEqual(16);
  for (const { runs } of answered) expect(runs).toEqual(answered[0].runs);
  for (const answer of answers)
    if (answer.type === 'error') expect(answer).toMatchObject({ code: 'too-many-requests' });
  const order = viewer.messages.flatMap((message) => (message.type === 'history' ? [message.id] : []));
  expect(order).toEqual([...order].sort((a, b) => a - b));
});

test('an id that is in use is rejected, and its request is still answered', async () => {
  await record('mill', 4000);
  const viewer = await w.viewer();
  for (let i = 0; i < 2; i++) viewer.send({ type: 'history', id: 5, stream: 'mill' });
  expect(await viewer.until(is('error'))).toMatchObject({ code: 'same-id' });
  expect(await viewer.until(isAnswer(5))).toMatchObject({ type: 'history' });
});

test('viewers that ask at the same time are all answered, also when others disconnect while they are answered', async () => {
  await record('mill', 4000);
  const viewers = await Promise.all(Array.from({ length: 12 }, () => w.viewer()));
  const request = { type: 'history', id: 1, stream: 'mill', points: 2000 };
  for (const viewer of viewers) for (let id = 1; id <= 4; id++) viewer.send({ ...request, id });
  const [gone, staying] = [viewers.slice(0, 6), viewers.slice(6)];
  for (const viewer of gone) viewer.socket.terminate();
  const expected = await get('mill?points=2000');
  for (const viewer of staying)
    for (let id = 1; id <= 4; id++) {
      const { type, id: found, ...history } = await viewer.until(isAnswer(id));
      expect({ type, found }).toEqual({ type: 'history', found: id });
      expect(history).toEqual(expected);
    }
  await Promise.all(gone.map(({ closed }) => closed));
  // the queries of the closed connections have ended: as many are answered as before
  expect(await ask(await w.viewer(), { stream: 'mill' })).toMatchObject({ type: 'history' });
  expect(w.lines.filter((line) => /error|could not/.test(line))).toEqual([]);
});

test('a viewer that does not read has one answer waiting, and gets the others when it reads again', async () => {
  await record('mill', 4000);
  const viewer = await w.viewer();
  await viewer.until(is('streams'));
  viewer.socket.pause();
  for (let id = 1; id <= 16; id++) viewer.send({ type: 'history', id, stream: 'mill', points: 2000 });
  const other = await ask(await w.viewer(), { stream: 'mill', points: 2000 });
  expect(other).toMatchObject({ type: 'history' });
  viewer.socket.resume();
  for (let id = 1; id <= 16; id++) expect(await viewer.until(isAnswer(id))).toMatchObject({ type: 'history' });
});

test('watch and requestHistory of the client return the history, or the reason of the server', async () => {
  await record('mill', 400);
  const url = w.ws('/watch');
  const expected = await get('mill?points=10');
  expect(await requestHistory(url, { stream: 'mill', points: 10 })).toMatchObject(expected as object);
  await expect(requestHistory(url, { stream: 'none' })).rejects.toThrow(
    'stream must be the name of a listed or a recorded stream, got none',
  );
  const queries = [
    { id: 3, stream: 'mill', points: 10 },
    { id: 4, stream: 'none' },
  ];
  const answers = watch(url, { stream: 'mill', what: ['marks'], history: of(...queries) }).pipe(
    filter((message) => message.type === 'history' || message.type === 'error'),
    map(({ type, id, stream }) => ({ type, id, stream })),
    take(2),
    toArray(),
  );
  expect(await firstValueFrom(answers)).toEqual([
    { type: 'history', id: 3, stream: 'mill' },
    { type: 'error', id: 4, stream: 'none' },
  ]);
});
