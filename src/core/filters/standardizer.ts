import { integer, invalid, positive } from '../check.ts';
import { doublesIn, type State } from '../state/state.ts';

/** Options of a `Standardizer`. */
export interface StandardizerOptions {
  channels: number;
  /** Time constant of the running statistics in frames: tau in seconds · rate in Hz. */
  frames: number;
}

/** Samples beyond this magnitude count as missing, because sums of their squares would overflow float32. */
const maxSample = 2 ** 60;
/** Deviations beyond this multiple of the standard deviation are clipped. */
const clipFactor = 10;
/** Number of consecutive outliers after which the limit no longer grows. */
const maxClipped = 512;
/** A channel counts as constant if its standard deviation is at most this share of its mean. */
const minRelative = 2 ** -30;
/** Number of samples at the start of a channel whose outliers are excluded. */
const firstSamples = 16;
/** Minimum number of samples whose outliers are excluded. */
const minFirst = 8;
/** Deviations from the median beyond this multiple of the median absolute deviation are outliers. */
const medianFactor = 20;

/**
 * The causal z-score of every channel: each sample minus the running mean, divided by the running standard deviation.
 *
 *     w = max(1/n, 1 - exp(-1/frames))        n = samples counted so far, including this one
 *     d = x - m;  m ← m + w d;  v ← (1 - w)(v + w d²);  z = (x - m) / √v
 *
 * About the first `frames` samples are weighted equally (m and v are then their exact mean and variance), later ones
 * exponentially. A sample is fully included in its own z, so |z| stays below √n and about √frames.
 *
 * The statistics are robust. A sample that deviates by more than 10 √v is included as if it deviated by 10 √v, and by
 * twice as much for each such sample in a row: a glitch changes little, and a new level is adopted within a fraction of
 * the time constant. Among the first 16 samples of a channel, and once there are 8, samples that deviate from the median
 * by more than 20 times the median absolute deviation are excluded. A sample beyond ±2^60, such as a fill value, counts
 * as non-finite.
 *
 * Invalid frames and non-finite samples do not change the statistics. Invalid frames are still scaled, and non-finite
 * samples give NaN. A constant channel gives 0, as does the first sample. A channel counts as constant if its standard
 * deviation is below 2^-30 of its mean, which is less than the resolution of float32. Statistics are float64, and each
 * channel has its own count.
 */
export class Standardizer {
  readonly channels: number;
  readonly frames: number;
  readonly #minWeight: number;
  readonly #count: Float64Array;
  readonly #mean: Float64Array;
  readonly #variance: Float64Array;
  /** Clipped samples in a row, per channel. */
  readonly #clipped: Float64Array;
  /** The first samples of each channel, [channels, firstSamples]. */
  readonly #first: Float64Array;
  readonly #sorted: Float64Array = new Float64Array(firstSamples);
  /** The statistics that the current sample is scaled by. */
  #ownMean = 0;
  #ownVariance = 0;

  constructor({ channels, frames }: StandardizerOptions) {
    this.channels = integer('channels', channels, 1);
    this.frames = positive('frames', frames);
    this.#minWeight = -Math.expm1(-1 / frames);
    this.#count = new Float64Array(channels);
    this.#mean = new Float64Array(channels);
    this.#variance = new Float64Array(channels);
    this.#clipped = new Float64Array(channels);
    this.#first = new Float64Array(channels * firstSamples);
  }

