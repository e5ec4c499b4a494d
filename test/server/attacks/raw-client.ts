import { connect, type Socket } from 'node:net';
import type { World } from '../peer.ts';

/** How a raw client connects. */
export interface RawOptions {
  /** Loopback address that the client uses as its own. */
  from?: string;
  headers?: Record<string, string>;
}

/** Close message of a server. */
export interface Closing {
  code: number;
  sentence: string;
}

/** A TCP connection to a server that can send anything. */
export class RawClient {
  readonly socket: Socket;
  readonly closed: Promise<void>;
  #bytes: Buffer = Buffer.alloc(0);
  #wake: () => void = () => {};

  constructor(port: number, { from = '127.0.0.1' }: RawOptions = {}) {
    this.socket = connect({ port, host: '127.0.0.1', localAddress: from });
    this.socket.on('error', () => {});
    this.socket.on('data', (bytes: Buffer) => {
      this.#bytes = Buffer.concat([this.#bytes, bytes]);
      this.#wake();
    });
    this.closed = new Promise((resolve) => this.socket.on('close', () => resolve()));
    void this.closed.then(() => this.#wake());
  }

  /** Everything received so far, as text. */
  get text(): string {
    return this.#bytes.toString('latin1');
  }

  /** Resolves with what `find` returns of the received bytes; undefined if the connection ends before. */
  async until<T>(find: (bytes: Buffer) => T | undefined): Promise<T | undefined> {
    for (;;) {
      const found = find(this.#bytes);
      if (found !== undefined || this.socket.destroyed) return found;
      await new Promise<void>((resolve) => (this.#wake = resolve));
    }
  }

  /** Calls `send` again and again until the connection ends. */
  drip(send: (n: number) => void, every = 20): void {
    let n = 0;
    const timer = setInterval(() => send(n++), every);
    void this.closed.then(() => clearInterval(timer));
  }
}

/** A raw client whose connection is a WebSocket. */
export class RawSocket extends RawClient {
  #start = 0;

  /** Opens a WebSocket; resolves when the server has accepted it, or has ended the connection. */
  static async open(world: World, path: string, options: RawOptions = {}): Promise<RawSocket> {
    const client = new RawSocket(world.server.port, options);
    const headers = {
      Host: 'localhost',
      Connection: 'Upgrade',
      Upgrade: 'websocket',
      'Sec-WebSocket-Version': '13',
      'Sec-WebSocket-Key': 'dGhlIHNhbXBsZSBub25jZQ==',
      ...options.headers,
    };
    const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`);
    client.socket.write(`GET ${path} HTTP/1.1\r\n${lines.join('')}\r\n`);
    await client.until((bytes) => {
      const end = bytes.indexOf('\r\n\r\n');
      if (end >= 0) client.#start = end + 4;
      return end < 0 ? undefined : true;
    });
    return client;
  }

  send(frame: Uint8Array): void {
    this.socket.write(frame);
  }

  /** Resolves with the close message of the server; undefined if the connection ends without one. */
  closing(): Promise<Closing | undefined> {
    return this.until((bytes) => closingIn(bytes.subarray(this.#start)));
  }

  /** Resolves when the server has sent a text message that contains `text`. */
  receives(text: string): Promise<true | undefined> {
    return this.until((bytes) => (bytes.includes(text) ? true : undefined));
  }
}

/** A frame of a client: masked with 0, `length` bytes announced (default: as many as `payload` has). */
export function frame(opcode: number, payload: string | Uint8Array, { final = true, length = -1 } = {}): Buffer {
  const content = Buffer.from(payload as string);
  const announced = length < 0 ? content.length : length;
  const head = Buffer.alloc(14);
  head[0] = opcode | (final ? 128 : 0);
  if (announced < 126) {
    head[1] = 128 | announced;
    return Buffer.concat([head.subarray(0, 6), content]);
  }
  if (announced < 65_536) {
    head[1] = 128 | 126;
    head.writeUInt16BE(announced, 2);
    return Buffer.concat([head.subarray(0, 8), content]);
  }
  head[1] = 128 | 127;
  head.writeBigUInt64BE(BigInt(announced), 2);
  return Buffer.concat([head, content]);
}

function closingIn(bytes: Buffer): Closing | undefined {
  for (let at = 0; at + 2 <= bytes.length;) {
    const short = bytes[at + 1] & 127;
    const head = short === 126 ? 4 : short === 127 ? 10 : 2;
    if (at + head > bytes.length) return undefined;
    const length = short === 126 ? bytes.readUInt16BE(at + 2) : short === 127 ? bytes.readUInt32BE(at + 6) : short;
    const end = at + head + length;
    if (end > bytes.length) return undefined;
    if ((bytes[at] & 15) === 8)
      return { code: bytes.readUInt16BE(at + head), sentence: bytes.toString('utf8', at + head + 2, end) };
    at = end;
  }
  return undefined;
}

/** The numbers of rejected connections that a server reports. */
export async function rejectedBy(world: World): Promise<Record<string, number>> {
  const health = (await (await fetch(`${world.server.url}/healthz`)).json()) as {
    rejectedConnections?: Record<string, number>;
  };
  return health.rejectedConnections ?? {};
}

/** Checks that a sensor and a viewer can connect from `from`, and that the server answers HTTP requests. */
export async function isServed(world: World, from = '127.0.0.1', stream = 'served'): Promise<boolean> {
  const sensor = await RawSocket.open(world, `/ingest/${stream}`, { from });
  sensor.send(frame(1, '{"type":"hello","channels":1,"rate":10}'));
  const isWelcome = await sensor.receives('"welcome"');
  sensor.send(frame(1, '[1]'));
  const isReceived = await sensor.receives('"received":1');
  const viewer = await RawSocket.open(world, '/watch', { from });
  const isListed = await viewer.receives(`"name":"${stream}"`);
  const request = new RawClient(world.server.port, { from });
  request.socket.write('GET /healthz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n');
  await request.closed;
  for (const { socket } of [sensor, viewer]) socket.destroy();
  return Boolean(isWelcome && isReceived && isListed) && request.text.startsWith('HTTP/1.1 200');
}
