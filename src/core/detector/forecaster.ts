import type { State } from '../state.ts';
import { CategoricalForecast } from './categorical-forecast.ts';
import { DayLine, timeOfDay } from './day-line.ts';
import { restoreAll, saveAll } from './running-mean.ts';
import { SoftCategories } from './soft-categories.ts';

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