  /**
   * Standardizes x, [frames, channels], into a new array. The bits do not depend on how the stream is split.
   *
   * @param scales receives the factor that each sample was scaled by, [frames, channels]; 0 for a constant channel
   */
  push(x: Float32Array, valid?: Uint8Array, scales?: Float32Array): Float32Array {
    const { channels } = this;
    if (x.length % channels !== 0) throw invalid('x.length', `a multiple of the ${channels} channels`, x.length);
    const z = new Float32Array(x.length);
    for (let t = 0, i = 0; i < x.length; t++) {
      const counts = !valid || valid[t] === 1;
      for (let c = 0; c < channels; c++, i++) {
        const sample = Math.abs(x[i]) <= maxSample ? x[i] : NaN;
        this.#ownMean = this.#mean[c];
        this.#ownVariance = this.#variance[c];
        if (counts && sample === sample) this.#update(c, sample);
        const mean = this.#ownMean;
        const deviation = Math.sqrt(this.#ownVariance);
        const isVarying = deviation > Math.abs(mean) * minRelative;
        z[i] = isVarying || sample !== sample ? (sample - mean) / deviation : 0;
        if (scales) scales[i] = isVarying ? 1 / deviation : 0;
      }
    }
    return z;
  }

  /** Returns copies of the running mean and standard deviation of every channel. */
  statistics(): { mean: Float64Array; standardDeviation: Float64Array } {
    return { mean: this.#mean.slice(), standardDeviation: this.#variance.map(Math.sqrt) };
  }

  save(): State {
    return {
      count: this.#count.slice(),
      mean: this.#mean.slice(),
      variance: this.#variance.slice(),
      clipped: this.#clipped.slice(),
      first: this.#first.slice(),
    };
  }

  /** Restores a saved state; states saved before statistics were robust lack `clipped` and `first`. */
  restore(state: State): void {
    this.#count.set(doublesIn(state, 'count', this.channels));
    this.#mean.set(doublesIn(state, 'mean', this.channels));
    this.#variance.set(doublesIn(state, 'variance', this.channels));
    if (!('first' in state)) return;
    this.#clipped.set(doublesIn(state, 'clipped', this.channels));
    this.#first.set(doublesIn(state, 'first', this.#first.length));
  }

  /** Includes a sample in the statistics, and fully in those that it is scaled by itself. */
  #update(c: number, x: number): void {
    const n = ++this.#count[c];
    const w = Math.max(1 / n, this.#minWeight);
    const mean = this.#mean[c];
    const variance = this.#variance[c];
    const d = x - mean;
    this.#ownMean = mean + w * d;
    this.#ownVariance = (1 - w) * (variance + w * d * d);
    if (n <= firstSamples) {
      this.#first[c * firstSamples + n - 1] = x;
      if (this.#includeFirst(c, n)) return;
    }
    const clipped = this.#clipped[c];
    const limit = (clipped === 0 ? clipFactor : clipFactor * 2 ** clipped) * Math.sqrt(variance);
    const isOutlier = n > firstSamples && variance > 0 && Math.abs(d) > limit;
    this.#clipped[c] = isOutlier ? Math.min(clipped + 1, maxClipped) : 0;
    this.#include(c, w, isOutlier ? Math.sign(d) * limit : d);
  }

  #include(c: number, w: number, d: number): void {
    this.#mean[c] += w * d;
    this.#variance[c] = (1 - w) * (this.#variance[c] + w * d * d);
  }

  /** Computes the statistics of the first `n` samples without their outliers; false, and nothing is done, without outliers. */
  #includeFirst(c: number, n: number): boolean {
    if (n < minFirst) return false;
    const first = this.#first.subarray(c * firstSamples, c * firstSamples + n);
    const sorted = this.#sorted.subarray(0, n);
    const middle = () => (sorted.sort()[(n - 1) >> 1] + sorted[n >> 1]) / 2;
    sorted.set(first);
    const median = middle();
    for (let i = 0; i < n; i++) sorted[i] = Math.abs(first[i] - median);
    const limit = medianFactor * middle();
    if (limit === 0 || !(sorted[n - 1] > limit)) return false;
    this.#mean[c] = 0;
    this.#variance[c] = 0;
    let included = 0;
    for (const x of first) {
      if (Math.abs(x - median) > limit) continue;
      this.#include(c, Math.max(1 / ++included, this.#minWeight), x - this.#mean[c]);
    }
    return true;
  }
}
