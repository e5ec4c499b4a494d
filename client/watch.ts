import { Observable } from 'rxjs';
import { connect } from '../src/operators/connect.ts';
import type { Link } from '../src/operators/connect.ts';
import {
  type AlarmControl,
  type Learning,
  type MaintenanceRequest,
  parseWatch,
  type Remove,
  type Watchable,
  type WatchMessage,
  type WatchRequest,
} from '../src/protocol/index.ts';

export interface WatchOptions {
  /** The stream to watch; every stream there is when neither this nor `streams` is said. */
  stream?: string;
  /** The names of the streams to watch, as they change. */
  streams?: Observable<readonly string[]>;
  /** What of them; nothing but the list and the health of the streams when nothing is said. */
  what?: readonly Watchable[];
  /** Messages a second, for each kind; 30 when nothing is said. */
  maxHz?: number;
  /** Whether what the server still has of a stream comes first. */
  recent?: boolean;
  /** Changes to learners, sent as they come. */
  learning?: Observable<Omit<Learning, 'type'>>;
  /** Whether alarms of all streams are told, and what happens to them. */
  alarms?: boolean;
  /** What is to be done with alarms and with streams that have ended, sent as it comes. */
  deeds?: Observable<AlarmControl | MaintenanceRequest | Remove>;
}

/** The connection stands, or will be dialled again after `wait` ms. */
export type ConnectionMessage =
  | { readonly type: 'connection'; readonly open: true }
  | { readonly type: 'connection'; readonly open: false; readonly sentence: string; readonly wait: number };

/** A message, with the name of the stream that it belongs to where it belongs to one. */
export type Watched = (WatchMessage & { readonly stream?: string }) | ConnectionMessage;

/**
 * What a Tapline server tells a viewer, decoded. Connects on subscription, again and again until unsubscribed; subscribes
 * to streams as they come, and anew after each connection; one that brings nothing for 30 s is taken for dead. Errors
 * when the server refuses for good (close code 4500-4999).
 *
 *     connection(open) streams subscribed block block loss … connection(closed, wait) … connection(open) streams …
 *
 * `url` may be relative to the page, and http: for ws:.
 */
export function watch(url: string | URL, options: WatchOptions = {}): Observable<Watched> {
  return new Observable<Watched>((subscriber) => {
    const names = new Map<number, string>();
    let link: Link | undefined;
    let there: readonly string[] = [];
    let wanted: readonly string[] | undefined = options.streams ? [] : options.stream ? [options.stream] : undefined;
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
      const now = there.filter((name) => wanted?.includes(name) ?? true);
      for (const [id, name] of names) {
        if (now.includes(name)) continue;
        names.delete(id);
        if (there.includes(name)) send({ type: 'unsubscribe', id });
      }
      now.filter((name) => !watched.has(name)).forEach(subscribe);
    };
    const messages = connect<WatchMessage>(socketUrl(url), {
      parse: parseWatch,
      staleAfter: 30_000,
      opened: (opened) => {
        link = opened;
        names.clear();
        if (options.alarms) send({ type: 'alarms', on: true });
        subscriber.next({ type: 'connection', open: true });
      },
      down: ({ sentence, wait }) => {
        link = undefined;
        subscriber.next({ type: 'connection', open: false, sentence, wait });
      },
    });
    const subscription = messages.subscribe({
      next: (message) => {
        if ('id' in message) {
          const stream = names.get(message.id);
          if (stream !== undefined) subscriber.next({ ...message, stream });
          return;
        }
        if (message.type === 'streams') {
          there = message.streams.map(({ name }) => name);
          reconcile();
        }
        subscriber.next(message);
      },
      error: (error) => subscriber.error(error),
      complete: () => subscriber.complete(),
    });
    subscription.add(
      options.streams?.subscribe((streams) => {
        wanted = streams;
        reconcile();
      }),
    );
    subscription.add(options.learning?.subscribe((learning) => send({ type: 'learning', ...learning })));
    subscription.add(options.deeds?.subscribe(send));
    return subscription;
  });
}

function socketUrl(url: string | URL): string {
  const base = typeof location === 'undefined' ? undefined : location.href;
  const whole = new URL(url, base);
  whole.protocol = whole.protocol.replace('http', 'ws');
  return whole.href;
}
