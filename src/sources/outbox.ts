import { cutBlock } from './cut-block.ts';
import { type Block, frameCount } from '../core/blocks/block.ts';

/**
 * The frames that a server has not acknowledged: bounded, the oldest left out first.
 *
 *     [acknowledged)[sent, kept for a resend][not sent yet]
 *                    ^ oldest                 ^ next
 */
export class Outbox {
  readonly #limit: number;
  #blocks: Block[] = [];
  #sent = 0;
  #frames = 0;

  /** @param limit frames that are kept at most; the newest block is kept whatever its length */
  constructor(limit: number) {
    this.#limit = limit;
  }

  /** Frames kept. */
  get frames(): number {
    return this.#frames;
  }

  push(block: Block): void {
    this.#blocks.push(block);
    this.#frames += frameCount(block);
    while (this.#frames > this.#limit && this.#blocks.length > 1) this.#drop();
  }

  /** The next block to send, once. */
  next(): Block | undefined {
    return this.#sent < this.#blocks.length ? this.#blocks[this.#sent++] : undefined;
  }

  /** The server has every frame before `received`. */
  acknowledge(received: number): void {
    while (this.#blocks.length > 0 && endOf(this.#blocks[0]) <= received) this.#drop();
  }

  /** A new connection: everything that is left is sent again, from frame `from` on. */
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
