import { WebSocket } from 'ws';
import { type IngestReply, parseIngestReply, parseWatch, type WatchMessage } from '../../src/protocol/index.ts';
import { createServer, type ServerOptions, type TaplineServer } from '../../src/server/index.ts';

/** A WebSocket client that stores received messages and waits for future ones. */
export class Peer<T> {
  readonly socket: WebSocket;
  readonly messages: T[] = [];
  readonly closed: Promise<{ code: number; sentence: string }>;
  #wake: () => void = () => {};
  #ended = false;

  constructor(
    url: string,
    parse: (data: string | Uint8Array) => T,
    headers: Record<string, string> = {},
    protocol: string[] = ['tapline.v1'],
  ) {
    this.socket = new WebSocket(url, protocol, { headers });
    this.socket.on('error', () => {});
    this.socket.on('message', (data: Buffer, isBinary) => {
      this.messages.push(parse(isBinary ? data : data.toString()));
      this.#wake();
    });
    this.closed = new Promise((resolve) => {
      this.socket.on('close', (code, reason) => {
        this.#ended = true;
        this.#wake();
        resolve({ code, sentence: reason.toString() });
      });
    });
  }

  async opened(): Promise<this> {
    if (this.socket.readyState === WebSocket.CONNECTING)
      await new Promise((resolve) => this.socket.once('open', resolve));
    return this;
  }

  send(message: object | string | Uint8Array): void {
    this.socket.send(typeof message === 'string' || message instanceof Uint8Array ? message : JSON.stringify(message));
  }

  /** Resolves to the first matching message, among those received and future ones. */
  async until<U extends T>(fits: (message: T) => message is U): Promise<U>;
  async until(fits: (message: T) => boolean): Promise<T>;
  async until(fits: (message: T) => boolean): Promise<T> {
    for (let seen = 0; ; seen++) {
      while (seen >= this.messages.length) {
        if (this.#ended) throw new Error(`closed before the message came; got ${JSON.stringify(this.messages)}`);
        await new Promise<void>((resolve) => (this.#wake = resolve));
      }
      if (fits(this.messages[seen])) return this.messages[seen];
    }
  }
}

export type Of<T extends { type: string }, K extends T['type']> = Extract<T, { type: K }>;

/** Returns a predicate for messages of a type. */
export function is<T extends { type: string }, K extends T['type']>(type: K): (message: T) => message is Of<T, K> {
  return (message): message is Of<T, K> => message.type === type;
}

/** A server on a free port with sensors and viewers, all closed by `stop`. */
export interface World {
  server: TaplineServer;
  lines: string[];
  /** Opens any path as a sensor. */
  open(path: string, headers?: Record<string, string>, protocol?: string[]): Promise<Peer<IngestReply>>;
  sensor(path: string, headers?: Record<string, string>, protocol?: string[]): Promise<Peer<IngestReply>>;
  viewer(headers?: Record<string, string>): Promise<Peer<WatchMessage>>;
  ws(path: string): string;
  stop(): Promise<void>;
}

export async function world(options: ServerOptions = {}): Promise<World> {
  const lines: string[] = [];
  const server = await createServer({ port: 0, log: (line) => lines.push(line), ...options });
  const peers: Peer<never>[] = [];
  const ws = (path: string) => `ws://127.0.0.1:${server.port}${path}`;
  const keep = <T>(peer: Peer<T>) => {
    peers.push(peer as unknown as Peer<never>);
    return peer.opened();
  };
  const open: World['open'] = (path, headers, protocol) =>
    keep(new Peer(ws(path), parseIngestReply, headers, protocol));
  return {
    server,
    lines,
    ws,
    open,
    sensor: (path, headers, protocol) => open(`/ingest/${path}`, headers, protocol),
    viewer: (headers) => keep(new Peer<WatchMessage>(ws('/watch'), parseWatch, headers)),
    async stop() {
      for (const peer of peers) peer.socket.terminate();
      await server.close();
    },
  };
}
