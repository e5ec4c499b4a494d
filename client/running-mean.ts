import { type Block, frameCount } from '../src/core/blocks/block.ts';

/**
 * The causal running mean of every channel, for AC-coupled display: the plain mean of the first time constant, then
 * m ← m + (x - m) / (τ · rate). Subtracting it is a first-order high-pass filter at 1 / (2πτ) Hz. It restarts after a gap
 * longer than τ, and ignores samples that are not finite.
 */
export class RunningMean {
  readonly #tau: number;
  readonly #means: Float64Array;
  readonly #counts: Float64Array;
  #next = 0;

  /** `tau`: time constant in s. */
  constructor(channels: number, tau = 1) {
    this.#tau = tau;
    this.#means = new Float64Array(channels).fill(NaN);
    this.#counts = new Float64Array(channels);
  }

  /** The current mean of a channel; NaN before its first sample. */
  mean(channel: number): number {
    return this.#means[channel];
  }

  /** Adds a block, and returns the means at each of its frames as a block of the same shape. */
  update(block: Block): Block {
    const { channels, start, rate, time } = block;
    const frames = frameCount(block);
    const maxCount = Math.max(1, this.#tau * (rate > 0 ? rate : 10));
    if (start < this.#next || start - this.#next > maxCount) this.#counts.fill(0);
    this.#next = start + frames;
    const data = new Float32Array(block.data.length);
    for (let i = 0; i < data.length; i++) {
      const channel = i % channels;
      const sample = block.data[i];
      if (Number.isFinite(sample)) this.#add(channel, sample, maxCount);
      data[i] = this.#means[channel];
    }
    return { data, channels, start, rate, time };
  }

  #add(channel: number, sample: number, maxCount: number): void {
    const count = Math.min(this.#counts[channel] + 1, maxCount);
    this.#counts[channel] = count;
    const mean = this.#means[channel];
    this.#means[channel] = count <= 1 ? sample : mean + (sample - mean) / count;
  }
}
