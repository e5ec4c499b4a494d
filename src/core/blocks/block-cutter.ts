import { checkBlock, frameCount, timeOf, type Block } from './block.ts';
import { integer } from '../check.ts';

/**
 * Regroups a stream of blocks into blocks of exactly `frames` frames. A jump of `start` or a change of channels or rate
 * ends the current block early. An output has `valid` only if one of its frames is invalid, so the output does not
 * depend on how the input was split.
 */
export class BlockCutter {
  readonly frames: number;
  #partial: Block | undefined;
  #filled = 0;
  #invalid = false;

  constructor(frames: number) {
    this.frames = integer('frames', frames, 1);
  }

  /** Adds a block, which is copied. Returns the blocks that are now complete, oldest first. */
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

  /** Returns the incomplete block, or an empty array if there is none. */
  flush(): Block[] {
    const partial = this.#partial;
    if (!partial) return [];
    const { valid, ...rest } = partial;
    const block: Block = { ...rest, data: partial.data.slice(0, this.#filled * partial.channels) };
    const out = this.#invalid && valid ? { ...block, valid: valid.slice(0, this.#filled) } : block;
    this.#partial = undefined;
    this.#filled = 0;
    this.#invalid = false;
    return [out];
  }

  #continues({ channels, rate, start }: Block): boolean {
    const partial = this.#partial;
    return (
      !partial || (channels === partial.channels && rate === partial.rate && start === partial.start + this.#filled)
    );
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
    const partial = this.#partial;
    if (!partial) return;
    partial.data.set(data.subarray(from * channels, (from + count) * channels), this.#filled * channels);
    for (let i = 0; valid && partial.valid && i < count; i++)
      if (valid[from + i] === 0) {
        partial.valid[this.#filled + i] = 0;
        this.#invalid = true;
      }
    this.#filled += count;
  }
}
