import { cutBlock } from '../core/blocks/cut-block.ts';
import { type Block, frameCount } from '../core/blocks/block.ts';

/**
 * The frames that the server has not acknowledged, bounded; the oldest are dropped first.
 *
 *     [acknowledged)[sent, kept for a resend][not sent yet]
 *                    ^ oldest                 ^ next
 */
export class Outbox {
  readonly #limit: number;
  #blocks: Block[] = [];
  #sent = 0;
  #frames = 0;

  /** @param limit maximum number of frames; the newest block is kept regardless of its length */
  constructor(limit: number) {
    this.#limit = limit;
  }

  /** Number of frames kept. */
  get frames(): number {
    return this.#frames;
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

  /** Discards the frames before `received`, which the server has. */
  acknowledge(received: number): void {
    while (this.#blocks.length > 0 && endOf(this.#blocks[0]) <= received) this.#drop();
  }

  /** Prepares for a new connection: all kept frames from `from` on are sent again. */
  rewind(from: number): void {
    this.acknowledge(from);
    this.#sent = 0;
    if (this.#blocks.length === 0) return;
    const first = cutBlock(this.#blocks[0], from);
    this.#frames -= frameCount(this.#blocks[0]) - frameCount(first);
    this.#blocks[0] = first;
  }

  /** Discards all frames. */
  clear(): void {
    this.#blocks = [];
    this.#sent = 0;
    this.#frames = 0;
  }

  #drop(): void {
    const block = this.#blocks.shift();
    if (!block) return;
    this.#frames -= frameCount(block);
    this.#sent = Math.max(0, this.#sent - 1);
  }
}

function endOf(block: Block): number {
  return block.start + frameCount(block);
}
