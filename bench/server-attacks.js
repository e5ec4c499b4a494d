/** Clients that try to keep a server busy; each attack repeats itself until the time is over. */
import { connect as connectTcp } from 'node:net';
import { setTimeout } from 'node:timers/promises';
import { WebSocket } from 'ws';
import { encodeBlock } from '../dist/src/protocol/index.js';

/** Bytes that may wait in a client before it sends no more. */
const maxBuffered = 4 << 20;

/** Opens a WebSocket; undefined if it is rejected. */
async function open(url) {
  const socket = new WebSocket(url, 'tapline.v1', { perMessageDeflate: false });
  socket.on('error', () => {});
  await new Promise((resolve) => socket.once('open', resolve).once('close', resolve));
  return socket.readyState === WebSocket.OPEN ? socket : undefined;
}

/** Sends what `messages` returns as fast as the server reads it, on a new connection whenever the server closes one. */
async function flood(url, end, messages) {
  while (performance.now() < end) {
    const socket = await open(url);
    if (!socket) {
      await setTimeout(10);
      continue;
    }
    for (let i = 0; socket.readyState === WebSocket.OPEN && performance.now() < end; i++) {
      for (const message of messages(i)) socket.send(message);
      do await setTimeout(1);
      while (socket.bufferedAmount > maxBuffered && socket.readyState === WebSocket.OPEN && performance.now() < end);
    }
    socket.terminate();
  }
}

const frames = (count, channels, start) =>
  encodeBlock({
    data: new Float32Array(count * channels).fill(1),
    channels,
    rate: 250,
    start,
    time: 1_700_000_000_000,
  });
const list = `[${Array.from({ length: 32_000 }, () => '{"a":1}').join()}]`;
const upgrade = (path) =>
  `GET ${path} HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n`;

/** The attacks by name: `url` is that of the server, `end` the time in ms at which they end. */
const attacks = {
  'descriptions that each start a run': (url, end) =>
    flood(`${url}/ingest/x?rate=250&channels=1`, end, (i) =>
      Array.from({ length: 50 }, (_, k) =>
        JSON.stringify({ type: 'hello', channels: (i + k) % 2 ? 1 : 1024, rate: 250 }),
      ),
    ),
  'gaps of 1000 frames': (url, end) =>
    flood(`${url}/ingest/x?rate=250&channels=64`, end, (i) => [frames(1, 64, 1001 * i)]),
  'messages of 1 MiB': (url, end) =>
    flood(`${url}/ingest/x?rate=250&channels=8`, end, (i) => [frames(32_000, 8, 32_000 * i)]),
  'lists of 32,000 messages': (url, end) => flood(`${url}/ingest/x?rate=0&channels=a`, end, () => [list]),
  'subscriptions with recent data': (url, end) =>
    flood(`${url}/watch`, end, (i) =>
      Array.from({ length: 50 }, (_, k) => 50 * i + k + 1).flatMap((id) => [
        JSON.stringify({ type: 'subscribe', id, stream: 'healthy', what: ['raw', 'features'], recent: true }),
        JSON.stringify({ type: 'unsubscribe', id }),
      ]),
    ),
  'malformed text': (url, end) =>
    flood(`${url}/ingest/x?rate=250&channels=8`, end, () => [`{"type":"samples","data":[${'[1,2,'.repeat(20_000)}`]),
  'unfinished messages of 1 MiB': async (url, end) => {
    const { hostname, port } = new URL(url);
    const part = Buffer.concat([
      Buffer.from([0x82, 0xff, 0, 0, 0, 0, 0, 0x10, 0, 0, 1, 2, 3, 4]),
      Buffer.alloc(1 << 19),
    ]);
    const sockets = [];
    while (performance.now() < end) {
      const socket = connectTcp(Number(port), hostname, () => socket.write(upgrade('/ingest/x')));
      socket.on('error', () => {});
      socket.once('data', () => socket.write(part));
      sockets.push(socket);
      if (sockets.length > 575) sockets.shift().destroy();
      await setTimeout(2);
    }
    for (const socket of sockets) socket.destroy();
  },
  'viewers that do not read': async (url, end) => {
    const viewers = [];
    for (let i = 0; i < 100 && performance.now() < end; i++) {
      const viewer = await open(`${url}/watch`);
      viewer?.send(
        JSON.stringify({ type: 'subscribe', id: 1, stream: 'healthy', what: ['raw', 'features'], maxHz: 120 }),
      );
      viewer?.pause();
      viewers.push(viewer);
    }
    await setTimeout(Math.max(0, end - performance.now()));
    for (const viewer of viewers) viewer?.terminate();
  },
};

/** Names of all attacks. */
export const attackNames = Object.keys(attacks);

/** Attacks a server for some seconds. */
export async function attack({ url, name, seconds }) {
  await attacks[name](url, performance.now() + 1000 * seconds);
  return {};
}
