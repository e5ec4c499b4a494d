import { type Block, frameCount, timeOf } from '../blocks/block.ts';
import { integer, invalid } from '../check.ts';

/**
 * Reduces a fast stream to the mean and the range of every channel over k frames:
 *
 *     y[n, 2c]     = mean of x[t, c],   y[n, 2c + 1] = max - min of x[t, c]      over t = nk … nk + k - 1
 *
 * This preserves levels, bursts, spikes, and flat lines. Non-finite samples and invalid frames are ignored. If a
 * channel has no sample, y is NaN; if no frame is valid, y is invalid. Output n is emitted with frame nk + k - 1, or
 * with the first frame after a gap that contains it. The result does not depend on how the stream is split into blocks.
 */
export class Digest {
  readonly #factor: number;
  readonly #channels: number;
  readonly #sum: Float64Array;
  readonly #count: Uint32Array;
  readonly #low: Float64Array;
  readonly #high: Float64Array;
  #valid = false;
  #window = -1;
  #expected = 0;

  /** @param k input frames per output frame */
  constructor(channels: number, k: number) {
    this.#channels = integer('channels', channels, 1);
    this.#factor = integer('k', k, 1);
    this.#sum = new Float64Array(channels);
    this.#count = new Uint32Array(channels);
    this.#low = new Float64Array(channels).fill(Infinity);
    this.#high = new Float64Array(channels).fill(-Infinity);
  }

  /**
   * Returns the outputs that this block completes, each as a block of one frame.
   * @throws RangeError if the block goes back in time
   */
  push(block: Block): Block[] {
    if (block.start < this.#expected) throw invalid('block.start', `>= ${this.#expected}`, block.start);
    const out: Block[] = [];
    const frames = frameCount(block);
    this.#expected = block.start + frames;
    for (let t = 0; t < frames; t++) {
      const index = block.start + t;
      const window = Math.floor(index / this.#factor);
      if (window !== this.#window) {
        if (this.#window >= 0) out.push(this.#closeWindow(block));
        this.#window = window;
      }
      if (block.valid?.[t] !== 0) this.#addFrame(block.data, t * block.channels);
      if (index % this.#factor !== this.#factor - 1) continue;
      out.push(this.#closeWindow(block));
      this.#window = -1;
    }
    return out;
  }

  #addFrame(data: Float32Array, at: number): void {
    this.#valid = true;
    for (let c = 0; c < this.#channels; c++) {
      const x = data[at + c];
      if (!Number.isFinite(x)) continue;
      this.#sum[c] += x;
      this.#count[c]++;
      if (x < this.#low[c]) this.#low[c] = x;
      if (x > this.#high[c]) this.#high[c] = x;
    }
  }

  #closeWindow(block: Block): Block {
    const channels = 2 * this.#channels;
    const data = new Float32Array(channels);
    for (let c = 0; c < this.#channels; c++) {
      data[2 * c] = this.#sum[c] / this.#count[c];
      data[2 * c + 1] = this.#count[c] > 0 ? this.#high[c] - this.#low[c] : NaN;
    }
    this.#sum.fill(0);
    this.#count.fill(0);
    this.#low.fill(Infinity);
    this.#high.fill(-Infinity);
    const last = (this.#window + 1) * this.#factor - 1;
    const digested = {
      data,
      channels,
      start: this.#window,
      rate: block.rate / this.#factor,
      time: timeOf(block, last),
    };
    const valid = this.#valid;
    this.#valid = false;
    return valid ? digested : { ...digested, valid: Uint8Array.of(0) };
  }
}

/** Yields each frame of a block as a block that shares its samples. */
export function* eachFrame(block: Block): Generator<Block> {
  const { data, channels, valid } = block;
  for (let t = 0; t < frameCount(block); t++) {
    const start = block.start + t;
    yield {
      ...block,
      data: data.subarray(t * channels, (t + 1) * channels),
      start,
      time: timeOf(block, start),
      ...(valid && { valid: valid.subarray(t, t + 1) }),
    };
  }
}
