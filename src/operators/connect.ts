import { WebSocket } from '#websocket';
import { closeCodes, mayRetry, subprotocol } from '../protocol/close-codes.ts';
import { ProtocolError } from '../protocol/protocol-error.ts';
import { concatMap, defer, Observable, retry, type SchedulerLike, throwError, timeout, timer } from 'rxjs';

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
export function openSocket(url: string, protocol?: string): Observable<SocketEvent> {
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

/** A server tells viewers its health every second: after so many ms without a message their connection is dead. */
export const watchTimeout = 30_000;

/** A connection that ended, and when the next one is dialled. */
export interface Disconnect {
  readonly code: number;
  readonly sentence: string;
  /** In ms. */
  readonly wait: number;
}

/** How to connect, and what to make of the messages. */
export interface ConnectOptions<T> {
  /** Decodes a message; undefined = not for us. What it throws ends the stream. */
  parse: (message: string | ArrayBuffer) => T | undefined;
  /** The subprotocol to offer; null = none. Default tapline.v1. */
  protocol?: string | null;
  /** Called with every new connection. */
  opened?: (link: Link) => void;
  /** Called whenever a connection ends that will be dialled again. */
  down?: (down: Disconnect) => void;
  /** Whether a close code is worth another try. Default: all but 4500-4999. */
  mayRetry?: (code: number) => boolean;
  /** Ms without a message after which the connection is taken for dead. Default: for ever. */
  silence?: number;
  /** Chance, uniform in [0, 1), of the wait. */
  random?: () => number;
  /** Clock of the wait. */
  scheduler?: SchedulerLike;
}

/**
 * A socket that dials again when it breaks, as its decoded messages. A connection of its own for every subscriber.
 *
 *     first   --m1--m2--x                    wait = random · min(30 s, 0.5 s · 2^failures)
 *     second              ···--m3--|         a message received sets failures to 0
 *     output  --m1--m2---------m3--|         closed with 1000: complete; with 45xx: ClosedError, whose message is the
 *                                            sentence of the other end
 *
 * Messages of a type that this version does not know are left out.
 */
export function connect<T>(url: string, options: ConnectOptions<T>): Observable<T> {
  const { parse, protocol = subprotocol, opened, down, silence, random = Math.random, scheduler } = options;
  const dead = () => throwError(() => new ClosedError(closeCodes.silent, `no message for ${silence} ms`));
  const worthIt = options.mayRetry ?? mayRetry;
  return defer(() => {
    let failures = 0;
    const wait = (error: unknown) => {
      if (!(error instanceof ClosedError) || !worthIt(error.code)) return throwError(() => error);
      const ms = random() * Math.min(30_000, 500 * 2 ** failures++);
      down?.({ code: error.code, sentence: error.message, wait: ms });
      return timer(ms, scheduler);
    };
    const dialled = openSocket(url, protocol ?? undefined);
    const live = silence === undefined ? dialled : dialled.pipe(timeout({ each: silence, with: dead, scheduler }));
    return live.pipe(
      concatMap((event): T[] => {
        if (event.type === 'open') {
          opened?.(event.link);
          return [];
        }
        failures = 0;
        const message = ignoreUnknown(() => parse(event.data));
        return message === undefined ? [] : [message];
      }),
      retry({ delay: wait }),
    );
  });
}

function ignoreUnknown<T>(parse: () => T | undefined): T | undefined {
  try {
    return parse();
  } catch (error) {
    if (error instanceof ProtocolError && error.code === 'unknown-type') return undefined;
    throw error;
  }
}
