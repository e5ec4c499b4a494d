import { closeCodes, subprotocol } from '../protocol/close-codes.ts';
import type { ChannelInfo } from '../protocol/fields.ts';
import { addressWarnings, helloOf, labelWarning, requiresFreeName, streamOf } from '../protocol/ingest-address.ts';
import type { IngestReply } from '../protocol/ingest-reply.ts';
import { type Hello, type IngestMessage, parseIngest, readChannels } from '../protocol/ingest.ts';
import type { Limits } from '../protocol/limits.ts';
import { ProtocolError } from '../protocol/protocol-error.ts';
import { inOrder } from '../protocol/named-samples.ts';
import type { Samples } from '../protocol/samples.ts';
import { BoundedSocket, readMessage } from './bounded-socket.ts';
import type { Feed, Opening } from './feed.ts';
import type { StreamRegistry, Sensor } from './stream-registry.ts';
import type { RawData, WebSocket } from 'ws';

/** Number of invalid messages in a row after which a connection is closed. */
const maxBadMessages = 64;

/** The connection of a sensor: validates its messages, opens its stream, and acknowledges its frames. */
export class SensorConnection implements Sensor {
  readonly #socket: BoundedSocket;
  readonly #registry: StreamRegistry;
  readonly #limits: Limits;
  readonly #acks: AckScheduler;
  #name = '';
  /** Description of the stream so far, from the address and from hello messages. */
  #hello: Hello = { type: 'hello' };
  #feed: Feed | undefined;
  /** Whether this sensor must not replace a connected one. */
  #onlyIfFree = false;
  #badMessages = 0;

  constructor(socket: WebSocket, url: URL, registry: StreamRegistry, limits: Limits) {
    this.#socket = new BoundedSocket(socket, { high: 64 << 10 });
    this.#registry = registry;
    this.#limits = limits;
    this.#acks = new AckScheduler(() => {
      if (this.#feed && this.#socket.writable) this.#send({ type: 'ack', received: this.#feed.next, durable: 0 });
    });
    socket.on('message', (data, isBinary) => {
      this.#guard(() => {
        this.#receive(data, isBinary);
      });
    });
    socket.on('close', (code) => {
      this.#acks.stop();
      this.#registry.leave(this.#name, this, code === closeCodes.done || code === closeCodes.goingAway);
    });
    this.#readAddress(url);
  }

  /** Acknowledges even without new frames, so that the sensor can detect a dead connection. */
  keepAlive(): void {
    if (this.#feed) this.#acks.schedule();
  }

  close(code: number, sentence: string): void {
    this.#socket.close(code, sentence);
  }

  /** Reads the address; an invalid address closes the connection. */
  #readAddress(url: URL): void {
    try {
      this.#name = streamOf(url.pathname);
      this.#hello = helloOf(url.searchParams, this.#limits);
      this.#onlyIfFree = requiresFreeName(url.searchParams);
      if (this.#hello.channels) this.#open();
      else this.#closeIfTaken();
      for (const message of addressWarnings(url.searchParams)) this.#send({ type: 'warning', message });
    } catch (error) {
      if (!(error instanceof ProtocolError)) {
        this.#fail(error);
        return;
      }
      this.#sendError(error);
      this.close(closeOf(error, url), error.message);
    }
  }

  #guard(work: () => void): void {
    if (!this.#socket.open) return;
    try {
      work();
      this.#badMessages = 0;
    } catch (error) {
      if (!(error instanceof ProtocolError)) {
        this.#fail(error);
        return;
      }
      this.#sendError(error);
      this.#registry.reject(this.#name, error);
      if (error.code === 'too-many-channels') this.close(closeCodes.tooMany, error.message);
      else if (++this.#badMessages >= maxBadMessages)
        this.close(closeCodes.badMessage, `${maxBadMessages} invalid messages in a row. The last: ${error.message}`);
    }
  }

  #receive(data: RawData, isBinary: boolean): void {
    const message = parseIngest(readMessage(data, isBinary), this.#limits);
    if (message.type === 'hello') {
      this.#hello = { ...this.#hello, ...message, fresh: message.fresh ?? false };
      this.#open();
      return;
    }
    this.#feed ??= message.type === 'samples' ? this.#openFor(message) : undefined;
    if (!this.#feed) throw new ProtocolError('no-stream', `${message.type} must come after hello or samples`);
    this.#process(message, this.#feed);
  }

  #process(message: Exclude<IngestMessage, Hello>, feed: Feed): void {
    if (message.type === 'mark') feed.mark(message);
    else if (message.type === 'gap') feed.skip(message);
    else {
      const gap = feed.push(message.named ? inOrder(message, feed.info.channels) : message);
      if (gap && this.#socket.writable) this.#send(gap);
    }
    if (message.type !== 'mark') this.#acks.schedule();
  }

  /** Opens the stream; omitted fields default to those of the stream before, or to an irregular rate. */
  #open(): Feed | undefined {
    if (this.#closeIfTaken()) return undefined;
    const before = this.#registry.feed(this.#name)?.info;
    const { rate = before?.rate ?? 0, kind = before?.kind, for: targetOf = before?.for } = this.#hello;
    const channels = keptChannels(this.#hello, before?.channels);
    if (!channels) throw new ProtocolError('no-stream', 'hello must contain the channels of a new stream');
    const opening: Opening = { ...this.#hello, channels, rate, kind, for: targetOf };
    this.#feed = this.#registry.open(this.#name, opening, this);
    this.#hello = { ...this.#hello, fresh: false };
    if (!this.#feed) {
      this.close(closeCodes.tooMany, 'The server accepts no more streams (maxStreams).');
      return undefined;
    }
    const { run, next } = this.#feed;
    const limits = { maxPayload: this.#limits.maxPayload, maxChannels: this.#limits.maxChannels };
    this.#send({ type: 'welcome', protocol: subprotocol, stream: this.#name, run, next, limits });
    const warning = labelWarning(channels);
    if (warning !== undefined) this.#send({ type: 'warning', message: warning });
    return this.#feed;
  }

  /** Closes the connection if it may not replace the sensor that is connected under its name. */
  #closeIfTaken(): boolean {
    const taken = this.#onlyIfFree && this.#registry.isTaken(this.#name, this);
    if (taken) this.close(closeCodes.nameInUse, `Another sensor publishes "${this.#name}".`);
    return taken;
  }

  /** Opens the stream with the shape of its first samples if there was no hello. */
  #openFor(samples: Samples): Feed | undefined {
    const written = samples.labels ?? samples.channels;
    this.#hello.channels ??= readChannels(written, this.#limits.maxChannels);
    this.#hello.rate ??= samples.rate;
    return this.#open();
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

/** Returns the channels of a hello; labels and units that it omits are those of the stream before. */
function keptChannels({ channels, unlabeled }: Hello, before: ChannelInfo[] | undefined): ChannelInfo[] | undefined {
  if (!channels || channels.length !== before?.length) return channels ?? before;
  return channels.map(({ label, unit }, i) => {
    if (unlabeled) return { label: before[i].label, unit: unit || before[i].unit };
    return { label, unit: unit || (label === before[i].label ? before[i].unit : '') };
  });
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
