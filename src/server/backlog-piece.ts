import { type Block, frameCount, timeOf } from '../core/blocks/block.ts';

/** Bytes of samples that frames are put together up to. */
const room = 4 << 10;
/** Ms by which the times of blocks may differ from the clock of the first. */
const slack = 100;

/** Blocks that follow on one another, put together as they come, in memory that is taken at once. */
export class BacklogPiece {
  /** What it takes, in bytes. */
  readonly bytes: number;
  readonly #first: Block;
  readonly #data: Float32Array;
  readonly #valid: Uint8Array;
  #frames = 0;
  #whole = true;

  constructor(first: Block) {
    const { channels, rate } = first;
    const frames = Math.max(frameCount(first), rate > 0 ? Math.floor(room / (4 * channels)) : 0);
    this.#first = first;
    this.#data = new Float32Array(frames * channels);
    this.#valid = new Uint8Array(frames).fill(1);
    this.bytes = this.#data.byteLength + this.#valid.byteLength;
    this.#add(first);
  }

  /** Takes a block that follows; false: it does not, or there is no room. */
  take(block: Block): boolean {
    const { channels, rate, start } = this.#first;
    const follows = rate > 0 && block.rate === rate && block.channels === channels;
    const fits = (this.#frames + frameCount(block)) * channels <= this.#data.length;
    if (!follows || !fits || block.start !== start + this.#frames) return false;
    if (Math.abs(block.time - timeOf(this.#first, block.start)) > slack) return false;
    this.#add(block);
    return true;
  }

  /** All of it as one block, which later frames leave as it is. */
  get block(): Block {
    const data = this.#data.subarray(0, this.#frames * this.#first.channels);
    const valid = this.#whole ? undefined : this.#valid.subarray(0, this.#frames);
    return { ...this.#first, data, valid };
  }

  #add({ data, valid, channels }: Block): void {
    this.#data.set(data, this.#frames * channels);
    if (valid) {
      this.#valid.set(valid, this.#frames);
      this.#whole = false;
    }
    this.#frames += data.length / channels;
  }
}
