import { doublesIn, numberIn, type State } from '../state/state.ts';
import { CategoricalForecast } from './categorical-forecast.ts';
import { restoreAll, saveAll } from './running-mean.ts';

const categories = 24;

/** What one channel is expected to do next, and how much a sample surprises: categories, day line and forecast in one. */
export class Forecaster {
  readonly #parts: { categories: SoftCategories; forecast: CategoricalForecast; day: DailyProfile };

  /** @param rate Hz; 0 = irregular */
  constructor(rate: number) {
    this.#parts = {
      categories: new SoftCategories(categories),
      forecast: new CategoricalForecast(categories),
      day: new DailyProfile(rate),
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
    const surprise = forecast.push(position, day.dayBefore(time), timeOfDay(time), learning);
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
const scaleMemory = 4000;
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
    const w = Math.max(1 / ++this.#samples, 1 / scaleMemory);
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

const dayMs = 86_400_000;
/** Slots are filled over a hole of this many ms at most. */
const maxBridgedMs = 7_200_000;

/**
 * What a channel was a day ago: a line of slots, each as long as a frame but a minute at least and a half hour at most, of
 * the newest sample of each. Slots that the stream jumped over take the sample that came after them, up to two hours of
 * them.
 */
export class DailyProfile {
  readonly #slots: number;
  readonly #length: number;
  readonly #positions: Float64Array;
  readonly #numbers: Float64Array;
  #newest = -1e300;

  /** @param rate Hz; 0 = irregular: slots of five minutes. */
  constructor(rate: number) {
    this.#slots = Math.round(Math.min(1440, Math.max(48, rate > 0 ? rate * 86_400 : 288)));
    this.#length = dayMs / this.#slots;
    this.#positions = new Float64Array(this.#slots + 1);
    this.#numbers = new Float64Array(this.#slots + 1).fill(NaN);
  }

  /** The position a day before `time` (ms); -1 = none. */
  dayBefore(time: number): number {
    const slot = Math.floor(time / this.#length) - this.#slots;
    const at = modulo(slot, this.#slots + 1);
    return this.#numbers[at] === slot ? this.#positions[at] : -1;
  }

  /** Remembers the position at `time` (ms). */
  push(time: number, position: number): void {
    const slot = Math.floor(time / this.#length);
    const jumped = slot - this.#newest;
    const filled = jumped > 1 && jumped * this.#length <= maxBridgedMs ? jumped : 1;
    for (let back = 0; back < filled; back++) {
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

/** The time of day, 0 … 1. */
export function timeOfDay(time: number): number {
  return modulo(time, dayMs) / dayMs;
}

function modulo(a: number, b: number): number {
  return a - b * Math.floor(a / b);
}
