import { integer, invalid, positive } from '../check.ts';
import { doublesIn, type State } from '../state/state.ts';

/** Options of a `Standardizer`. */
export interface StandardizerOptions {
  channels: number;
  /** Time constant of the running statistics in frames: tau in seconds · rate in Hz. */
  frames: number;
}

/**
 * The causal z-score of every channel: each sample minus the running mean, divided by the running standard deviation.
 *
 *     w = max(1/n, 1 - exp(-1/frames))        n = samples counted so far, including this one
 *     d = x - m;  m ← m + w d;  v ← (1 - w)(v + w d²);  z = (x - m) / √v
 *
 * About the first `frames` samples are weighted equally (m and v are then their exact mean and variance), later ones
 * exponentially. A sample is included in its own statistics. Invalid frames and non-finite samples do not change the
 * statistics. Invalid frames are still scaled, and non-finite samples give NaN. A constant channel gives 0, as does the
 * first sample. A channel counts as constant if its standard deviation is below 2^-30 of its mean, which is less than
 * the resolution of float32. Statistics are float64, and each channel has its own count.
 */
export class Standardizer {
  readonly channels: number;
  readonly frames: number;
  readonly #minWeight: number;
  readonly #count: Float64Array;
  readonly #mean: Float64Array;
  readonly #variance: Float64Array;

  constructor({ channels, frames }: StandardizerOptions) {
    this.channels = integer('channels', channels, 1);
    this.frames = positive('frames', frames);
    this.#minWeight = -Math.expm1(-1 / frames);
    this.#count = new Float64Array(channels);
    this.#mean = new Float64Array(channels);
    this.#variance = new Float64Array(channels);
  }

  /** Standardizes x, [frames, channels], into a new array. The bits do not depend on how the stream is split. */
  push(x: Float32Array, valid?: Uint8Array): Float32Array {
    const { channels } = this;
    if (x.length % channels !== 0) throw invalid('x.length', `a multiple of the ${channels} channels`, x.length);
    const z = new Float32Array(x.length);
    for (let t = 0, i = 0; i < x.length; t++) {
      const counts = !valid || valid[t] === 1;
      for (let c = 0; c < channels; c++, i++) {
        if (counts && Number.isFinite(x[i])) this.#update(c, x[i]);
        z[i] = this.#scale(c, x[i]);
      }
    }
    return z;
  }

  /** Returns copies of the running mean and standard deviation of every channel. */
  statistics(): { mean: Float64Array; standardDeviation: Float64Array } {
    return { mean: this.#mean.slice(), standardDeviation: this.#variance.map(Math.sqrt) };
  }

  /** Returns whether channel `c` varies enough to be scaled. */
  varies(c: number): boolean {
    return Math.sqrt(this.#variance[c]) > Math.abs(this.#mean[c]) * 2 ** -30;
  }

  save(): State {
    return { count: this.#count.slice(), mean: this.#mean.slice(), variance: this.#variance.slice() };
  }

  restore(state: State): void {
    this.#count.set(doublesIn(state, 'count', this.channels));
    this.#mean.set(doublesIn(state, 'mean', this.channels));
    this.#variance.set(doublesIn(state, 'variance', this.channels));
  }

  #update(c: number, x: number): void {
    const w = Math.max(1 / ++this.#count[c], this.#minWeight);
    const d = x - this.#mean[c];
    this.#mean[c] += w * d;
    this.#variance[c] = (1 - w) * (this.#variance[c] + w * d * d);
  }

  #scale(c: number, x: number): number {
    if (!Number.isFinite(x)) return NaN;
    return this.varies(c) ? (x - this.#mean[c]) / Math.sqrt(this.#variance[c]) : 0;
  }
}
