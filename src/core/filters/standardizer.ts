import { integer, invalid, positive } from '../check.ts';
import { doublesIn, type State } from '../state/state.ts';

/** How fast the running statistics of a `Standardizer` forget. */
export interface StandardizerOptions {
  channels: number;
  /** Time constant in frames: tau seconds · rate Hz. */
  frames: number;
}

/**
 * The causal z-score of every channel: what is left of a sample when the running mean is taken away, in running spreads.
 *
 *     w = max(1/n, 1 - exp(-1/frames))        n = samples counted so far, this one too
 *     d = x - m;  m ← m + w d;  v ← (1 - w)(v + w d²);  z = (x - m) / √v
 *
 * The first `frames` samples or so are weighed alike (m and v are then the exact mean and variance of all of them), later
 * ones exponentially. A sample counts in its own statistics. Invalid frames and non-finite samples move nothing; they
 * are still scaled, so a NaN stays NaN. A channel without spread yields 0: so does the first sample, and a spread below
 * 2^-30 of the mean, which is finer than float32 can tell. Statistics are float64 and a channel has its own count.
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

  /** Standardises x [frames, channels]; returns as many fresh frames. Any cut of a stream gives the same bits. */
  push(x: Float32Array, valid?: Uint8Array): Float32Array {
    const { channels } = this;
    if (x.length % channels !== 0) throw invalid('x.length', `a multiple of its ${channels} channels`, x.length);
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

  /** Copies of the running mean and spread (standard deviation) of every channel. */
  statistics(): { mean: Float64Array; spread: Float64Array } {
    return { mean: this.#mean.slice(), spread: this.#variance.map(Math.sqrt) };
  }

  /** Whether channel `c` has moved enough to be scaled. */
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
