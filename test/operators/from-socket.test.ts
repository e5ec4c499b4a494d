import { lastValueFrom, type Observable, Subject, take, toArray } from 'rxjs';
import { afterEach, describe, expect, test } from 'vitest';
import type { Block } from '../../src/core/blocks/block.ts';
import { fromSocket } from '../../src/operators/from-socket.ts';
import { encodeBlock } from '../../src/protocol/index.ts';
import { createServer, type TaplineServer } from '../../src/server/index.ts';
import { publish, type PublishEvent } from '../../src/sources/publish.ts';
import { scripted, type ScriptedServer } from './socket-server.ts';

let plain: ScriptedServer | undefined;
let server: TaplineServer | undefined;
afterEach(async () => {
  await plain?.close();
  await server?.close();
});

const random = () => 0;
const starts = ({ start, data, channels }: Block) => [start, data.length / channels];
const some = (blocks: Observable<Block>, count: number) => lastValueFrom(blocks.pipe(take(count), toArray()));

describe('fromSocket on a third-party socket', () => {
  test('reads bare arrays, samples, and columns as blocks numbered in order of arrival', async () => {
    plain = await scripted((socket) => {
      socket.send('{"status":"connected"}');
      socket.send('hello there');
      socket.send('[1,2]');
      socket.send('{"data":[3,null],"timestamp":1000}');
      socket.send('{"type":"samples","start":7,"data":[[4,5],[6,7]]}');
    });
    const [first, second, third] = await some(fromSocket(plain.url, { rate: 250 }), 3);
    expect(first).toMatchObject({ data: Float32Array.of(1, 2), channels: 2, start: 0, rate: 250 });
    expect(second).toMatchObject({ data: Float32Array.of(3, NaN), start: 1, time: 1000, valid: Uint8Array.of(0) });
    expect(third).toMatchObject({ data: Float32Array.of(4, 6, 5, 7), start: 7 });
  });

  test('continues its numbering after a reconnect; two subscribers have two connections', async () => {
    plain = await scripted((socket, n) => {
      socket.send(`[${n}]`);
      if (n === 0) socket.terminate();
    });
    const blocks = fromSocket(plain.url, { random });
    expect((await some(blocks, 2)).map(starts)).toEqual([
      [0, 1],
      [1, 1],
    ]);
    expect((await some(blocks, 1)).map(starts)).toEqual([[0, 1]]);
    expect(plain.count).toBe(3);
  });

  test('reads objects that name their channels, in any order', async () => {
    plain = await scripted((socket) => {
      socket.send('{"temperature":21.5,"humidity":40,"device":"a1"}');
      socket.send('{"humidity":41,"temperature":22}');
    });
    const blocks = await some(fromSocket(plain.url), 2);
    expect(blocks.map(({ data }) => [...data])).toEqual([
      [21.5, 40],
      [22, 41],
    ]);
  });

  test('rejects samples of a wrong shape', async () => {
    plain = await scripted((socket) => ['[1,2]', '[1]'].forEach((message) => socket.send(message)));
    await expect(some(fromSocket(plain.url), 2)).rejects.toThrow('channels must be 2, got 1');
    await plain.close();
    plain = await scripted((socket) => socket.send('[1,"2"]'));
    await expect(some(fromSocket(plain.url), 2)).rejects.toThrow("data[1][0] must be a number or null, got text '2'");
  });
});

