import { robustRange } from './robust-range.ts';

/** The range moves when a bound is off by more than this fraction of the range. */
const deadBand = 0.12;
/** Fraction of the remaining distance that a moving bound covers per update. */
const smoothing = 0.35;

/**
 * A color or axis range that follows percentiles of the displayed values, without outliers. It does not move for small changes, so that
 * colors keep their meaning.
 */
export class AutoRange {
  readonly #low: number;
  readonly #high: number;
  readonly #symmetric: boolean;
  #range: [number, number] | undefined;
  #moving = false;

  /** `low` and `high`: quantiles from 0 to 1. A `symmetric` range is centered on 0. */
  constructor(low = 0.02, high = 0.98, symmetric = false) {
    this.#low = low;
    this.#high = high;
    this.#symmetric = symmetric;
  }

  /** The range; undefined before the first sample. */
  get range(): readonly [number, number] | undefined {
    return this.#range;
  }

  /** Updates the range from the first `count` of `samples`. They must be finite, and are sorted in place. */
  update(samples: Float32Array, count: number): void {
    if (count === 0) return;
    const sorted = samples.subarray(0, count).sort();
    let low = sorted[Math.floor(this.#low * (count - 1))];
    let high = sorted[Math.ceil(this.#high * (count - 1))];
    const [lowest, highest] = robustRange(sorted, count);
    [low, high] = [Math.max(low, lowest), Math.min(high, highest)];
    if (this.#symmetric) {
      high = Math.max(Math.abs(low), Math.abs(high));
      low = -high;
    }
    const minSpan = 1e-6 * Math.max(1e-24, Math.abs(low), Math.abs(high));
    if (high - low < minSpan) [low, high] = [low - minSpan, high + minSpan];
    this.#follow(low, high);
  }

  #follow(low: number, high: number): void {
    if (!this.#range) {
      this.#range = [low, high];
      return;
    }
    const [from, to] = this.#range;
    const span = Math.max(to - from, high - low);
    const off = Math.max(Math.abs(low - from), Math.abs(high - to)) / span;
    if (off > deadBand) this.#moving = true;
    if (off < deadBand / 6) this.#moving = false;
    if (this.#moving) this.#range = [from + smoothing * (low - from), to + smoothing * (high - to)];
  }
}
