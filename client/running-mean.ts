import { type Block, frameCount } from '../src/core/blocks/block.ts';

/**
 * The causal running mean of every channel, for AC-coupled display: a plain mean until one time constant has been seen,
 * then m ← m + (x - m) / (τ · rate). Subtracting it is a high-pass of the first order at 1 / (2πτ) Hz. After a gap of more
 * than τ it begins anew; samples that are not finite are passed over.
 */
export class RunningMean {
  readonly #tau: number;
  readonly #means: Float64Array;
  readonly #seen: Float64Array;
  #next = 0;

  /** `tau` in s. */
  constructor(channels: number, tau = 1) {
    this.#tau = tau;
    this.#means = new Float64Array(channels).fill(NaN);
    this.#seen = new Float64Array(channels);
  }

  /** The mean of a channel as it is now; NaN before its first sample. */
  mean(channel: number): number {
    return this.#means[channel];
  }

  /** The means at every frame of `block`, as a block like it. */
  update(block: Block): Block {
    const { channels, start, rate, time } = block;
    const frames = frameCount(block);
    const most = Math.max(1, this.#tau * (rate > 0 ? rate : 10));
    if (start < this.#next || start - this.#next > most) this.#seen.fill(0);
    this.#next = start + frames;
    const data = new Float32Array(block.data.length);
    for (let i = 0; i < data.length; i++) {
      const channel = i % channels;
      const sample = block.data[i];
      if (Number.isFinite(sample)) this.#take(channel, sample, most);
      data[i] = this.#means[channel];
    }
    return { data, channels, start, rate, time };
  }

  #take(channel: number, sample: number, most: number): void {
    const seen = Math.min(this.#seen[channel] + 1, most);
    this.#seen[channel] = seen;
    const mean = this.#means[channel];
    this.#means[channel] = seen <= 1 ? sample : mean + (sample - mean) / seen;
  }
}
