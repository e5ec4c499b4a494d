import { once } from 'node:events';
import { type AddressInfo } from 'node:net';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { WebSocket, WebSocketServer } from 'ws';
import { ChaosProxy } from '../../../src/cli/stress/chaos-proxy.ts';
import { Stage } from '../../../src/cli/stress/scenario.ts';
import { createServer, type TaplineServer } from '../../../src/server/index.ts';

let server: TaplineServer;
beforeEach(async () => {
  server = await createServer({ port: 0 });
});
afterEach(() => server.close());

/** A WebSocket proxy before a server that changes messages; `undefined` drops one. */
async function faulty(
  change: (message: Buffer, binary: boolean, from: 'client' | 'server', path: string) => Buffer | undefined,
): Promise<{ url: string; close: () => void }> {
  const proxy = new WebSocketServer({ port: 0, host: '127.0.0.1' });
  await once(proxy, 'listening');
  proxy.on('connection', (client, { url = '' }) => {
    const target = new WebSocket(`${server.url.replace('http', 'ws')}${url}`, 'tapline.v1');
    const opened = once(target, 'open');
    const forward = (from: 'client' | 'server', to: WebSocket) => (message: Buffer, binary: boolean) => {
      const changed = change(message, binary, from, url);
      if (changed) void opened.then(() => to.send(binary ? changed : changed.toString()));
    };
    client.on('message', forward('client', target));
    target.on('message', forward('server', client));
    client.on('close', () => target.close());
    target.on('close', () => client.close());
  });
  const { port } = proxy.address() as AddressInfo;
  return { url: `ws://127.0.0.1:${port}`, close: () => proxy.close() };
}

/** Runs one device and an observing viewer against a server; returns the problems. */
async function problems(url: string, timeout?: number): Promise<string[]> {
  const signal = new AbortController().signal;
  const sizes = { devices: 1, viewers: 1 };
  const stage = new Stage({ name: 'test', target: { url }, seed: 1, seconds: 1, sizes, signal });
  const stream = stage.stream('a');
  const observer = stage.viewer({ streams: [stream] });
  const device = stage.device('a', { rate: 200, channels: 2, omit: 0.4 });
  await observer.until(() => (observer.views[0]?.frames ?? 0) > 100);
  await stage.settle(observer, timeout);
  expect(device.sent.omitted).toBeGreaterThan(0);
  await stage.end();
  return stage.problems;
}

test('the account of a server without faults balances', async () => {
  expect(await problems(server.url.replace('http', 'ws'))).toEqual([]);
}, 120_000);

test('a lost message of a device is found', async () => {
  let blocks = 0;
  const proxy = await faulty((message, binary, from, path) =>
    binary && from === 'client' && path.includes('ingest') && ++blocks === 5 ? undefined : message,
  );
  expect(await problems(proxy.url)).toEqual([expect.stringMatching(/frames omitted, but \d+ reported as gaps/)]);
  proxy.close();
}, 120_000);

test('a wrong sample at a viewer is found', async () => {
  let blocks = 0;
  const proxy = await faulty((message, binary, from, path) => {
    if (binary && from === 'server' && path === '/watch' && ++blocks === 2) message.writeFloatLE(0.5, 48);
    return message;
  });
  expect(await problems(proxy.url)).toEqual([expect.stringContaining('has the samples of another frame')]);
  proxy.close();
}, 120_000);

test('a gap that no viewer receives is found', async () => {
  const proxy = await faulty((message, binary, from, path) =>
    !binary && from === 'server' && path === '/watch' && message.toString().includes('"type":"gap"')
      ? undefined
      : message,
  );
  expect(await problems(proxy.url, 1000)).toEqual([expect.stringContaining('a viewer received')]);
  proxy.close();
}, 120_000);

test('a chaos proxy cuts, and half-opens connections without a word to the server', async () => {
  const proxy = await ChaosProxy.open(server.url);
  const connected = async () => {
    const socket = new WebSocket(`${proxy.url}/ingest/a?channels=1`, 'tapline.v1');
    socket.on('error', () => {});
    await once(socket, 'message');
    return socket;
  };
  const live = async () => {
    const health = (await (await fetch(`${server.url}/healthz`)).json()) as { streams: { live: boolean }[] };
    return health.streams[0].live;
  };
  let socket = await connected();
  let closed = once(socket, 'close');
  expect(proxy.halfOpen()).toBe(1);
  await closed;
  expect(await live()).toBe(true);
  socket = await connected();
  closed = once(socket, 'close');
  expect(proxy.cut()).toBe(1);
  await closed;
  await expect.poll(live, { timeout: 30_000 }).toBe(false);
  proxy.down();
  const rejected = new WebSocket(`${proxy.url}/ingest/a`);
  const [error] = (await once(rejected, 'error')) as [Error];
  expect(error).toBeInstanceOf(Error);
  await proxy.close();
}, 120_000);
