import { auditTime, Subscription } from 'rxjs';
import type { RawData, WebSocket } from 'ws';
import { closeCodes } from '../protocol/close-codes.ts';
import { ProtocolError } from '../protocol/protocol-error.ts';
import { parseWatchRequest, type Subscribe, type WatchRequest } from '../protocol/watch-request.ts';
import { forwardAlarms } from './subscription.ts';
import type { Feed } from './feed.ts';
import { BoundedSocket } from './bounded-socket.ts';
import type { StreamRegistry } from './stream-registry.ts';
import { readMessage } from './bounded-socket.ts';
import { forwardFeed } from './subscription.ts';
import { ViewerQueue } from './viewer-queue.ts';

/** Subscriptions of one connection. */
const most = 64;
/** Bad messages in a row after which a connection is closed. */
const patience = 64;

/** One viewer's connection: lists the streams, and sends it what it subscribes to. */
export class ViewerConnection {
  readonly #socket: BoundedSocket;
  readonly #queue: ViewerQueue;
  readonly #registry: StreamRegistry;
  readonly #subscriptions = new Map<number, Subscription>();
  readonly #changes: Subscription;
  #alarms = new Subscription();
  #badMessages = 0;

  constructor(socket: WebSocket, hub: StreamRegistry) {
    this.#socket = new BoundedSocket(socket);
    this.#queue = new ViewerQueue(this.#socket);
    this.#registry = hub;
    this.#changes = hub.changed.pipe(auditTime(20)).subscribe(() => {
      this.#list();
    });
    socket.on('message', (data, isBinary) => {
      this.#receive(data, isBinary);
    });
    socket.on('close', () => {
      this.#changes.unsubscribe();
      this.#alarms.unsubscribe();
      for (const subscription of this.#subscriptions.values()) subscription.unsubscribe();
      this.#queue.close();
    });
    this.#list();
  }

  /** Once a second: how the streams do. */
  tick(now: number): void {
    this.#queue.replace(this.#registry.health(now));
  }

  #list(): void {
    this.#queue.replace({ type: 'streams', streams: this.#registry.streams });
  }

  #receive(data: RawData, isBinary: boolean): void {
    if (!this.#socket.open) return;
    try {
      this.#handle(parseWatchRequest(readMessage(data, isBinary)));
      this.#badMessages = 0;
    } catch (error) {
      if (!(error instanceof ProtocolError)) {
        this.#registry.log(`viewer: ${String(error)}`);
        this.#socket.close(closeCodes.failed, 'the server failed to take a message; its log says why');
        return;
      }
      this.#queue.send({ type: 'error', code: error.code, message: error.message });
      if (++this.#badMessages >= patience)
        this.#socket.close(closeCodes.badMessage, `${patience} bad messages in a row, the last: ${error.message}`);
    }
  }

  #handle(request: WatchRequest): void {
    const { alarmService: desk } = this.#registry;
    if (request.type === 'subscribe') this.#subscribe(request, this.#feed(request.stream));
    else if (request.type === 'learning') this.#feed(request.stream).control(request);
    else if (request.type === 'remove') this.#remove(this.#feed(request.stream));
    else if (request.type === 'alarms') {
      this.#alarms.unsubscribe();
      if (request.on) this.#alarms = forwardAlarms(desk, this.#queue);
    } else if (request.type === 'maintenance') desk.setMaintenance(request, Date.now());
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
    const feed = this.#registry.feed(name);
    if (!feed) throw new ProtocolError('unknown-stream', `stream must be one of those listed, got ${name}`);
    return feed;
  }

  #remove({ name, live }: Feed): void {
    if (live) throw new ProtocolError('live-stream', `stream must be one that has ended, got ${name}`);
    this.#registry.remove(name);
  }

  #subscribe(request: Subscribe, feed: Feed): void {
    const { id, maxHz = 30 } = request;
    if (this.#subscriptions.has(id)) throw new ProtocolError('same-id', `id must be one not in use, got ${id}`);
    if (this.#subscriptions.size >= most)
      throw new ProtocolError('too-many-subscriptions', `subscriptions must be at most ${most}, got one more`);
    const queue = this.#queue.subscribe(id, maxHz);
    this.#queue.send({ type: 'subscribed', id, stream: feed.name, run: feed.run, next: feed.next });
    const subscription = forwardFeed(feed, request, queue, this.#queue);
    this.#subscriptions.set(id, subscription);
    subscription.add(() => {
      this.#queue.unsubscribe(id);
      this.#subscriptions.delete(id);
    });
    this.#queue.flush();
  }
}
