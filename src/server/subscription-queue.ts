import { type Block, timeOf } from '../core/blocks/block.ts';
import { type BlockKind, encodeBlock } from '../protocol/block-header.ts';
import type { DroppedMessage, GapMessage, MarkMessage, RunMessage, WatchText } from '../protocol/watch-message.ts';

/** A message about the stream that keeps its position among the blocks. */
export type Note = MarkMessage | GapMessage | RunMessage;
/** Kind, map, and run of a block. */
export interface Lane {
  kind: BlockKind;
  map: number;
  run: number;
}

interface BlockItem {
  /** Identifies the lane among those of a run. */
  key: string;
  lane: Lane;
  blocks: Block[];
  frames: number;
  bytes: number;
  /** When the first block was queued, in ms. */
  since: number;
}
type Item = BlockItem | { note: Note; bytes: number; since: number };

/** Maximum size of joined blocks in bytes. */
const maxJoined = 16 << 10;
/** How long an item may wait for a viewer that is behind, in ms, in addition to the interval between two sends. */
const maxWait = 1000;
/** Minimum tolerance, in ms, of the times of joined blocks relative to the clock of the first. */
const minSlack = 100;
/** Minimum time in ms between two sends of kernels and loss. */
const latestInterval = 250;
/** Size in bytes that a queued item is counted with, in addition to its samples. */
const overhead = 256;

/**
 * The queue of one subscription, in order: blocks, joined if consecutive, and notes between them. Of kernels and loss, only
 * the latest is kept.
 */
export class SubscriptionQueue {
  readonly id: number;
  readonly #interval: number;
  readonly #slack: number;
  #due = 0;
  #latestDue = 0;
  #sending = false;
  readonly #items: Item[] = [];
  readonly #tails = new Map<string, BlockItem>();
  readonly #latest = new Map<string, WatchText>();
  readonly #dropped = new Map<string, DroppedMessage>();
  #run: RunMessage | undefined;
  #bytes = 0;

  /** @param maxHz maximum number of sends per second; each sends all that is queued */
  constructor(id: number, maxHz: number) {
    this.id = id;
    this.#interval = 1000 / maxHz;
    this.#slack = Math.max(minSlack, this.#interval);
  }

  /** Size in bytes of the queued items that can be dropped. */
  get bytes(): number {
    return this.#bytes;
  }

