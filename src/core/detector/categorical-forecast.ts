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
  /** l, then e^l, then the update of β; [bins]. */
  readonly #exponentials: Float64Array;
  /** Positions at the taps, newest first, then the one a day back; -1 = none. */
  readonly #positions = new Float64Array(taps).fill(-1);
  readonly #rows = new Int32Array(activeRows);
  readonly #shares = new Float64Array(activeRows);

  constructor(bins: number) {
    this.#bins = bins;
    this.#idle = (taps * bins + dayBins) * bins;
    this.#bias = this.#idle + bins;
    this.#weights = new Float64Array(this.#bias + bins);
    this.#exponentials = new Float64Array(bins);
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
    this.#positions[lags] = dayBack;
    this.#activate(day);
    this.#forecast(dayBack >= 0);
    const scale = this.#exponentiate();
    const blurred = (1 - high) * this.#blurred(low, scale) + high * this.#blurred(low + 1, scale);
    if (learning) this.#descend(low, high, scale, dayBack >= 0);
    this.#shift(position);
    return -Math.log2(blurred + 1e-7);
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

  /** Computes the logits l, in two sums of six rows of weights. `day`: whether there is a sample of the day before. */
  #forecast(day: boolean): void {
    const l = this.#exponentials;
    const w = this.#weights;
    const rows = this.#rows;
    const shares = this.#shares;
    const bins = this.#bins;
    const bias = this.#bias;
    const r0 = rows[0];
    const r1 = rows[1];
    const r2 = rows[2];
    const r3 = rows[3];
    const r4 = rows[4];
    const r5 = rows[5];
    const s0 = shares[0];
    const s1 = shares[1];
    const s2 = shares[2];
    const s3 = shares[3];
    const s4 = shares[4];
    const s5 = shares[5];
    for (let b = 0; b < bins; b++)
      l[b] =
        w[bias + b] +
        (s0 * w[r0 + b] + s1 * w[r1 + b] + (s2 * w[r2 + b] + s3 * w[r3 + b]) + (s4 * w[r4 + b] + s5 * w[r5 + b]));
    const r6 = rows[6];
    const r7 = rows[7];
    const r8 = rows[8];
    const r9 = rows[9];
    const r10 = rows[10];
    const r11 = rows[11];
    const s6 = shares[6];
    const s7 = shares[7];
    const s8 = shares[8];
    const s9 = shares[9];
    const s10 = shares[10];
    const s11 = shares[11];
    if (day)
      for (let b = 0; b < bins; b++)
        l[b] +=
          s6 * w[r6 + b] + s7 * w[r7 + b] + (s8 * w[r8 + b] + s9 * w[r9 + b]) + (s10 * w[r10 + b] + s11 * w[r11 + b]);
    else for (let b = 0; b < bins; b++) l[b] += s6 * w[r6 + b] + s7 * w[r7 + b] + (s10 * w[r10 + b] + s11 * w[r11 + b]);
  }

  /**
   * Replaces the logits with e^l and returns 1 / Σ e^l. The logits of plain gradient descent grow only like log t, so
   * exp does not overflow without subtracting the maximum.
   */
  #exponentiate(): number {
    const e = this.#exponentials;
    let sum = 0;
    for (let b = 0; b < e.length; b++) {
      const x = Math.exp(e[b]);
      e[b] = x;
      sum += x;
    }
    return 1 / sum;
  }

  /** Returns p̃ of a category, where p = `scale` e^l. */
  #blurred(b: number, scale: number): number {
    const e = this.#exponentials;
    const p = e[b] * scale;
    const before = b > 0 ? e[b - 1] * scale : p;
    const after = b < this.#bins - 1 ? e[b + 1] * scale : p;
    return (1 - blur) * p + blur * 0.5 * (before + after);
  }

  /**
   * Descends one step along the gradient ∂L/∂l = p - a, where p = `scale` e^l. Category `low` has weight 1 - `high`, and
   * the next one has weight `high`.
   */
  #descend(low: number, high: number, scale: number, day: boolean): void {
    const g = this.#exponentials;
    const w = this.#weights;
    const rows = this.#rows;
    const shares = this.#shares;
    const bins = this.#bins;
    const bias = this.#bias;
    const atLow = (g[low] * scale - (1 - high)) * learningRate;
    const atHigh = (g[low + 1] * scale - high) * learningRate;
    for (let b = 0; b < bins; b++) g[b] = g[b] * scale * learningRate;
    g[low] = atLow;
    g[low + 1] = atHigh;
    const r0 = rows[0];
    const r1 = rows[1];
    const r2 = rows[2];
    const r3 = rows[3];
    const r4 = rows[4];
    const r5 = rows[5];
    const s0 = shares[0];
    const s1 = shares[1];
    const s2 = shares[2];
    const s3 = shares[3];
    const s4 = shares[4];
    const s5 = shares[5];
    for (let b = 0; b < bins; b++) {
      const step = g[b];
      w[bias + b] -= step;
      w[r0 + b] -= s0 * step;
      w[r1 + b] -= s1 * step;
      w[r2 + b] -= s2 * step;
      w[r3 + b] -= s3 * step;
      w[r4 + b] -= s4 * step;
      w[r5 + b] -= s5 * step;
    }
    const r6 = rows[6];
    const r7 = rows[7];
    const r8 = rows[8];
    const r9 = rows[9];
    const r10 = rows[10];
    const r11 = rows[11];
    const s6 = shares[6];
    const s7 = shares[7];
    const s8 = shares[8];
    const s9 = shares[9];
    const s10 = shares[10];
    const s11 = shares[11];
    for (let b = 0; b < bins; b++) {
      const step = g[b];
      w[r6 + b] -= s6 * step;
      w[r7 + b] -= s7 * step;
      w[r10 + b] -= s10 * step;
      w[r11 + b] -= s11 * step;
    }
    if (!day) return;
    for (let b = 0; b < bins; b++) {
      w[r8 + b] -= s8 * g[b];
      w[r9 + b] -= s9 * g[b];
    }
  }
}

function lowerBin(position: number, bins: number): number {
  const low = Math.floor(position);
  return low > bins - 2 ? bins - 2 : low < 0 ? 0 : low;
}
