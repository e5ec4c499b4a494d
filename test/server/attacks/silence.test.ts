import { afterEach, describe, expect, test } from 'vitest';
import { type World, world } from '../peer.ts';
import { frame, isServed, RawClient, RawSocket, rejectedBy } from './raw-client.ts';

let w: World;
afterEach(() => w.stop());

describe('a client that is silent or slow', () => {
  test('with its HTTP headers is answered with 408', async () => {
    w = await world({ messageTimeout: 400 });
    const slow = new RawClient(w.server.port);
    slow.socket.write('GET / HTTP/1.1\r\nHost: localhost\r\n');
    slow.drip((n) => slow.socket.write(`X-${n}: y\r\n`));
    await slow.closed;
    expect(slow.text).toMatch(/^HTTP\/1\.1 408 /);
    expect(await rejectedBy(w)).toEqual({ 'no-request': 1 });
    expect(await isServed(w)).toBe(true);
  });

  test('with the body of a request is answered with 408', async () => {
    w = await world({ messageTimeout: 400 });
    const slow = new RawClient(w.server.port);
    slow.socket.write('POST /ingest/a HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1000\r\n\r\n');
    slow.drip(() => slow.socket.write(' '));
    await slow.closed;
    expect(slow.text).toMatch(/^HTTP\/1\.1 4\d\d /);
    expect(await isServed(w)).toBe(true);
  });

  test('as a device is closed with 4004 unless it opens its stream in time', async () => {
    w = await world({ helloTimeout: 400 });
    const silent = await RawSocket.open(w, '/ingest/silent');
    const invalid = await RawSocket.open(w, '/ingest/invalid');
    invalid.drip((n) => n < 60 && invalid.send(frame(1, 'nonsense')));
    const pinging = await RawSocket.open(w, '/ingest/pinging?rate=10');
    pinging.drip(() => pinging.send(frame(9, '')));
    const described = await RawSocket.open(w, '/ingest/described?channels=1');
    const greeting = await RawSocket.open(w, '/ingest/greeting');
    greeting.send(frame(1, '{"type":"hello","channels":1}'));
    const sentence = 'No hello or samples within 0.4 s. Send hello, or add ?channels= to the URL.';
    for (const client of [silent, invalid, pinging]) expect(await client.closing()).toEqual({ code: 4004, sentence });
    for (const client of [described, greeting]) {
      client.send(frame(1, '[1]'));
      expect(await client.receives('"received":1')).toBe(true);
    }
    expect(await rejectedBy(w)).toEqual({ 'no-hello': 3 });
    expect(w.lines.filter((line) => line.endsWith(`${sentence} (no-hello)`))).toHaveLength(1);
  });

  test('during the closing handshake is terminated', async () => {
    w = await world({ helloTimeout: 100 });
    const silent = await RawSocket.open(w, '/ingest/silent');
    expect(await silent.closing()).toMatchObject({ code: 4004 });
    await silent.closed;
  });
});
