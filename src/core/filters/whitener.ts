import { integer, invalid, positive } from '../check.ts';
import { doublesIn, numberIn, type State } from '../state/state.ts';

/** Options of a `Whitener`. */
export interface WhitenerOptions {
  /** Number of channels per frame, >= 1. */
  channels: number;
  /** Time constant of the running statistics in frames: tau in seconds · rate in Hz. */
  frames: number;
}

/** The whitening matrix is computed again when this fraction of the statistics is new. */
const updateFraction = 1 / 16;

/**
 * The causal whitening of all channels: each channel is scaled by its standard deviation, and correlations between
 * channels are removed, so that the sum of squares of a frame measures how unusual it is among the frames so far.
 *
 *     w = max(1/n, 1 - exp(-1/frames))        n = frames counted so far, including this one
 *     d = x - m;  m ← m + w d;  C ← (1 - w)(C + w d dᵀ)
 *     z = R^(-1/2) D^(-1/2) (x - m)           D = diagonal of C, R = D^(-1/2) C D^(-1/2), the correlations
 *
 * Among all whitening transforms, this one keeps the outputs most similar to the inputs (A. Kessy, A. Lewin, and
 * K. Strimmer, "Optimal whitening and decorrelation", 2018). The matrix is computed again when a sixteenth of the
 * statistics is new, at the same frames no matter how the stream is split. Directions without variance give 0: a
 * constant channel, the mean of average-referenced channels, and the first frame. Invalid frames and frames with a
 * non-finite sample do not change the statistics; the latter give NaN on every channel. The output is unreliable until
 * about ten times as many frames as channels have arrived.
 */
export class Whitener {
  /** Number of channels per frame. */
  readonly channels: number;
  /** Time constant of the running statistics in frames. */
  readonly frames: number;
  readonly #minWeight: number;
  readonly #mean: Float64Array;
  readonly #covariance: Float64Array;
  #root: Float64Array;
  #count = 0;
  /** The frame count at which the matrix is computed next. */
  #nextRootCount = 1;

  constructor({ channels, frames }: WhitenerOptions) {
    this.channels = integer('channels', channels, 1);
    this.frames = positive('frames', frames);
    this.#minWeight = -Math.expm1(-1 / frames);
    this.#mean = new Float64Array(channels);
    this.#covariance = new Float64Array(channels * channels);
    this.#root = new Float64Array(channels * channels);
  }

  /** Whitens x, [frames, channels], into a new array. The bits do not depend on how the stream is split. */
  push(x: Float32Array, valid?: Uint8Array): Float32Array {
    const { channels } = this;
    if (x.length % channels !== 0) throw invalid('x.length', `a multiple of the ${channels} channels`, x.length);
    const z = new Float32Array(x.length);
    for (let t = 0, at = 0; at < x.length; t++, at += channels) {
      const frame = x.subarray(at, at + channels);
      if (!frame.every(Number.isFinite)) z.fill(NaN, at, at + channels);
      else {
        if (!valid || valid[t] === 1) this.#update(frame);
        this.#whiten(frame, z, at);
      }
    }
    return z;
  }

  /** Returns a copy of the statistics. */
  save(): State {
    return {
      count: this.#count,
      next: this.#nextRootCount,
      mean: this.#mean.slice(),
      covariance: this.#covariance.slice(),
      root: this.#root.slice(),
    };
  }

  /** Restores a state that `save` returned. Throws if it has another number of channels. */
  restore(state: State): void {
    const { channels } = this;
    this.#count = numberIn(state, 'count');
    this.#nextRootCount = numberIn(state, 'next');
    this.#mean.set(doublesIn(state, 'mean', channels));
    this.#covariance.set(doublesIn(state, 'covariance', channels ** 2));
    this.#root.set(doublesIn(state, 'root', channels ** 2));
  }

