import { closeCodes } from '../protocol/close-codes.ts';
import { ProtocolError } from '../protocol/protocol-error.ts';
import type { WatchText } from '../protocol/watch-message.ts';
import type { BoundedSocket } from './bounded-socket.ts';
import { type RoundMember, SendRound } from './send-round.ts';
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
  /** Sends the data of all viewers. Default: each queue sends its own. */
  round?: SendRound;
}

/**
 * The bounded send queue of a viewer. Control messages are sent first and never dropped. Of messages that a newer one
 * replaces (the list of streams, health), only the latest is kept. Blocks wait in the queue of their subscription; the
 * oldest are dropped and reported. Messages are passed to the socket only while it is writable, and while earlier ones arrive in
 * time, if the viewer acknowledges them (`SendWindow`).
 */
export class ViewerQueue implements RoundMember {
  readonly #socket: BoundedSocket;
  readonly #maxQueued: number;
  readonly #maxControl: number;
  readonly #control: string[] = [];
  readonly #latest = new Map<string, WatchText | (() => WatchText)>();
  readonly #subscriptions = new Map<number, SubscriptionQueue>();
  readonly #window = new SendWindow();
  readonly #round: SendRound;
  /** Whether messages wait for room in the send buffer. */
  #isBlocked = false;
  #isClosed = false;
  #timer: NodeJS.Timeout | undefined;

  constructor(
    link: BoundedSocket,
    { maxQueued = 1 << 20, maxControl = 256, round = new SendRound() }: ViewerQueueOptions = {},
  ) {
    this.#round = round;
    this.#socket = link;
    this.#maxQueued = maxQueued;
    this.#maxControl = maxControl;
    link.drained = () => {
      if (this.#isBlocked) this.flush();
    };
  }

  /** Size of the queued blocks and notes in bytes. */
  get queued(): number {
    let bytes = 0;
    for (const { bytes: waiting } of this.#subscriptions.values()) bytes += waiting;
    return bytes;
  }

  /** Whether a message that must not be dropped waits. */
  get isWaiting(): boolean {
    return this.#control.length > 0;
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

  /** Number of queued messages that newer ones can replace. */
  get replaceable(): number {
    return this.#latest.size;
  }

  /** Queues a message, made when it is sent, in place of all queued ones whose keys start with a prefix. */
  replaceAll(prefix: string, key: string, make: () => WatchText): void {
    for (const queued of this.#latest.keys()) if (queued.startsWith(prefix)) this.#latest.delete(queued);
    this.#latest.set(key, make);
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
    this.take()();
  }

  /** Sends them together with those of other viewers. */
  flushSoon(): void {
    this.#round.add(this);
  }

  take(): () => void {
    const messages: (string | Uint8Array)[] = [];
    let bytes = 0;
    const now = performance.now();
    while (!this.#isClosed && this.#canSend(bytes)) {
      const message = this.#next(now);
      if (message === undefined) break;
      this.#window.send(message.length, now);
      bytes += message.length;
      messages.push(message);
    }
    this.#isBlocked = !this.#socket.hasRoom(bytes);
    if (this.queued > this.#maxQueued) this.#dropFullest();
    if (!this.#window.isOpen) for (const queue of this.#subscriptions.values()) queue.dropOld(now);
    this.#schedule(now, bytes);
    return () => {
      for (const message of messages) this.#socket.send(message);
    };
  }

  /** @param taken bytes that are about to be sent */
  #canSend(taken: number): boolean {
    return this.#window.isOpen && this.#socket.hasRoom(taken);
  }

  #dropFullest(): void {
    while (this.queued > this.#maxQueued) this.#fullest().drop();
  }

  close(): void {
    this.#isClosed = true;
    clearTimeout(this.#timer);
    this.#subscriptions.clear();
    this.#control.length = 0;
  }

  #next(now: number): string | Uint8Array | undefined {
    const control = this.#control.shift();
    if (control !== undefined) return control;
    for (const [type, message] of this.#latest) {
      this.#latest.delete(type);
      return textOf(typeof message === 'function' ? message() : message);
    }
    for (const [id, queue] of this.#subscriptions) {
      const message = queue.next(now);
      if (message === undefined) continue;
      if (this.#subscriptions.size > 1) {
        this.#subscriptions.delete(id);
        this.#subscriptions.set(id, queue);
      }
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
  #schedule(now: number, taken: number): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    if (this.#isClosed || !this.#canSend(taken)) return;
    let due = Infinity;
    for (const queue of this.#subscriptions.values()) due = Math.min(due, queue.due);
    if (due === Infinity) return;
    this.#timer = setTimeout(
      () => {
        this.flushSoon();
      },
      Math.max(1, due - now),
    );
  }
}

/** The texts of the messages that were sent last, which viewers share. */
const texts = new WeakMap<WatchText, string>();

function textOf(message: WatchText): string {
  const known = texts.get(message);
  if (known !== undefined) return known;
  const text = JSON.stringify(message);
  texts.set(message, text);
  return text;
}
