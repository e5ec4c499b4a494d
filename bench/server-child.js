/**
 * A server in a process of its own, so that its processor time is its own: `node server-child.js <options as JSON>`. `kind`:
 * 'count' = a bare WebSocket server that counts messages; 'parse' = one that also parses them as JSON; 'echo' = one that sends
 * every message to all other clients; 'tapline' = a Tapline server with the options `server`.
 */
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { Network } from 'tapline';
import { createServer } from 'tapline/server';
import { WebSocketServer } from 'ws';

/** Resolution of the measured delays in ms. */
const resolution = 1;

const { kind, server, feed, spec, weights, block } = JSON.parse(process.argv[2]);
const network = spec && Network.create(spec, { weights: floats(weights) });

/** Returns weights whose data were arrays. */
function floats(plain) {
  const entries = Object.entries(plain).map(([name, { shape, data }]) => [
    name,
    { shape, data: Float32Array.from(data) },
  ]);
  return Object.fromEntries(entries);
}

/** A feed with one feature map: the network on the raw signal. */
function designWith({ detect }) {
  const map = { name: 'W2', network, on: 'raw', labels: Array.from({ length: network.outChannels }, (_, i) => `${i}`) };
  return () => ({ gaps: 'hold', ...(detect ? {} : { detect: null }), standardize: null, maps: [map], learners: [] });
}

async function bare() {
  const sockets = new WebSocketServer({ port: 0, host: '127.0.0.1', perMessageDeflate: false });
  sockets.on('connection', (socket) => {
    let count = 0;
    socket.on('message', (data, isBinary) => {
      if (kind === 'echo') {
        for (const client of sockets.clients) if (client !== socket) client.send(data, { binary: isBinary });
        return;
      }
      const parsed = kind === 'parse' ? JSON.parse(data.toString()) : undefined;
      if (parsed?.type === 'count' || (kind === 'count' && !isBinary)) socket.send(String(count));
      else count++;
    });
  });
  await new Promise((resolve) => sockets.once('listening', resolve));
  return sockets.address().port;
}

async function tapline() {
  const running = await createServer({
    ...server,
    host: '127.0.0.1',
    port: 0,
    ...(feed !== 'default' && { feed: designWith(feed) }),
    log: (line) => process.send({ line }),
  });
  return running.port;
}

/** Returns the processor time in µs of `calls` calls of the network alone, on blocks as the server receives them. */
function engineTime(calls) {
  const stream = network.stream();
  const x = Float32Array.from(block);
  const y = new Float32Array((x.length / network.inChannels) * network.outChannels);
  for (let i = 0; i < calls / 8; i++) stream.pushInto(x, y);
  const before = process.cpuUsage();
  for (let i = 0; i < calls; i++) stream.pushInto(x, y);
  const { user, system } = process.cpuUsage(before);
  return user + system;
}

const delays = monitorEventLoopDelay({ resolution });
delays.enable();
process.on('message', ({ do: what, calls }) => {
  if (what === 'reset') delays.reset();
  const { user, system } = process.cpuUsage();
  const ms = (ns) => Math.max(0, ns / 1e6 - resolution);
  process.send({
    cpu: user + system,
    delay: { p50: ms(delays.percentile(50)), p99: ms(delays.percentile(99)), max: ms(delays.max) },
    rss: process.memoryUsage().rss,
    ...(what === 'engine' && { engine: engineTime(calls) }),
  });
});
process.on('disconnect', () => process.exit());
process.send({ port: await (kind === 'tapline' ? tapline() : bare()) });
