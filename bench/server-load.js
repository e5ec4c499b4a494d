/** Clients of the servers of bench/server.ts, in a process of their own. Each message of the parent is answered by one. */
import { setTimeout } from 'node:timers/promises';
import { WebSocket } from 'ws';
import { encodeBlock } from '../dist/src/protocol/index.js';
import { attack, attackNames } from './server-attacks.js';

/** Bytes that may wait in a client before it sends no more. */
const maxBuffered = 1 << 20;
const channels = 8;
const rate = 250;
/** Devices by URL. They stay connected, so that their frames continue. */
const devices = new Map();

async function connect(url, onMessage = () => {}) {
  const socket = new WebSocket(url, 'tapline.v1', { perMessageDeflate: false, skipUTF8Validation: true });
  socket.on('message', onMessage);
  socket.on('error', (error) => process.send({ failed: `${url}: ${error.message}` }));
  socket.on('close', (code, reason) => {
    if (code !== 1000) process.send({ failed: `${url}: closed with ${code} ${reason}` });
  });
  await new Promise((resolve) => socket.once('open', resolve));
  return socket;
}

function samples(start, frames) {
  return Float32Array.from({ length: frames * channels }, (_, i) => {
    const t = start + Math.floor(i / channels);
    return Math.sin(t / 7 + (i % channels)) + 0.3 * Math.sin(t * 12.9898 + 78.233 * (i % channels));
  });
}

/** A device that sends blocks and waits for their acknowledgment. */
class Device {
  next = 0;
  received = 0;
  #wake = () => {};

  static async open(url, { isBare = false } = {}) {
    const device = new Device();
    device.isBare = isBare;
    device.socket = await connect(url, (data) => device.#read(JSON.parse(data.toString())));
    if (!isBare) {
      const labels = Array.from({ length: channels }, (_, i) => `c${i}`);
      device.socket.send(JSON.stringify({ type: 'hello', channels: labels, rate, fresh: true }));
    }
    return device;
  }

  #read(reply) {
    if (typeof reply === 'number' || reply.type === 'ack') {
      this.received = typeof reply === 'number' ? Infinity : reply.received;
      this.#wake();
    } else if (reply.type === 'error') process.send({ failed: JSON.stringify(reply) });
  }

  /** Sends a message of a kind: 'binary' or 'json'. */
  send(kind, frames) {
    const start = this.next;
    this.next += frames;
    const data = samples(start, frames);
    if (kind === 'binary') {
      const time = 1_700_000_000_000 + (start * 1000) / rate;
      this.socket.send(encodeBlock({ data, channels, rate, start, time }));
    } else this.socket.send(JSON.stringify(Array.from(data, (x) => Number(x.toPrecision(6)))));
  }

