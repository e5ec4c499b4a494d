import { doublesIn, type State } from '../state/state.ts';

/** Distance that counts as one bit: 0.5 % of the range. */
const resolution = 0.005;
/** Numbers required before novelty is computed. */
const minCount = 11;
/** Minimum novelty: far inside the range, or unknown. */
export const minNovelty = -8;
/** Maximum novelty: about 5000 ranges outside. */
export const maxNovelty = 20;

/**
 * Which sides of a range count: 'records', new records on both sides; 'upper', the upper side, including values near
 * it.
 */
export type Sides = 'records' | 'upper';

/**
 * Measures how far a number lies outside the range of all numbers before it, on a logarithmic scale:
 *
 *     y = (distance beyond the nearest edge; < 0 inside) / (max - min)
 *     novelty = sign(y) log2(1 + |y| / 0.005),  limited to -8 … 20
 *
 * A new record moves its edge by at most one range; otherwise the first large anomaly would hide all later ones. For
 * iid numbers, the n-th is a record with probability 1/n, for any distribution.
 */
export class RangeNovelty {
  readonly #upper: boolean;
  #count = 0;
  #low = 0;
  #high = 0;
  /** Index of the newest number that lay at least a quarter of the range inside. */
  lastInside = -1;

  constructor(sides: Sides) {
    this.#upper = sides === 'upper';
  }

  /** Returns the novelty of a finite number, then adds the number to the range. `index` is its frame. */
  push(x: number, index: number): number {
    if (this.#count++ === 0) {
      this.#low = x;
      this.#high = x;
      return minNovelty;
    }
    const range = this.#high - this.#low;
    const above = x - this.#high;
    const below = this.#low - x;
    const beyond = this.#upper || above > below ? above : below;
    const novelty = range > 0 && this.#count > minCount ? this.#novelty(beyond / range) : minNovelty;
    if (beyond < -0.25 * range) this.lastInside = index;
    if (above > 0) this.#high = range > 0 && above > range ? this.#high + range : x;
    else if (below > 0) this.#low = range > 0 && below > range ? this.#low - range : x;
    return novelty;
  }

  #novelty(y: number): number {
    if (y > 0) return Math.min(maxNovelty, Math.log2(1 + y / resolution));
    return this.#upper ? Math.max(minNovelty, -Math.log2(1 - y / resolution)) : minNovelty;
  }

  save(): State {
    return { numbers: Float64Array.of(this.#count, this.#low, this.#high, this.lastInside) };
  }

  restore(state: State): void {
    [this.#count, this.#low, this.#high, this.lastInside] = doublesIn(state, 'numbers', 4);
  }
}
