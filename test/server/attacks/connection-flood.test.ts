import { afterEach, describe, expect, test } from 'vitest';
import { is, type World, world } from '../peer.ts';
import { frame, isServed, RawClient, RawSocket, rejectedBy } from './raw-client.ts';

let w: World;
afterEach(() => w.stop());

const many = <T>(count: number, make: (n: number) => T) => Array.from({ length: count }, (_, n) => make(n));
/** Time for the server to do what is polled, on a busy computer. */
const patient = { timeout: 30_000 };
const full = 'The server has too many viewers from your address. Try again later.';

describe('a flood of connections from one address', () => {
  test('leaves room for sensors, viewers, and HTTP requests from another address', async () => {
    w = await world({ maxViewers: 16, maxConnectionsPerAddress: 8, maxWaiting: 32, helloTimeout: 2000 });
    const from = '127.0.0.2';
    const silent = many(100, () => new RawClient(w.server.port, { from }));
    const sensors = await Promise.all(many(40, (n) => RawSocket.open(w, `/ingest/s${n}`, { from })));
    const viewers = await Promise.all(many(40, () => RawSocket.open(w, '/watch', { from })));
    expect(await isServed(w)).toBe(true);
    const accepted = viewers.filter(({ text }) => text.includes('"streams"'));
    expect(accepted.length).toBeLessThanOrEqual(8);
    await expect.poll(() => silent.filter(({ socket }) => !socket.destroyed).length, patient).toBeLessThanOrEqual(8);
    await Promise.all(sensors.map(({ closed }) => closed));
    const rejected = await rejectedBy(w);
    expect(rejected['too-many-connections']).toBeGreaterThan(92);
    for (const { socket } of [...silent, ...viewers, ...sensors]) socket.destroy();
  });

  test('of HTTP requests is answered with 503 and Retry-After', async () => {
    w = await world({ maxConnectionsPerAddress: 4, helloTimeout: 400 });
    const head = 'POST /ingest/a HTTP/1.1\r\nHost: localhost\r\nContent-Length: 10\r\n\r\n';
    const slow = many(10, () => new RawClient(w.server.port, { from: '127.0.0.2' }));
    for (const { socket } of slow) socket.write(head);
    const rejected = () => slow.filter(({ text }) => /^HTTP\/1\.1 503 [^]*\r\nRetry-After: 10\r\n/.test(text));
    await expect.poll(() => rejected().length, patient).toBe(6);
    expect(await isServed(w)).toBe(true);
    for (const { socket } of slow) socket.destroy();
    expect(await isServed(w, '127.0.0.2', 'again')).toBe(true);
  });

  test('does not affect a burst of HTTP requests that are answered at once', async () => {
    w = await world({ maxConnectionsPerAddress: 2 });
    const posts = many(60, (n) => fetch(`${w.server.url}/ingest/a${n}`, { method: 'POST', body: '[1]' }));
    expect(new Set((await Promise.all(posts)).map(({ status }) => status))).toEqual(new Set([200]));
  });

  test('is logged with its first rejection, and counted', async () => {
    w = await world({ maxConnectionsPerAddress: 2 });
    const viewers = await Promise.all(many(20, () => RawSocket.open(w, '/watch')));
    const closings = viewers.filter(({ text }) => text.includes(full));
    for (const viewer of closings) expect(await viewer.closing()).toEqual({ code: 4005, sentence: full });
    expect(await rejectedBy(w)).toEqual({ 'too-many-viewers': 18 });
    expect(w.lines.filter((line) => line.includes('too-many-viewers'))).toEqual([
      `rejected a connection from 127.0.0.1: ${full} (too-many-viewers)`,
    ]);
  });
});

describe('X-Forwarded-For', () => {
  const viewer = async (header: string) => {
    const one = await w.viewer({ 'x-forwarded-for': header });
    return Promise.race([one.until(is('streams')).then(() => 'accepted'), one.closed.then(({ code }) => code)]);
  };

  test('is ignored without a trusted proxy', async () => {
    w = await world({ maxConnectionsPerAddress: 2 });
    expect(await viewer('203.0.113.1')).toBe('accepted');
    expect(await viewer('203.0.113.2')).toBe('accepted');
    expect(await viewer('203.0.113.3')).toBe(4005);
  });

  test('of a trusted proxy names the client by its right-most address that is not a proxy', async () => {
    w = await world({ maxConnectionsPerAddress: 2, trustProxy: ['127.0.0.1', '10.0.0.0/8'] });
    expect(await viewer('203.0.113.1')).toBe('accepted');
    expect(await viewer('::ffff:203.0.113.1, 10.1.2.3')).toBe('accepted');
    expect(await viewer('203.0.113.1')).toBe(4005);
    expect(await viewer('198.51.100.7, 203.0.113.1')).toBe(4005);
    expect(await viewer('127.0.0.1, 203.0.113.1, 10.1.2.3, 127.0.0.1')).toBe(4005);
    expect(await viewer('203.0.113.1, 198.51.100.7')).toBe('accepted');
    expect(w.lines.filter((line) => line.startsWith('rejected')).join()).toContain('from 203.0.113.1:');
  });
});

describe('a flood from many addresses', () => {
  const from = (n: number) => ({ 'x-forwarded-for': `203.0.113.${n}` });

  test('leaves viewers for loopback addresses', async () => {
    w = await world({ maxViewers: 16, trustProxy: ['127.0.0.1'] });
    for (let n = 0; n < 15; n++) await (await w.viewer(from(n))).until(is('streams'));
    expect((await (await w.viewer(from(99))).closed).code).toBe(4005);
    const operator = await RawSocket.open(w, '/watch', { from: '127.0.0.2' });
    expect(await operator.receives('"streams"')).toBe(true);
    operator.socket.destroy();
  });

  test('of silent devices makes room for a new one that opens its stream', async () => {
    w = await world({ maxWaiting: 16, trustProxy: ['127.0.0.1'] });
    const silent = await Promise.all(many(60, (n) => RawSocket.open(w, `/ingest/s${n}`, { headers: from(n) })));
    const device = await RawSocket.open(w, '/ingest/a', { headers: from(200) });
    device.send(frame(1, '[1]'));
    expect(await device.receives('"received":1')).toBe(true);
    const closings = await Promise.all(silent.slice(0, 40).map((client) => client.closing()));
    const sentence = 'The server has too many devices without a stream. Try again later.';
    expect(new Set(closings.map((closing) => JSON.stringify(closing)))).toEqual(
      new Set([JSON.stringify({ code: 4005, sentence })]),
    );
    for (const { socket } of [...silent, device]) socket.destroy();
  });
});
