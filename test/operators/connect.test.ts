import { firstValueFrom, lastValueFrom, take, toArray, VirtualTimeScheduler } from 'rxjs';
import { afterEach, describe, expect, test } from 'vitest';
import { connect, type Disconnect } from '../../src/operators/connect.ts';
import { ProtocolError } from '../../src/protocol/index.ts';
import { scripted, type ScriptedServer } from './socket-server.ts';

let server: ScriptedServer | undefined;
afterEach(() => server?.close());

const text = (message: string | ArrayBuffer) => (typeof message === 'string' ? message : 'bytes');
const random = () => 0;

describe('connect', () => {
  test('emits decoded messages, and completes when the other end closes normally', async () => {
    server = await scripted((socket) => {
      socket.send('1');
      socket.send('2');
      socket.close(1000);
    });
    const messages = connect(server.url, { parse: (m) => Number(text(m)), protocol: null });
    expect(await lastValueFrom(messages.pipe(toArray()))).toEqual([1, 2]);
  });

  test('reconnects when the connection breaks, separately for every subscriber', async () => {
    server = await scripted((socket, n) => {
      socket.send(`hello ${n}`);
      if (n < 2) socket.terminate();
    });
    const downs: Disconnect[] = [];
    const messages = connect(server.url, { parse: text, protocol: null, random, down: (down) => downs.push(down) });
    expect(await lastValueFrom(messages.pipe(take(3), toArray()))).toEqual(['hello 0', 'hello 1', 'hello 2']);
    expect(downs.map(({ code, wait }) => [code, wait])).toEqual([
      [1006, 0],
      [1006, 0],
    ]);
    await firstValueFrom(messages);
    expect(server.count).toBe(4);
  });

  test('waits a random part of half a second, doubled after every failure, at most 30 s', () => {
    const scheduler = new VirtualTimeScheduler();
    const waits: number[] = [];
    return new Promise<void>((resolve) => {
      const subscription = connect('ws://127.0.0.1:1/', {
        parse: text,
        random: () => 0.5,
        scheduler,
        down: ({ wait }) => {
          waits.push(wait);
          if (waits.length < 9) queueMicrotask(() => scheduler.flush());
          else {
            subscription.unsubscribe();
            expect(waits).toEqual([250, 500, 1000, 2000, 4000, 8000, 15000, 15000, 15000]);
            resolve();
          }
        },
      }).subscribe();
    });
  });

  test.each([4500, 4503, 4999])('fails with the reason of close code %i', async (code) => {
    server = await scripted((socket) => socket.close(code, 'go away: use --origin'));
    await expect(lastValueFrom(connect(server.url, { parse: text, protocol: null }))).rejects.toMatchObject({
      name: 'ClosedError',
      code,
      message: 'go away: use --origin',
    });
    expect(server.count).toBe(1);
  });

  test('ignores messages of a later version, and fails on an invalid one', async () => {
    server = await scripted((socket) => ['later', 'now', 'wrong'].forEach((message) => socket.send(message)));
    const heard: string[] = [];
    const messages = connect(server.url, {
      protocol: null,
      parse(message) {
        if (message === 'later') throw new ProtocolError('unknown-type', 'type must be known, got later');
        if (message === 'wrong') throw new ProtocolError('bad-json', 'message must be right, got wrong');
        return text(message);
      },
    });
    const end = new Promise((resolve) => messages.subscribe({ next: (m) => heard.push(m), error: resolve }));
    expect(await end).toMatchObject({ message: 'message must be right, got wrong' });
    expect(heard).toEqual(['now']);
  });

  test('reconnects when a connection is stale', async () => {
    server = await scripted((socket, n) => {
      if (n > 0) socket.send('here');
    });
    const downs: Disconnect[] = [];
    const options = {
      parse: text,
      protocol: null,
      random,
      staleAfter: 20,
      down: (down: Disconnect) => downs.push(down),
    };
    expect(await firstValueFrom(connect(server.url, options))).toBe('here');
    expect(downs[0]).toEqual({ code: 4003, sentence: 'no message for 20 ms', wait: 0 });
  });

  test('closes its connection on unsubscription', async () => {
    const closed = new Promise<number>((resolve) => {
      void scripted((socket) => {
        socket.on('close', resolve);
        socket.send('x');
      }).then((started) => {
        server = started;
        connect(started.url, { parse: text, protocol: null }).pipe(take(1)).subscribe();
      });
    });
    expect(await closed).toBe(1000);
  });
});
