import { doublesIn, numberIn, type State } from '../state/state.ts';
import { CategoricalForecast } from './categorical-forecast.ts';
import { restoreAll, saveAll } from './running-mean.ts';

const categories = 24;

/**
 * Forecasts one channel and returns the surprise of each sample. Combines the categories, the daily profile, and the
 * categorical forecast.
 */
export class Forecaster {
  readonly #parts: { categories: SoftCategories; forecast: CategoricalForecast; day: DailyProfile };

  /** @param rate in Hz; 0 = irregular */
  constructor(rate: number) {
    this.#parts = {
      categories: new SoftCategories(categories),
      forecast: new CategoricalForecast(categories),
      day: new DailyProfile(rate),
    };
  }

  /**
   * Returns the surprise of a sample in bits, then learns the sample.
   * @param time of the frame in ms
   * @param learning whether the sample is learned
   */
  push(x: number, time: number, learning = true): number {
    const { categories, forecast, day } = this.#parts;
    const position = categories.place(x);
    const surprise = forecast.push(position, day.dayBefore(time), timeOfDay(time), learning);
    day.push(time, position);
    if (learning) categories.learn(x);
    return surprise;
  }

  /** Releases its memory. It cannot be used afterward. */
  close(): void {
    this.#parts.forecast.close();
  }

  /** Marks `frames` frames as missing. */
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

/** Time constant of the running mean and standard deviation, in frames. */
const scaleMemory = 4000;
const minWeight = 1 / scaleMemory;
/** Position of the outermost categories, in standard deviations from the mean. */
const reach = 8;
/** How soon the scale becomes logarithmic: asinh(sharpness z). */
const sharpness = 2;

/**
 * Maps a sample to one of `count` categories from -8 to 8 running standard deviations around the running mean, fine in
 * the middle and coarse outside:
 *
 *     z = (x - m) / √v, limited to ±8;    position = (asinh(2 z) + asinh(16)) / step,  0 … count - 1
 *
 * A position between two integers belongs to both, in proportion to its nearness: triangular bins, two of them active.
 * The sample is mapped before it updates m and v (weight 1/n, exponential from 4000 samples on).
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

  /** Returns the position of a finite sample. */
  place(x: number): number {
    const deviation = Math.sqrt(this.#variance) + 1e-9 * (1 + Math.abs(this.#mean));
    let z = this.#samples > 0 ? (x - this.#mean) / deviation : 0;
    if (z > reach) z = reach;
    else if (z < -reach) z = -reach;
    return (Math.asinh(sharpness * z) + this.#edge) / this.#step;
  }

  /** Adds a finite sample to the running mean and variance. */
  learn(x: number): void {
    const samples = ++this.#samples;
    const w = samples < scaleMemory ? 1 / samples : minWeight;
    const mean = this.#mean;
    const d = x - mean;
    this.#mean = mean + w * d;
    this.#variance = (1 - w) * (this.#variance + w * d * d);
  }

  save(): State {
    return { numbers: Float64Array.of(this.#samples, this.#mean, this.#variance) };
  }

  restore(state: State): void {
    [this.#samples, this.#mean, this.#variance] = doublesIn(state, 'numbers', 3);
  }
}

const dayMs = 86_400_000;
/** Maximum hole that is filled with the following sample, in ms. */
const maxBridgedMs = 7_200_000;

/**
 * The positions of a channel over the last day, in slots. A slot is as long as a frame, but at least one minute and at
 * most 30 minutes, and contains its newest sample. Skipped slots are filled with the following sample, up to two hours.
 */
export class DailyProfile {
  readonly #slots: number;
  readonly #length: number;
  readonly #positions: Float64Array;
  readonly #numbers: Float64Array;
  #newest = -1e300;

  /** @param rate in Hz; 0 = irregular: slots of five minutes */
  constructor(rate: number) {
    this.#slots = Math.round(Math.min(1440, Math.max(48, rate > 0 ? rate * 86_400 : 288)));
    this.#length = dayMs / this.#slots;
    this.#positions = new Float64Array(this.#slots + 1);
    this.#numbers = new Float64Array(this.#slots + 1).fill(NaN);
  }

  /** Returns the position one day before `time` (ms); -1 = none. */
  dayBefore(time: number): number {
    const slot = Math.floor(time / this.#length) - this.#slots;
    const at = modulo(slot, this.#slots + 1);
    return this.#numbers[at] === slot ? this.#positions[at] : -1;
  }

  /** Stores the position at `time` (ms). */
  push(time: number, position: number): void {
    const slot = Math.floor(time / this.#length);
    const advanced = slot - this.#newest;
    const slots = advanced > 1 && advanced * this.#length <= maxBridgedMs ? advanced : 1;
    for (let back = 0; back < slots; back++) {
      const at = modulo(slot - back, this.#slots + 1);
      this.#positions[at] = position;
      this.#numbers[at] = slot - back;
    }
    this.#newest = slot;
  }

  save(): State {
    return { positions: this.#positions.slice(), numbers: this.#numbers.slice(), newest: this.#newest };
  }

  restore(state: State): void {
    this.#positions.set(doublesIn(state, 'positions', this.#slots + 1));
    this.#numbers.set(doublesIn(state, 'numbers', this.#slots + 1));
    this.#newest = numberIn(state, 'newest');
  }
}

/** Returns the time of day, 0 … 1 (UTC). */
export function timeOfDay(time: number): number {
  return modulo(time, dayMs) / dayMs;
}

function modulo(a: number, b: number): number {
  return a - b * Math.floor(a / b);
}
