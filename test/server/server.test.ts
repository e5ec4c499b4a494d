import { mkdtempSync, rmSync } from 'node:fs';
import { mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { request, type IncomingMessage } from 'node:http';
import { connect as connectSocket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { brotliDecompressSync, gunzipSync } from 'node:zlib';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { createServer } from '../../src/server/index.ts';
import { serverUrls } from '../../src/server/listening.ts';
import { is, type World, world } from './peer.ts';

let w: World;
let directory: string;
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'tapline-'));
  await writeFile(join(directory, 'index.html'), '<!doctype html><title>Tapline</title>');
  w = await world({ pageDirectory: directory, origins: ['https://dash.example'] });
});
afterEach(async () => {
  await w.stop();
  await rm(directory, { recursive: true });
});

function get(path: string, headers: Record<string, string> = {}): Promise<{ response: IncomingMessage; body: string }> {
  return new Promise((resolve, reject) => {
    request({ port: w.server.port, host: '127.0.0.1', path, headers }, (response) => {
      let body = '';
      response.setEncoding('utf8');
      response.on('data', (text: string) => (body += text));
      response.on('end', () => resolve({ response, body }));
    })
      .on('error', reject)
      .end();
  });
}

describe('the dashboard', () => {
  test('is served with a strict content security policy', async () => {
    const { response, body } = await get('/');
    expect(response.statusCode).toBe(200);
    expect(body).toContain('Tapline');
    const policy = String(response.headers['content-security-policy']);
    expect(policy.split('; ')).toEqual(
      expect.arrayContaining([
        "default-src 'none'",
        "script-src 'self' 'wasm-unsafe-eval'",
        "style-src 'self'",
        "connect-src 'self'",
      ]),
    );
    expect(policy).not.toContain('unsafe-inline');
    expect(response.headers['x-content-type-options']).toBe('nosniff');
  });

  test.each(['/../server.test.ts', '/%2e%2e/secret', '/..%2fsecret', '//etc/passwd', '/nothing'])(
    'has no file %s',
    async (path) => {
      expect((await get(path)).response.statusCode).toBe(404);
    },
  );

  test('reports how to build it if it is missing', async () => {
    await w.stop();
    w = await world({ pageDirectory: join(directory, 'nowhere') });
    const { response, body } = await get('/');
    expect(response.statusCode).toBe(404);
    expect(body).toContain('npm run build');
  });
});

