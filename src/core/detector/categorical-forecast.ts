import { doublesIn, type State } from '../state/state.ts';

/** Taps of the kernel, in frames back, and their number together with the tap one day back. */
const lags = 4;
const taps = lags + 1;
/** Categories of the time of day. */
const dayBins = 12;
const learningRate = 0.1;
/** Share of a category's probability that is blurred over its neighbors before the surprise is computed. */
const blur = 0.5;
/** Rows of weights that one update reads: two per tap, and two for the time of day. */
const activeRows = 2 * (taps + 1);

/**
 * Forecasts the category of the next sample with a causal convolution over soft categories, and learns from every
 * sample:
 *
 *     a[t, b] = weight of category b at frame t (two are not 0)
 *     l[o] = β[o] + Σ_k Σ_b W[k, b, o] a[t - k, b] + Σ_b D[b, o] a[t - a day, b] + Σ_h H[h, o] hour[t, h]
 *     p = softmax(l);   surprise = -log2 Σ_o a[t, o] p̃[o];   w ← w - 0.1 ∂(-Σ_o a[t, o] ln p[o])/∂w
 *
 * p̃ is half p and half the mean of its neighbors, so that a near miss scores better than a far one. Only two
 * categories are active per tap, so an update reads and changes twelve rows of weights. Training is one pass of plain
 * gradient descent from zero weights. Taps without a sample (before the start, in gaps, on the first day) read a
 * separate row with weight 0.
 */
export class CategoricalForecast {
  readonly #bins: number;
  /** W and D [taps, bins, bins], H [day bins, bins], the idle row, and β [bins]. */
  readonly #weights: Float64Array;
  readonly #idle: number;
  readonly #bias: number;
  readonly #probabilities: Float64Array;
  /** Positions at the taps, newest first, then the one a day back; -1 = none. */
  readonly #positions = new Float64Array(taps).fill(-1);
  readonly #rows = new Int32Array(activeRows);
  readonly #shares = new Float64Array(activeRows);

  constructor(bins: number) {
    this.#bins = bins;
    this.#idle = (taps * bins + dayBins) * bins;
    this.#bias = this.#idle + bins;
    this.#weights = new Float64Array(this.#bias + bins);
    this.#probabilities = new Float64Array(bins);
  }

  /**
   * Returns the surprise of a sample in bits, then learns the sample.
   * @param position of the sample among the categories
   * @param dayBack position one day ago; -1 = none
   * @param day time of day, 0 … 1
   * @param learning whether the sample is learned
   */
  push(position: number, dayBack: number, day: number, learning: boolean): number {
    const low = lowerBin(position, this.#bins);
    const high = position - low;
    const p = this.#probabilities;
    this.#positions[lags] = dayBack;
    this.#activate(day);
    this.#forecast();
    const surprise = -Math.log2((1 - high) * this.#blurred(low) + high * this.#blurred(low + 1) + 1e-7);
    if (learning) {
      p[low] -= 1 - high;
      p[low + 1] -= high;
      this.#descend();
    }
    this.#shift(position);
    return surprise;
  }

  /** Marks `frames` frames as missing. */
  skip(frames: number): void {
    for (let k = 0; k < Math.min(frames, lags); k++) this.#shift(-1);
  }

  save(): State {
    return { weights: this.#weights.slice(), seen: this.#positions.slice() };
  }

  restore(state: State): void {
    this.#weights.set(doublesIn(state, 'weights', this.#weights.length));
    this.#positions.set(doublesIn(state, 'seen', taps));
  }

  #shift(position: number): void {
    const seen = this.#positions;
    for (let k = lags - 1; k > 0; k--) seen[k] = seen[k - 1];
    seen[0] = position;
  }

  /** Selects the rows of weights of this sample, and their shares. */
  #activate(day: number): void {
    const bins = this.#bins;
    for (let k = 0; k < taps; k++) {
      const position = this.#positions[k];
      const low = lowerBin(position, bins);
      if (position < 0) this.#set(k, this.#idle, this.#idle, 0, 0);
      else this.#set(k, (k * bins + low) * bins, (k * bins + low + 1) * bins, 1 - position + low, position - low);
    }
    const hour = Math.min(dayBins - 1, Math.floor(day * dayBins));
    const late = day * dayBins - hour;
    const first = taps * bins;
    this.#set(taps, (first + hour) * bins, (first + ((hour + 1) % dayBins)) * bins, 1 - late, late);
  }

  #set(k: number, row: number, next: number, share: number, rest: number): void {
    this.#rows[2 * k] = row;
    this.#rows[2 * k + 1] = next;
    this.#shares[2 * k] = share;
    this.#shares[2 * k + 1] = rest;
  }

