import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { filter, firstValueFrom, NEVER, share, type Subscription } from 'rxjs';
import { firstFree, freeName } from '../../src/cli/free-name.ts';
import { createServer, type TaplineServer } from '../../src/server/index.ts';
import { publish } from '../../src/sources/index.ts';

let server: TaplineServer;
let sensors: Subscription[];
beforeEach(async () => {
  server = await createServer({ port: 0 });
  sensors = [];
});
afterEach(async () => {
  for (const sensor of sensors) sensor.unsubscribe();
  await server.close();
});

const address = () => `ws://127.0.0.1:${server.port}`;
const free = (base: string, suffixes: string[] = [], signal = new AbortController().signal) =>
  freeName(address(), base, { suffixes, signal });

/** Publishes a stream without frames; resolves when the server has accepted it. */
async function occupy(name: string): Promise<void> {
  const events = publish(`${address()}/ingest/${name}`, { channels: 1, rate: 1 }, NEVER).pipe(share());
  sensors.push(events.subscribe());
  await firstValueFrom(events.pipe(filter(({ type }) => type === 'welcome')));
}

describe('a free stream name', () => {
  test('is the base name, or else the first number that is not in use', async () => {
    expect(await free('headset')).toBe('headset');
    await occupy('headset');
    expect(await free('headset')).toBe('headset-2');
    await occupy('headset-2');
    expect(await free('headset')).toBe('headset-3');
    expect(await free('host')).toBe('host');
  });

  test('is free with its suffixes too', async () => {
    await occupy('headset.alpha');
    expect(await free('headset', ['.alpha'])).toBe('headset-2');
    expect(await free('headset')).toBe('headset');
  });

  test('is undefined if the search is aborted', async () => {
    expect(await free('headset', [], AbortSignal.abort())).toBeUndefined();
  });

  test('skips every name that is in use', () => {
    expect(firstFree('a', (name) => !['a', 'a-2', 'a-4'].includes(name))).toBe('a-3');
  });
});
