import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import type { Duplex } from 'node:stream';
import type { DropArgument, Socket } from 'node:net';
import { clientAddress, peerAddress } from './client-address.ts';
import type { RejectedConnections } from './rejected-connections.ts';
import { WaitingRoom } from './waiting-room.ts';

/** Seconds after which a client that was rejected for lack of room should try again. */
export const retryAfter = 10;

/** Limits of HTTP connections. */
export interface HttpConnectionsOptions {
  /** Maximum number of connections without a request, and of requests in progress. */
  max: number;
  /** Maximum number of each per address that stay for longer than a tick. */
  maxPerAddress: number;
  isTrusted: (address: string) => boolean;
  rejected: RejectedConnections;
}

/**
 * Limits the connections of a server before they are upgraded to WebSocket: those without a request, such as silent ones, and
 * those with a request in progress, such as one whose body arrives slowly.
 */
export class HttpConnections {
  readonly #options: HttpConnectionsOptions;
  readonly #idle: WaitingRoom<Socket>;
  readonly #requests: WaitingRoom<ServerResponse>;
  /** Number of requests in progress of each connection. */
  readonly #busy = new Map<Socket, number>();

  constructor(server: Server, options: HttpConnectionsOptions) {
    const { max, maxPerAddress, isTrusted, rejected } = options;
    const limits = { max, maxPerAddress, patience: Infinity };
    this.#options = options;
    this.#idle = new WaitingRoom({
      ...limits,
      turnOut: (socket, { address }) => {
        rejected.add('too-many-connections', address, 'Too many connections without a request.');
        unavailable(socket);
      },
    });
    this.#requests = new WaitingRoom({
      ...limits,
      turnOut: ({ req: { socket }, headersSent }, { address }) => {
        rejected.add('too-many-connections', address, 'Too many HTTP requests in progress.');
        if (headersSent) socket.destroy();
        else unavailable(socket);
      },
    });
    server.on('connection', (socket: Socket) => {
      socket.on('error', () => {});
      socket.on('close', () => {
        this.#idle.remove(socket);
      });
      this.#idle.add(socket, peerAddress(socket.remoteAddress, isTrusted));
    });
    server.on('drop', (dropped?: DropArgument) => {
      rejected.add('too-many-connections', dropped?.remoteAddress ?? '', 'Too many connections.');
    });
    server.on('clientError', (error: NodeJS.ErrnoException, socket: Socket) => {
      this.#fail(error, socket);
    });
  }

  /** Follows a request until its response ends. */
  add(request: IncomingMessage, response: ServerResponse): void {
    const { isTrusted } = this.#options;
    const { socket } = request;
    this.#idle.remove(socket);
    this.#busy.set(socket, (this.#busy.get(socket) ?? 0) + 1);
    this.#requests.add(response, clientAddress(request, isTrusted));
    response.on('close', () => {
      this.#requests.remove(response);
      const others = (this.#busy.get(socket) ?? 1) - 1;
      if (others > 0) this.#busy.set(socket, others);
      else this.#busy.delete(socket);
      if (others === 0 && !socket.destroyed) this.#idle.add(socket, peerAddress(socket.remoteAddress, isTrusted));
    });
  }

  /** A connection becomes a WebSocket and does not count any more. */
  release(socket: Duplex): void {
    this.#idle.remove(socket as Socket);
  }

  tick(): void {
    this.#idle.tick();
    this.#requests.tick();
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

function unavailable(socket: Socket): void {
  endWith(socket, '503 Service Unavailable', `Retry-After: ${retryAfter}\r\n`);
}

function endWith(socket: Socket, status: string, headers = ''): void {
  if (socket.writable) socket.write(`HTTP/1.1 ${status}\r\n${headers}Connection: close\r\nContent-Length: 0\r\n\r\n`);
  socket.destroySoon();
}
