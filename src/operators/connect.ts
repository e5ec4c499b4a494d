import { concatMap, defer, type Observable, retry, type SchedulerLike, throwError, timeout, timer } from 'rxjs';
import { closeCodes, mayRetry, subprotocol } from '../protocol/close-codes.ts';
import { ProtocolError } from '../protocol/protocol-error.ts';
import { ClosedError, dial, type Link } from './dial.ts';

/** A server tells viewers its health every second: after so many ms without a message their connection is dead. */
export const watchSilence = 30_000;

/** A connection that ended, and when the next one is dialled. */
export interface Down {
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
  down?: (down: Down) => void;
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
    const dialled = dial(url, protocol ?? undefined);
    const live = silence === undefined ? dialled : dialled.pipe(timeout({ each: silence, with: dead, scheduler }));
    return live.pipe(
      concatMap((event): T[] => {
        if (event.type === 'open') {
          opened?.(event.link);
          return [];
        }
        failures = 0;
        const message = known(() => parse(event.data));
        return message === undefined ? [] : [message];
      }),
      retry({ delay: wait }),
    );
  });
}

function known<T>(parse: () => T | undefined): T | undefined {
  try {
    return parse();
  } catch (error) {
    if (error instanceof ProtocolError && error.code === 'unknown-type') return undefined;
    throw error;
  }
}
