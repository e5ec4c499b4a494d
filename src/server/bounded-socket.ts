import { closeCodes, closeReason } from '../protocol/close-codes.ts';
import type { RawData, WebSocket } from 'ws';

/** Limits of a socket's send buffer. */
export interface BoundedSocketOptions {
  /** Buffered bytes from which on the socket is not writable. Default: 512 KiB. */
  high?: number;
  /** Buffered bytes beyond which the connection is closed. Default: 2 MiB. */
  limit?: number;
}

/** A WebSocket with a bounded send buffer, so that a slow peer cannot make the server hold more than a limit. */
export class BoundedSocket {
  /** Called when a message has left the send buffer. */
  drained: () => void = () => {};
  readonly #socket: WebSocket;
  readonly #high: number;
  readonly #limit: number;

  constructor(socket: WebSocket, { high = 512 << 10, limit = 2 << 20 }: BoundedSocketOptions = {}) {
    this.#socket = socket;
    this.#high = high;
    this.#limit = limit;
  }

  get open(): boolean {
    return this.#socket.readyState === this.#socket.OPEN;
  }

  /** Whether the send buffer has room for data. */
  get writable(): boolean {
    return this.hasRoom(0);
  }

  /** Whether it still has room when `bytes` more have been sent. */
  hasRoom(bytes: number): boolean {
    return this.open && this.#socket.bufferedAmount + bytes < this.#high;
  }

  /** Sends a message; if the buffer exceeds the limit, closes the connection with 4008 instead. */
  send(message: string | Uint8Array): void {
    if (!this.open) return;
    if (this.#socket.bufferedAmount > this.#limit) {
      this.close(closeCodes.tooSlow, 'The connection is too slow.');
      return;
    }
    this.#socket.send(message, () => {
      this.drained();
    });
  }

  close(code: number, sentence: string): void {
    this.#socket.close(code, closeReason(sentence));
  }
}

/**
 * Returns a message as text, or as bytes in their own buffer, so that samples are aligned and no larger buffer is
 * retained.
 */
export function readMessage(data: RawData, isBinary: boolean): string | Uint8Array {
  const bytes = Buffer.isBuffer(data) ? data : Array.isArray(data) ? Buffer.concat(data) : Buffer.from(data);
  return isBinary ? new Uint8Array(bytes) : bytes.toString();
}
