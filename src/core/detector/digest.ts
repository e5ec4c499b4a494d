import { type Block, frameCount, timeOf } from '../blocks/block.ts';
import { integer, invalid } from '../check.ts';
import { doublesIn, numberIn, type State } from '../state/state.ts';

/** Streams above the first rate (Hz) are digested to about the second rate (Hz). */
const maxDirectRate = 25;
const digestRate = 10;

/** Shape of the frames that a detector reads: those of a stream, or those of its digest. */
export interface DetectorInput {
  /** Input frames per detector frame; 1 = the stream is not digested. */
  readonly every: number;
  /** Rate of the detector frames in Hz; 0 = irregular. */
  readonly rate: number;
  /** Channels per detector frame. */
  readonly channels: number;
}

/**
 * Returns the shape of the detector's input. A stream above 25 Hz is digested to about 10 Hz, with two digest channels
 * per channel.
 */
export function detectorInput(rate: number, channels: number): DetectorInput {
  const every = rate > maxDirectRate ? Math.round(rate / digestRate) : 1;
  return { every, rate: rate / every, channels: every > 1 ? 2 * channels : channels };
}

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
  readonly #count: Float64Array;
  readonly #low: Float64Array;
  readonly #high: Float64Array;
  /** Whether the open window contains a valid frame. */
  #valid = false;
  /** Index of the open window; -1 = none. */
  #window = -1;
  #expected = 0;

  /** @param k input frames per output frame */
  constructor(channels: number, k: number) {
    this.#channels = integer('channels', channels, 1);
    this.#factor = integer('k', k, 1);
    this.#sum = new Float64Array(channels);
    this.#count = new Float64Array(channels);
    this.#low = new Float64Array(channels).fill(Infinity);
    this.#high = new Float64Array(channels).fill(-Infinity);
  }

  /**
   * Returns the outputs that this block completes, as blocks of consecutive frames: none, one, or two if there is a gap
   * between them.
   * @throws RangeError if the block goes back in time
   */
  push(block: Block): Block[] {
    const { start } = block;
    if (start < this.#expected) throw invalid('block.start', `>= ${this.#expected}`, start);
    const end = start + frameCount(block);
    this.#expected = end;
    if (end === start) return [];
    const k = this.#factor;
    const open = this.#window;
    const [first, last] = [Math.floor(start / k), Math.floor(end / k)];
    const interrupted = open >= 0 && open < first;
    const from = interrupted && open === first - 1 ? open : first;
    const blocks: Block[] = [];
    if (interrupted && from === first) blocks.push(this.#outputs(block, open, open + 1));
    if (last > from) blocks.push(this.#outputs(block, from, last));
    this.#add(block, last * k);
    this.#window = end > last * k ? last : -1;
    return blocks;
  }

  /** Returns a copy of the complete state. */
  save(): State {
    return {
      sum: this.#sum.slice(),
      count: this.#count.slice(),
      low: this.#low.slice(),
      high: this.#high.slice(),
      valid: this.#valid ? 1 : 0,
      window: this.#window,
      expected: this.#expected,
    };
  }

  /** Restores the state of a digest with the same number of channels and the same k. */
  restore(state: State): void {
    const channels = this.#channels;
    this.#sum.set(doublesIn(state, 'sum', channels));
    this.#count.set(doublesIn(state, 'count', channels));
    this.#low.set(doublesIn(state, 'low', channels));
    this.#high.set(doublesIn(state, 'high', channels));
    this.#valid = numberIn(state, 'valid') === 1;
    this.#window = numberIn(state, 'window');
    this.#expected = numberIn(state, 'expected');
  }

  /** Discards the open window. The next block can start at any frame index. */
  renumber(): void {
    this.#clear();
    this.#window = -1;
    this.#expected = 0;
  }

  /** Returns windows `from` … `to - 1`, which end in this block or before it. */
  #outputs(block: Block, from: number, to: number): Block {
    const k = this.#factor;
    const channels = 2 * this.#channels;
    const data = new Float32Array((to - from) * channels);
    let valid: Uint8Array | undefined;
    for (let window = from; window < to; window++) {
      this.#add(block, window * k);
      if (!this.#valid) {
        valid ??= new Uint8Array(to - from).fill(1);
        valid[window - from] = 0;
      }
      this.#write(data, (window - from) * channels);
      this.#clear();
    }
    const time = timeOf(block, (from + 1) * k - 1);
    const output: Block = { data, channels, start: from, rate: block.rate / k, time };
    return valid ? { ...output, valid } : output;
  }

  /** Adds the frames of the block that are in the window that begins at frame `begin`. */
  #add({ data, channels, start, valid }: Block, begin: number): void {
    const from = Math.max(begin - start, 0);
    const to = Math.min(begin - start + this.#factor, data.length / channels);
    if (!valid) {
      if (from < to) this.#addFrames(data, channels, from, to);
      return;
    }
    for (let t = from; t < to; t++) if (valid[t] !== 0) this.#addFrames(data, channels, t, t + 1);
  }

  /** Adds valid frames `from` … `to - 1` of a block. */
  #addFrames(data: Float32Array, stride: number, from: number, to: number): void {
    const end = to * stride;
    this.#valid = true;
    for (let c = 0; c < this.#channels; c++) {
      let sum = this.#sum[c];
      let count = 0;
      let low = this.#low[c];
      let high = this.#high[c];
      for (let i = from * stride + c; i < end; i += stride) {
        const x = data[i];
        if (!Number.isFinite(x)) continue;
        sum += x;
        count++;
        if (x < low) low = x;
        if (x > high) high = x;
      }
      this.#sum[c] = sum;
      this.#count[c] += count;
      this.#low[c] = low;
      this.#high[c] = high;
    }
  }

  /** Writes the output of the open window. */
  #write(data: Float32Array, at: number): void {
    for (let c = 0; c < this.#channels; c++) {
      const count = this.#count[c];
      data[at + 2 * c] = this.#sum[c] / count;
      data[at + 2 * c + 1] = count > 0 ? this.#high[c] - this.#low[c] : NaN;
    }
  }

  #clear(): void {
    this.#sum.fill(0);
    this.#count.fill(0);
    this.#low.fill(Infinity);
    this.#high.fill(-Infinity);
    this.#valid = false;
  }
}