describe('a script of the dashboard', () => {
  const script = `console.log('${'tapline '.repeat(500)}');\n`;
  const path = '/assets/index-4EmCICUV.js';
  beforeEach(async () => {
    await mkdir(join(directory, 'assets'));
    await writeFile(join(directory, path), script);
  });

  /** The response with its body as bytes. */
  const load = (headers: Record<string, string>, from = path, method = 'GET') =>
    new Promise<{ status?: number; headers: IncomingMessage['headers']; body: Buffer }>((resolve, reject) => {
      request({ port: w.server.port, host: '127.0.0.1', path: from, headers, method }, (response) => {
        const parts: Buffer[] = [];
        response.on('data', (part: Buffer) => parts.push(part));
        response.on('end', () =>
          resolve({ status: response.statusCode, headers: response.headers, body: Buffer.concat(parts) }),
        );
      })
        .on('error', reject)
        .end();
    });

  test.each([
    ['gzip, deflate, br, zstd', 'br'],
    ['gzip, deflate', 'gzip'],
    ['br;q=0, gzip;q=0.5', 'gzip'],
    ['*', 'br'],
    ['identity', undefined],
    ['', undefined],
  ])('is compressed as Accept-Encoding %j allows', async (accepted, encoding) => {
    const { status, headers, body } = await load({ 'accept-encoding': accepted });
    expect(status).toBe(200);
    expect(headers['content-encoding']).toBe(encoding);
    expect(headers['content-type']).toMatch(/^text\/javascript/);
    expect(headers['content-length']).toBe(String(body.length));
    expect(headers.vary).toBe('Accept-Encoding');
    expect(headers['cache-control']).toBe('public, max-age=31536000, immutable');
    expect(headers['content-security-policy']).toContain("default-src 'none'");
    const text = encoding === 'br' ? brotliDecompressSync(body) : encoding === 'gzip' ? gunzipSync(body) : body;
    expect(text.toString()).toBe(script);
  });

  test('has a strong ETag for each encoding, and is not sent again to a client that has it', async () => {
    const br = await load({ 'accept-encoding': 'br' });
    const gzip = await load({ 'accept-encoding': 'gzip' });
    const plain = await load({});
    const etags = [br, gzip, plain].map(({ headers }) => String(headers.etag));
    expect(new Set(etags).size).toBe(3);
    for (const etag of etags) expect(etag).toMatch(/^"[\w-]+"$/);
    for (const known of [etags[0], `W/${etags[0]}`, `"other", ${etags[0]}`, '*']) {
      const again = await load({ 'accept-encoding': 'br', 'if-none-match': known });
      expect(again).toMatchObject({ status: 304, headers: { etag: etags[0], vary: 'Accept-Encoding' } });
      expect(again.body.length).toBe(0);
    }
    expect((await load({ 'accept-encoding': 'br', 'if-none-match': etags[1] })).status).toBe(200);
    await writeFile(join(directory, path), `${script}// changed`);
    const changed = await load({ 'accept-encoding': 'br', 'if-none-match': etags[0] });
    expect(changed.status).toBe(200);
    expect(brotliDecompressSync(changed.body).toString()).toBe(`${script}// changed`);
  });

  test('answers HEAD with the headers alone', async () => {
    const get = await load({ 'accept-encoding': 'br' });
    const head = await load({ 'accept-encoding': 'br' }, path, 'HEAD');
    expect(head).toMatchObject({ status: 200, headers: { etag: get.headers.etag, 'content-encoding': 'br' } });
    expect(head.headers['content-length']).toBe(String(get.body.length));
    expect(head.body.length).toBe(0);
  });

  test('is revalidated if its name has no hash, as is the page itself', async () => {
    await writeFile(join(directory, 'assets', 'longname-plainname.js'), script);
    expect((await load({}, '/assets/longname-plainname.js')).headers['cache-control']).toBe('no-cache');
    const page = await load({ 'accept-encoding': 'br' }, '/');
    expect(page.headers).toMatchObject({ 'cache-control': 'no-cache', 'content-type': 'text/html; charset=utf-8' });
    expect(page.headers['content-encoding']).toBeUndefined();
  });
});

describe('/healthz', () => {
  test('returns the streams and the number of viewers', async () => {
    const sensor = await w.sensor('a?rate=10&channels=1');
    await sensor.until(is('welcome'));
    const viewer = await w.viewer();
    await viewer.until(is('streams'));
    const { response, body } = await get('/healthz');
    expect(response.headers['content-type']).toMatch(/json/);
    expect(JSON.parse(body)).toMatchObject({ ok: true, viewers: 1, streams: [{ name: 'a', rate: 10, live: true }] });
  });
});

describe('a request', () => {
  test.each(['localhost', '127.0.0.1:1', '[::1]:8080', 'tapline.localhost', 'dash.example'])(
    'for host %s is answered',
    async (host) => {
      expect((await get('/healthz', { host })).response.statusCode).toBe(200);
    },
  );

  test.each(['evil.example', '127.0.0.1.evil.example', '10.0.0.1', 'localhost.evil.example'])(
    'for host %j is rejected with a sentence that names the origins of the server',
    async (host) => {
      const { response, body } = await get('/healthz', { host });
      expect(response.statusCode).toBe(403);
      expect(body).toBe(`Host ${host} is not allowed. Add http://${host} to the server's allowed origins.\n`);
      expect(w.lines.at(-1)).toBe(`rejected a connection from 127.0.0.1: ${body.trimEnd()} (not-allowed)`);
    },
  );
});

