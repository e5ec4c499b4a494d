import { mkdtemp, rm } from 'node:fs/promises';
import { request as httpRequest } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { is, type World, world } from './peer.ts';

let w: World;
beforeEach(async () => {
  w = await world({ maxPayload: 4096 });
});
afterEach(() => w.stop());

const url = (path: string) => `${w.server.url}/ingest/${path}`;
const stream = (name = 'a') => w.server.streams().find((each) => each.name === name);

/** Sends a request; returns its status and its text or JSON. */
async function post(path: string, body: BodyInit | object, headers: Record<string, string> = {}) {
  const raw = typeof body === 'string' || body instanceof Uint8Array;
  const response = await fetch(url(path), {
    method: 'POST',
    body: raw ? (body as BodyInit) : JSON.stringify(body),
    headers: { 'content-type': 'application/json', ...headers },
  });
  const text = await response.text();
  return {
    status: response.status,
    text,
    json: (text.startsWith('{') ? JSON.parse(text) : {}) as Record<string, unknown>,
  };
}

/** Sends a request with headers that fetch does not allow. */
function rawRequest(method: string, path: string, headers: Record<string, string>, body = ''): Promise<number> {
  return new Promise((resolve, reject) => {
    httpRequest(url(path), { method, headers }, (response) => {
      response.resume();
      resolve(response.statusCode!);
    })
      .on('error', reject)
      .end(body);
  });
}

describe('a sensor that sends HTTP requests', () => {
  test('can send its first requests after a restart in parallel, while its recorded run is continued', async () => {
    const statePath = await mkdtemp(join(tmpdir(), 'tapline-'));
    try {
      await w.stop();
      w = await world({ statePath });
      const frame = (start: number) =>
        post('a?rate=10&channels=t&if=free', { type: 'samples', start, data: [[start]] });
      const { run } = (await frame(0)).json;
      await w.stop();
      w = await world({ statePath });
      const answers = await Promise.all([1, 1, 1, 1].map(frame));
      expect(answers.map(({ status, json }) => [status, json.run, json.next])).toEqual(
        answers.map(() => [200, run, 2]),
      );
      await w.stop();
    } finally {
      await rm(statePath, { recursive: true });
    }
  });

  test('keeps its run and its numbering', async () => {
    const first = await post('a?rate=10&channels=t,h', {
      type: 'samples',
      data: [
        [1, 2],
        [3, 4],
      ],
    });
    expect(first).toMatchObject({ status: 200, json: { accepted: 2, stream: 'a', next: 2 } });
    const again = await post('a?rate=10&channels=t,h', [[5, 6]]);
    expect(again.json).toEqual({ accepted: 1, stream: 'a', run: first.json.run, next: 3 });
    const gap = await post('a?rate=10&channels=t,h', { type: 'samples', start: 5, data: [[7], [8]] });
    expect(gap.json).toMatchObject({ accepted: 1, next: 6, warnings: ['2 frames are missing, starting at frame 3'] });
    const old = await post('a?rate=10&channels=t,h', { type: 'samples', start: 5, data: [[7], [8]] });
    expect(old.json).toEqual({ accepted: 0, stream: 'a', run: first.json.run, next: 6 });
    expect(stream()).toMatchObject({ live: true, rate: 10, channels: [{ label: 't' }, { label: 'h' }] });
  });

  test('can send JSON with the content type of curl -d, and receives JSON if it is accepted and plain text if not', async () => {
    const curl = (body: string) =>
      fetch(url('a'), { method: 'POST', body, headers: { 'content-type': 'application/x-www-form-urlencoded' } });
    const accepted = await curl('{"temperature": 21.5}');
    expect(accepted.headers.get('content-type')).toBe('application/json');
    expect(await accepted.json()).toMatchObject({ accepted: 1, stream: 'a', next: 1 });
    const rejected = await curl('{"temperature": NaN}');
    expect(rejected.headers.get('content-type')).toMatch(/^text\/plain/);
    expect(await rejected.text()).toBe(
      'message must be valid JSON, got NaN at character 17; NaN is not JSON; send null (bad-json)\n',
    );
  });

  test('is warned of what is probably not intended', async () => {
    const { json } = await post('a?freq=10&fresh=1', '{"t":1,"name":"x"}');
    expect(json.warnings).toEqual([
      "parameter 'freq' is unknown and is ignored; the known parameters are rate, channels, unit, kind, for, fresh, if, clock, precision",
      'fresh in the URL of a request is ignored; to start a new run, send hello with fresh',
      "text is ignored: 'name'",
    ]);
  });

  test('publishes all of a request or nothing, and a rejected first request creates no stream', async () => {
    const bad = await post('a', '{"t":1}\n{"t":2}\n{"u":3}\n', { 'content-type': 'application/x-ndjson' });
    expect(bad.status).toBe(200);
    const worse = await post('a', '{"t":1}\n{"t":2}\n[1,2,3]\n', { 'content-type': 'application/x-ndjson' });
    expect(worse).toMatchObject({
      status: 400,
      text: 'message 3 of 3: channels must be 2, got 3 (wrong-channels)\n',
    });
    expect(stream()?.next).toBe(3);
    const none = await post('b', '{"t":1}\n{"t":NaN}', { 'content-type': 'application/x-ndjson' });
    expect(none.text).toBe(
      'line 2: message must be valid JSON, got NaN at character 6; NaN is not JSON; send null (bad-json)\n',
    );
    expect(stream('b')).toBeUndefined();
    const health = (await (await fetch(`${w.server.url}/healthz`)).json()) as Record<string, object[]>;
    expect(health.streams).toMatchObject([{ name: 'a', rejected: { count: 1, reasons: { 'wrong-channels': 1 } } }]);
    expect(health.unopened).toMatchObject([{ name: 'b', rejected: { count: 1, reasons: { 'bad-json': 1 } } }]);
    expect(w.lines.filter((line) => line.includes('rejected'))).toHaveLength(2);
  });

  test('replaces a connected sensor, unless it asks for a free name', async () => {
    const sensor = await w.sensor('a?channels=1');
    await sensor.until(is('welcome'));
    expect(await post('a?if=free', [1])).toMatchObject({ status: 409, text: 'Another device publishes "a".\n' });
    expect((await post('a', [1])).status).toBe(200);
    expect((await sensor.closed).code).toBe(4001);
    const other = await w.sensor('a?channels=1');
    await other.until(is('welcome'));
    expect((await post('a', [1])).json.next).toBe(2);
    expect((await other.closed).code).toBe(4001);
  });

  test('is rejected with 503 if the server has no room for its stream', async () => {
    await w.stop();
    w = await world({ maxStreams: 1 });
    expect((await post('a', [1])).status).toBe(200);
    expect(await post('b', [1])).toMatchObject({
      status: 503,
      text: 'The server accepts no more streams (maxStreams).\n',
    });
    const rejected = await fetch(`${w.server.url}/ingest/b`, { method: 'POST', body: '[1]' });
    expect(rejected.headers.get('retry-after')).toBe('10');
  });

  test('can send gzip, and no more than maxText, before and after decompression', async () => {
    const zipped = (text: string) => [new Uint8Array(gzipSync(text)), { 'content-encoding': 'gzip' }] as const;
    expect((await post('a', ...zipped('{"t":1}'))).json.accepted).toBe(1);
    const bomb = zipped(`{"t":${' '.repeat(3 << 20)}1}`);
    expect(bomb[0].length).toBeLessThan(4096);
    const tooLarge = 'body must be at most 4096 bytes (maxText), before and after decompression (bad-body)\n';
    expect(await post('a', ...bomb)).toMatchObject({ status: 413, text: tooLarge });
    expect(await post('a', ' '.repeat(5000))).toMatchObject({ status: 413, text: tooLarge });
    expect((await post('a', 'no gzip', { 'content-encoding': 'gzip' })).status).toBe(400);
    expect((await post('a', '{"t":1}', { 'content-encoding': 'br' })).status).toBe(415);
    expect((await post('a', new Uint8Array([0x7b, 0xff]))).text).toContain('UTF-8');
    expect(stream()?.next).toBe(1);
  });

  test('must use a supported content type', async () => {
    const { status, text } = await post('a', '<t>1</t>', { 'content-type': 'application/xml' });
    expect([status, text]).toEqual([
      415,
      'Content-Type must be one of application/json, application/x-ndjson (JSON lines), text/csv, or text/plain ' +
        '(InfluxDB line protocol), got application/xml (bad-body)\n',
    ]);
  });

  test('can send several series of line protocol to several streams only', async () => {
    const plain = { 'content-type': 'text/plain' };
    expect((await post('a', 'air,room=1 t=21.5,h=40i 1700000000\n', plain)).json.accepted).toBe(1);
    const other = await post('a', 'air,room=2 t=22 1700000001\n', plain);
    expect(other).toMatchObject({ status: 400 });
    expect(other.text).toContain("must be 'air,room=1' in all lines of this stream, got 'air,room=2'");
  });
});