  #update(x: Float32Array): void {
    const n = this.channels;
    const w = Math.max(1 / ++this.#count, this.#minWeight);
    const d = Float64Array.from(x, (sample, c) => sample - this.#mean[c]);
    for (let i = 0; i < n; i++) {
      this.#mean[i] += w * d[i];
      for (let j = 0; j < n; j++)
        this.#covariance[i * n + j] = (1 - w) * (this.#covariance[i * n + j] + w * (d[i] * d[j]));
    }
    if (this.#count < this.#nextRootCount) return;
    this.#root = this.#computeRoot();
    this.#nextRootCount = this.#count + Math.ceil(updateFraction * Math.min(this.#count, this.frames));
  }

  /**
   * Computes R^(-1/2) D^(-1/2). A standard deviation below 2^-30 of the mean counts as 0 (less than float32
   * resolution).
   */
  #computeRoot(): Float64Array {
    const n = this.channels;
    const scale = this.#mean.map((mean, i) => {
      const deviation = Math.sqrt(this.#covariance[i * n + i]);
      return deviation > Math.abs(mean) * 2 ** -30 ? 1 / deviation : 0;
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

/** Eigenvalues up to this fraction of their mean count as 0. */
const minEigenvalueRatio = 2 ** -30;
/** Maximum number of sweeps. Convergence is quadratic, and about ten sweeps suffice. */
const maxSweeps = 30;

/**
 * Returns the symmetric matrix S with S A S = 1 for a symmetric A >= 0, [n, n]: A = V Λ Vᵀ, S = V Λ^(-1/2) Vᵀ.
 * Directions in which A is 0 get 0, so S is finite for every A.
 *
 * Uses cyclic Jacobi rotations (G. H. Golub and C. F. Van Loan, "Matrix Computations", §8.5), which require only square
 * roots and therefore give the same bits in every runtime.
 */
export function inverseRoot(a: Float64Array, n: number): Float64Array {
  const m = a.slice();
  const v = new Float64Array(n * n);
  for (let i = 0; i < n; i++) v[i * n + i] = 1;
  let mean = 0;
  for (let k = 0; k < n; k++) mean += m[k * n + k] / n;
  for (let sweep = 0; sweep < maxSweeps && rotateAll(m, v, n, Number.EPSILON * mean); sweep++);
  const root = new Float64Array(n * n);
  for (let k = 0; k < n; k++) {
    const eigenvalue = m[k * n + k];
    if (!(eigenvalue > minEigenvalueRatio * mean)) continue;
    const scale = 1 / Math.sqrt(eigenvalue);
    for (let i = 0; i < n; i++) for (let j = 0; j < n; j++) root[i * n + j] += scale * (v[i * n + k] * v[j * n + k]);
  }
  return root;
}

/** Performs one sweep over all off-diagonal pairs above `threshold`. Returns false if there was none. */
function rotateAll(m: Float64Array, v: Float64Array, n: number, threshold: number): boolean {
  let rotated = false;
  for (let p = 0; p < n; p++)
    for (let q = p + 1; q < n; q++) {
      const off = m[p * n + q];
      if (!(Math.abs(off) > threshold)) continue;
      rotated = true;
      const half = (m[q * n + q] - m[p * n + p]) / (2 * off);
      const tangent = (half < 0 ? -1 : 1) / (Math.abs(half) + Math.sqrt(half * half + 1));
      const cosine = 1 / Math.sqrt(tangent * tangent + 1);
      const sine = tangent * cosine;
      for (let k = 0; k < n; k++) rotatePair(m, k * n + p, k * n + q, cosine, sine);
      for (let k = 0; k < n; k++) rotatePair(m, p * n + k, q * n + k, cosine, sine);
      for (let k = 0; k < n; k++) rotatePair(v, k * n + p, k * n + q, cosine, sine);
    }
  return rotated;
}

function rotatePair(m: Float64Array, a: number, b: number, cosine: number, sine: number): void {
  const x = m[a];
  const y = m[b];
  m[a] = cosine * x - sine * y;
  m[b] = sine * x + cosine * y;
}
