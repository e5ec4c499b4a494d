import { doublesIn, type State } from '../state/state.ts';

/** Frames back that the kernel sees, and the tap a day back. */
const lags = 4;
const taps = lags + 1;
/** Categories of the time of day. */
const dayBins = 12;
const learningRate = 0.1;
/** How much of a category's probability is shared with its neighbours before the surprise is taken. */
const blur = 0.5;
/** Rows of the weights that a step reads: two a tap, two for the time of day. */
const activeRows = 2 * (taps + 1);

/**
 * Forecasts the category of the next sample by a causal convolution over soft categories, and learns from every sample:
 *
 *     a[t, b] = weight of category b at frame t (two are not 0)
 *     l[o] = β[o] + Σ_k Σ_b W[k, b, o] a[t - k, b] + Σ_b D[b, o] a[t - a day, b] + Σ_h H[h, o] hour[t, h]
 *     p = softmax(l);   surprise = -log2 Σ_o a[t, o] p̃[o];   w ← w - 0.1 ∂(-Σ_o a[t, o] ln p[o])/∂w
 *
 * with p̃ half p and half the mean of its neighbours, so that a near miss counts as one. Only two categories are active
 * at a tap, so a step reads and moves twelve rows of weights. One pass of plain descent from zero weights. Taps that see
 * no sample (before the start, gaps, no day yet) read a row that is not used otherwise, with weight 0.
 */
export class CategoricalForecast {
  readonly #bins: number;
  /** W and D [taps, bins, bins], H [hours, bins], the idle row and β [bins]. */
  readonly #weights: Float64Array;
  readonly #idle: number;
  readonly #bias: number;
  readonly #probabilities: Float64Array;
  /** Positions at the taps, the newest first, then the one a day back; -1 = none. */
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
   * The surprise of a sample in bits, told before it is learned.
   * @param position of the sample among the categories
   * @param dayBack position a day ago; -1 = none
   * @param day time of day, 0 … 1
   * @param learning whether it is learned at all
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

  /** `frames` frames brought no sample. */
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

  /** Which rows this step reads, and how much of each. */
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

  /** One step down the gradient ∂L/∂l = p - a, which `#chance` holds now. */
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

/** In place. The logits of plain descent grow like log t, so that exp finds room without their greatest taken off. */
function softmax(p: Float64Array): void {
  let sum = 0;
  for (let b = 0; b < p.length; b++) {
    p[b] = Math.exp(p[b]);
    sum += p[b];
  }
  const scale = 1 / sum;
  for (let b = 0; b < p.length; b++) p[b] *= scale;
}
