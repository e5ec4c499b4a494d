import { auditTime, Subscription } from 'rxjs';
import type { RawData, WebSocket } from 'ws';
import { closeCodes } from '../protocol/close-codes.ts';
import { ProtocolError } from '../protocol/protocol-error.ts';
import { parseWatchRequest, type Subscribe, type WatchRequest } from '../protocol/watch-request.ts';
import { forwardAlarms } from './alarm-subscription.ts';
import type { Feed } from './feed.ts';
import { GuardedSocket } from './guarded-socket.ts';
import type { Hub } from './hub.ts';
import { messageOf } from './raw-data.ts';
import { forward } from './subscription.ts';
import { Viewer } from './viewer.ts';

/** Subscriptions of one connection. */
const most = 64;
/** Bad messages in a row after which a connection is closed. */
const patience = 64;

/** One viewer's connection: lists the streams, and sends it what it subscribes to. */
export class WatchConnection {
  readonly #link: GuardedSocket;
  readonly #viewer: Viewer;
  readonly #hub: Hub;
  readonly #subscriptions = new Map<number, Subscription>();
  readonly #changes: Subscription;
  #alarms = new Subscription();
  #bad = 0;

  constructor(socket: WebSocket, hub: Hub) {
    this.#link = new GuardedSocket(socket);
    this.#viewer = new Viewer(this.#link);
    this.#hub = hub;
    this.#changes = hub.changed.pipe(auditTime(20)).subscribe(() => {
      this.#list();
    });
    socket.on('message', (data, isBinary) => {
      this.#take(data, isBinary);
    });
    socket.on('close', () => {
      this.#changes.unsubscribe();
      this.#alarms.unsubscribe();
      for (const subscription of this.#subscriptions.values()) subscription.unsubscribe();
      this.#viewer.close();
    });
    this.#list();
  }

  /** Once a second: how the streams do. */
  tick(now: number): void {
    this.#viewer.replace(this.#hub.health(now));
  }

  #list(): void {
    this.#viewer.replace({ type: 'streams', streams: this.#hub.streams });
  }

  #take(data: RawData, isBinary: boolean): void {
    if (!this.#link.open) return;
    try {
      this.#answer(parseWatchRequest(messageOf(data, isBinary)));
      this.#bad = 0;
    } catch (error) {
      if (!(error instanceof ProtocolError)) {
        this.#hub.log(`viewer: ${String(error)}`);
        this.#link.close(closeCodes.failed, 'the server failed to take a message; its log says why');
        return;
      }
      this.#viewer.tell({ type: 'error', code: error.code, message: error.message });
      if (++this.#bad >= patience)
        this.#link.close(closeCodes.badMessage, `${patience} bad messages in a row, the last: ${error.message}`);
    }
  }

  #answer(request: WatchRequest): void {
    const { desk } = this.#hub;
    if (request.type === 'subscribe') this.#subscribe(request, this.#feed(request.stream));
    else if (request.type === 'learning') this.#feed(request.stream).control(request);
    else if (request.type === 'remove') this.#remove(this.#feed(request.stream));
    else if (request.type === 'alarms') {
      this.#alarms.unsubscribe();
      if (request.on) this.#alarms = forwardAlarms(desk, this.#viewer);
    } else if (request.type === 'maintenance') desk.maintain(request, Date.now());
    else if (request.type === 'alarm') {
      if (!desk.control(request, Date.now()))
        throw new ProtocolError('no-alarm', `alarm must be the id of an alarm, got ${request.alarm}`);
    } else {
      if (!this.#subscriptions.has(request.id))
        throw new ProtocolError('no-id', `id must be that of a subscription, got ${request.id}`);
      this.#subscriptions.get(request.id)?.unsubscribe();
    }
  }

  #feed(name: string): Feed {
    const feed = this.#hub.feed(name);
    if (!feed) throw new ProtocolError('unknown-stream', `stream must be one of those listed, got ${name}`);
    return feed;
  }

  #remove({ name, live }: Feed): void {
    if (live) throw new ProtocolError('live-stream', `stream must be one that has ended, got ${name}`);
    this.#hub.remove(name);
  }

  #subscribe(request: Subscribe, feed: Feed): void {
    const { id, maxHz = 30 } = request;
    if (this.#subscriptions.has(id)) throw new ProtocolError('same-id', `id must be one not in use, got ${id}`);
    if (this.#subscriptions.size >= most)
      throw new ProtocolError('too-many-subscriptions', `subscriptions must be at most ${most}, got one more`);
    const queue = this.#viewer.subscribe(id, maxHz);
    this.#viewer.tell({ type: 'subscribed', id, stream: feed.name, run: feed.run, next: feed.next });
    const subscription = forward(feed, request, queue, this.#viewer);
    this.#subscriptions.set(id, subscription);
    subscription.add(() => {
      this.#viewer.unsubscribe(id);
      this.#subscriptions.delete(id);
    });
    this.#viewer.pump();
  }
}
