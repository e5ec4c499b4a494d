import { Subject } from 'rxjs';
import { afterEach, expect, test } from 'vitest';
import type { Block } from '../../src/core/blocks/block.ts';
import { createServer, type TaplineServer } from '../../src/server/index.ts';
import { freeStreamName, publish } from '../../src/sources/index.ts';

let server: TaplineServer | undefined;
afterEach(async () => {
  await server?.close();
});

test('the first name without a connected sensor is free', async () => {
  server = await createServer({ port: 0 });
  const { port } = server;
  const watchUrl = `ws://127.0.0.1:${port}/watch`;
  const connect = (name: string) =>
    publish(`ws://127.0.0.1:${port}/ingest/${name}`, { channels: 1, rate: 100 }, new Subject<Block>()).subscribe();
  expect(await freeStreamName(watchUrl, 'headset')).toBe('headset');
  const first = connect('headset');
  await expect.poll(() => server!.streams().length).toBe(1);
  expect(await freeStreamName(watchUrl, 'headset')).toBe('headset-2');
  connect('headset-2');
  await expect.poll(() => server!.streams().length).toBe(2);
  expect(await freeStreamName(watchUrl, 'headset')).toBe('headset-3');
  first.unsubscribe();
  await expect.poll(() => server!.streams()[0].live).toBe(false);
  expect(await freeStreamName(watchUrl, 'headset')).toBe('headset');
});

test('a long name is shortened to the 64 characters that a name may have', async () => {
  server = await createServer({ port: 0 });
  const { port } = server;
  const name = 'x'.repeat(64);
  publish(`ws://127.0.0.1:${port}/ingest/${name}`, { channels: 1, rate: 100 }, new Subject<Block>()).subscribe();
  await expect.poll(() => server!.streams().length).toBe(1);
  expect(await freeStreamName(`ws://127.0.0.1:${port}/watch`, name)).toBe(`${'x'.repeat(62)}-2`);
});
