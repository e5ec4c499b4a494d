import { Observable } from 'rxjs';
import { connect, type Link } from '../src/operators/connect.ts';
import {
  type AlarmRequest,
  type HistoryRequest,
  type LearnerRequest,
  type LearningRequest,
  type MaintenanceRequest,
  parseWatch,
  type RemoveRequest,
  type Watchable,
  type WatchMessage,
  type WatchRequest,
} from '../src/protocol/index.ts';

/** Options of `watch`. */
export interface WatchOptions {
  /** Name of the stream to watch. Without `stream` and `streams`, all streams are watched. */
  stream?: string;
  /** Names of the streams to watch; each emission replaces the previous names. */
  streams?: Observable<readonly string[]>;
  /** Kinds of data to receive (default: only the list and the health of the streams). */
  what?: readonly Watchable[];
  /** Maximum messages per second of each kind (default: 30). */
  maxHz?: number;
  /** Whether to receive the recent data that the server holds first. */
  recent?: boolean;
  /** Changes to learners, sent to the server as they are emitted. */
  learning?: Observable<Omit<LearningRequest, 'type'>>;
  /** Whether to receive the alarms of all streams and their changes. */
  alarms?: boolean;
  /** Actions on alarms, on ended streams, and on the list of learners, sent to the server as they are emitted. */
  actions?: Observable<AlarmRequest | MaintenanceRequest | RemoveRequest | LearnerRequest>;
  /**
   * Requests for time spans of recorded streams. Each is answered by one message `history` or `error` with the same `id`; after a
   * reconnect, unanswered requests are sent again. An `id` can be used again after its answer.
   */
  history?: Observable<Omit<HistoryRequest, 'type'>>;
  /** @deprecated Use `actions`. */
  deeds?: Observable<AlarmRequest | MaintenanceRequest | RemoveRequest>;
}

/** The connection is open, or was lost and is retried after `wait` ms. */
export type ConnectionMessage =
  | {
      /** Message type. */
      readonly type: 'connection';
      /** The connection is open. */
      readonly open: true;
    }
  | {
      /** Message type. */
      readonly type: 'connection';
      /** The connection was lost. */
      readonly open: false;
      /** Reason, as sent by the server or reported by the WebSocket. */
      readonly reason: string;
      /** @deprecated Use `reason`. */
      readonly sentence: string;
      /** Time until the next attempt, in ms. */
      readonly wait: number;
    };

/** A message of the server, with the name of its stream if it belongs to one, or a change of the connection. */
export type Watched =
  | (WatchMessage & {
      /** Name of the stream that the message belongs to; absent if it concerns all streams. */
      readonly stream?: string;
    })
  | ConnectionMessage;

/**
 * Receives the messages of a Tapline server, decoded. Connects on subscription, and reconnects until unsubscribed, also if
 * nothing arrives for 30 s. Acknowledges messages, so that the server sends new data rather than old data if this end is too slow. Subscribes to new streams, and to all streams again after each reconnect. Fails if the server
 * rejects the connection permanently (close codes 4500 to 4999).
 *
 *     connection(open) streams subscribed block block loss … connection(closed, wait) … connection(open) streams …
 *
 * `url` may be relative to the page, and may start with http: or https: instead of ws: or wss:.
 */
export function watch(url: string | URL, options: WatchOptions = {}): Observable<Watched> {
  return new Observable<Watched>((subscriber) => {
    const names = new Map<number, string>();
    let link: Link | undefined;
    let available: readonly string[] = [];
    let wanted: readonly string[] | undefined = options.streams ? [] : options.stream ? [options.stream] : undefined;
    /** The requests of history that are not answered. */
    const asked = new Map<number, HistoryRequest>();
    let lastId = 0;
    const send = (request: WatchRequest): void => link?.send(JSON.stringify(request));
    const subscribe = (stream: string): void => {
      names.set(++lastId, stream);
      const { what = [], maxHz, recent } = options;
      send({
        type: 'subscribe',
        id: lastId,
        stream,
        what: [...what],
        ...(maxHz && { maxHz }),
        ...(recent && { recent }),
      });
    };
    const reconcile = (): void => {
      if (!link || !options.what?.length) return;
      const watched = new Set(names.values());
      const now = available.filter((name) => wanted?.includes(name) ?? true);
      for (const [id, name] of names) {
        if (now.includes(name)) continue;
        names.delete(id);
        if (available.includes(name)) send({ type: 'unsubscribe', id });
      }
      now.filter((name) => !watched.has(name)).forEach(subscribe);
    };
    const acks = new Acknowledgments((received) => {
      send({ type: 'ack', received });
    });
    const messages = connect<WatchMessage>(socketUrl(url), {
      parse: parseWatch,
      staleAfter: 30_000,
      opened: (opened) => {
        link = opened;
        acks.restart();
        names.clear();
        for (const request of asked.values()) send(request);
        if (options.alarms) send({ type: 'alarms', on: true });
        subscriber.next({ type: 'connection', open: true });
      },
      down: ({ sentence, wait }) => {
        link = undefined;
        subscriber.next({ type: 'connection', open: false, reason: sentence, sentence, wait });
      },
    });
    const subscription = messages.subscribe({
      next: (message) => {
        acks.count();
        if (message.type === 'history' || message.type === 'error') {
          const id = message.id ?? 0;
          const stream = asked.get(id)?.stream;
          asked.delete(id);
          subscriber.next({ ...message, ...(stream !== undefined && { stream }) });
          return;
        }
        if ('id' in message) {
          const stream = names.get(message.id);
          if (stream !== undefined) subscriber.next({ ...message, stream });
          return;
        }
        if (message.type === 'streams') {
          available = message.streams.map(({ name }) => name);
          reconcile();
        }
        subscriber.next(message);
      },
      error: (error) => subscriber.error(error),
      complete: () => subscriber.complete(),
    });
    subscription.add(() => {
      acks.stop();
    });
    subscription.add(
      options.streams?.subscribe((streams) => {
        wanted = streams;
        reconcile();
      }),
    );
    subscription.add(options.learning?.subscribe((learning) => send({ type: 'learning', ...learning })));
    subscription.add(
      options.history?.subscribe((query) => {
        const request: HistoryRequest = { type: 'history', ...query };
        asked.set(request.id, request);
        send(request);
      }),
    );
    subscription.add((options.actions ?? options.deeds)?.subscribe(send));
    return subscription;
  });
}

/** Minimum time between two acknowledgments in ms. */
const ackInterval = 100;

/** Acknowledges received messages, at most every 100 ms. */
class Acknowledgments {
  readonly #send: (received: number) => void;
  #received = 0;
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor(send: (received: number) => void) {
    this.#send = send;
  }

  /** Counts a message, which has been processed when the current task ends. */
  count(): void {
    this.#received++;
    this.#timer ??= setTimeout(() => {
      this.#timer = undefined;
      this.#send(this.#received);
    }, ackInterval);
  }

  /** Starts to count the messages of a new connection. */
  restart(): void {
    this.stop();
    this.#received = 0;
  }

  stop(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
  }
}

function socketUrl(url: string | URL): string {
  const base = typeof location === 'undefined' ? undefined : location.href;
  const absolute = new URL(url, base);
  absolute.protocol = absolute.protocol.replace('http', 'ws');
  return absolute.href;
}
