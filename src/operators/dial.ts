import { Observable } from 'rxjs';
import { WebSocket } from '#websocket';
import { closeCodes } from '../protocol/close-codes.ts';

/** The sending half of an open connection. */
export interface Link {
  send(message: string | Uint8Array<ArrayBuffer>): void;
  /** Bytes handed to `send` that have not left yet. */
  readonly bufferedAmount: number;
  close(code: number, sentence: string): void;
}

/** What one connection brings. */
export type SocketEvent =
  { readonly type: 'open'; readonly link: Link } | { readonly type: 'message'; readonly data: string | ArrayBuffer };

/** A connection that ended, and was not done: its code, and the sentence of whoever closed it. */
export class ClosedError extends Error {
  readonly code: number;

  constructor(code: number, sentence: string) {
    super(sentence);
    this.name = 'ClosedError';
    this.code = code;
  }
}

/**
 * One connection, dialled at subscription and closed at unsubscription.
 *
 *     dial(url)  --open--message--message--|      closed with 1000
 *                --open--message--#               closed with another code, or never open: ClosedError
 */
export function dial(url: string, protocol?: string): Observable<SocketEvent> {
  return new Observable((subscriber) => {
    const socket = new WebSocket(url, protocol === undefined ? [] : [protocol]);
    socket.binaryType = 'arraybuffer';
    let trouble = '';
    socket.addEventListener('open', () => {
      subscriber.next({ type: 'open', link: linkOf(socket) });
    });
    socket.addEventListener('message', ({ data }: { data: unknown }) => {
      if (typeof data === 'string' || data instanceof ArrayBuffer) subscriber.next({ type: 'message', data });
    });
    socket.addEventListener('error', (event: object) => {
      trouble = 'message' in event ? String(event.message) : '';
    });
    socket.addEventListener('close', ({ code, reason }: { code: number; reason: string }) => {
      if (code === closeCodes.done) subscriber.complete();
      else subscriber.error(new ClosedError(code, reason || trouble || `connection closed with code ${code}`));
    });
    return () => {
      socket.close(closeCodes.done);
    };
  });
}

function linkOf(socket: WebSocket): Link {
  return {
    send(message) {
      if (socket.readyState === socket.OPEN) socket.send(message);
    },
    get bufferedAmount() {
      return socket.bufferedAmount;
    },
    close(code, sentence) {
      socket.close(code, sentence);
    },
  };
}
