import { doublesIn, type State } from '../state.ts';

/** Frames back that the kernel sees, and the tap a day back. */
const lags = 4;
const taps = lags + 1;
/** Categories of the time of day. */
const hours = 12;
const rate = 0.1;
/** How much of a category's probability is shared with its neighbours before the surprise is taken. */
const blur = 0.5;

/**
 * Forecasts the category of the next sample by a causal convolution over soft categories, and learns from every sample:
 *
 *     a[t, b] = weight of category b at frame t (two are not 0)
 *     l[o] = β[o] + Σ_k Σ_b W[k, b, o] a[t - k, b] + Σ_b D[b, o] a[t - a day, b] + Σ_h H[h, o] hour[t, h]
 *     p = softmax(l);   surprise = -log2 Σ_o a[t, o] p̃[o];   w ← w - 0.1 ∂(-Σ_o a[t, o] ln p[o])/∂w
 *
 * with p̃ half p and half the mean of its neighbours, so that a near miss counts as one. Only two of the categories are
 * active at a tap, so a step costs 2 · taps · categories multiply-adds there and back. One pass of plain descent from
 * zero weights. Taps that see no sample (before the start, gaps, no day yet) are left out.
 */
export class CategoricalForecast {
  readonly #bins: number;
  readonly #weights: Float64Array;
  readonly #hours: Float64Array;
  readonly #bias: Float64Array;
  readonly #chance: Float64Array;
  /** Positions at the taps, the newest first, then the one a day back; -1 = none. */
  readonly #seen = new Float64Array(taps).fill(-1);

  constructor(bins: number) {
    this.#bins = bins;
    this.#weights = new Float64Array(taps * bins * bins);
    this.#hours = new Float64Array(hours * bins);
    this.#bias = new Float64Array(bins);
    this.#chance = new Float64Array(bins);
  }

  /**
   * Learns a sample and returns its surprise in bits, told before it was learned.
   * @param position of the sample among the categories
   * @param dayBack position a day ago; -1 = none
   * @param day time of day, 0 … 1; -1 = unknown
   */
  push(position: number, dayBack: number, day: number): number {
    const bins = this.#bins;
    const low = lowOf(position, bins);
    const high = position - low;
    this.#seen[lags] = dayBack;
    this.#forecast(day);
    const surprise = this.#surprise(low, high);
    const p = this.#chance;
    p[low] -= 1 - high;
    p[low + 1] -= high;
    this.#descend(day);
    this.#shift(position);
    return surprise;
  }

  /** What the weights say of a sample, without learning it. */
  look(position: number, dayBack: number, day: number): number {
    const low = lowOf(position, this.#bins);
    this.#seen[lags] = dayBack;
    this.#forecast(day);
    const surprise = this.#surprise(low, position - low);
    this.#shift(position);
    return surprise;
  }

  /** `frames` frames brought no sample. */
  skip(frames: number): void {
    for (let k = 0; k < Math.min(frames, lags); k++) this.#shift(-1);
  }

  save(): State {
    return {
      weights: this.#weights.slice(),
      hours: this.#hours.slice(),
      bias: this.#bias.slice(),
      seen: this.#seen.slice(),
    };
  }

  restore(state: State): void {
    this.#weights.set(doublesIn(state, 'weights', this.#weights.length));
    this.#hours.set(doublesIn(state, 'hours', this.#hours.length));
    this.#bias.set(doublesIn(state, 'bias', this.#bias.length));
    this.#seen.set(doublesIn(state, 'seen', taps));
  }

  #shift(position: number): void {
    const seen = this.#seen;
    for (let k = lags - 1; k > 0; k--) seen[k] = seen[k - 1];
    seen[0] = position;
  }

  #forecast(day: number): void {
    const bins = this.#bins;
    const p = this.#chance;
    const w = this.#weights;
    p.set(this.#bias);
    for (let k = 0; k < taps; k++) {
      const position = this.#seen[k];
      if (position < 0) continue;
      const low = lowOf(position, bins);
      const high = position - low;
      gather(p, w, (k * bins + low) * bins, (k * bins + low + 1) * bins, 1 - high, high, bins);
    }
    if (day >= 0) {
      const hour = Math.floor(day * hours) % hours;
      const late = day * hours - Math.floor(day * hours);
      gather(p, this.#hours, hour * bins, ((hour + 1) % hours) * bins, 1 - late, late, bins);
    }
    softmax(p, bins);
  }

  #surprise(low: number, high: number): number {
    const chance = (1 - high) * this.#blurred(low) + high * this.#blurred(low + 1);
    return -Math.log2(chance + 1e-7);
  }

  #blurred(b: number): number {
    const p = this.#chance;
    const before = b > 0 ? p[b - 1] : p[b];
    const after = b < this.#bins - 1 ? p[b + 1] : p[b];
    return (1 - blur) * p[b] + blur * 0.5 * (before + after);
  }

  /** One step down the gradient, which `#chance` holds: ∂L/∂l = p - a. */
  #descend(day: number): void {
    const bins = this.#bins;
    const g = this.#chance;
    for (let k = 0; k < taps; k++) {
      const position = this.#seen[k];
      if (position < 0) continue;
      const low = lowOf(position, bins);
      const high = position - low;
      const at = (k * bins + low) * bins;
      scatter(g, this.#weights, at, at + bins, rate * (1 - high), rate * high, bins);
    }
    for (let b = 0; b < bins; b++) this.#bias[b] -= rate * g[b];
    if (day >= 0) {
      const hour = Math.floor(day * hours) % hours;
      const late = day * hours - Math.floor(day * hours);
      const next = ((hour + 1) % hours) * bins;
      scatter(g, this.#hours, hour * bins, next, rate * (1 - late), rate * late, bins);
    }
  }
}

function lowOf(position: number, bins: number): number {
  const low = Math.floor(position);
  return low > bins - 2 ? bins - 2 : low < 0 ? 0 : low;
}

function gather(
  p: Float64Array,
  w: Float64Array,
  at: number,
  next: number,
  low: number,
  high: number,
  bins: number,
): void {
  for (let b = 0; b < bins; b++) p[b] += low * w[at + b] + high * w[next + b];
}

function scatter(
  g: Float64Array,
  w: Float64Array,
  at: number,
  next: number,
  low: number,
  high: number,
  bins: number,
): void {
  for (let b = 0; b < bins; b++) {
    w[at + b] -= low * g[b];
    w[next + b] -= high * g[b];
  }
}

function softmax(p: Float64Array, bins: number): void {
  let most = p[0];
  for (let b = 1; b < bins; b++) if (p[b] > most) most = p[b];
  let sum = 0;
  for (let b = 0; b < bins; b++) {
    p[b] = Math.exp(p[b] - most);
    sum += p[b];
  }
  const scale = 1 / sum;
  for (let b = 0; b < bins; b++) p[b] *= scale;
}
