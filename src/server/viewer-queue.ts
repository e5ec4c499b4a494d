import { closeCodes } from '../protocol/close-codes.ts';
import { ProtocolError } from '../protocol/protocol-error.ts';
import type { WatchText } from '../protocol/watch-message.ts';
import type { BoundedSocket } from './bounded-socket.ts';
import { SendWindow } from './send-window.ts';
import { SubscriptionQueue } from './subscription-queue.ts';

/** Limits of the queue of a viewer. */
export interface ViewerQueueOptions {
  /** Maximum size of blocks and notes in bytes; the oldest are dropped. Default: 1 MiB. */
  maxQueued?: number;
  /**
   * Maximum number of messages that must not be dropped; beyond it the connection is closed with 4008. Default: 256.
   */
  maxControl?: number;
}

/**
 * The bounded send queue of a viewer. Control messages are sent first and never dropped. Of messages that a newer one
 * replaces (the list of streams, health), only the latest is kept. Blocks wait in the queue of their subscription; the
 * oldest are dropped and reported. Messages are passed to the socket only while it is writable, and while earlier ones arrive in
 * time, if the viewer acknowledges them (`SendWindow`).
 */
export class ViewerQueue {
  readonly #socket: BoundedSocket;
  readonly #maxQueued: number;
  readonly #maxControl: number;
  readonly #control: string[] = [];
  readonly #latest = new Map<string, WatchText>();
  readonly #subscriptions = new Map<number, SubscriptionQueue>();
  readonly #window = new SendWindow();
  #timer: NodeJS.Timeout | undefined;

  constructor(link: BoundedSocket, { maxQueued = 1 << 20, maxControl = 256 }: ViewerQueueOptions = {}) {
    this.#socket = link;
    this.#maxQueued = maxQueued;
    this.#maxControl = maxControl;
    link.drained = () => {
      this.flush();
    };
  }

  /** Size of the queued blocks and notes in bytes. */
  get queued(): number {
    let bytes = 0;
    for (const { bytes: waiting } of this.#subscriptions.values()) bytes += waiting;
    return bytes;
  }

  /** How long the oldest message that the viewer has not acknowledged has been on its way, in ms; undefined without acknowledgments. */
  get behind(): number | undefined {
    return this.#window.behind(performance.now());
  }

  /**
   * Records that the viewer has received the first `received` messages, and sends more.
   * @throws ProtocolError if so many have not been sent
   */
  acknowledge(received: number): void {
    if (received > this.#window.sent)
      throw new ProtocolError(
        'bad-count',
        `received must be at most ${this.#window.sent}, the number of messages sent, got ${received}`,
      );
    this.#window.acknowledge(received, performance.now());
    this.flush();
  }

  /** Queues a message that must not be dropped. */
  send(message: WatchText): void {
    this.#control.push(JSON.stringify(message));
    if (this.#control.length > this.#maxControl) this.#socket.close(closeCodes.tooSlow, 'The connection is too slow.');
    else this.flush();
  }

  /** Queues a message in place of a queued one with the same key, by default its type. */
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

  /** Sends queued messages while there is room on the way to the viewer, then drops what exceeds the limits. */
  flush(): void {
    while (this.#canSend) {
      const message = this.#next();
      if (message === undefined) break;
      this.#window.send(message.length, performance.now());
      this.#socket.send(message);
    }
    while (this.queued > this.#maxQueued) this.#fullest().drop();
    if (!this.#window.isOpen) for (const queue of this.#subscriptions.values()) queue.dropOld(performance.now());
    this.#schedule();
  }

  get #canSend(): boolean {
    return this.#socket.writable && this.#window.isOpen;
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
    return [...this.#subscriptions.values()].reduce((fullest, queue) =>
      queue.bytes > fullest.bytes ? queue : fullest,
    );
  }

  /** Schedules the next flush for when a subscription is due; a full socket flushes when it drains. */
  #schedule(): void {
    clearTimeout(this.#timer);
    if (!this.#canSend) return;
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
