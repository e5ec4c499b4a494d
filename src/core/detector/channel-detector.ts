import { doublesIn, stateIn, type State } from '../state/state.ts';
import { Forecaster } from './forecaster.ts';
import { LevelGate } from './level-gate.ts';
import { minNovelty, RangeNovelty } from './range-novelty.ts';
import { restoreAll, RunningMean, saveAll } from './running-mean.ts';

/** Samples whose surprise is not told: the forecast knows nothing yet. */
const settlingSamples = 11;

/** What made a channel new: its sample, its slow mean, or how badly it was forecast. */
export type NoveltyCause = 'range' | 'level' | 'surprise';
const causes: readonly NoveltyCause[] = ['range', 'level', 'surprise', 'surprise'];

/**
 * What is new on one channel: the greatest novelty among four streams that it makes of it,
 *
 *     x;   the mean of x over 100 frames;   the surprise's means over 2 and over 8 frames
 *
 * each against its own range so far. The time constants are of exponential means.
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
  /** The surprise of the newest sample, in bits; NaN where it was missing. */
  surprise: number = NaN;
  /** The novelty of the newest sample; the least there is where it was missing. */
  novelty: number = minNovelty;

  /** @param learning false: without the forecast, and so without its surprise */
  constructor(rate: number, learning: boolean) {
    this.#forecaster = learning ? new Forecaster(rate) : null;
  }

  /** What the newest novelty is of. */
  get cause(): NoveltyCause {
    return causes[this.#leading];
  }

  /** The frame from which on what is new now moved away from the middle of its range; of a sample, its own frame. */
  get since(): number {
    const { slow, quick, steady } = this.#ranges;
    return [this.#index, slow.lastInside + 1, quick.lastInside + 1, steady.lastInside + 1][this.#leading];
  }

  /** What the forecast has learned; null without one. */
  get forecaster(): Forecaster | null {
    return this.#forecaster;
  }

  /** Takes a finite sample of frame `index` at `time` (ms). */
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
    const told = this.#samples++ < settlingSamples ? 0 : this.surprise;
    this.#consider(2, ranges.quick.push(quick.push(told), index));
    this.#consider(3, ranges.steady.push(steady.push(told), index));
  }

  /** `frames` frames brought no sample. */
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

  #consider(which: number, novelty: number): void {
    if (novelty <= this.novelty) return;
    this.novelty = novelty;
    this.#leading = which;
  }
}
