import { doublesIn, stateIn, type State } from '../state/state.ts';
import { Forecaster } from './forecaster.ts';
import { LevelGate } from './level-gate.ts';
import { minNovelty, RangeNovelty } from './range-novelty.ts';
import { restoreAll, RunningMean, saveAll } from './running-mean.ts';

/** Samples at the start whose surprise is ignored, because the forecast has not learned anything yet. */
const settlingSamples = 11;

/**
 * The signal of a channel that is novel: 'range' = a sample, 'level' = its slow mean, 'surprise' = the error of its
 * forecast.
 */
export type NoveltyCause = 'range' | 'level' | 'surprise';
const causes: readonly NoveltyCause[] = ['range', 'level', 'surprise', 'surprise'];

/**
 * Novelty of one channel: the highest novelty of four signals derived from it,
 *
 *     x;   mean of x over 100 frames;   means of the surprise over 2 and over 8 frames
 *
 * each relative to its own range so far. The means are exponential; the numbers are time constants.
 */
export class ChannelDetector {
  readonly #forecaster: Forecaster | null;
  readonly #means = { slow: new RunningMean(100), quick: new RunningMean(2), steady: new RunningMean(8) };
  readonly #ranges = {
    x: new RangeNovelty('records'),
    slow: new RangeNovelty('records'),
    quick: new RangeNovelty('upper'),
    steady: new RangeNovelty('upper'),
  };
  readonly gate: LevelGate = new LevelGate();
  #samples = 0;
  #leading = 0;
  #index = 0;
  /** Surprise of the newest sample in bits; NaN if it is missing. */
  surprise: number = NaN;
  /** Novelty of the newest sample; the minimum if it is missing. */
  novelty: number = minNovelty;

  /** @param learning whether to forecast the channel; without a forecast there is no surprise */
  constructor(rate: number, learning: boolean) {
    this.#forecaster = learning ? new Forecaster(rate) : null;
  }

  /** Cause of the newest novelty. */
  get cause(): NoveltyCause {
    return causes[this.#leading];
  }

  /**
   * First frame of the newest novelty: where the signal left the middle of its range, or the frame itself for a sample.
   */
  get since(): number {
    const { slow, quick, steady } = this.#ranges;
    return [this.#index, slow.lastInside + 1, quick.lastInside + 1, steady.lastInside + 1][this.#leading];
  }

  /** Releases its memory. It cannot be used afterward. */
  close(): void {
    this.#forecaster?.close();
  }

  /** Forecaster of the channel; null without learning. */
  get forecaster(): Forecaster | null {
    return this.#forecaster;
  }

  /** Adds a finite sample of frame `index` at `time` (ms). */
  push(x: number, index: number, time: number): void {
    const { slow, quick, steady } = this.#means;
    const ranges = this.#ranges;
    this.gate.push(x, index);
    this.#index = index;
    this.#leading = 0;
    this.novelty = ranges.x.push(x, index);
    this.#consider(1, ranges.slow.push(slow.push(x), index));
    if (!this.#forecaster) return;
    this.surprise = this.#forecaster.push(x, time);
    const surprise = this.#samples++ < settlingSamples ? 0 : this.surprise;
    this.#consider(2, ranges.quick.push(quick.push(surprise), index));
    this.#consider(3, ranges.steady.push(steady.push(surprise), index));
  }

  /** Marks `frames` frames as missing. */
  skip(frames: number): void {
    this.#forecaster?.skip(frames);
    this.surprise = NaN;
    this.novelty = minNovelty;
  }

  save(): State {
    return {
      numbers: Float64Array.of(this.#samples, this.#leading, this.#index, this.surprise, this.novelty),
      ...(this.#forecaster && { forecaster: this.#forecaster.save() }),
      gate: this.gate.save(),
      means: saveAll(this.#means),
      ranges: saveAll(this.#ranges),
    };
  }

  restore(state: State): void {
    const numbers = doublesIn(state, 'numbers', 5);
    [this.#samples, this.#leading, this.#index, this.surprise, this.novelty] = numbers;
    this.#forecaster?.restore(stateIn(state, 'forecaster'));
    this.gate.restore(stateIn(state, 'gate'));
    restoreAll(this.#means, stateIn(state, 'means'));
    restoreAll(this.#ranges, stateIn(state, 'ranges'));
  }

  #consider(signal: number, novelty: number): void {
    if (novelty <= this.novelty) return;
    this.novelty = novelty;
    this.#leading = signal;
  }
}