describe('fromSocket on a Tapline server', () => {
  function sensor(
    port: number,
    name: string,
  ): { send: (start: number) => void; acked: (received: number) => Promise<void>; stop: () => void } {
    const blocks = new Subject<Block>();
    const seen: PublishEvent[] = [];
    let wake = () => {};
    const subscription = publish(`ws://127.0.0.1:${port}/ingest/${name}`, { channels: 1, rate: 100 }, blocks, {
      random,
    }).subscribe((event) => {
      seen.push(event);
      wake();
    });
    return {
      send: (start) => blocks.next({ data: Float32Array.of(start, start + 1), channels: 1, start, rate: 100, time: 0 }),
      async acked(received) {
        while (!seen.some((event) => event.type === 'ack' && event.received === received))
          await new Promise<void>((resolve) => (wake = resolve));
      },
      stop: () => subscription.unsubscribe(),
    };
  }

  test('emits the raw frames of the given stream, also if the stream appears later', async () => {
    server = await createServer({ port: 0 });
    const other = sensor(server.port, 'other');
    other.send(0);
    await other.acked(2);
    const blocks: Block[] = [];
    let wake = () => {};
    const subscription = fromSocket(`ws://127.0.0.1:${server.port}/watch?stream=mine`).subscribe((block) => {
      blocks.push(block);
      wake();
    });
    const mine = sensor(server.port, 'mine');
    for (let start = 0; blocks.length === 0; start += 2) {
      mine.send(start);
      other.send(start + 2);
      await mine.acked(start + 2);
      await Promise.race([new Promise<void>((resolve) => (wake = resolve)), other.acked(start + 4)]);
    }
    expect(blocks[0]).toMatchObject({ channels: 1, rate: 100 });
    expect(blocks[0].data[0]).toBe(blocks[0].start);
    subscription.unsubscribe();
    mine.stop();
    other.stop();
  });

  test('continues after a server restart; its numbering never goes back', async () => {
    server = await createServer({ port: 0 });
    const { port } = server;
    const mine = sensor(port, 'a');
    let sent = 0;
    const blocks: Block[] = [];
    const downs: string[] = [];
    const subscription = fromSocket(`ws://127.0.0.1:${port}/watch`, {
      random,
      down: ({ sentence }) => downs.push(sentence),
    }).subscribe((block) => blocks.push(block));
    const until = async (count: number) => {
      while (blocks.length < count) {
        mine.send(sent);
        sent += 2;
        await mine.acked(sent);
      }
    };
    await until(1);
    await server.close();
    server = await createServer({ port });
    const before = blocks.length;
    await until(before + 2);
    for (let i = 1; i < blocks.length; i++)
      expect(blocks[i].start).toBeGreaterThanOrEqual(blocks[i - 1].start + blocks[i - 1].data.length);
    for (const { data, start } of blocks) expect(data[0]).toBe(start);
    expect(downs[0]).toBe('The server is shutting down.');
    subscription.unsubscribe();
    mine.stop();
  });

  test('emits every frame of a run once, also if frames are sent again after a server restart', async () => {
    const streams = [{ name: 'a', channels: [], rate: 0, run: 3, next: 0, live: true, maps: [], learners: [] }];
    plain = await scripted((socket, n) => {
      socket.on('message', () => {
        const data = Float32Array.of(2 * n, 2 * n + 1, 2 * n + 2, 2 * n + 3);
        socket.send(encodeBlock({ data, channels: 1, start: 2 * n, rate: 0, time: 0 }, { id: 1, run: 3 }), () => {
          if (n < 2) socket.terminate();
        });
      });
      socket.send(JSON.stringify({ type: 'streams', streams }));
    });
    const blocks = await some(fromSocket(`${plain.url}watch`, { random }), 3);
    expect(blocks.map(({ start, data }) => [start, ...data])).toEqual([
      [0, 0, 1, 2, 3],
      [4, 4, 5],
      [6, 6, 7],
    ]);
  });

  test('stays with its stream, also if other streams come first after a server restart', async () => {
    const list = (names: string[]) =>
      JSON.stringify({
        type: 'streams',
        streams: names.map((name) => {
          return { name, channels: [], rate: 0, run: 1, next: 0, live: true, maps: [], learners: [] };
        }),
      });
    const asked: string[] = [];
    plain = await scripted((socket, n) => {
      socket.on('message', (data: Buffer) => {
        asked.push((JSON.parse(data.toString()) as { stream: string }).stream);
        if (n === 0) socket.terminate();
        else if (asked.length === 2) for (const names of [['b'], ['b', 'a']]) socket.send(list(names));
        else socket.send(encodeBlock({ data: Float32Array.of(1), channels: 1, start: 0, rate: 0, time: 0 }));
      });
      socket.send(list(n === 0 ? ['a', 'b'] : ['b', 'a']));
    });
    await some(fromSocket(`${plain.url}watch`, { random }), 1);
    expect(asked).toEqual(['a', 'a', 'a']);
  });

  test('fails with the reason of a server that rejects it permanently', async () => {
    server = await createServer({ port: 0 });
    const rejected = new Promise((resolve) => {
      fromSocket(`ws://127.0.0.1:${server!.port}/nowhere`).subscribe({ error: resolve });
    });
    expect(await rejected).toMatchObject({ message: 'Unknown path. Use /ingest/<stream> or /watch.' });
  });

  test('tries again while the server has no room for it', async () => {
    server = await createServer({ port: 0, maxViewers: 1 });
    const url = `ws://127.0.0.1:${server.port}/watch`;
    const health = async () =>
      (await (await fetch(`${server!.url}/healthz`)).json()) as {
        viewers: number;
        rejectedConnections?: Record<string, number>;
      };
    const first = fromSocket(url).subscribe();
    while ((await health()).viewers < 1);
    const errors: unknown[] = [];
    const second = fromSocket(url, { random: () => 0.02 }).subscribe({ error: (error) => errors.push(error) });
    while (((await health()).rejectedConnections?.['too-many-viewers'] ?? 0) < 3);
    first.unsubscribe();
    while ((await health()).viewers < 1);
    second.unsubscribe();
    while ((await health()).viewers > 0);
    expect(errors).toEqual([]);
  });

  test('rejects invalid options', () => {
    expect(() => fromSocket('ws://x/watch?what=kernels')).toThrow(
      "what must be one of raw, features, prediction, got 'kernels'",
    );
    expect(() => fromSocket('ws://x/watch', { map: -1 })).toThrow('map must be an integer >= 0, got -1');
  });
});