describe('a page of another origin', () => {
  test.each(['http://localhost:5173', 'http://127.0.0.1', 'https://dash.example'])('%s may connect', async (origin) => {
    const viewer = await w.viewer({ origin });
    await viewer.until(is('streams'));
  });

  test.each(['https://evil.example', 'http://dash.example', 'https://dash.example.evil.example', 'null', 'file://'])(
    '%s is accepted and closed with 4503 and a sentence that names the origin',
    async (origin) => {
      const viewer = await w.viewer({ origin });
      const { code, sentence } = await viewer.closed;
      expect(code).toBe(4503);
      expect(sentence).toBe(`Origin ${origin} is not allowed. Add it to the server's allowed origins.`);
      expect(w.lines).toContain(`rejected a connection from 127.0.0.1: ${sentence} (not-allowed)`);
      expect(viewer.messages).toEqual([]);
    },
  );

  test('whose host name was rebound to this computer is rejected', async () => {
    const viewer = await w.viewer({ origin: 'http://evil.example', host: 'evil.example' });
    expect(await viewer.closed).toMatchObject({ code: 4503 });
  });
});

describe('the addresses of a server', () => {
  test('bound to one address is that one, in brackets for IPv6', () => {
    expect(w.server.urls).toEqual([`http://127.0.0.1:${w.server.port}`]);
    expect(w.server.url).toBe(w.server.urls[0]);
    expect(serverUrls('::1', 8080)).toEqual(['http://[::1]:8080']);
    expect(serverUrls('sensors.example', 80)).toEqual(['http://sensors.example:80']);
  });

  test('bound to every interface are one per address, loopback first, without link-local ones', () => {
    const address = (text: string, internal = false) => ({
      address: text,
      family: (text.includes(':') ? 'IPv6' : 'IPv4') as 'IPv4',
      internal,
      netmask: '',
      mac: '',
      cidr: null,
    });
    const interfaces = {
      eth0: [address('192.168.1.5'), address('fe80::1'), address('2001:db8::5')],
      lo: [address('127.0.0.1', true), address('::1', true)],
    };
    expect(serverUrls('0.0.0.0', 8080, interfaces)).toEqual(['http://127.0.0.1:8080', 'http://192.168.1.5:8080']);
    expect(serverUrls('::', 8080, interfaces)).toEqual([
      'http://127.0.0.1:8080',
      'http://[::1]:8080',
      'http://192.168.1.5:8080',
      'http://[2001:db8::5]:8080',
    ]);
    expect(serverUrls('0.0.0.0', 1, {})).toEqual(['http://127.0.0.1:1']);
  });

  test('bound to every interface can all be opened', async () => {
    const open = await createServer({ port: 0, host: '0.0.0.0' });
    try {
      const statuses = await Promise.all(open.urls.map(async (url) => (await fetch(`${url}/healthz`)).status));
      expect(statuses).toEqual(open.urls.map(() => 200));
      expect(open.urls.length).toBeGreaterThanOrEqual(1);
    } finally {
      await open.close();
    }
  });
});

