import { closeCodes, closeReason } from '../protocol/close-codes.ts';
import type { RawData, WebSocket } from 'ws';

/** How much may wait in a socket. */
export interface BoundedSocketOptions {
  /** Bytes from which on there is no room for data. Default 512 KiB. */
  high?: number;
  /** Bytes beyond which the connection is given up. Default 2 MiB. */
  limit?: number;
}

/** A socket whose every write goes through one guarded function, so that no peer can make us hold more than a limit. */
export class BoundedSocket {
  /** Called when something that was sent has left. */
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

  /** Whether data may be sent now. */
  get writable(): boolean {
    return this.open && this.#socket.bufferedAmount < this.#high;
  }

  /** Sends a message; a peer that lets more than the limit wait is closed with 4008 instead. */
  send(message: string | Uint8Array): void {
    if (!this.open) return;
    if (this.#socket.bufferedAmount > this.#limit) {
      this.close(closeCodes.tooSlow, 'too slow for too long: messages that must not be left out are waiting');
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

/** A message as it is read: text, or bytes in memory of their own, so that samples lie aligned and pin nothing else. */
export function readMessage(data: RawData, isBinary: boolean): string | Uint8Array {
  const bytes = Buffer.isBuffer(data) ? data : Array.isArray(data) ? Buffer.concat(data) : Buffer.from(data);
  return isBinary ? new Uint8Array(bytes) : bytes.toString();
}
