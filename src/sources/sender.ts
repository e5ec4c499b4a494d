import { type Block, checkBlock, frameCount } from '../core/blocks/block.ts';
import { invalid } from '../core/check.ts';
import type { Link } from '../operators/connect.ts';
import { encodeBlock, headerLength } from '../protocol/block-header.ts';
import type { Ack, Welcome } from '../protocol/ingest-reply.ts';
import type { Gap, Mark } from '../protocol/ingest.ts';
import type { Limits } from '../protocol/limits.ts';
import { Outbox } from './outbox.ts';
import { cutBlock } from '../core/blocks/cut-block.ts';

/** Options of a sender. */
export interface SenderOptions {
  channels: number;
  binary: boolean;
  /** Maximum number of frames kept until they are acknowledged. */
  backlog: number;
  /** Called with frames that will not be sent. */
  missed: (gap: Gap) => void;
}

/** Bytes buffered in the socket above which blocks stay in the outbox. */
const maxBuffered = 8 << 20;
/** Maximum number of marks that wait for a connection; the oldest are dropped. */
const maxMarks = 1000;

/** Maximum length of a mark's label in the protocol; longer labels are truncated. */
const maxLabel = 64;

/** The sending side of a sensor, across consecutive connections. */
export class Sender {
  readonly outbox: Outbox;
  readonly #options: SenderOptions;
  readonly #marks: Omit<Mark, 'type'>[] = [];
  #link: Link | undefined;
  #welcome: Welcome | undefined;
  #run: number | undefined;
  /** Index after the last frame sent; undefined if the next frame sets the start of the run. */
  #sentTo: number | undefined;

  constructor(options: SenderOptions) {
    this.#options = options;
    this.outbox = new Outbox(options.backlog);
  }

  /** The run of the last welcome. */
  get run(): number | undefined {
    return this.#run;
  }

  /** Uses a new connection; only the hello is sent before the server's welcome. */
  opened(link: Link, hello: object): void {
    this.#link = link;
    this.#welcome = undefined;
    link.send(JSON.stringify(hello));
  }

  /** Resends what the server has not received. A run other than the one before starts at the oldest kept frame. */
  welcomed(welcome: Welcome): void {
    const sameRun = welcome.run === this.#run;
    this.outbox.rewind(sameRun ? welcome.next : 0);
    this.#sentTo = sameRun && welcome.next > 0 ? welcome.next : undefined;
    this.#run = welcome.run;
    this.#welcome = welcome;
  }

  /** Discards what the server has received; if it records the stream, what it cannot lose. */
  acknowledged({ received, durable }: Ack): void {
    this.outbox.acknowledge(received, this.#welcome?.recorded === true ? durable : received);
  }

  closed(): void {
    this.#link = undefined;
    this.#welcome = undefined;
  }

  /** Discards every frame and mark that is not sent yet or not acknowledged. */
  discard(): void {
    this.outbox.clear();
    this.#marks.length = 0;
  }

  /** Closes the connection. */
  close(code: number, sentence: string): void {
    this.#link?.close(code, sentence);
  }

  push(block: Block): void {
    checkBlock(block);
    const { channels } = this.#options;
    if (block.channels !== channels) throw invalid('block.channels', String(channels), block.channels);
    if (frameCount(block) > 0) this.outbox.push(block);
    this.send();
  }

  mark(mark: Omit<Mark, 'type'>): void {
    this.#marks.push({ ...mark, label: truncated(mark.label) });
    if (this.#marks.length > maxMarks) this.#marks.shift();
    this.send();
  }

  /** Sends pending marks and blocks while the socket's buffer has room. */
  send(): void {
    const link = this.#link;
    if (!link || !this.#welcome) return;
    for (const mark of this.#marks.splice(0)) link.send(JSON.stringify({ ...mark, type: 'mark' }));
    while (link.bufferedAmount < maxBuffered) {
      const block = this.outbox.next();
      if (!block) return;
      this.#sendBlock(block, link, this.#welcome.limits);
    }
  }

  #sendBlock(block: Block, link: Link, { maxPayload, maxText }: Limits): void {
    const { binary } = this.#options;
    const from = this.#sentTo ?? block.start;
    if (block.start > from) {
      const gap: Gap = { type: 'gap', from, count: block.start - from };
      link.send(JSON.stringify(gap));
      this.#options.missed(gap);
    }
    for (const message of sensorMessages(block, binary, binary ? maxPayload : maxText)) link.send(message);
    this.#sentTo = Math.max(from, block.start + frameCount(block));
  }
}

function truncated(label: string): string {
  return label.length <= maxLabel ? label : `${label.slice(0, maxLabel - 1).replace(/[\uD800-\uDBFF]$/, '')}…`;
}

/** Encodes a block as messages of at most `maxBytes` bytes: binary, or JSON columns with null for invalid samples. */
function* sensorMessages(block: Block, binary: boolean, maxBytes: number): Generator<string | Uint8Array<ArrayBuffer>> {
  const bytesPerFrame = binary ? 4 * block.channels + 1 : 26 * block.channels;
  const framesPerMessage = Math.max(1, Math.floor((maxBytes - headerLength - 100) / bytesPerFrame));
  for (let done = 0; done < frameCount(block); done += framesPerMessage) {
    const part = cutBlock(block, block.start + done, framesPerMessage);
    yield binary ? encodeBlock(part) : columns(part);
  }
}

function columns({ data, channels, start, time, valid }: Block): string {
  const frames = data.length / channels;
  const sample = (channel: number, frame: number) => {
    const x = data[frame * channels + channel];
    return (!valid || valid[frame] === 1) && Number.isFinite(x) ? x : null;
  };
  const column = (channel: number) => Array.from({ length: frames }, (_, frame) => sample(channel, frame));
  return JSON.stringify({
    type: 'samples',
    start,
    ...(time === 0 ? {} : { time }),
    data: Array.from({ length: channels }, (_, channel) => column(channel)),
  });
}
