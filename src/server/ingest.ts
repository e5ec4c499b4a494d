import type { RawData, WebSocket } from 'ws';
import { closeCodes, subprotocol } from '../protocol/close-codes.ts';
import { type Hello, type IngestMessage, parseIngest, readChannels } from '../protocol/ingest.ts';
import type { Samples } from '../protocol/samples.ts';
import { helloOf, streamOf, wantsFreeName } from '../protocol/ingest-address.ts';
import type { IngestReply } from '../protocol/ingest-reply.ts';
import type { Limits } from '../protocol/limits.ts';
import { ProtocolError } from '../protocol/protocol-error.ts';
import { Acknowledger } from './acknowledger.ts';
import type { Feed, Opening } from './feed.ts';
import { GuardedSocket } from './guarded-socket.ts';
import type { Hub, Sensor } from './hub.ts';
import { messageOf } from './raw-data.ts';

/** Bad messages in a row after which a connection is closed. */
const patience = 64;

/** One sensor's connection: checks its messages, opens its stream, acknowledges its frames. */
export class IngestConnection implements Sensor {
  readonly #link: GuardedSocket;
  readonly #hub: Hub;
  readonly #limits: Limits;
  readonly #acks: Acknowledger;
  #name = '';
  /** What was said so far, in the address and in hellos. */
  #said: Hello = { type: 'hello' };
  #feed: Feed | undefined;
  /** Whether this sensor must not replace a connected one. */
  #onlyIfFree = false;
  #bad = 0;

  constructor(socket: WebSocket, url: URL, hub: Hub, limits: Limits) {
    this.#link = new GuardedSocket(socket, { high: 64 << 10 });
    this.#hub = hub;
    this.#limits = limits;
    this.#acks = new Acknowledger(() => {
      if (this.#feed && this.#link.room) this.#tell({ type: 'ack', received: this.#feed.next, durable: 0 });
    });
    socket.on('message', (data, isBinary) => {
      this.#guard(() => {
        this.#take(data, isBinary);
      });
    });
    socket.on('close', (code) => {
      this.#acks.stop();
      this.#hub.leave(this.#name, this, code === closeCodes.done || code === closeCodes.goingAway);
    });
    this.#begin(url);
  }

  /** Acknowledges even when nothing is new, so that the sensor knows that the line is alive. */
  beat(): void {
    if (this.#feed) this.#acks.due();
  }

  dismiss(code: number, sentence: string): void {
    this.#link.close(code, sentence);
  }

  /** What the address says; an address that is wrong cannot be mended by a message. */
  #begin(url: URL): void {
    try {
      this.#name = streamOf(url.pathname);
      this.#said = helloOf(url.searchParams, this.#limits);
      this.#onlyIfFree = wantsFreeName(url.searchParams);
      if (this.#said.channels) this.#open();
      else this.#dismissIfTaken();
    } catch (error) {
      if (!(error instanceof ProtocolError)) {
        this.#fail(error);
        return;
      }
      this.#refuse(error);
      this.dismiss(closeOf(error, url), error.message);
    }
  }

  #guard(work: () => void): void {
    if (!this.#link.open) return;
    try {
      work();
      this.#bad = 0;
    } catch (error) {
      if (!(error instanceof ProtocolError)) {
        this.#fail(error);
        return;
      }
      this.#refuse(error);
      if (error.code === 'too-many-channels') this.dismiss(closeCodes.tooMany, error.message);
      else if (++this.#bad >= patience)
        this.dismiss(closeCodes.badMessage, `${patience} bad messages in a row, the last: ${error.message}`);
    }
  }

  #take(data: RawData, isBinary: boolean): void {
    const message = parseIngest(messageOf(data, isBinary), this.#limits);
    if (message.type === 'hello') {
      this.#said = { ...this.#said, ...message, fresh: message.fresh ?? false };
      this.#open();
      return;
    }
    this.#feed ??= message.type === 'samples' ? this.#openFor(message) : undefined;
    if (!this.#feed) throw new ProtocolError('no-stream', `${message.type} must come after hello or samples`);
    this.#hand(message, this.#feed);
  }

  #hand(message: Exclude<IngestMessage, Hello>, feed: Feed): void {
    if (message.type === 'mark') feed.mark(message);
    else if (message.type === 'gap') feed.miss(message);
    else {
      const gap = feed.take(message);
      if (gap && this.#link.room) this.#tell(gap);
    }
    if (message.type !== 'mark') this.#acks.due();
  }

  /** Opens the stream by what was said; what was not said is as it was before, or irregular. */
  #open(): Feed | undefined {
    if (this.#dismissIfTaken()) return undefined;
    const before = this.#hub.feed(this.#name)?.info;
    const { channels = before?.channels, rate = before?.rate ?? 0 } = this.#said;
    if (!channels) throw new ProtocolError('no-stream', 'hello must tell the channels of a new stream');
    const opening: Opening = { ...this.#said, channels, rate };
    this.#feed = this.#hub.open(this.#name, opening, this);
    this.#said = { ...this.#said, fresh: false };
    if (!this.#feed) {
      this.dismiss(closeCodes.tooMany, 'the server takes no more streams; see maxStreams');
      return undefined;
    }
    const { run, next } = this.#feed;
    const limits = { maxPayload: this.#limits.maxPayload, maxChannels: this.#limits.maxChannels };
    this.#tell({ type: 'welcome', protocol: subprotocol, stream: this.#name, run, next, limits });
    return this.#feed;
  }

  /** Closes the connection if it may not replace the sensor that is connected under its name. */
  #dismissIfTaken(): boolean {
    const taken = this.#onlyIfFree && this.#hub.isTaken(this.#name, this);
    if (taken) this.dismiss(closeCodes.nameInUse, `Another sensor publishes "${this.#name}".`);
    return taken;
  }

  /** Opens the stream by its first samples, where nothing was said before. */
  #openFor(samples: Samples): Feed | undefined {
    const written = samples.labels ?? samples.channels;
    this.#said.channels ??= readChannels(written, this.#limits.maxChannels);
    this.#said.rate ??= samples.rate;
    return this.#open();
  }

  /** A fault of ours: this connection ends, the server goes on. */
  #fail(error: unknown): void {
    this.#hub.log(`stream ${this.#name}: ${String(error)}`);
    this.dismiss(closeCodes.failed, 'the server failed to take a message; its log says why');
  }

  #refuse({ code, message }: ProtocolError): void {
    this.#tell({ type: 'error', code, message });
  }

  #tell(reply: IngestReply): void {
    this.#link.send(JSON.stringify(reply));
  }
}

function closeOf(error: ProtocolError, url: URL): number {
  if (error.code === 'too-many-channels') return closeCodes.tooMany;
  return error.code === 'bad-name' && !url.searchParams.has('for') ? closeCodes.badStreamName : closeCodes.badMessage;
}
