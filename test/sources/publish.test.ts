import { from, lastValueFrom, map, type Observable, of, range, Subject, throwError, toArray } from 'rxjs';
import { afterEach, describe, expect, test } from 'vitest';
import type { WebSocket } from 'ws';
import type { Block } from '../../src/core/blocks/block.ts';
import { type IngestMessage, parseIngest } from '../../src/protocol/index.ts';
import type { Disconnect } from '../../src/operators/connect.ts';
import { createServer, type TaplineServer } from '../../src/server/index.ts';
import { publish, type PublishEvent } from '../../src/sources/publish.ts';
import { scripted, type ScriptedServer } from '../operators/socket-server.ts';

let plain: ScriptedServer | undefined;
let server: TaplineServer | undefined;
afterEach(async () => {
  await plain?.close();
  await server?.close();
});

const random = () => 0;
const block = (start: number, frames = 2): Block => ({
  data: Float32Array.from({ length: frames }, (_, i) => start + i),
  channels: 1,
  start,
  rate: 100,
  time: 5,
});
const info = { channels: 1, rate: 100 };

/** Calls `take` with each message of a sensor. */
function serve(socket: WebSocket, take: (message: IngestMessage) => void): void {
  socket.on('message', (data: Buffer, isBinary) => take(parseIngest(isBinary ? data : data.toString())));
}
const welcome = (run: number, next: number) =>
  JSON.stringify({
    type: 'welcome',
    protocol: 'tapline.v1',
    stream: 'a',
    run,
    next,
    limits: { maxPayload: 2048, maxChannels: 8 },
  });
const ack = (received: number) => JSON.stringify({ type: 'ack', received, durable: 0 });

