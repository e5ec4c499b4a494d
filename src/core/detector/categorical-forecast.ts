import { forecastHead, forecastSize, forecastWeights, lags, taps } from '../../kernels/forecast-layout.ts';
import type { Kernels } from '../../kernels/kernels.ts';
import { invalid } from '../check.ts';
import type { Allocation } from '../memory/allocation.ts';
import { Engine } from '../memory/engine.ts';
import { doublesIn, type State } from '../state/state.ts';

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
 * separate row with weight 0. The weights are in the memory of the engine.
 */
export class CategoricalForecast {
  readonly #bins: number;
  readonly #engine: Engine;
  readonly #kernels: Kernels;
  /** Offset of the kernel's state in numbers. */
  readonly #at: number;
  readonly #allocation: Allocation;

  /** @param bins number of categories, even */
  constructor(bins: number, engine: Engine = Engine.shared) {
    if (bins % 2 !== 0) throw invalid('bins', 'even', bins);
    this.#bins = bins;
    this.#engine = engine;
    this.#kernels = engine.kernels;
    this.#allocation = engine.allocationFor(this);
    this.#at = this.#allocation.allocate(forecastSize(bins));
    this.#doubles(0, taps).fill(-1);
  }

  /** Releases its memory. It cannot be used afterward. */
  close(): void {
    this.#engine.release(this.#allocation);
  }

  /**
   * Returns the surprise of a sample in bits, then learns the sample.
   * @param position of the sample among the categories
   * @param dayBack position one day ago; -1 = none
   * @param day time of day, 0 … 1
   * @param learning whether the sample is learned
   */
  push(position: number, dayBack: number, day: number, learning: boolean): number {
    return -Math.log2(this.#kernels.forecast(this.#at, this.#bins, position, dayBack, day, learning ? 1 : 0) + 1e-7);
  }

  /** Marks `frames` frames as missing. */
  skip(frames: number): void {
    const missing = Math.min(frames, lags);
    const seen = this.#doubles(0, lags);
    seen.copyWithin(missing, 0);
    seen.fill(-1, 0, missing);
  }

  save(): State {
    return { weights: this.#weights().slice(), seen: this.#doubles(0, taps).slice() };
  }

  restore(state: State): void {
    const weights = this.#weights();
    weights.set(doublesIn(state, 'weights', weights.length));
    this.#doubles(0, taps).set(doublesIn(state, 'seen', taps));
  }

  #weights(): Float64Array {
    return this.#doubles(forecastHead + this.#bins, forecastWeights(this.#bins));
  }

  /** A view of the kernel's state, until the memory grows. */
  #doubles(from: number, count: number): Float64Array {
    return new Float64Array(this.#engine.arena.f32.buffer, 4 * this.#at + 8 * from, count);
  }
}
