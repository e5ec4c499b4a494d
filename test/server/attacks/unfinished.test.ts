import { afterEach, describe, expect, test } from 'vitest';
import { type World, world } from '../peer.ts';
import { frame, isServed, RawClient, RawSocket, rejectedBy } from './raw-client.ts';

const size = 1 << 20;
const almost = frame(2, new Uint8Array(size - 1), { length: size });
/** Time for the server to do what is polled, on a busy computer. */
const patient = { timeout: 30_000 };

let w: World;
afterEach(() => w.stop());

describe('a message that is not complete', () => {
  test('in time closes the connection with 4006, and frees its memory', async () => {
    w = await world({ messageTimeout: 1000 });
    const clients = await Promise.all(
      Array.from({ length: 60 }, (_, n) => RawSocket.open(w, `/ingest/s${n}?channels=1`)),
    );
    for (const client of clients) client.send(almost);
    for (const client of clients)
      expect(await client.closing()).toEqual({
        code: 4006,
        sentence: 'A message was not complete within 1 s. Send smaller messages.',
      });
    await Promise.all(clients.map(({ closed }) => closed));
    expect(await rejectedBy(w)).toEqual({ 'unfinished-message': 60 });
    expect(await isServed(w)).toBe(true);
  });

  test('closes the connection also if fragments arrive one by one, with pings and pongs in between', async () => {
    w = await world({ messageTimeout: 400 });
    const fragments = await RawSocket.open(w, '/ingest/fragments?channels=1');
    fragments.send(frame(1, '[', { final: false }));
    fragments.drip((n) => {
      fragments.send(frame(n % 2 === 0 ? 10 : 9, ''));
      fragments.send(frame(0, ' ', { final: false }));
    });
    const header = await RawSocket.open(w, '/watch');
    header.send(Uint8Array.of(129));
    const ping = await RawSocket.open(w, '/watch');
    ping.send(frame(9, 'a', { length: 2 }));
    for (const client of [fragments, header, ping]) expect(await client.closing()).toMatchObject({ code: 4006 });
  });

  test('may be followed by others: fragmented messages that are complete in time are received', async () => {
    const messageTimeout = 400;
    w = await world({ messageTimeout });
    const client = await RawSocket.open(w, '/ingest/a?channels=1');
    // all of them together take longer than one may
    const begin = performance.now();
    let n = 0;
    while (performance.now() < begin + 2 * messageTimeout) {
      n++;
      client.send(frame(1, '[', { final: false }));
      client.send(frame(9, 'ping'));
      await client.until((bytes) => (bytes.toString('latin1').split('ping').length > n ? true : undefined));
      client.send(Buffer.concat([frame(0, '1', { final: false }), frame(0, ']')]));
    }
    expect(await client.receives(`"received":${n}`)).toBe(true);
    expect(await rejectedBy(w)).toEqual({});
  });

  test('makes room for newer ones if all together are larger than maxUnfinished, the oldest first', async () => {
    w = await world({ maxUnfinished: 4 * size });
    const clients: RawSocket[] = [];
    for (let n = 0; n < 12; n++) {
      const client = await RawSocket.open(w, `/ingest/s${n}?channels=1`);
      client.send(almost);
      clients.push(client);
    }
    for (const client of clients.slice(0, 8))
      expect(await client.closing()).toEqual({
        code: 4006,
        sentence: 'The server receives too many large messages at once. Try again later.',
      });
    expect((await rejectedBy(w))['too-much-unfinished']).toBeGreaterThanOrEqual(8);
    expect(await isServed(w)).toBe(true);
  });
});

test('an HTTP request is answered with 503 if all that are not complete are larger than maxUnfinished', async () => {
  w = await world({ maxUnfinished: 4 * size, maxText: size });
  const head = 'POST /ingest/a HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n';
  const clients = Array.from({ length: 12 }, () => new RawClient(w.server.port));
  for (const { socket } of clients) {
    socket.write(`${head}Content-Length: ${size}\r\n\r\n`);
    socket.write(new Uint8Array(size - 1).fill(32));
  }
  const rejected = () => clients.filter(({ text }) => /^HTTP\/1\.1 503 [^]*\r\nretry-after: 10\r\n/i.test(text));
  await expect.poll(() => rejected().length, patient).toBeGreaterThanOrEqual(8);
  expect(await isServed(w)).toBe(true);
  for (const { socket } of clients) socket.destroy();
  const post = async () => (await fetch(`${w.server.url}/ingest/b`, { method: 'POST', body: '[1]' })).status;
  await expect.poll(post, patient).toBe(200);
});

describe('a flood', () => {
  test('of pings closes the connection with 1008', async () => {
    w = await world();
    const client = await RawSocket.open(w, '/ingest/a?channels=1');
    client.send(Buffer.concat(Array.from({ length: 5000 }, () => frame(9, 'x'.repeat(100)))));
    expect(await client.closing()).toEqual({ code: 1008, sentence: 'Too many pings or pongs.' });
    expect(await rejectedBy(w)).toEqual({ flood: 1 });
    expect(await isServed(w)).toBe(true);
  });

  test('of tiny fragments closes the connection with 1008', async () => {
    w = await world();
    const client = await RawSocket.open(w, '/ingest/a?channels=1');
    client.send(frame(1, '', { final: false }));
    client.send(Buffer.concat(Array.from({ length: 100_000 }, () => frame(0, '', { final: false }))));
    expect(await client.closing()).toMatchObject({ code: 1008 });
    await client.closed;
    expect(await isServed(w)).toBe(true);
  });
});
