import { WebSocket } from '#websocket';
import { renamedOption } from '../core/check.ts';
import { closeCodes, mayRetry, subprotocol } from '../protocol/close-codes.ts';
import { ProtocolError } from '../protocol/protocol-error.ts';
import { concatMap, defer, Observable, retry, type SchedulerLike, throwError, timeout, timer } from 'rxjs';

/** Sending side of an open connection. */
export interface Link {
  /** Sends a text or binary message. Has no effect if the connection is not open. */
  send(message: string | Uint8Array<ArrayBuffer>): void;
  /** Bytes passed to `send` that have not been transmitted yet. */
  readonly bufferedAmount: number;
  /** Closes the connection with a close code and a reason. */
  close(code: number, sentence: string): void;
}

/** Event of one connection. */
type SocketEvent =
  { readonly type: 'open'; readonly link: Link } | { readonly type: 'message'; readonly data: string | ArrayBuffer };

/** Error of a connection that ended abnormally, with its close code and reason. */
export class ClosedError extends Error {
  readonly code: number;

  constructor(code: number, sentence: string) {
    super(sentence);
    this.name = 'ClosedError';
    this.code = code;
  }
}

/**
 * Opens one connection on subscription and closes it on unsubscription.
 *
 *     openSocket(url)  --open--message--message--|      closed with 1000
 *                      --open--message--#               closed with another code, or never open: ClosedError
 */
function openSocket(url: string, protocol?: string): Observable<SocketEvent> {
  return new Observable((subscriber) => {
    const socket = new WebSocket(url, protocol === undefined ? [] : [protocol]);
    socket.binaryType = 'arraybuffer';
    let errorMessage = '';
    socket.addEventListener('open', () => {
      subscriber.next({ type: 'open', link: linkOf(socket) });
    });
    socket.addEventListener('message', ({ data }: { data: unknown }) => {
      if (typeof data === 'string' || data instanceof ArrayBuffer) subscriber.next({ type: 'message', data });
    });
    socket.addEventListener('error', (event: object) => {
      errorMessage = 'message' in event ? String(event.message) : '';
    });
    socket.addEventListener('close', ({ code, reason }: { code: number; reason: string }) => {
      if (code === closeCodes.done) subscriber.complete();
      else subscriber.error(new ClosedError(code, reason || errorMessage || `connection closed with code ${code}`));
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

/**
 * Time in ms without a message after which a viewer's connection is stale. A server sends its health to viewers every
 * second.
 */
export const watchTimeout = 30_000;

/** A connection that ended and will be retried. */
export interface Disconnect {
  /** WebSocket close code of the connection that ended. */
  readonly code: number;
  /** Reason, as sent by the other end or reported by the WebSocket. */
  readonly sentence: string;
  /** Time until the next attempt, in ms. */
  readonly wait: number;
}

/** How to connect and how to decode messages. */
export interface ConnectOptions<T> {
  /** Decodes a message; returns undefined to ignore it. An error that it throws ends the stream. */
  parse: (message: string | ArrayBuffer) => T | undefined;
  /** Subprotocol to offer; null = none. Default tapline.v1. */
  protocol?: string | null;
  /** Called for every new connection. */
  opened?: (link: Link) => void;
  /** Called when a connection ends and will be retried. */
  down?: (down: Disconnect) => void;
  /** Returns whether to reconnect after a close code. Default: all except 4500-4999. */
  mayRetry?: (code: number) => boolean;
  /** Time in ms without a message after which the connection is closed as stale. Default: unlimited. */
  staleAfter?: number;
  /** @deprecated Use `staleAfter`. */
  silence?: number;
  /** Random numbers for the wait, uniform in [0, 1). */
  random?: () => number;
  /** Scheduler of the wait. */
  scheduler?: SchedulerLike;
}

/**
 * Emits the decoded messages of a socket and reconnects when the connection breaks. Every subscriber has its own
 * connection.
 *
 *     first   --m1--m2--x                    wait = random · min(30 s, 0.5 s · 2^failures)
 *     second              ···--m3--|         a received message resets failures to 0
 *     output  --m1--m2---------m3--|         closed with 1000: completes; with 45xx: ClosedError with the reason
 *                                            that the other end sent
 *
 * Messages of an unknown type are ignored.
 */
export function connect<T>(url: string, options: ConnectOptions<T>): Observable<T> {
  const { parse, protocol = subprotocol, opened, down, random = Math.random, scheduler } = options;
  const staleAfter = renamedOption(options, 'staleAfter', 'silence');
  const stale = () => throwError(() => new ClosedError(closeCodes.silent, `no message for ${staleAfter} ms`));
  const canRetry = options.mayRetry ?? mayRetry;
  return defer(() => {
    let failures = 0;
    const wait = (error: unknown) => {
      if (!(error instanceof ClosedError) || !canRetry(error.code)) return throwError(() => error);
      const ms = random() * Math.min(30_000, 500 * 2 ** failures++);
      down?.({ code: error.code, sentence: error.message, wait: ms });
      return timer(ms, scheduler);
    };
    const events = openSocket(url, protocol ?? undefined);
    const live = staleAfter === undefined ? events : events.pipe(timeout({ each: staleAfter, with: stale, scheduler }));
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
