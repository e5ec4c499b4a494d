import { checkBlock, frameCount, timeOf, type Block } from './block.ts';
import { integer } from '../check.ts';

/**
 * Cuts a stream of blocks into blocks of exactly `frames` frames. A jump of `start` and a change of channels or rate end
 * the block that is being filled early. An output carries `valid` only when one of its frames is invalid, so it does
 * not depend on how the input was cut.
 */
export class BlockCutter {
  readonly frames: number;
  #partial: Block | undefined;
  #filled = 0;
  #invalid = false;

  constructor(frames: number) {
    this.frames = integer('frames', frames, 1);
  }

  /** Takes a block; returns the blocks that it completes, oldest first. The input is copied. */
  push(block: Block): Block[] {
    checkBlock(block);
    const out: Block[] = [];
    const total = frameCount(block);
    if (total > 0 && !this.#continues(block)) out.push(...this.flush());
    for (let from = 0; from < total;) {
      this.#partial ??= this.#startBlock(block, block.start + from);
      const count = Math.min(this.frames - this.#filled, total - from);
      this.#copy(block, from, count);
      from += count;
      if (this.#filled === this.frames) out.push(...this.flush());
    }
    return out;
  }

  /** What is held, as a shorter block; nothing when nothing is held. */
  flush(): Block[] {
    const held = this.#partial;
    if (!held) return [];
    const { valid, ...rest } = held;
    const block: Block = { ...rest, data: held.data.slice(0, this.#filled * held.channels) };
    const out = this.#invalid && valid ? { ...block, valid: valid.slice(0, this.#filled) } : block;
    this.#partial = undefined;
    this.#filled = 0;
    this.#invalid = false;
    return [out];
  }

  #continues({ channels, rate, start }: Block): boolean {
    const held = this.#partial;
    return !held || (channels === held.channels && rate === held.rate && start === held.start + this.#filled);
  }

  #startBlock(block: Block, start: number): Block {
    return {
      ...block,
      start,
      time: timeOf(block, start),
      data: new Float32Array(this.frames * block.channels),
      valid: new Uint8Array(this.frames).fill(1),
    };
  }

  #copy({ data, channels, valid }: Block, from: number, count: number): void {
    const held = this.#partial;
    if (!held) return;
    held.data.set(data.subarray(from * channels, (from + count) * channels), this.#filled * channels);
    for (let i = 0; valid && held.valid && i < count; i++)
      if (valid[from + i] === 0) {
        held.valid[this.#filled + i] = 0;
        this.#invalid = true;
      }
    this.#filled += count;
  }
}