describe('a server', () => {
  test('rejects a port that is in use with one sentence', async () => {
    await expect(createServer({ port: w.server.port })).rejects.toThrow(
      `port ${w.server.port} on 127.0.0.1 is in use; choose another port`,
    );
  });

  test('uses a state directory after a start has failed', async () => {
    const statePath = mkdtempSync(join(tmpdir(), 'tapline-'));
    await expect(createServer({ port: w.server.port, statePath, workers: 1 })).rejects.toThrow('is in use');
    const server = await createServer({ port: 0, statePath });
    await server.close();
    rmSync(statePath, { recursive: true });
  });

  test('rejects invalid options', async () => {
    await expect(createServer({ port: 70000 })).rejects.toThrow('port must be an integer from 0 to 65535, got 70000');
    await expect(createServer({ port: 0, origins: ['dash'] })).rejects.toThrow('origin must be a URL');
    const workers = 'all' as unknown as number;
    await expect(createServer({ port: 0, workers })).rejects.toThrow("workers must be an integer >= 0 or 'auto'");
  });

  test('survives a broken upgrade, a broken frame and a cut connection', async () => {
    const raw = (text: string) =>
      new Promise<void>((resolve) => {
        const socket = connectSocket(w.server.port, '127.0.0.1', () => socket.write(text));
        socket.on('error', () => {});
        socket.on('data', () => socket.destroy());
        socket.on('close', () => resolve());
      });
    const upgrade = 'Host: localhost\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n';
    await raw(`GET /watch HTTP/1.1\r\n${upgrade}Sec-WebSocket-Version: 1\r\nSec-WebSocket-Key: x\r\n\r\n`);
    await raw(`GET http://[ HTTP/1.1\r\n${upgrade}\r\n`);
    const key = 'Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n';
    await raw(`GET /watch HTTP/1.1\r\n${upgrade}${key}\xff\xff\xff\xff`);
    const sensor = await w.sensor('a?channels=1');
    sensor.send('[1]');
    await sensor.until(is('ack'));
  });

  test('acknowledges at every heartbeat, so that a sensor can detect a dead connection', async () => {
    await w.stop();
    w = await world({ heartbeat: 20 });
    const sensor = await w.sensor('a?channels=1');
    await sensor.until(() => sensor.messages.filter(is('ack')).length >= 2);
    expect(new Set(sensor.messages.filter(is('ack')).map(({ received }) => received))).toEqual(new Set([0]));
  });

  test('disconnects a sensor that does not respond to two pings in a row', async () => {
    await w.stop();
    w = await world({ heartbeat: 50 });
    const sensor = await w.sensor('a?channels=1', {}, []);
    await sensor.until(is('welcome'));
    sensor.socket.pause();
    const viewer = await w.viewer();
    await viewer.until((m) => m.type === 'streams' && m.streams[0]?.live === false);
  });

  test('closes connections with 1001 when it shuts down', async () => {
    const viewer = await w.viewer();
    await viewer.until(is('streams'));
    await w.server.close();
    expect(await viewer.closed).toEqual({ code: 1001, sentence: 'The server is shutting down.' });
  });

  test('restores learned weights after a restart', async () => {
    await w.stop();
    const statePath = join(directory, 'state');
    const teach = async (run: World) => {
      const viewer = await run.viewer();
      const sensor = await run.sensor('a?rate=100&channels=1');
      await sensor.until(is('welcome'));
      await viewer.until((m) => m.type === 'streams' && m.streams.length === 1);
      viewer.send({ type: 'subscribe', id: 1, stream: 'a', what: ['kernels'] });
      await viewer.until(is('subscribed'));
      sensor.send({ type: 'samples', data: [Array.from({ length: 500 }, (_, t) => Math.sin(t / 5))] });
      return await viewer.until(is('kernels'));
    };
    w = await world({ statePath });
    await teach(w);
    await w.stop();
    const files = (await readdir(statePath)).filter((file) => !/^history\.db-(wal|shm)$/.test(file));
    expect(files.sort()).toEqual(
      ['alarms.jsonl', 'a~forecast.safetensors', 'a~pipeline.state', 'history.db', 'recordings'].sort(),
    );
    await writeFile(join(statePath, 'b~forecast.safetensors'), 'not safetensors');
    w = await world({
      statePath,
      feed: ({ name }) => ({
        gaps: 'hold',
        standardize: null,
        maps: [],
        learners: [{ name: 'forecast', task: 'forecast', taps: name === 'a' ? 16 : 3, learningRate: 1e-9 }],
      }),
    });
    const { data, start } = await teach(w);
    expect(Math.max(...data.map(Math.abs))).toBeGreaterThan(3 * Math.max(...start!.map(Math.abs)));
    expect(w.lines.some((line) => line.startsWith('skipped b~forecast.safetensors'))).toBe(true);
  });

  test('saves learned weights periodically, so that they survive a kill', async () => {
    await w.stop();
    const statePath = join(directory, 'killed');
    w = await world({ statePath, saveEvery: 10 });
    const sensor = await w.sensor('a?rate=100&channels=1');
    sensor.send({ type: 'samples', data: [Array.from({ length: 500 }, (_, t) => Math.sin(t / 5))] });
    await expect.poll(() => readdir(statePath), { timeout: 10_000 }).toContain('a~forecast.safetensors');
  });
});
