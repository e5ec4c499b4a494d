import { type Block, checkBlock, frameCount } from '../core/blocks/block.ts';
import { invalid } from '../core/check.ts';
import type { Link } from '../operators/dial.ts';
import { encodeBlock, headerLength } from '../protocol/block-header.ts';
import type { Welcome } from '../protocol/ingest-reply.ts';
import type { Gap, Mark } from '../protocol/ingest.ts';
import { Outbox } from './outbox.ts';
import { cutBlock } from './cut-block.ts';

/** What a sender is told once. */
export interface SenderOptions {
  channels: number;
  binary: boolean;
  /** Frames kept until they are acknowledged. */
  backlog: number;
  /** Called with frames that will never be sent. */
  missed: (gap: Gap) => void;
}

/** Bytes that may wait in the socket before blocks wait in the outbox instead. */
const maxBuffered = 8 << 20;
/** Marks that wait for a connection; beyond it the oldest are left out. */
const maxMarks = 1000;

/** Characters of a mark's label that the wire takes; longer ones are cut. */
const maxLabel = 64;

/** The sending side of a sensor over the connections it has one after the other. */
export class Sender {
  readonly outbox: Outbox;
  readonly #options: SenderOptions;
  readonly #marks: Omit<Mark, 'type'>[] = [];
  #link: Link | undefined;
  #welcome: Welcome | undefined;
  #run: number | undefined;
  /** The index after the last frame sent; undefined: the next one places the run. */
  #sentTo: number | undefined;

  constructor(options: SenderOptions) {
    this.#options = options;
    this.outbox = new Outbox(options.backlog);
  }

  /** The run of the last welcome. */
  get run(): number | undefined {
    return this.#run;
  }

  /** A connection opened; nothing but the hello goes out before its welcome. */
  opened(link: Link, hello: object): void {
    this.#link = link;
    this.#welcome = undefined;
    link.send(JSON.stringify(hello));
  }

  /** The server expects frame `next`: what it lacks is sent again. A run that is not ours begins where we are. */
  welcomed(welcome: Welcome): void {
    const ours = welcome.run === this.#run;
    this.outbox.rewind(ours ? welcome.next : 0);
    this.#sentTo = ours && welcome.next > 0 ? welcome.next : undefined;
    this.#run = welcome.run;
    this.#welcome = welcome;
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
    this.#marks.push({ ...mark, label: shortened(mark.label) });
    if (this.#marks.length > maxMarks) this.#marks.shift();
    this.send();
  }

  /** Sends what waits, as far as the socket takes it. */
  send(): void {
    const link = this.#link;
    if (!link || !this.#welcome) return;
    for (const mark of this.#marks.splice(0)) link.send(JSON.stringify({ ...mark, type: 'mark' }));
    while (link.bufferedAmount < maxBuffered) {
      const block = this.outbox.next();
      if (!block) return;
      this.#sendBlock(block, link, this.#welcome.limits.maxPayload);
    }
  }

  #sendBlock(block: Block, link: Link, maxPayload: number): void {
    const from = this.#sentTo ?? block.start;
    if (block.start > from) {
      const gap: Gap = { type: 'gap', from, count: block.start - from };
      link.send(JSON.stringify(gap));
      this.#options.missed(gap);
    }
    for (const message of sensorMessages(block, this.#options.binary, maxPayload)) link.send(message);
    this.#sentTo = Math.max(from, block.start + frameCount(block));
  }
}

function shortened(label: string): string {
  return label.length <= maxLabel ? label : `${label.slice(0, maxLabel - 1).replace(/[\uD800-\uDBFF]$/, '')}…`;
}

/** A block as messages of at most `maxPayload` bytes: binary, or JSON columns with null for what is not real. */
export function* sensorMessages(
  block: Block,
  binary: boolean,
  maxPayload: number,
): Generator<string | Uint8Array<ArrayBuffer>> {
  const bytesPerFrame = binary ? 4 * block.channels + 1 : 26 * block.channels;
  const most = Math.max(1, Math.floor((maxPayload - headerLength - 100) / bytesPerFrame));
  for (let done = 0; done < frameCount(block); done += most) {
    const part = cutBlock(block, block.start + done, most);
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
