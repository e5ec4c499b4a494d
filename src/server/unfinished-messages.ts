import type { Duplex } from 'node:stream';
import type { WebSocket } from 'ws';
import { FrameTracker } from './frame-tracker.ts';

/** Limits of messages that have begun and are not complete. */
export interface UnfinishedOptions {
  /** Number of ticks in which a message must be complete. */
  patience: number;
  /** Maximum number of bytes of all unfinished messages together. */
  maxBytes: number;
  /** Closes a connection. */
  close: (socket: WebSocket, reason: 'unfinished-message' | 'too-much-unfinished' | 'flood') => void;
}

/** Maximum number of pings and pongs of one connection per tick; fewer than the 60 pending pongs at which ws cuts a connection. */
const maxControls = 50;
/** Bytes that a received chunk of a message occupies besides its content. */
const chunkOverhead = 128;

interface Receiving {
  tracker: FrameTracker;
  /** Memory of the unfinished message, in bytes. */
  held: number;
  /** Ticks for which the current message has been unfinished, and its number. */
  ticks: number;
  message: number;
  /** When the current message began, as a number that increases. */
  since: number;
  /** Control frames before this tick. */
  controls: number;
}

/**
 * Limits how long and in how much memory messages can be unfinished. The content of a connection is followed by its own tracker,
 * because neither HTTP timeouts nor pings limit a message: the fragments of a message can arrive one by one, with pongs in between.
 * Time counts in ticks, and only while the socket is read: a server that was suspended or that paused a socket closes nothing.
 */
export class UnfinishedMessages {
  readonly #options: UnfinishedOptions;
  readonly #sockets = new Map<WebSocket, Receiving>();
  #held = 0;
  #begun = 0;

  constructor(options: UnfinishedOptions) {
    this.#options = options;
  }

  /** Memory of all unfinished messages, in bytes. */
  get held(): number {
    return this.#held;
  }

  /** Follows a WebSocket from its first byte on; `stream` is its connection. */
  add(socket: WebSocket, stream: Duplex): void {
    const tracker = new FrameTracker();
    const receiving: Receiving = { tracker, held: 0, ticks: 0, message: 0, since: 0, controls: 0 };
    this.#sockets.set(socket, receiving);
    stream.prependListener('data', (chunk: Uint8Array) => {
      this.#receive(socket, receiving, chunk);
    });
    socket.on('close', () => {
      this.#forget(socket);
    });
  }

  /** Closes connections whose message has been unfinished for too long. */
  tick(): void {
    for (const [socket, receiving] of this.#sockets) {
      const { tracker } = receiving;
      receiving.controls = tracker.controls;
      if (!tracker.unfinished || tracker.complete !== receiving.message) {
        receiving.message = tracker.complete;
        receiving.ticks = 0;
      } else if (!socket.isPaused && ++receiving.ticks >= this.#options.patience)
        this.#close(socket, 'unfinished-message');
    }
  }

  #receive(socket: WebSocket, receiving: Receiving, chunk: Uint8Array): void {
    if (!this.#sockets.has(socket)) return;
    const { tracker } = receiving;
    const before = tracker.complete;
    tracker.push(chunk);
    if (tracker.controls - receiving.controls > maxControls) {
      this.#close(socket, 'flood');
      return;
    }
    if (receiving.held === 0 || tracker.complete !== before) receiving.since = ++this.#begun;
    const carried = tracker.complete === before ? receiving.held : 0;
    const held = tracker.unfinished ? carried + chunkOverhead + Math.min(chunk.length, tracker.bytes) : 0;
    this.#held += held - receiving.held;
    receiving.held = held;
    while (this.#held > this.#options.maxBytes) this.#close(this.#oldest(), 'too-much-unfinished');
  }

  #oldest(): WebSocket {
    let oldest: WebSocket | undefined;
    let since = Infinity;
    for (const [socket, receiving] of this.#sockets)
      if (receiving.held > 0 && receiving.since < since) [oldest, since] = [socket, receiving.since];
    return oldest!;
  }

  #close(socket: WebSocket, reason: Parameters<UnfinishedOptions['close']>[1]): void {
    this.#forget(socket);
    this.#options.close(socket, reason);
  }

  #forget(socket: WebSocket): void {
    this.#held -= this.#sockets.get(socket)?.held ?? 0;
    this.#sockets.delete(socket);
  }
}
