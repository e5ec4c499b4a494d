import { connect } from 'node:net';
import { WebSocket } from 'ws';
import { parseIngestReply, parseWatch } from '../../protocol/index.ts';
import { HostileMessages } from './hostile-messages.ts';
import type { Scenario, Stage } from './scenario.ts';

/** Messages of one connection, and pieces of one TCP connection. */
const messages = 200;
const pieces = 8;
/** Close codes that a server never sends for a reason that lies with a client: none, and a failure of the server. */
const serverFaults: readonly number[] = [1006, 1011];

/** Malformed text and binary messages from a seeded grammar with mutations; a healthy connection beside them is unaffected. */
export const hostile: Scenario = {
  name: 'hostile',
  summary: 'Clients send malformed messages, binary blocks, and bytes; a healthy device is not affected.',
  seconds: 10,
  async run(stage) {
    const observer = stage.viewer({ streams: [stage.stream('neighbor')] });
    const neighbor = stage.neighbor();
    const end = Date.now() + 1000 * stage.seconds;
    const generator = new HostileMessages(stage.fork());
    const counts = { messages: 0, connections: 0 };
    for (let n = 0; (n === 0 || Date.now() < end) && !stage.isStopped; n++) {
      const sensor = `ingest/${stage.stream(n % 6)}${n % 2 ? '?rate=100&channels=2' : ''}`;
      await Promise.all([
        attack(stage, sensor, () => generator.sensor(), parseIngestReply),
        attack(stage, 'watch', () => generator.text('viewer'), parseWatch),
        garble(stage, generator),
      ]);
      counts.connections += 3;
      counts.messages += 2 * messages + pieces;
    }
    await stage.settle(observer);
    stage.check(neighbor.disconnections === 0, `${neighbor.stream} was disconnected`);
    const { ok } = await stage.get<{ ok: boolean }>('/healthz');
    stage.check(ok, 'the server does not report that it is healthy');
    stage.results.push(`${counts.messages} messages on ${counts.connections} connections`);
  },
};

/** Sends malformed messages on one connection, until all are sent or the server closes it; every reply must be valid. */
async function attack(
  stage: Stage,
  path: string,
  message: () => string | Uint8Array,
  parse: (reply: string | Uint8Array) => unknown,
): Promise<void> {
  const socket = new WebSocket(`${stage.target.url}/${path}`, 'tapline.v1');
  let finished = false;
  const closed = new Promise<void>((resolve) => {
    socket.on('error', () => {});
    socket.on('close', (code: number) => {
      stage.check(finished || !serverFaults.includes(code), `/${path} was closed with ${code}`);
      resolve();
    });
  });
  socket.on('message', (data: Buffer, binary: boolean) => {
    try {
      parse(binary ? data : data.toString());
    } catch (error) {
      stage.problems.push(`/${path} answered with an invalid message: ${String(error)}`);
    }
  });
  await Promise.race([new Promise((resolve) => socket.once('open', resolve)), closed]);
  for (let n = 0; n < messages && socket.readyState === WebSocket.OPEN; n++) {
    socket.send(message());
    if (n % 20 === 19) await new Promise((resolve) => setTimeout(resolve, 10));
  }
  finished = true;
  socket.terminate();
  await closed;
}

/** Sends bytes that are no WebSocket frames, with or without an upgrade before them. */
async function garble(stage: Stage, generator: HostileMessages): Promise<void> {
  const { hostname, port } = new URL(stage.target.url);
  const socket = connect(Number(port), hostname);
  const closed = new Promise<void>((resolve) => {
    socket.on('error', () => {});
    socket.on('close', () => resolve());
  });
  socket.resume();
  if (stage.random.uniform() < 0.7)
    socket.write(
      `GET /ingest/${stage.stream('garbled')} HTTP/1.1\r\nHost: ${hostname}:${port}\r\nConnection: Upgrade\r\n` +
        'Upgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n',
    );
  for (let n = 0; n < pieces && socket.writable; n++) {
    socket.write(generator.frame());
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
  socket.destroy();
  await closed;
}
