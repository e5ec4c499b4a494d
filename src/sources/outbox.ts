import { cutBlock } from '../core/blocks/cut-block.ts';
import { type Block, frameCount } from '../core/blocks/block.ts';

/** Maximum number of frames that are kept although the server has received them, if there is no other limit. */
const maxReceived = 100_000;

/**
 * The frames that the server has not acknowledged, bounded; the oldest are dropped first.
 *
 *     [durable)[received, kept until durable][sent, kept for a resend][not sent yet]
 *               ^ oldest                                               ^ next
 *
 * A server that does not record the stream has no durable frames; received ones are not kept then.
 */
export class Outbox {
  readonly #limit: number;
  #blocks: Block[] = [];
  #sent = 0;
  #frames = 0;
  /** Blocks that the server has received, but can still lose, and their frames. */
  #received = 0;
  #receivedFrames = 0;

  /** @param limit maximum number of frames; the newest block is kept regardless of its length */
  constructor(limit: number) {
    this.#limit = limit;
  }

  /** Number of frames kept, including those that the server has received but can lose. */
  get kept(): number {
    return this.#frames;
  }

  /** Number of frames that the server has not received. */
  get frames(): number {
    return this.#frames - this.#receivedFrames;
  }

  push(block: Block): void {
    this.#blocks.push(block);
    this.#frames += frameCount(block);
    while (this.#frames > this.#limit && this.#blocks.length > 1) this.#drop();
  }

  /** Returns the next unsent block, and marks it as sent. */
  next(): Block | undefined {
    return this.#sent < this.#blocks.length ? this.#blocks[this.#sent++] : undefined;
  }

  /** Discards the frames before `durable`, which the server cannot lose. It has those before `received`. */
  acknowledge(received: number, durable: number = received): void {
    while (this.#blocks.length > 0 && endOf(this.#blocks[0]) <= durable) this.#drop();
    for (let block = this.#blocks[this.#received]; block && endOf(block) <= received;) {
      this.#receivedFrames += frameCount(block);
      block = this.#blocks[++this.#received];
    }
    while (this.#receivedFrames > Math.min(this.#limit, maxReceived)) this.#drop();
  }

  /** Prepares for a new connection: all kept frames from `from` on are sent again. */
  rewind(from: number): void {
    while (this.#blocks.length > 0 && endOf(this.#blocks[0]) <= from) this.#drop();
    this.#received = 0;
    this.#receivedFrames = 0;
    this.#sent = 0;
    if (this.#blocks.length === 0) return;
    const first = cutBlock(this.#blocks[0], from);
    this.#frames -= frameCount(this.#blocks[0]) - frameCount(first);
    this.#blocks[0] = first;
  }

  /** Discards all frames. */
  clear(): void {
    this.#blocks = [];
    this.#received = 0;
    this.#receivedFrames = 0;
    this.#sent = 0;
    this.#frames = 0;
  }

  #drop(): void {
    const block = this.#blocks.shift();
    if (!block) return;
    this.#frames -= frameCount(block);
    if (this.#received > 0) {
      this.#received--;
      this.#receivedFrames -= frameCount(block);
    }
    this.#sent = Math.max(0, this.#sent - 1);
  }
}

function endOf(block: Block): number {
  return block.start + frameCount(block);
}
