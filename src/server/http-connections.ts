import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import type { Duplex } from 'node:stream';
import type { DropArgument, Socket } from 'node:net';
import { type ClientAddress, clientAddress, peerAddress } from './client-address.ts';
import type { RejectedConnections } from './rejected-connections.ts';
import { reservedOf, WaitingRoom } from './waiting-room.ts';

/** Seconds after which a client that was rejected for lack of room should try again. */
export const retryAfter = 10;

/** Limits of HTTP connections. */
export interface HttpConnectionsOptions {
  /** Maximum number of connections without a request, and of requests in progress. */
  max: number;
  /** Maximum number of each per address. */
  maxPerAddress: number;
  isTrusted: (address: string) => boolean;
  rejected: RejectedConnections;
}

const crowded = 'The server has too many connections. Try again later.';

/**
 * Limits the connections of a server before they are upgraded to WebSocket: those without a request, such as silent ones, and
 * those with a request in progress.
 */
export class HttpConnections {
  readonly #options: HttpConnectionsOptions;
  readonly #waiting: WaitingRoom<Socket>;
  /** Number of requests in progress: in total, and per address. */
  #requests = 0;
  readonly #perAddress = new Map<string, number>();
  /** Number of requests in progress of each connection. */
  readonly #busy = new Map<Duplex, number>();

  constructor(server: Server, options: HttpConnectionsOptions) {
    const { max, maxPerAddress, isTrusted, rejected } = options;
    this.#options = options;
    this.#waiting = new WaitingRoom({
      max,
      maxPerAddress,
      patience: Infinity,
      turnOut: (socket, { address }) => {
        rejected.add('too-many-connections', address, 'Too many connections without a request.');
        endWith(socket, '503 Service Unavailable', `Retry-After: ${retryAfter}\r\n`);
      },
    });
    server.on('connection', (socket: Socket) => {
      socket.on('error', () => {});
      socket.on('close', () => {
        this.#waiting.remove(socket);
      });
      this.#waiting.add(socket, peerAddress(socket.remoteAddress, isTrusted));
    });
    server.on('drop', (dropped?: DropArgument) => {
      rejected.add('too-many-connections', dropped?.remoteAddress ?? '', 'Too many connections.');
    });
    server.on('clientError', (error: NodeJS.ErrnoException, socket: Socket) => {
      this.#fail(error, socket);
    });
  }

  /** Admits a request until its response ends; otherwise answers with 503 and returns false. */
  admit(request: IncomingMessage, response: ServerResponse): boolean {
    const { max, maxPerAddress, isTrusted, rejected } = this.#options;
    const { socket } = request;
    const from = clientAddress(request, isTrusted);
    const requests = this.#perAddress.get(from.key) ?? 0;
    const isFull = this.#requests >= (from.local ? max : max - reservedOf(max));
    this.#waiting.remove(socket);
    if (isFull || (!from.proxy && requests >= maxPerAddress)) {
      rejected.add('too-many-connections', from.address, 'Too many HTTP requests in progress.');
      response.writeHead(503, { 'Retry-After': retryAfter, Connection: 'close', 'Content-Type': 'text/plain' });
      response.end(`${crowded}\n`);
      return false;
    }
    this.#count(from, socket, 1);
    response.on('close', () => {
      this.#count(from, socket, -1);
      if (!socket.destroyed && !this.#busy.has(socket))
        this.#waiting.add(socket, peerAddress(socket.remoteAddress, isTrusted));
    });
    return true;
  }

  /** A connection becomes a WebSocket and does not count any more. */
  release(socket: Duplex): void {
    this.#waiting.remove(socket as Socket);
  }

  tick(): void {
    this.#waiting.tick();
  }

  #count({ key }: ClientAddress, socket: Duplex, change: number): void {
    this.#requests += change;
    add(this.#perAddress, key, change);
    add(this.#busy, socket, change);
  }

  /** Answers a request that is invalid or not complete in time. */
  #fail(error: NodeJS.ErrnoException, socket: Socket): void {
    const isLate = error.code === 'ERR_HTTP_REQUEST_TIMEOUT';
    const { isTrusted, rejected } = this.#options;
    const { address } = peerAddress(socket.remoteAddress, isTrusted);
    if (isLate && socket.bytesRead > 0)
      rejected.add('no-request', address, 'The HTTP request was not complete in time.');
    else if (!isLate && error.code !== 'ECONNRESET' && error.code !== 'EPIPE')
      rejected.add('bad-request', address, `Invalid HTTP request: ${error.message}`);
    const tooLarge = error.code === 'HPE_HEADER_OVERFLOW' ? '431 Request Header Fields Too Large' : '400 Bad Request';
    endWith(socket, isLate ? '408 Request Timeout' : tooLarge);
  }
}

function add<T>(counts: Map<T, number>, key: T, change: number): void {
  const count = (counts.get(key) ?? 0) + change;
  if (count > 0) counts.set(key, count);
  else counts.delete(key);
}

function endWith(socket: Socket, status: string, headers = ''): void {
  if (socket.writable) socket.write(`HTTP/1.1 ${status}\r\n${headers}Connection: close\r\nContent-Length: 0\r\n\r\n`);
  socket.destroySoon();
}
