import type { IncomingMessage } from 'node:http';
import type { WebSocket } from 'ws';
import { closeCodes, closeReason } from '../protocol/close-codes.ts';
import { type ClientAddress, clientAddress } from './client-address.ts';
import type { RejectedConnections, RejectionReason } from './rejected-connections.ts';
import { UnfinishedMessages } from './unfinished-messages.ts';
import { reservedOf, WaitingRoom } from './waiting-room.ts';

/** Limits of WebSocket connections. */
export interface SocketConnectionsOptions {
  maxViewers: number;
  /** Maximum number of sensors without a stream. */
  maxWaiting: number;
  /** Maximum number of viewers, and of sensors without a stream, per address. */
  maxPerAddress: number;
  /** Times in ms. */
  helloTimeout: number;
  messageTimeout: number;
  /** Memory in bytes. */
  maxUnfinished: number;
  isTrusted: (address: string) => boolean;
  rejected: RejectedConnections;
}

/** Why a connection is closed. */
export interface SocketRejection {
  code: number;
  reason: RejectionReason;
  sentence: string;
}

/** How long a closing handshake may take, in ms. */
const closeTimeout = 2000;
/** Maximum number of closing handshakes in progress. */
const maxClosing = 256;

/** Limits WebSocket connections by what they do: viewers, sensors without a stream, and messages that are not complete. */
export class SocketConnections {
  /** Time in ms between two calls of `tick`. */
  readonly interval: number;
  readonly #options: SocketConnectionsOptions;
  readonly #addresses = new Map<WebSocket, ClientAddress>();
  readonly #waiting: WaitingRoom<WebSocket>;
  readonly #publishing = new Map<WebSocket, () => boolean>();
  readonly #unfinished: UnfinishedMessages;
  readonly #viewers = new Map<string, number>();
  #viewerCount = 0;
  /** Sockets whose closing handshake is in progress, with the time of its start. */
  readonly #closing = new Map<WebSocket, number>();

  constructor(options: SocketConnectionsOptions) {
    const { helloTimeout, messageTimeout, maxUnfinished } = options;
    this.#options = options;
    this.interval = Math.max(1, Math.min(1000, helloTimeout / 4, messageTimeout / 4));
    this.#waiting = new WaitingRoom<WebSocket>({
      max: options.maxWaiting,
      maxPerAddress: options.maxPerAddress,
      patience: Math.ceil(helloTimeout / this.interval),
      isDone: (socket) => this.#publishing.get(socket)?.() ?? true,
      turnOut: (socket, _, reason) => {
        this.reject(socket, reason === 'late' ? noHello(helloTimeout) : full('devices without a stream'));
      },
    });
    this.#unfinished = new UnfinishedMessages({
      patience: Math.ceil(messageTimeout / this.interval),
      maxBytes: maxUnfinished,
      close: (socket, reason) => {
        this.reject(socket, unfinished(reason, messageTimeout));
      },
    });
  }

  /** Number of viewers. */
  get viewers(): number {
    return this.#viewerCount;
  }

  /** Follows a new connection. */
  add(socket: WebSocket, request: IncomingMessage): void {
    this.#addresses.set(socket, clientAddress(request, this.#options.isTrusted));
    this.#unfinished.add(socket, request.socket);
    socket.on('close', () => {
      this.#addresses.delete(socket);
      this.#closing.delete(socket);
      this.#waiting.remove(socket);
      this.#publishing.delete(socket);
    });
  }

  /** Admits a viewer, or returns why it is rejected. */
  admitViewer(socket: WebSocket): SocketRejection | undefined {
    const { maxViewers, maxPerAddress } = this.#options;
    const from = this.#addresses.get(socket)!;
    const ofAddress = this.#viewers.get(from.key) ?? 0;
    if (this.#viewerCount >= (from.local ? maxViewers : maxViewers - reservedOf(maxViewers)))
      return full(`viewers (maxViewers: ${maxViewers})`, 'too-many-viewers');
    if (!from.proxy && ofAddress >= maxPerAddress) return full('viewers from your address', 'too-many-viewers');
    this.#viewerCount++;
    this.#viewers.set(from.key, ofAddress + 1);
    socket.on('close', () => {
      this.#viewerCount--;
      const count = this.#viewers.get(from.key)! - 1;
      if (count > 0) this.#viewers.set(from.key, count);
      else this.#viewers.delete(from.key);
    });
    return undefined;
  }

  /** Limits the time until a sensor publishes. */
  addSensor(socket: WebSocket, publishing: () => boolean): void {
    if (publishing() || socket.readyState !== socket.OPEN) return;
    this.#publishing.set(socket, publishing);
    this.#waiting.add(socket, this.#addresses.get(socket)!);
  }

  /** Closes a connection and counts it as rejected. */
  reject(socket: WebSocket, { code, reason, sentence }: SocketRejection): void {
    this.count(socket, reason, sentence);
    socket.close(code, closeReason(sentence));
    this.#limitClosing([socket], performance.now());
  }

  /** Counts a connection that is closed by others as rejected. */
  count(socket: WebSocket, reason: RejectionReason, sentence: string): void {
    this.#options.rejected.add(reason, this.#addresses.get(socket)?.address ?? '', sentence);
  }

  /** Counts a request that cannot become a WebSocket as rejected. */
  countRequest(request: IncomingMessage, sentence: string): void {
    const { isTrusted, rejected } = this.#options;
    rejected.add('bad-request', clientAddress(request, isTrusted).address, sentence);
  }

  /** Applies the deadlines; `clients` are all WebSockets of the server. */
  tick(clients: ReadonlySet<WebSocket>): void {
    this.#waiting.tick();
    this.#unfinished.tick();
    this.#limitClosing(clients, performance.now());
  }

  /** Terminates connections whose peer does not complete the closing handshake in time, or of which there are too many. */
  #limitClosing(sockets: Iterable<WebSocket>, now: number): void {
    for (const socket of sockets)
      if (socket.readyState === socket.CLOSING && !this.#closing.has(socket)) this.#closing.set(socket, now);
    for (const [socket, since] of this.#closing) {
      if (now - since < closeTimeout && this.#closing.size <= maxClosing) break;
      this.#closing.delete(socket);
      socket.terminate();
    }
  }
}

function seconds(ms: number): string {
  return `${ms / 1000} s`;
}

function full(what: string, reason: RejectionReason = 'too-many-connections'): SocketRejection {
  return { code: closeCodes.full, reason, sentence: `The server has too many ${what}. Try again later.` };
}

function noHello(timeout: number): SocketRejection {
  const sentence = `No hello or samples within ${seconds(timeout)}. Send hello, or add ?channels= to the URL.`;
  return { code: closeCodes.noHello, reason: 'no-hello', sentence };
}

function unfinished(reason: 'unfinished-message' | 'too-much-unfinished' | 'flood', timeout: number): SocketRejection {
  if (reason === 'flood') return { code: closeCodes.flood, reason, sentence: 'Too many pings or pongs.' };
  const sentence =
    reason === 'unfinished-message'
      ? `A message was not complete within ${seconds(timeout)}. Send smaller messages.`
      : 'The server receives too many large messages at once. Try again later.';
  return { code: closeCodes.unfinished, reason, sentence };
}