describe('publish', () => {
  test('completes when every frame is acknowledged, and closes with 1000', async () => {
    server = await createServer({ port: 0 });
    const blocks = range(0, 50).pipe(map((n) => block(2 * n)));
    const marks$ = of({ at: 3, label: 'blink' });
    const url = `ws://127.0.0.1:${server.port}/ingest/a`;
    const events = await lastValueFrom(publish(url, { ...info, kind: 'test' }, blocks, { marks$ }).pipe(toArray()));
    expect(events[0]).toMatchObject({ type: 'welcome', next: 0 });
    expect(events.at(-1)).toMatchObject({ type: 'ack', received: 100 });
    expect(server.streams()).toMatchObject([{ name: 'a', rate: 100, kind: 'test', next: 100 }]);
  });

  test('sends the same as JSON, with null for invalid samples', async () => {
    const seen: IngestMessage[] = [];
    plain = await scripted((socket) => {
      serve(socket, (message) => {
        seen.push(message);
        if (message.type === 'hello') socket.send(welcome(0, 0));
        if (message.type === 'samples') socket.send(ack(2));
      });
    });
    const partly: Block = { ...block(0), valid: Uint8Array.of(1, 0) };
    await lastValueFrom(publish(plain.url, info, of(partly), { binary: false }));
    expect(seen).toEqual([
      { type: 'hello', channels: [{ label: 'ch1', unit: '' }], unlabeled: true, rate: 100, fresh: true },
      { type: 'samples', start: 0, time: 5, data: Float32Array.of(0, NaN), channels: 1, valid: Uint8Array.of(1, 0) },
    ]);
  });

  test('splits blocks to the maximum message size of the server', async () => {
    const starts: number[] = [];
    plain = await scripted((socket) => {
      serve(socket, (message) => {
        if (message.type === 'hello') socket.send(welcome(0, 0));
        if (message.type !== 'samples') return;
        starts.push(message.start!);
        socket.send(ack(message.start! + message.data.length));
      });
    });
    await lastValueFrom(publish(plain.url, info, of(block(0, 1000))));
    expect(starts).toEqual([0, 380, 760]);
  });

  test('resends unacknowledged frames by index, and loses or duplicates none', async () => {
    const taken: number[] = [];
    let next = 0;
    plain = await scripted((socket, n) => {
      let here = 0;
      serve(socket, (message) => {
        if (message.type === 'hello') {
          expect(message.fresh).toBe(n === 0);
          expect(message.run).toBe(n === 0 ? undefined : 7);
          socket.send(welcome(7, next));
        }
        if (message.type !== 'samples' || (n < 4 && here === 5)) return;
        for (const [i, sample] of message.data.entries()) {
          if (message.start! + i < next) continue;
          taken.push(sample);
          next = message.start! + i + 1;
        }
        // all connections except the last break after five messages and acknowledge only some
        if (n < 4 && ++here === 5) socket.terminate();
        else if (n === 4 || here % 2) socket.send(ack(next));
      });
    });
    const blocks = range(0, 40).pipe(map((i) => block(2 * i)));
    await lastValueFrom(publish(plain.url, info, blocks, { random }));
    expect(taken).toEqual(Array.from({ length: 80 }, (_, i) => i));
    expect(plain.count).toBe(5);
  });

  test('keeps the newest frames while the server is unreachable, and reports dropped ones as a gap', async () => {
    const source = new Subject<Block>();
    const seen: IngestMessage[] = [];
    plain = await scripted((socket, n) => {
      serve(socket, (message) => {
        if (message.type === 'hello') {
          if (n === 1) for (let start = 2; start < 100; start += 2) source.next(block(start));
          socket.send(welcome(7, n * 2));
        } else if (n === 0) {
          socket.send(ack(2), () => socket.terminate());
        } else {
          seen.push(message);
          if (message.type === 'samples') socket.send(ack(message.start! + 2));
        }
      });
    });
    const events: PublishEvent[] = [];
    const done = new Promise<void>((resolve, reject) => {
      publish(plain!.url, info, source, { backlog: 10, random }).subscribe({
        next: (event) => events.push(event),
        error: reject,
        complete: resolve,
      });
    });
    source.next(block(0));
    while (plain.count < 2 || seen.length === 0) await new Promise((resolve) => setImmediate(resolve));
    source.complete();
    await done;
    expect(seen[0]).toEqual({ type: 'gap', from: 2, count: 88 });
    expect(seen.slice(1).map((message) => message.type === 'samples' && message.start)).toEqual([90, 92, 94, 96, 98]);
    expect(events).toContainEqual({ type: 'gap', from: 2, count: 88 });
  });

  test('pauses a source that awaits ready, and drops nothing', async () => {
    server = await createServer({ port: 0, feed: () => ({ gaps: 'none', standardize: null, maps: [], learners: [] }) });
    const frames = 20_000;
    const total = 40;
    let made = 0;
    let ahead = 0;
    let received = 0;
    const source = (ready: () => Promise<void>): Observable<Block> =>
      from(
        (async function* () {
          for (; made < total; made++) {
            await ready();
            ahead = Math.max(ahead, made * frames - received);
            yield { data: new Float32Array(8 * frames), channels: 8, start: made * frames, rate: 1000, time: 5 };
          }
        })(),
      );
    const gaps: PublishEvent[] = [];
    await new Promise<void>((resolve, reject) => {
      publish(`ws://127.0.0.1:${server!.port}/ingest/a`, { channels: 8, rate: 1000 }, source, {
        backlog: 1000,
      }).subscribe({
        next(event) {
          if (event.type === 'ack') received = event.received;
          if (event.type === 'gap') gaps.push(event);
        },
        error: reject,
        complete: resolve,
      });
    });
    expect(received).toBe(total * frames);
    expect(gaps).toEqual([]);
    expect(ahead).toBeLessThanOrEqual((4 << 20) / 32 + frames);
  });

  test('continues after the server was restarted', async () => {
    server = await createServer({ port: 0 });
    const { port } = server;
    const source = new Subject<Block>();
    const events: PublishEvent[] = [];
    let wake = () => {};
    const subscription = publish(`ws://127.0.0.1:${port}/ingest/a`, info, source, { random }).subscribe((event) => {
      events.push(event);
      wake();
    });
    const acked = async (received: number) => {
      while (!events.some((event) => event.type === 'ack' && event.received === received))
        await new Promise<void>((resolve) => (wake = resolve));
    };
    source.next(block(0));
    await acked(2);
    await server.close();
    source.next(block(2));
    server = await createServer({ port });
    await acked(4);
    expect(server.streams()).toMatchObject([{ name: 'a', next: 4 }]);
    expect(events.filter(({ type }) => type === 'gap')).toEqual([]);
    subscription.unsubscribe();
  });

  test('errors when a newer sensor replaces it, and when the server rejects it', async () => {
    server = await createServer({ port: 0 });
    const url = `ws://127.0.0.1:${server.port}/ingest/a`;
    const source = new Subject<Block>();
    const replaced = lastValueFrom(publish(url, info, source));
    const second = publish(url, info, source).subscribe();
    await expect(replaced).rejects.toThrow('A newer device named "a" replaced this one.');
    second.unsubscribe();
    const tooMany = publish(url, { channels: 2000, rate: 1 }, source);
    await expect(lastValueFrom(tooMany)).rejects.toThrow('channels must be at most 1024, got 2000 (too-many-channels)');
  });

  test('tries again while the server has no room for its stream', async () => {
    server = await createServer({ port: 0, maxStreams: 1 });
    const source = new Subject<Block>();
    const first = publish(`ws://127.0.0.1:${server.port}/ingest/a`, info, source).subscribe();
    await expect.poll(() => server!.streams().length).toBe(1);
    const downs: Disconnect[] = [];
    const events: PublishEvent[] = [];
    const second = publish(`ws://127.0.0.1:${server.port}/ingest/b`, info, source, {
      random: () => 0.02,
      down: (down) => downs.push(down),
    }).subscribe((event) => events.push(event));
    await expect.poll(() => downs.length, { timeout: 30_000 }).toBeGreaterThan(1);
    expect(downs[0]).toMatchObject({ code: 4005, sentence: 'The server accepts no more streams (maxStreams).' });
    first.unsubscribe();
    await expect.poll(() => events[0]?.type, { timeout: 30_000 }).toBe('welcome');
    second.unsubscribe();
  });

  test('steps back for a newer sensor of the same name, and continues in a new run when the name is free', async () => {
    server = await createServer({ port: 0 });
    const url = `ws://127.0.0.1:${server.port}/ingest/a`;
    const source = new Subject<Block>();
    const events: PublishEvent[] = [];
    const lines: string[] = [];
    const errors: unknown[] = [];
    const subscription = publish(url, info, source, {
      onReplaced: 'wait',
      checkInterval: 20,
      waiting: (sentence) => lines.push(sentence),
    }).subscribe({ next: (event) => events.push(event), error: (error: unknown) => errors.push(error) });
    const isAcked = (received: number) =>
      expect.poll(() => events.some((event) => event.type === 'ack' && event.received === received)).toBe(true);
    source.next(block(0));
    await isAcked(2);

    const newer = new Subject<Block>();
    const newerEvents: PublishEvent[] = [];
    const newerSubscription = publish(url, info, newer).subscribe((event) => newerEvents.push(event));
    await expect.poll(() => lines.length).toBe(1);
    source.next(block(2));
    for (let i = 0; i < 20; i++) {
      newer.next(block(100 + 2 * i));
      await expect.poll(() => server!.streams()[0].next).toBe(102 + 2 * i);
    }
    const taken = server.streams()[0].run;
    expect(server.streams()).toMatchObject([{ name: 'a', live: true, next: 140 }]);
    expect(newerEvents.filter(({ type }) => type === 'welcome')).toHaveLength(1);
    newerSubscription.unsubscribe();

    await expect.poll(() => events.filter(({ type }) => type === 'welcome').length).toBe(2);
    source.next(block(4));
    await isAcked(6);
    expect(server.streams()).toMatchObject([{ name: 'a', live: true, next: 6 }]);
    expect(server.streams()[0].run).not.toBe(taken);
    expect(lines).toEqual(['Another device publishes "a". Waiting until the name is free.']);
    expect(errors).toEqual([]);
    subscription.unsubscribe();
  });

  test('retries at intervals until its name is free, and reports once that it is waiting', async () => {
    const urls: (string | undefined)[] = [];
    const hellos: IngestMessage[] = [];
    plain = await scripted((socket, n, url) => {
      urls.push(url);
      serve(socket, (message) => {
        if (message.type === 'hello') hellos.push(message);
        if (message.type === 'hello' && (n === 0 || n === 4)) socket.send(welcome(n, 0));
        if (message.type === 'samples') socket.send(ack(message.start! + 2));
      });
      if (n === 0) socket.close(4001, 'replaced');
      else if (n < 4) socket.close(4002, 'in use');
    });
    const lines: string[] = [];
    const source = new Subject<Block>();
    const received = new Promise<number>((resolve, reject) => {
      publish(`${plain!.url}ingest/a?kind=eeg`, info, source, {
        onReplaced: 'wait',
        checkInterval: 5,
        waiting: (sentence) => lines.push(sentence),
      }).subscribe({
        next: (event) => {
          if (event.type === 'welcome' && event.run === 4) source.next(block(8));
          if (event.type === 'ack') resolve(event.received);
        },
        error: reject,
      });
    });
    expect(await received).toBe(10);
    source.complete();
    expect(urls).toEqual(Array(5).fill('/ingest/a?kind=eeg&if=free'));
    expect(hellos.at(-1)).toMatchObject({ fresh: true });
    expect(lines).toEqual(['Another device publishes "a". Waiting until the name is free.']);
  });

  test('with onReplaced wait never replaces a connected sensor, and pauses a source that awaits ready', async () => {
    server = await createServer({ port: 0 });
    const url = `ws://127.0.0.1:${server.port}/ingest/a`;
    const first = publish(url, info, new Subject<Block>()).subscribe();
    await expect.poll(() => server!.streams().length).toBe(1);
    let made = 0;
    const source = (ready: () => Promise<void>): Observable<Block> =>
      from(
        (async function* () {
          for (; made < 3; made++) {
            await ready();
            yield block(2 * made);
          }
        })(),
      );
    const lines: string[] = [];
    const done = lastValueFrom(
      publish(url, { ...info, kind: 'polite' }, source, {
        onReplaced: 'wait',
        checkInterval: 20,
        waiting: (sentence) => {
          lines.push(sentence);
          first.unsubscribe();
        },
      }),
    );
    await expect(done).resolves.toMatchObject({ type: 'ack', received: 6 });
    expect(lines).toHaveLength(1);
    expect(server.streams()).toMatchObject([{ name: 'a', kind: 'polite', next: 6 }]);
  });

  test('errors with the error of its source, and for a block that does not match', async () => {
    server = await createServer({ port: 0 });
    const url = `ws://127.0.0.1:${server.port}/ingest/a`;
    const broken = publish(
      url,
      info,
      throwError(() => new Error('unplugged')),
    );
    await expect(lastValueFrom(broken)).rejects.toThrow('unplugged');
    const wrong = publish(url, { channels: 3, rate: 1 }, of(block(0)));
    await expect(lastValueFrom(wrong)).rejects.toThrow('block.channels must be 3, got 1');
  });
});
