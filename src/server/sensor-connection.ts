import { closeCodes } from '../protocol/close-codes.ts';
import { addressWarnings, helloOf, requiresFreeName, streamOf } from '../protocol/ingest-address.ts';
import type { IngestReply } from '../protocol/ingest-reply.ts';
import { parseIngestInSlices } from '../protocol/ingest.ts';
import type { Limits } from '../protocol/limits.ts';
import { ProtocolError } from '../protocol/protocol-error.ts';
import { BoundedSocket } from './bounded-socket.ts';
import { MessageInbox } from './message-inbox.ts';
import { SensorSession, StreamUnavailable } from './sensor-session.ts';
import type { StreamRegistry, Sensor } from './stream-registry.ts';
import type { Task, WorkScheduler } from './work-scheduler.ts';
import type { WebSocket } from 'ws';

/** What all connections share. */
export interface ConnectionOptions {
  registry: StreamRegistry;
  limits: Limits;
  scheduler: WorkScheduler;
  /** Milliseconds for which a client may send faster than its messages are processed. */
  maxSlowed: number;
}

/** What a connection of a sensor needs. */
export interface SensorConnectionOptions extends ConnectionOptions {
  /** Called when the address or the stream is rejected. */
  rejected?: (code: number, sentence: string) => void;
}

/** Number of invalid messages in a row after which a connection is closed. */
const maxBadMessages = 64;

/** The connection of a sensor: validates its messages, publishes its stream, and acknowledges its frames. */
export class SensorConnection implements Sensor {
  readonly #socket: BoundedSocket;
  readonly #registry: StreamRegistry;
  readonly #limits: Limits;
  readonly #acks: AckScheduler;
  readonly #inbox: MessageInbox;
  readonly #rejected: (code: number, sentence: string) => void;
  #name = '';
  /** Undefined if the address is invalid. */
  #session: SensorSession | undefined;
  #badMessages = 0;

  constructor(
    socket: WebSocket,
    url: URL,
    { registry, limits, scheduler, maxSlowed, rejected = () => {} }: SensorConnectionOptions,
  ) {
    this.#rejected = rejected;
    this.#socket = new BoundedSocket(socket, { high: 64 << 10 });
    this.#registry = registry;
    this.#limits = limits;
    this.#acks = new AckScheduler(() => {
      const feed = this.#session?.feed;
      if (!feed || !this.#socket.writable) return;
      const lost = registry.takeLost(feed);
      if (lost !== undefined) this.#send({ type: 'warning', message: lost });
      this.#send({ type: 'ack', received: feed.next, durable: registry.durable(feed) });
      if (registry.isPending(feed)) this.#acks.schedule();
    });
    this.#inbox = new MessageInbox(socket, {
      scheduler,
      limits,
      maxSlowed,
      tooFast: () => {
        this.close(closeCodes.tooFast, 'The samples arrive faster than they are processed.');
      },
      process: (read) => this.#guard(() => this.#receive(read)),
      ended: (code, reason) => {
        this.#acks.stop();
        const end = { code, ...(reason !== '' && { reason }) };
        this.#registry.leave(this.#name, this, code === closeCodes.done || code === closeCodes.goingAway, end);
      },
    });
    this.#inbox.first(this.#guard(() => this.#readAddress(url), url));
  }

  /** Whether the stream is open, or is being opened. */
  get publishing(): boolean {
    return this.#session?.feed !== undefined || this.#inbox.isWorking;
  }

  /** Acknowledges even without new frames, so that the sensor can detect a dead connection. */
  keepAlive(): void {
    if (this.#session?.feed) this.#acks.schedule();
  }

  /** Drops all messages that have not been processed; the sensor sends them again. */
  drop(): void {
    this.#inbox.drop();
  }

  close(code: number, sentence: string): void {
    this.drop();
    this.#socket.close(code, sentence);
  }

  *#readAddress({ pathname, searchParams }: URL): Task {
    const name = streamOf(pathname);
    this.#name = name;
    const hello = helloOf(searchParams, this.#limits);
    const session = new SensorSession({
      name,
      sensor: this,
      registry: this.#registry,
      limits: this.#limits,
      reply: (reply) => {
        if (reply.type !== 'gap' || this.#socket.writable) this.#send(reply);
      },
    });
    session.onlyIfFree = requiresFreeName(searchParams);
    this.#session = session;
    yield* session.describe(hello);
    for (const message of addressWarnings(searchParams)) this.#send({ type: 'warning', message });
  }

  *#receive(read: () => string | Uint8Array): Task {
    const messages = yield* parseIngestInSlices(read(), this.#limits);
    if (!this.#session) return;
    yield* this.#session.receive(messages);
    this.#badMessages = 0;
    if (messages.some(({ type }) => type === 'samples' || type === 'gap')) this.#acks.schedule();
  }

  /** Performs a task. An error is sent to the sensor; one in its address closes the connection. */
  *#guard(work: () => Task, address?: URL): Task {
    try {
      yield* work();
    } catch (error) {
      if (error instanceof StreamUnavailable) this.#reject(error.code, error.message);
      else if (!(error instanceof ProtocolError)) this.#fail(error);
      else if (address) this.#rejectAddress(error, address);
      else this.#rejectMessage(error);
    }
  }

  #rejectAddress(error: ProtocolError, url: URL): void {
    this.#sendError(error);
    if (this.#name !== '') this.#registry.reject(this.#name, error);
    this.#reject(closeOf(error, url), error.message);
  }

  #rejectMessage(error: ProtocolError): void {
    this.#sendError(error);
    this.#registry.reject(this.#name, error);
    if (error.code === 'too-many-channels') this.close(closeCodes.tooManyChannels, error.message);
    else if (++this.#badMessages >= maxBadMessages)
      this.close(closeCodes.badMessage, `${maxBadMessages} invalid messages in a row. The last: ${error.message}`);
  }

  #reject(code: number, sentence: string): void {
    this.#rejected(code, sentence);
    this.close(code, sentence);
  }

  /** Handles an internal error: closes this connection only. */
  #fail(error: unknown): void {
    this.#registry.log(`stream ${this.#name}: ${String(error)}`);
    this.close(closeCodes.failed, 'Internal server error. See the server log.');
  }

  #sendError({ code, message }: ProtocolError): void {
    this.#send({ type: 'error', code, message });
  }

  #send(reply: IngestReply): void {
    this.#socket.send(JSON.stringify(reply));
  }
}

function closeOf(error: ProtocolError, url: URL): number {
  if (error.code === 'too-many-channels') return closeCodes.tooManyChannels;
  return error.code === 'bad-name' && !url.searchParams.has('for') ? closeCodes.badStreamName : closeCodes.badMessage;
}

/** Minimum time between two acknowledgments in ms. */
const interval = 250;

/** Schedules acknowledgments: immediately, then at most one every 250 ms; the last state is always acknowledged. */
export class AckScheduler {
  readonly #send: () => void;
  #timer: NodeJS.Timeout | undefined;
  #last = -Infinity;

  constructor(send: () => void) {
    this.#send = send;
  }

  /** Requests an acknowledgment. */
  schedule(): void {
    if (this.#timer) return;
    this.#timer = setTimeout(
      () => {
        this.#timer = undefined;
        this.#last = performance.now();
        this.#send();
      },
      Math.max(0, this.#last + interval - performance.now()),
    );
  }

  stop(): void {
    clearTimeout(this.#timer);
  }
}
