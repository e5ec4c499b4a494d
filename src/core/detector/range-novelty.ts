import { doublesIn, type State } from '../state/state.ts';

/** What half a percent outside the range counts: one bit. */
const resolution = 0.005;
/** Numbers before which a range says nothing. */
const minCount = 11;
/** The lowest novelty: far inside the range, or nothing known. */
export const minNovelty = -8;
/** The highest: five thousand ranges outside. */
export const maxNovelty = 20;

/** Which sides of a range tell news: both, by new records only; or the upper one, where nearness to it tells too. */
export type Sides = 'records' | 'upper';

/**
 * How far a number lies outside the range of all that came before it, on a log scale:
 *
 *     y = (how far beyond the nearest edge; inside: how far from it, < 0) / (max - min)
 *     novelty = sign(y) log2(1 + |y| / 0.005),  held within -8 … 20
 *
 * A new record moves its edge by one range at most, or the first great anomaly would hide all that follow. With iid
 * numbers the n-th is a record with chance 1/n, whatever their distribution.
 */
export class RangeNovelty {
  readonly #upper: boolean;
  #count = 0;
  #low = 0;
  #high = 0;
  /** Index of the newest number that lay a quarter of the range or more inside. */
  lastInside = -1;

  constructor(sides: Sides) {
    this.#upper = sides === 'upper';
  }

  /** The novelty of a finite number, which then counts in the range. `index` is its frame. */
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