  async all() {
    if (this.isBare) {
      this.received = 0;
      this.socket.send('{"type":"count"}');
    }
    while (this.received < this.next) await new Promise((resolve) => (this.#wake = resolve));
  }
}

/** Sends many messages as fast as they are received. */
async function burst({ url, kind, messages, frames, isBare }) {
  if (!devices.has(url)) devices.set(url, await Device.open(url, { isBare }));
  const device = devices.get(url);
  for (let i = 0; i < messages; i++) {
    device.send(kind, frames);
    while (device.socket.bufferedAmount > maxBuffered) await setTimeout(1);
  }
  await device.all();
  return {};
}

/** Publishes streams in real time, and says how many frames are not acknowledged at the end. */
class Streams {
  #all = [];
  #timers = [];

  async start({ url, names }) {
    const { length: count } = names;
    for (const name of names) this.#all.push(await Device.open(`${url}/ingest/${name}`));
    const period = 100;
    const begin = performance.now();
    for (const [i, device] of this.#all.entries()) {
      let sent = 0;
      const phase = (i * period) / count;
      const send = () => {
        while (begin + phase + sent * period <= performance.now()) {
          device.send('binary', (rate * period) / 1000);
          sent++;
        }
      };
      this.#timers.push(setTimeout(phase).then(() => setIntervalOf(send, period)));
    }
    return {};
  }

  async lag() {
    const frames = this.#all.map(({ next, received }) => next - received);
    return { lag: Math.max(...frames) / rate };
  }

  async stop() {
    for (const timer of await Promise.all(this.#timers)) clearInterval(timer);
    for (const { socket } of this.#all) socket.close(1000);
    return {};
  }
}

function setIntervalOf(work, period) {
  return globalThis.setInterval(work, period);
}

/** Viewers of one stream that is published in real time. */
class Viewers {
  #counts = [];
  #sockets = [];
  #timers = [];

  async start({ url, count, hz, isBare }) {
    const device = await Device.open(isBare ? url : `${url}/ingest/watched`, { isBare });
    const begin = performance.now();
    let sent = 0;
    this.#timers.push(
      setIntervalOf(() => {
        for (; begin + (sent * 1000) / hz <= performance.now(); sent++) device.send('binary', Math.round(rate / hz));
      }, 4),
    );
    this.#sockets.push(device.socket);
    for (let i = 0; i < count; i++) {
      let received = 0;
      this.#counts.push(0);
      const viewer = await connect(isBare ? url : `${url}/watch`, (_, isBinary) => {
        received++;
        if (isBinary) this.#counts[i]++;
      });
      this.#sockets.push(viewer);
      if (isBare) continue;
      viewer.send(JSON.stringify({ type: 'subscribe', id: 1, stream: 'watched', what: ['raw'], maxHz: 2 * hz }));
      this.#timers.push(setIntervalOf(() => viewer.send(JSON.stringify({ type: 'ack', received })), 250));
    }
    return {};
  }

  async counts() {
    return { blocks: this.#counts.reduce((sum, each) => sum + each, 0) };
  }

  async stop() {
    for (const timer of this.#timers) clearInterval(timer);
    for (const socket of this.#sockets) socket.close(1000);
    return {};
  }
}

/** Measures the time in ms of one frame from a device to a viewer: the median of many. */
async function latency({ device: from, viewer: to, messages, isBare }) {
  const device = devices.get(from) ?? (await Device.open(from, { isBare }));
  devices.set(from, device);
  let arrived = () => {};
  const viewer = await connect(to, (_, isBinary) => {
    if (isBinary) arrived();
  });
  if (!isBare) {
    const subscribed = new Promise((resolve) =>
      viewer.on('message', (data, isBinary) => !isBinary && data.includes('"subscribed"') && resolve()),
    );
    const stream = from.slice(from.lastIndexOf('/') + 1);
    viewer.send(JSON.stringify({ type: 'subscribe', id: 1, stream, what: ['raw'], maxHz: 1000 }));
    await subscribed;
    await setTimeout(50);
  }
  const times = [];
  for (let i = 0; i < messages; i++) {
    const begin = performance.now();
    await new Promise((resolve) => {
      arrived = resolve;
      device.send('binary', 1);
    });
    times.push(performance.now() - begin);
    // more than the interval between two messages to a viewer
    await setTimeout(4);
  }
  viewer.close(1000);
  return { ms: times.sort((a, b) => a - b)[times.length >> 1] };
}

let streams = new Streams();
let viewers = new Viewers();
const actions = {
  burst,
  latency,
  startStreams: (request) => (streams = new Streams()).start(request),
  lag: () => streams.lag(),
  stopStreams: () => streams.stop(),
  startViewers: (request) => (viewers = new Viewers()).start(request),
  counts: () => viewers.counts(),
  stopViewers: () => viewers.stop(),
  attack,
  attackNames: async () => ({ names: attackNames }),
};
process.on('message', async (request) => {
  try {
    process.send({ done: await actions[request.do](request) });
  } catch (error) {
    process.send({ failed: String(error.stack) });
  }
});
