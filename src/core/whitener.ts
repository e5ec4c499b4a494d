import { integer, invalid, positive } from './check.ts';
import { inverseRoot } from './inverse-root.ts';
import { doublesIn, numberIn, type State } from './state.ts';

/** How fast the running statistics of a `Whitener` forget. */
export interface WhitenerOptions {
  channels: number;
  /** Time constant in frames: tau seconds · rate Hz. */
  frames: number;
}

/** A new root is taken each time that so large a share of the statistics is new. */
const share = 1 / 16;

/**
 * The causal z-score of all channels together: each is scaled by its spread, and what channels have in common is taken
 * apart, so that the sum of squares of a frame tells how unusual it is among the frames so far.
 *
 *     w = max(1/n, 1 - exp(-1/frames))        n = frames counted so far, this one too
 *     d = x - m;  m ← m + w d;  C ← (1 - w)(C + w d dᵀ)
 *     z = R^(-1/2) D^(-1/2) (x - m)           D = diagonal of C, R = D^(-1/2) C D^(-1/2), the correlations
 *
 * Of all whitenings this one keeps each channel most like itself (A. Kessy, A. Lewin and K. Strimmer, "Optimal whitening
 * and decorrelation", 2018). The root is taken anew when a sixteenth of the statistics is new, at the same frames however
 * the stream is cut. Directions without spread yield 0: a dead channel, the mean of channels that are referenced to it,
 * the first frame. Invalid frames, and frames with a sample that is not finite, move nothing; the latter come out NaN on
 * every channel. Until some ten times as many frames came as there are channels, z is a guess.
 */
export class Whitener {
  readonly channels: number;
  readonly frames: number;
  readonly #least: number;
  readonly #mean: Float64Array;
  readonly #covariance: Float64Array;
  #root: Float64Array;
  #count = 0;
  /** The count at which the next root is taken. */
  #next = 1;

  constructor({ channels, frames }: WhitenerOptions) {
    this.channels = integer('channels', channels, 1);
    this.frames = positive('frames', frames);
    this.#least = -Math.expm1(-1 / frames);
    this.#mean = new Float64Array(channels);
    this.#covariance = new Float64Array(channels * channels);
    this.#root = new Float64Array(channels * channels);
  }

  /** Whitens x [frames, channels]; returns as many fresh frames. Any cut of a stream gives the same bits. */
  push(x: Float32Array, valid?: Uint8Array): Float32Array {
    const { channels } = this;
    if (x.length % channels !== 0) throw invalid('x.length', `a multiple of its ${channels} channels`, x.length);
    const z = new Float32Array(x.length);
    for (let t = 0, at = 0; at < x.length; t++, at += channels) {
      const frame = x.subarray(at, at + channels);
      if (!frame.every(Number.isFinite)) z.fill(NaN, at, at + channels);
      else {
        if (!valid || valid[t] === 1) this.#learn(frame);
        this.#whiten(frame, z, at);
      }
    }
    return z;
  }

  save(): State {
    return {
      count: this.#count,
      next: this.#next,
      mean: this.#mean.slice(),
      covariance: this.#covariance.slice(),
      root: this.#root.slice(),
    };
  }

  restore(state: State): void {
    const { channels } = this;
    this.#count = numberIn(state, 'count');
    this.#next = numberIn(state, 'next');
    this.#mean.set(doublesIn(state, 'mean', channels));
    this.#covariance.set(doublesIn(state, 'covariance', channels ** 2));
    this.#root.set(doublesIn(state, 'root', channels ** 2));
  }

  #learn(x: Float32Array): void {
    const n = this.channels;
    const w = Math.max(1 / ++this.#count, this.#least);
    const d = Float64Array.from(x, (sample, c) => sample - this.#mean[c]);
    for (let i = 0; i < n; i++) {
      this.#mean[i] += w * d[i];
      for (let j = 0; j < n; j++)
        this.#covariance[i * n + j] = (1 - w) * (this.#covariance[i * n + j] + w * (d[i] * d[j]));
    }
    if (this.#count < this.#next) return;
    this.#root = this.#rootNow();
    this.#next = this.#count + Math.ceil(share * Math.min(this.#count, this.frames));
  }

  /** R^(-1/2) D^(-1/2). A spread below 2^-30 of the mean is finer than float32 can tell, and none. */
  #rootNow(): Float64Array {
    const n = this.channels;
    const scale = this.#mean.map((mean, i) => {
      const spread = Math.sqrt(this.#covariance[i * n + i]);
      return spread > Math.abs(mean) * 2 ** -30 ? 1 / spread : 0;
    });
    const root = inverseRoot(
      this.#covariance.map((covariance, at) => covariance * scale[Math.floor(at / n)] * scale[at % n]),
      n,
    );
    return root.map((weight, at) => weight * scale[at % n]);
  }

  #whiten(x: Float32Array, z: Float32Array, at: number): void {
    const n = this.channels;
    for (let i = 0; i < n; i++) {
      let sum = 0;
      for (let j = 0; j < n; j++) sum += this.#root[i * n + j] * (x[j] - this.#mean[j]);
      z[at + i] = sum;
    }
  }
}