describe('a web page', () => {
  const text = { 'content-type': 'text/plain' };

  test('of another site cannot publish, with or without Origin', async () => {
    const send = (headers: Record<string, string>) => rawRequest('POST', 'a', { ...text, ...headers }, '{"t":1}');
    expect(await send({ origin: 'https://evil.example' })).toBe(403);
    expect(await send({ origin: 'null' })).toBe(403);
    expect(await send({ 'sec-fetch-site': 'cross-site' })).toBe(403);
    expect(await send({ 'sec-fetch-site': 'same-site' })).toBe(403);
    expect(await send({ host: 'evil.example' })).toBe(403);
    expect(stream()).toBeUndefined();
    expect(await send({ 'sec-fetch-site': 'same-origin' })).toBe(200);
    expect(await send({ origin: w.server.url })).toBe(200);
  });

  test('of an allowed origin can publish and read the answer', async () => {
    await w.stop();
    w = await world({ origins: ['https://dashboard.example'] });
    const headers = { origin: 'https://dashboard.example' };
    const response = await fetch(url('a'), { method: 'OPTIONS', headers });
    expect([response.status, response.headers.get('access-control-allow-origin')]).toEqual([204, headers.origin]);
    expect(response.headers.get('access-control-allow-headers')).toContain('content-type');
    expect((await post('a', [1], headers)).status).toBe(200);
  });
});

test('GET explains how to publish, HEAD has no content, and other methods are rejected', async () => {
  const response = await fetch(url('boiler'));
  const text = await response.text();
  expect(response.status).toBe(200);
  expect(text).toContain(`curl ${url('boiler')} -H 'Content-Type: application/json'`);
  expect(text).toContain(`ws://127.0.0.1:${w.server.port}/ingest/boiler?rate=10`);
  expect(await rawRequest('HEAD', 'boiler', {})).toBe(200);
  expect(await rawRequest('PUT', 'boiler', {}, '[1]')).toBe(405);
  expect((await fetch(url('my%20room'))).status).toBe(400);
  expect((await post('my%20room', [1])).text).toContain('(bad-name)');
  expect(w.server.streams()).toEqual([]);
});
