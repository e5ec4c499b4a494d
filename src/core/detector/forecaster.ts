import { doublesIn, type State } from '../state/state.ts';
import { CategoricalForecast } from './categorical-forecast.ts';
import { DayLine, timeOfDay } from './day-line.ts';
import { restoreAll, saveAll } from './running-mean.ts';

const categories = 24;

/** What one channel is expected to do next, and how much a sample surprises: categories, day line and forecast in one. */
export class Forecaster {
  readonly #parts: { categories: SoftCategories; forecast: CategoricalForecast; day: DayLine };

  /** @param rate Hz; 0 = irregular */
  constructor(rate: number) {
    this.#parts = {
      categories: new SoftCategories(categories),
      forecast: new CategoricalForecast(categories),
      day: new DayLine(rate),
    };
  }

  /**
   * The surprise of a sample in bits, told before it is learned.
   * @param time of the frame in ms
   * @param learning whether it is learned at all
   */
  push(x: number, time: number, learning = true): number {
    const { categories, forecast, day } = this.#parts;
    const position = categories.place(x);
    const surprise = forecast.push(position, day.back(time), timeOfDay(time), learning);
    day.push(time, position);
    if (learning) categories.learn(x);
    return surprise;
  }

  /** `frames` frames brought no sample. */
  skip(frames: number): void {
    this.#parts.forecast.skip(frames);
  }

  save(): State {
    return saveAll(this.#parts);
  }

  restore(state: State): void {
    restoreAll(this.#parts, state);
  }
}

/** Time constant of the running mean and spread, in frames. */
const memory = 4000;
/** Spreads from the mean where the outermost categories lie. */
const reach = 8;
/** How soon the scale turns logarithmic: asinh(sharpness z). */
const sharpness = 2;

/**
 * Where a sample lies among `count` categories that reach from -8 to 8 running spreads about the running mean, fine in the
 * middle and coarse outside:
 *
 *     z = (x - m) / √v, held within ±8;    position = (asinh(2 z) + asinh(16)) / step,  0 … count - 1
 *
 * A position between two whole numbers belongs to both, the nearer the more: triangular bins, two of them active. The
 * sample is placed before it counts in m and v (weights 1/n, from 4000 samples on exponential).
 */
export class SoftCategories {
  readonly count: number;
  readonly #step: number;
  readonly #edge: number = Math.asinh(sharpness * reach);
  #samples = 0;
  #mean = 0;
  #variance = 0;

  constructor(count: number) {
    this.count = count;
    this.#step = (2 * this.#edge) / (count - 1);
  }

  /** The position of a finite sample. */
  place(x: number): number {
    const spread = Math.sqrt(this.#variance) + 1e-9 * (1 + Math.abs(this.#mean));
    let z = this.#samples > 0 ? (x - this.#mean) / spread : 0;
    if (z > reach) z = reach;
    else if (z < -reach) z = -reach;
    return (Math.asinh(sharpness * z) + this.#edge) / this.#step;
  }

  /** Counts a finite sample in. */
  learn(x: number): void {
    const w = Math.max(1 / ++this.#samples, 1 / memory);
    const d = x - this.#mean;
    this.#mean += w * d;
    this.#variance = (1 - w) * (this.#variance + w * d * d);
  }

  save(): State {
    return { numbers: Float64Array.of(this.#samples, this.#mean, this.#variance) };
  }

  restore(state: State): void {
    [this.#samples, this.#mean, this.#variance] = doublesIn(state, 'numbers', 3);
  }
}
