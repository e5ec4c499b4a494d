import { closeCodes } from '../protocol/close-codes.ts';
import type { WatchText } from '../protocol/watch-message.ts';
import type { BoundedSocket } from './bounded-socket.ts';
import { SubscriptionQueue } from './subscription-queue.ts';

/** How much may wait for one viewer. */
export interface ViewerQueueOptions {
  /** Bytes of blocks and notes; beyond it the oldest are left out. Default 1 MiB. */
  maxQueued?: number;
  /** Messages that must not be left out; beyond it the viewer is closed with 4008. Default 256. */
  maxControl?: number;
}

/**
 * The bounded queue of one viewer. Control messages come first and are never left out; of what is replaced by a newer
 * one (the list of streams, health) only the latest waits; blocks wait in their subscription, the oldest left out and
 * told. Nothing is handed to the socket while more than its high mark waits there.
 */
export class ViewerQueue {
  readonly #socket: BoundedSocket;
  readonly #maxQueued: number;
  readonly #maxControl: number;
  readonly #control: string[] = [];
  readonly #latest = new Map<string, WatchText>();
  readonly #subscriptions = new Map<number, SubscriptionQueue>();
  #timer: NodeJS.Timeout | undefined;

  constructor(link: BoundedSocket, { maxQueued = 1 << 20, maxControl = 256 }: ViewerQueueOptions = {}) {
    this.#socket = link;
    this.#maxQueued = maxQueued;
    this.#maxControl = maxControl;
    link.drained = () => {
      this.flush();
    };
  }

  /** Bytes of blocks and notes that wait here. */
  get queued(): number {
    let bytes = 0;
    for (const { bytes: waiting } of this.#subscriptions.values()) bytes += waiting;
    return bytes;
  }

  /** Queues a message that must not be left out. */
  send(message: WatchText): void {
    this.#control.push(JSON.stringify(message));
    if (this.#control.length > this.#maxControl)
      this.#socket.close(closeCodes.tooSlow, 'too slow for too long: messages that must not be left out are waiting');
    else this.flush();
  }

  /** Queues a message in place of the last one of its key, by default its type. */
  replace(message: WatchText, key: string = message.type): void {
    this.#latest.delete(key);
    this.#latest.set(key, message);
    this.flush();
  }

  subscribe(id: number, maxHz: number): SubscriptionQueue {
    const queue = new SubscriptionQueue(id, maxHz);
    this.#subscriptions.set(id, queue);
    return queue;
  }

  unsubscribe(id: number): void {
    this.#subscriptions.delete(id);
  }

  /** Sends what there is room for; call it after something was queued. */
  flush(): void {
    while (this.#socket.writable) {
      const message = this.#next();
      if (message === undefined) break;
      this.#socket.send(message);
    }
    while (this.queued > this.#maxQueued) this.#fullest().drop();
    this.#schedule();
  }

  close(): void {
    clearTimeout(this.#timer);
    this.#subscriptions.clear();
    this.#control.length = 0;
  }

  #next(): string | Uint8Array | undefined {
    const control = this.#control.shift();
    if (control !== undefined) return control;
    for (const [type, message] of this.#latest) {
      this.#latest.delete(type);
      return JSON.stringify(message);
    }
    const now = performance.now();
    for (const [id, queue] of this.#subscriptions) {
      const message = queue.next(now);
      if (message === undefined) continue;
      this.#subscriptions.delete(id);
      this.#subscriptions.set(id, queue);
      return message;
    }
    return undefined;
  }

  #fullest(): SubscriptionQueue {
    return [...this.#subscriptions.values()].reduce((most, queue) => (queue.bytes > most.bytes ? queue : most));
  }

  /** Wakes when the next subscription has its turn; while the socket is full its draining wakes us. */
  #schedule(): void {
    clearTimeout(this.#timer);
    if (!this.#socket.writable) return;
    let due = Infinity;
    for (const queue of this.#subscriptions.values()) due = Math.min(due, queue.due);
    if (due === Infinity) return;
    this.#timer = setTimeout(
      () => {
        this.flush();
      },
      Math.max(1, due - performance.now()),
    );
  }
}