  /** When the next message is due, in ms of the caller's clock; Infinity if the queue is empty. */
  get due(): number {
    if (this.#items.length + this.#dropped.size > 0 || this.#run) return this.#due;
    return this.#latest.size > 0 ? Math.max(this.#due, this.#latestDue) : Infinity;
  }

  push(block: Block, lane: Lane): void {
    const bytes = block.data.byteLength + overhead;
    this.#bytes += bytes;
    const key = `${lane.kind} ${lane.map}`;
    const tail = this.#tails.get(key);
    if (tail && tail.bytes < maxJoined && tail.lane.run === lane.run && follows(block, tail, this.#slack)) {
      tail.blocks.push(block);
      tail.frames += block.data.length / block.channels;
      tail.bytes += bytes;
      return;
    }
    const frames = block.data.length / block.channels;
    const item: BlockItem = { key, lane, blocks: [block], frames, bytes, since: performance.now() };
    this.#tails.set(key, item);
    this.#items.push(item);
  }

  note(note: Note): void {
    this.#tails.clear();
    this.#items.push({ note, bytes: overhead, since: performance.now() });
    this.#bytes += overhead;
  }

  /** Replaces the queued message of a key by the result of `make`, which gets that message if there is one. */
  replace(key: string, make: (before: WatchText | undefined) => WatchText): void {
    this.#latest.set(key, make(this.#latest.get(key)));
  }

  /** Drops the items that a viewer that is behind would get too late at `now` (ms). */
  dropOld(now: number): void {
    const oldest = now - maxWait - this.#interval;
    while (this.#items.length > 0 && this.#items[0].since < oldest) this.drop();
  }

  /** Drops the oldest item; a `dropped` message will report it. */
  drop(): void {
    const item = this.#items.shift();
    if (!item) return;
    this.#bytes -= item.bytes;
    if ('note' in item) {
      if (item.note.type === 'run') this.#run = item.note;
      else if (item.note.type === 'mark') this.#countDropped('marks', item.note.at, 1);
      else this.#countDropped('gaps', item.note.from, 1);
      return;
    }
    this.#forget(item);
    const what = item.lane.kind === 'samples' ? 'raw' : item.lane.kind;
    this.#countDropped(what, item.blocks[0].start, item.frames);
  }

  /** Removes and returns the next message, if this subscription is due. */
  next(now: number): string | Uint8Array | undefined {
    if (now < this.#due) return undefined;
    const message = this.#oldest() ?? this.#newest(now);
    if (message === undefined && this.#sending) this.#due = now + this.#interval;
    this.#sending = message !== undefined;
    return message;
  }

  #oldest(): string | Uint8Array | undefined {
    const notice = this.#notice();
    if (notice) return JSON.stringify(notice);
    const item = this.#items.shift();
    if (!item) return undefined;
    this.#bytes -= item.bytes;
    if ('note' in item) return JSON.stringify(item.note);
    this.#forget(item);
    return encoded(item, this.id);
  }

  #newest(now: number): string | undefined {
    if (now < this.#latestDue) return undefined;
    for (const [key, message] of this.#latest) {
      this.#latest.delete(key);
      if (this.#latest.size === 0) this.#latestDue = now + latestInterval;
      return JSON.stringify(message);
    }
    return undefined;
  }

  #notice(): WatchText | undefined {
    const run = this.#run;
    this.#run = undefined;
    if (run) return run;
    for (const [what, message] of this.#dropped) {
      this.#dropped.delete(what);
      return message;
    }
    return undefined;
  }

  #countDropped(what: string, from: number, count: number): void {
    const before = this.#dropped.get(what);
    this.#dropped.set(what, {
      type: 'dropped',
      id: this.id,
      what,
      from: before?.from ?? from,
      count: (before?.count ?? 0) + count,
    });
  }

  #forget(item: BlockItem): void {
    if (this.#tails.get(item.key) === item) this.#tails.delete(item.key);
  }
}

function follows(block: Block, { blocks, frames }: BlockItem, slack: number): boolean {
  const [first] = blocks;
  const alike = block.channels === first.channels && block.rate === first.rate;
  // the frames of an irregular stream have no times of their own in a block
  const timely = Math.abs(block.time - timeOf(first, block.start)) <= (first.rate > 0 ? slack : 0);
  return alike && timely && block.start === first.start + frames;
}

/** The last message with a block, which viewers that use the same id share. */
const messages = new WeakMap<Block, { id: number; lane: Lane; bytes: Uint8Array }>();

/** Returns the message with the blocks of an item. */
function encoded(item: BlockItem, id: number): Uint8Array {
  const { lane, blocks } = item;
  const [block] = blocks;
  if (blocks.length > 1) return encodeBlock(join(item), { ...lane, id });
  const known = messages.get(block);
  if (known?.id === id && sameLane(known.lane, lane)) return known.bytes;
  const bytes = encodeBlock(block, { ...lane, id });
  messages.set(block, { id, lane, bytes });
  return bytes;
}

function sameLane(lane: Lane, { kind, map, run }: Lane): boolean {
  return lane.kind === kind && lane.map === map && lane.run === run;
}

function join({ blocks, frames }: BlockItem): Block {
  const [first] = blocks;
  const data = new Float32Array(frames * first.channels);
  const valid = blocks.some((block) => block.valid) ? new Uint8Array(frames).fill(1) : undefined;
  let at = 0;
  for (const block of blocks) {
    data.set(block.data, at * first.channels);
    if (block.valid) valid?.set(block.valid, at);
    at += block.data.length / first.channels;
  }
  return valid ? { ...first, data, valid } : { ...first, data };
}