  /** p = softmax(l), six rows of weights at a time. */
  #forecast(): void {
    const bins = this.#bins;
    const p = this.#probabilities;
    const w = this.#weights;
    const rows = this.#rows;
    const shares = this.#shares;
    for (let b = 0; b < bins; b++) p[b] = w[this.#bias + b];
    for (let j = 0; j < activeRows; j += 6) {
      const r0 = rows[j + 0];
      const r1 = rows[j + 1];
      const r2 = rows[j + 2];
      const r3 = rows[j + 3];
      const r4 = rows[j + 4];
      const r5 = rows[j + 5];
      const s0 = shares[j + 0];
      const s1 = shares[j + 1];
      const s2 = shares[j + 2];
      const s3 = shares[j + 3];
      const s4 = shares[j + 4];
      const s5 = shares[j + 5];
      for (let b = 0; b < bins; b++)
        p[b] += s0 * w[r0 + b] + s1 * w[r1 + b] + (s2 * w[r2 + b] + s3 * w[r3 + b]) + (s4 * w[r4 + b] + s5 * w[r5 + b]);
    }
    softmax(p);
  }

  #blurred(b: number): number {
    const p = this.#probabilities;
    const before = b > 0 ? p[b - 1] : p[b];
    const after = b < this.#bins - 1 ? p[b + 1] : p[b];
    return (1 - blur) * p[b] + blur * 0.5 * (before + after);
  }

  /** Descends one step along the gradient ∂L/∂l = p - a, which `#probabilities` contains now. */
  #descend(): void {
    const bins = this.#bins;
    const g = this.#probabilities;
    const w = this.#weights;
    const rows = this.#rows;
    const shares = this.#shares;
    for (let b = 0; b < bins; b++) g[b] *= learningRate;
    for (let b = 0; b < bins; b++) w[this.#bias + b] -= g[b];
    for (let j = 0; j < activeRows; j += 6) {
      const r0 = rows[j + 0];
      const r1 = rows[j + 1];
      const r2 = rows[j + 2];
      const r3 = rows[j + 3];
      const r4 = rows[j + 4];
      const r5 = rows[j + 5];
      const s0 = shares[j + 0];
      const s1 = shares[j + 1];
      const s2 = shares[j + 2];
      const s3 = shares[j + 3];
      const s4 = shares[j + 4];
      const s5 = shares[j + 5];
      for (let b = 0; b < bins; b++) {
        const step = g[b];
        w[r0 + b] -= s0 * step;
        w[r1 + b] -= s1 * step;
        w[r2 + b] -= s2 * step;
        w[r3 + b] -= s3 * step;
        w[r4 + b] -= s4 * step;
        w[r5 + b] -= s5 * step;
      }
    }
  }
}

function lowerBin(position: number, bins: number): number {
  const low = Math.floor(position);
  return low > bins - 2 ? bins - 2 : low < 0 ? 0 : low;
}

/**
 * Softmax in place. The logits of plain gradient descent grow only like log t, so exp does not overflow without
 * subtracting the maximum.
 */
function softmax(p: Float64Array): void {
  let sum = 0;
  for (let b = 0; b < p.length; b++) {
    p[b] = Math.exp(p[b]);
    sum += p[b];
  }
  const scale = 1 / sum;
  for (let b = 0; b < p.length; b++) p[b] *= scale;
}
