/** A bound moves only when it is off by this part of the range. */
const deadBand = 0.12;
/** How far a moving bound goes at each update. */
const smoothing = 0.35;

/**
 * A colour or axis range that follows percentiles of what is shown, and stands still while they hardly change, so that
 * the same colour goes on meaning the same number.
 */
export class AutoRange {
  readonly #low: number;
  readonly #high: number;
  readonly #symmetric: boolean;
  #range: [number, number] | undefined;
  #moving = false;

  /** Percentiles from 0 to 1; `symmetric` ranges have 0 in the middle. */
  constructor(low = 0.02, high = 0.98, symmetric = false) {
    this.#low = low;
    this.#high = high;
    this.#symmetric = symmetric;
  }

  /** The range, or undefined until there was a sample. */
  get range(): readonly [number, number] | undefined {
    return this.#range;
  }

  /** Takes the first `count` of `samples`, all finite, in any order; sorts them. */
  update(samples: Float32Array, count: number): void {
    if (count === 0) return;
    const sorted = samples.subarray(0, count).sort();
    let low = sorted[Math.floor(this.#low * (count - 1))];
    let high = sorted[Math.ceil(this.#high * (count - 1))];
    if (this.#symmetric) {
      high = Math.max(Math.abs(low), Math.abs(high));
      low = -high;
    }
    const least = 1e-6 * Math.max(1e-6, Math.abs(low), Math.abs(high));
    if (high - low < least) [low, high] = [low - least, high + least];
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
