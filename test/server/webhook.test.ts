import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { AlarmEvent } from '../../src/core/alarms/alarm-book.ts';
import { AlarmBook } from '../../src/core/alarms/alarm-book.ts';
import { Webhook, webhookUrl } from '../../src/server/webhook.ts';
import { finding } from '../core/alarms/alarm-marbles.ts';

let server: Server;
let url: string;
let bodies: AlarmEvent[];
let answer: (count: number) => number | undefined;
let came: () => void;
let lines: string[];
let webhook: Webhook;

beforeEach(async () => {
  bodies = [];
  lines = [];
  came = () => {};
  answer = () => 204;
  server = createServer((request, response) => {
    let text = '';
    request.on('data', (part: Buffer) => (text += part.toString()));
    request.on('end', () => {
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
/** Events of as many alarms. */
function events(count: number): AlarmEvent[] {
  const book = new AlarmBook({ together: 0 });
  return Array.from({ length: count }, (_, n) => book.alarm(`s${n}`, 'unusual', finding(), 10 * n)).flat();
}

describe('a webhook', () => {
  test('is sent every event as JSON, in order', async () => {
    const sent = events(5);
    for (const event of sent) webhook.push(event);
    await until(() => bodies.length === 5);
    expect(bodies).toEqual(sent);
  });

  test('is sent an event again until it is taken, and the next one after that', async () => {
    answer = (count) => (count < 3 ? 503 : 200);
    for (const event of events(2)) webhook.push(event);
    await until(() => bodies.length === 4);
    expect(bodies.map(({ alarm }) => alarm.id)).toEqual([1, 1, 1, 2]);
    expect(lines).toEqual([]);
  });

  test('that does not answer is asked again', async () => {
    answer = (count) => (count === 1 ? undefined : 200);
    webhook.push(events(1)[0]);
    await until(() => bodies.length === 2);
    expect(bodies[1]).toEqual(bodies[0]);
  });

  test('gives an event up after eight tries, or at once where the answer is final, and does not tell its secret', async () => {
    answer = (count) => (count <= 8 ? 500 : 404);
    for (const event of events(2)) webhook.push(event);
    await until(() => lines.length === 2);
    expect(bodies.map(({ alarm }) => alarm.id)).toEqual([1, 1, 1, 1, 1, 1, 1, 1, 2]);
    const { host } = new URL(url);
    expect(lines).toEqual([500, 404].map((status) => `webhook ${host}: an alarm was given up: it answered ${status}`));
  });

  test('holds 256 events at most', () => {
    answer = () => undefined;
    for (const event of events(260)) webhook.push(event);
    expect(lines).toHaveLength(3);
    expect(lines[0]).toContain('too many are waiting');
  });

  test('must be an http address', () => {
    expect(webhookUrl('https://example.org/x').host).toBe('example.org');
    expect(() => webhookUrl('ftp://example.org')).toThrow(
      "webhook must be an http: or https: address, got 'ftp://example.org'",
    );
    expect(() => webhookUrl('nonsense')).toThrow(TypeError);
  });
});
