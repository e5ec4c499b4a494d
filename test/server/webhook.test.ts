import { getEventListeners } from 'node:events';
import { createServer, type IncomingHttpHeaders, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { AlarmManager, type AlarmEvent } from '../../src/core/alarms/alarm-manager.ts';
import { Webhook, webhookAddress } from '../../src/server/webhook.ts';
import { finding } from '../core/alarms/alarm-marbles.ts';

let server: Server;
let url: string;
let bodies: AlarmEvent[];
let headers: IncomingHttpHeaders[];
let answer: (count: number) => number | undefined;
let came: () => void;
let lines: string[];
let webhook: Webhook;

beforeEach(async () => {
  bodies = [];
  headers = [];
  lines = [];
  came = () => {};
  answer = () => 204;
  server = createServer((request, response) => {
    let text = '';
    request.on('data', (part: Buffer) => (text += part.toString()));
    request.on('end', () => {
      headers.push(request.headers);
      bodies.push(JSON.parse(text) as AlarmEvent);
      const status = answer(bodies.length);
      if (status !== undefined) response.writeHead(status).end();
      came();
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/alarms?key=secret`;
  webhook = new Webhook(url, (line) => (lines.push(line), came()), { backoff: 1, timeout: 200 });
});
afterEach(() => {
  webhook.close();
  server.closeAllConnections();
  server.close();
});

const until = async (fits: () => boolean): Promise<void> => {
  while (!fits()) await new Promise<void>((resolve) => (came = resolve));
};
/** Returns events of `count` alarms. */
function events(count: number): AlarmEvent[] {
  const book = new AlarmManager({ groupWithin: 0 });
  return Array.from({ length: count }, (_, n) => book.report(`s${n}`, 'unusual', finding(), 10 * n)).flat();
}

describe('a webhook', () => {
  test('receives every event as JSON, in order', async () => {
    const sent = events(5);
    for (const event of sent) webhook.push(event);
    await until(() => bodies.length === 5);
    expect(bodies).toEqual(sent);
  });

  test('receives an event repeatedly until it accepts it, and then the next one', async () => {
    answer = (count) => (count < 3 ? 503 : 200);
    for (const event of events(2)) webhook.push(event);
    await until(() => bodies.length === 4);
    expect(bodies.map(({ alarm }) => alarm.id)).toEqual([1, 1, 1, 2]);
    expect(lines).toEqual([]);
  });

  test('that does not respond is called again', async () => {
    answer = (count) => (count === 1 ? undefined : 200);
    webhook.push(events(1)[0]);
    await until(() => bodies.length === 2);
    expect(bodies[1]).toEqual(bodies[0]);
  });

  test('drops an event after eight attempts, or at once after a final response, and does not log its secret', async () => {
    answer = (count) => (count <= 8 ? 500 : 404);
    for (const event of events(2)) webhook.push(event);
    await until(() => lines.length === 2);
    expect(bodies.map(({ alarm }) => alarm.id)).toEqual([1, 1, 1, 1, 1, 1, 1, 1, 2]);
    const { host } = new URL(url);
    expect(lines).toEqual(
      [500, 404].map((status) => `webhook ${host}: dropped 1 alarm event: the response was ${status}`),
    );
  });

  test('queues at most 256 events', () => {
    answer = () => undefined;
    for (const event of events(260)) webhook.push(event);
    expect(lines).toHaveLength(3);
    expect(lines[0]).toContain('too many events are waiting');
  });

  test('receives credentials in a header, and they are not logged', async () => {
    const { port } = new URL(url);
    const named = new Webhook(`http://me:s%3Acret@127.0.0.1:${port}/`, () => {});
    named.push(events(1)[0]);
    await until(() => bodies.length === 1);
    expect(headers[0].authorization).toBe(`Basic ${Buffer.from('me:s:cret').toString('base64')}`);
    named.close();
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
    const gone = new Webhook(`http://me:secret@127.0.0.1:${port}/?key=hush`, (line) => (lines.push(line), came()), {
      backoff: 1,
    });
    gone.push(events(1)[0]);
    await until(() => lines.length === 1);
    expect(lines[0]).toBe(`webhook 127.0.0.1:${port}: dropped 1 alarm event: connect ECONNREFUSED 127.0.0.1:${port}`);
  });

  test('leaves no listeners behind between attempts, and logs the dropped events when it is closed', async () => {
    const heard = vi.spyOn(AbortSignal.prototype, 'addEventListener');
    answer = (count) => (count <= 6 ? 500 : undefined);
    for (const event of events(3)) webhook.push(event);
    await until(() => bodies.length === 7);
    const listeners = (heard.mock.contexts as AbortSignal[]).map((signal) => getEventListeners(signal, 'abort').length);
    expect(listeners.length).toBeGreaterThan(6);
    expect(Math.max(...listeners)).toBeLessThan(3);
    vi.restoreAllMocks();
    webhook.close();
    webhook.close();
    expect(lines).toEqual([`webhook ${new URL(url).host}: dropped 3 alarm events: the server stopped`]);
  });

  test('must have an http URL, and an error does not quote it', () => {
    expect(webhookAddress('https://example.org/x').url.host).toBe('example.org');
    expect(webhookAddress('https://me:hush@example.org/x').url.href).toBe('https://example.org/x');
    expect(() => webhookAddress('ftp://me:hush@example.org')).toThrow(
      /^webhook must be an http: or https: URL, got a URL with ftp:$/,
    );
    expect(() => webhookAddress('me:hush@')).toThrow(TypeError);
    expect(() => webhookAddress('//me:hush@example.org')).toThrow(
      /^webhook must be an http: or https: URL, got text that is not a URL$/,
    );
  });
});
