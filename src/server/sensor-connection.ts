import { closeCodes } from '../protocol/close-codes.ts';
import { addressWarnings, helloOf, requiresFreeName, streamOf } from '../protocol/ingest-address.ts';
import type { IngestReply } from '../protocol/ingest-reply.ts';
import { type IngestMessage, parseIngestList } from '../protocol/ingest.ts';
import type { Limits } from '../protocol/limits.ts';
import { ProtocolError } from '../protocol/protocol-error.ts';
import { BoundedSocket, readMessage } from './bounded-socket.ts';
import { SensorSession, StreamUnavailable } from './sensor-session.ts';
import type { StreamRegistry, Sensor } from './stream-registry.ts';
import type { WebSocket } from 'ws';

/** Number of invalid messages in a row after which a connection is closed. */
const maxBadMessages = 64;

/** The connection of a sensor: validates its messages, publishes its stream, and acknowledges its frames. */
export class SensorConnection implements Sensor {
  readonly #socket: BoundedSocket;
  readonly #registry: StreamRegistry;
  readonly #limits: Limits;
  readonly #acks: AckScheduler;
  #name = '';
  /** Undefined if the address is invalid. */
  #session: SensorSession | undefined;
  #badMessages = 0;

  constructor(socket: WebSocket, url: URL, registry: StreamRegistry, limits: Limits) {
    this.#socket = new BoundedSocket(socket, { high: 64 << 10 });
    this.#registry = registry;
    this.#limits = limits;
    this.#acks = new AckScheduler(() => {
      const feed = this.#session?.feed;
      if (feed && this.#socket.writable) this.#send({ type: 'ack', received: feed.next, durable: 0 });
    });
    socket.on('message', (data, isBinary) => {
      this.#guard(() => {
        this.#receive(parseIngestList(readMessage(data, isBinary), this.#limits));
        this.#badMessages = 0;
      });
    });
    socket.on('close', (code, reason) => {
      this.#acks.stop();
      const end = { code, ...(reason.length > 0 && { reason: reason.toString() }) };
      this.#registry.leave(this.#name, this, code === closeCodes.done || code === closeCodes.goingAway, end);
    });
    this.#guard(() => {
      this.#readAddress(url);
    }, url);
  }

  /** Acknowledges even without new frames, so that the sensor can detect a dead connection. */
  keepAlive(): void {
    if (this.#session?.feed) this.#acks.schedule();
  }

  close(code: number, sentence: string): void {
    this.#socket.close(code, sentence);
  }

  #readAddress({ pathname, searchParams }: URL): void {
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
    session.describe(hello);
    for (const message of addressWarnings(searchParams)) this.#send({ type: 'warning', message });
  }

  #receive(messages: readonly IngestMessage[]): void {
    this.#session?.receive(messages);
    if (messages.some(({ type }) => type === 'samples' || type === 'gap')) this.#acks.schedule();
  }

  /** Calls `work`. An error is sent to the sensor; one in its address closes the connection. */
  #guard(work: () => void, address?: URL): void {
    if (!this.#socket.open) return;
    try {
      work();
    } catch (error) {
      if (error instanceof StreamUnavailable) this.close(error.code, error.message);
      else if (!(error instanceof ProtocolError)) this.#fail(error);
      else if (address) this.#rejectAddress(error, address);
      else this.#rejectMessage(error);
    }
  }

  #rejectAddress(error: ProtocolError, url: URL): void {
    this.#sendError(error);
    if (this.#name !== '') this.#registry.reject(this.#name, error);
    this.close(closeOf(error, url), error.message);
  }

  #rejectMessage(error: ProtocolError): void {
    this.#sendError(error);
    this.#registry.reject(this.#name, error);
    if (error.code === 'too-many-channels') this.close(closeCodes.tooMany, error.message);
    else if (++this.#badMessages >= maxBadMessages)
      this.close(closeCodes.badMessage, `${maxBadMessages} invalid messages in a row. The last: ${error.message}`);
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
  if (error.code === 'too-many-channels') return closeCodes.tooMany;
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
