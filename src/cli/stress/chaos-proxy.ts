import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net';

interface Pair {
  readonly client: Socket;
  readonly server: Socket;
}

/** A TCP proxy in front of a server that delays, throttles, cuts, and half-opens connections. */
export class ChaosProxy {
  /** Milliseconds by which every piece is delayed, in each direction. */
  delay = 0;
  /** Bytes per second and direction of each connection. */
  bytesPerSecond: number = Infinity;
  readonly #host: string;
  readonly #target: number;
  readonly #listener: Server;
  readonly #pairs = new Set<Pair>();
  /** Connections to the server whose client is gone without notice. */
  readonly #halfOpen = new Set<Socket>();
  #port = 0;
  #isDown = false;

  private constructor(target: URL) {
    this.#host = target.hostname;
    this.#target = Number(target.port);
    this.#listener = createServer((client) => this.#accept(client));
  }

  /** Starts a proxy in front of a server. */
  static async open(target: string): Promise<ChaosProxy> {
    const proxy = new ChaosProxy(new URL(target));
    proxy.#listener.listen(0, '127.0.0.1');
    await once(proxy.#listener, 'listening');
    proxy.#port = (proxy.#listener.address() as AddressInfo).port;
    return proxy;
  }

  /** Address of the proxy for WebSocket clients. */
  get url(): string {
    return `ws://127.0.0.1:${this.#port}`;
  }

  /** Number of connections. */
  get size(): number {
    return this.#pairs.size;
  }

  /** Ends all connections without a normal close. Returns their number. */
  cut(): number {
    const count = this.#pairs.size;
    for (const { client, server } of this.#pairs) {
      client.resetAndDestroy();
      server.resetAndDestroy();
    }
    this.#pairs.clear();
    return count;
  }

  /** Ends the client's side of all connections; the server is not informed. Returns their number. */
  halfOpen(): number {
    const count = this.#pairs.size;
    for (const { client, server } of this.#pairs) {
      this.#halfOpen.add(server);
      client.removeAllListeners('close');
      client.resetAndDestroy();
    }
    this.#pairs.clear();
    return count;
  }

  /** Goes away: ends all connections, and every new one. */
  down(): void {
    this.#isDown = true;
    this.cut();
  }

  /** Comes back. */
  up(): void {
    this.#isDown = false;
  }

  async close(): Promise<void> {
    this.cut();
    for (const socket of this.#halfOpen) socket.destroy();
    this.#listener.close();
    await once(this.#listener, 'close');
  }

  #accept(client: Socket): void {
    client.on('error', () => {});
    if (this.#isDown) {
      client.resetAndDestroy();
      return;
    }
    const server = connect(this.#target, this.#host);
    server.on('error', () => {});
    const pair = { client, server };
    this.#pairs.add(pair);
    const end = () => {
      this.#pairs.delete(pair);
      client.destroy();
      server.destroy();
    };
    client.on('close', end);
    server.on('close', end);
    this.#forward(client, server);
    this.#forward(server, client);
  }

  /** Passes on pieces in order; reads no further while one is delayed or throttled. */
  #forward(from: Socket, to: Socket): void {
    from.on('data', (piece: Buffer) => {
      const wait = this.delay + (1000 * piece.length) / this.bytesPerSecond;
      if (wait < 1) {
        if (to.writable && !to.write(piece)) {
          from.pause();
          to.once('drain', () => from.resume());
        }
        return;
      }
      from.pause();
      setTimeout(() => {
        if (to.writable) to.write(piece);
        from.resume();
      }, wait);
    });
  }
}
