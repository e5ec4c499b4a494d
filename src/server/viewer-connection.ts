import { Subscription } from 'rxjs';
import type { WebSocket } from 'ws';
import { closeCodes } from '../protocol/close-codes.ts';
import { ProtocolError } from '../protocol/protocol-error.ts';
import { parseWatchRequestInSlices, type Subscribe, type WatchRequest } from '../protocol/watch-request.ts';
import { forwardAlarms, forwardFeed } from './subscription.ts';
import type { Feed } from './feed.ts';
import { HistoryRequests } from './history-requests.ts';
import { BoundedSocket } from './bounded-socket.ts';
import { MessageInbox } from './message-inbox.ts';
import type { ConnectionOptions } from './sensor-connection.ts';
import type { StreamRegistry } from './stream-registry.ts';
import type { HealthMessage } from '../protocol/watch-message.ts';
import type { SendRound } from './send-round.ts';
import { ViewerQueue } from './viewer-queue.ts';
import type { Task } from './work-scheduler.ts';

/** Cost in ns of a request, of an acknowledgment, of a request that sends recent data, and of one that starts a learner. */
const requestCost = 100_000;
const ackCost = 10_000;
const recentCost = 1_500_000;
const learnerCost = 4_000_000;
/** Maximum number of subscriptions per connection. */
const maxSubscriptions = 64;
/** Number of invalid messages in a row after which a connection is closed. */
const maxBadMessages = 64;

/** The connection of a viewer: sends the list of streams and the subscribed data, and handles its requests. */
export class ViewerConnection {
  readonly #socket: BoundedSocket;
  readonly #queue: ViewerQueue;
  readonly #registry: StreamRegistry;
  readonly #subscriptions = new Map<number, Subscription>();
  readonly #changes: Subscription;
  readonly #history: HistoryRequests;
  #alarms = new Subscription();
  #badMessages = 0;

  /** @param round sends the data of all viewers */
  constructor(socket: WebSocket, { registry, limits, scheduler, maxSlowed }: ConnectionOptions, round: SendRound) {
    this.#socket = new BoundedSocket(socket);
    this.#queue = new ViewerQueue(this.#socket, { round });
    this.#registry = registry;
    this.#history = new HistoryRequests(registry, {
      ready: () => !this.#queue.isWaiting,
      send: (message) => {
        this.#queue.send(message);
      },
    });
    const { drained } = this.#socket;
    this.#socket.drained = () => {
      drained();
      this.#history.next();
    };
    this.#changes = registry.listed.subscribe((message) => {
      this.#queue.replace(message);
    });
    new MessageInbox(socket, {
      scheduler,
      limits,
      maxSlowed,
      tooFast: () => {
        this.#socket.close(closeCodes.tooFast, 'The requests arrive faster than they are processed.');
      },
      process: (read) => this.#receive(read),
      ended: () => {},
    });
    socket.on('close', () => {
      this.#changes.unsubscribe();
      this.#alarms.unsubscribe();
      this.#history.close();
      for (const subscription of this.#subscriptions.values()) subscription.unsubscribe();
      this.#queue.close();
    });
    this.#list();
  }

  /** Sends the health of the streams; called once per second. */
  tick(health: HealthMessage): void {
    const { behind } = this.#queue;
    this.#queue.replace(behind === undefined ? health : { ...health, behind: Math.round(behind) });
  }

  #list(): void {
    this.#queue.replace({ type: 'streams', streams: this.#registry.streams });
  }

  *#receive(read: () => string | Uint8Array): Task {
    if (!this.#socket.open) return;
    try {
      const request = yield* parseWatchRequestInSlices(read());
      yield costOf(request);
      if (this.#socket.open) this.#handle(request);
      this.#badMessages = 0;
    } catch (error) {
      if (!(error instanceof ProtocolError)) {
        this.#registry.log(`viewer: ${String(error)}`);
        this.#socket.close(closeCodes.failed, 'Internal server error. See the server log.');
        return;
      }
      const { code, message, id } = error;
      this.#queue.send({ type: 'error', code, message, ...(id !== undefined && { id }) });
      if (++this.#badMessages >= maxBadMessages)
        this.#socket.close(
          closeCodes.badMessage,
          `${maxBadMessages} invalid messages in a row. The last: ${error.message}`,
        );
    }
  }

  #handle(request: WatchRequest): void {
    const { alarmService } = this.#registry;
    if (request.type === 'subscribe') this.#subscribe(request, this.#feed(request.stream));
    else if (request.type === 'learning') this.#feed(request.stream).control(request);
    else if (request.type === 'learner') this.#registry.changeLearners(this.#feed(request.stream), request);
    else if (request.type === 'remove') this.#remove(this.#feed(request.stream));
    else if (request.type === 'history') this.#history.add(request);
    else if (request.type === 'ack') {
      this.#queue.acknowledge(request.received);
      this.#history.next();
    } else if (request.type === 'alarms') {
      this.#alarms.unsubscribe();
      if (request.on) this.#alarms = forwardAlarms(alarmService, this.#queue);
    } else if (request.type === 'maintenance') alarmService.setMaintenance(request, Date.now());
    else if (request.type === 'alarm') {
      if (!alarmService.control(request, Date.now()))
        throw new ProtocolError('no-alarm', `alarm must be the id of an alarm, got ${request.alarm}`);
    } else {
      if (!this.#subscriptions.has(request.id))
        throw new ProtocolError('no-id', `id must be the id of a subscription, got ${request.id}`);
      this.#subscriptions.get(request.id)?.unsubscribe();
    }
  }

  #feed(name: string): Feed {
    const feed = this.#registry.feed(name);
    if (!feed) throw new ProtocolError('unknown-stream', `stream must be the name of a listed stream, got ${name}`);
    return feed;
  }

  #remove({ name, live, isReceiving }: Feed): void {
    if (live || isReceiving)
      throw new ProtocolError('live-stream', `stream must be a stream that has ended, got ${name}`);
    this.#registry.remove(name);
  }

  #subscribe(request: Subscribe, feed: Feed): void {
    const { id, maxHz = 30 } = request;
    if (this.#subscriptions.has(id)) throw new ProtocolError('same-id', `id must not be in use, got ${id}`);
    if (this.#subscriptions.size >= maxSubscriptions)
      throw new ProtocolError(
        'too-many-subscriptions',
        `subscriptions must be at most ${maxSubscriptions}, got ${this.#subscriptions.size + 1}`,
      );
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

function costOf(request: WatchRequest): number {
  if (request.type === 'ack') return ackCost;
  if (request.type === 'subscribe' && request.recent) return recentCost;
  return request.type === 'learner' ? learnerCost : requestCost;
}
