import { doublesIn, type State } from '../state/state.ts';
import { maxNovelty, minNovelty } from './range-novelty.ts';

/** Frames per window. Only the highest novelty of each window is counted. */
const windowFrames = 60;
/** Score that is reached in one window out of three. Frames that score at most this are normal. */
export const normalScore: number = Math.log10(3 * windowFrames);
/** Windows at the start that are not counted. */
const settlingWindows = 3;
/** Weight of the prior, in windows. */
const priorWeight = 20;
/** Windows in which the excess of records at the start of a stream fades. */
const startupFactor = 8;
/** Counts decay with a time constant of half of all windows so far, at least this many. */
const minMemory = 100;
/** A bin is a quarter of a bit wide. */
const binsPerBit = 4;
const bins = (maxNovelty - minNovelty) * binsPerBit;
/** e^(-(s + 5) / 2) at the lower edge of each bin. */
const prior = Float64Array.from({ length: bins + 1 }, (_, b) => Math.exp(-(minNovelty + b / binsPerBit + 5) / 2));

/**
 * Converts novelty to the mean time between novelties as high, which it learns from the stream:
 *
 *     M_j = highest novelty in window j of 60 frames
 *     time(s) = 60 (N + ν) / (#{j: M_j > s} + ν P0(s));    score = log10 time, in frames
 *
 * N is the number of windows so far. P0, with a weight of ν = 20 windows, is the prior for streams of C channels in
 * window j: P0(s) = min(1, √C (1 + 8/j) e^(-(s + 5) / 2)). The result is the posterior mean of a Dirichlet process. For
 * novelties that the stream has shown, its own counts dominate. Beyond that, the time grows with N (as for records) and
 * with the tail of the prior.
 *
 * In the first three windows the score is 0. Counts decay with a time constant of half of all windows so far, at least
 * 100, so that a stream can settle.
 */
export class Calibration {
  readonly #counts = new Float64Array(bins + 1);
  /** log10 time at the lower edge of each bin. */
  readonly #table = new Float64Array(bins + 1);
  #total = 0;
  #windows = 0;
  #frames = 0;
  #highest = minNovelty;
  readonly #priorScale: number;

  constructor(channels: number) {
    this.#priorScale = Math.sqrt(channels);
    this.#tabulate();
  }

  /** Returns the score of a frame with novelty `s`, then counts it. */
  push(s: number): number {
    const score = this.settled ? this.#lookUp(s) : 0;
    if (s > this.#highest) this.#highest = s;
    if (++this.#frames === windowFrames) this.#closeWindow();
    return score;
  }

  /** Whether there were enough windows to score. */
  get settled(): boolean {
    return this.#windows >= settlingWindows;
  }

  save(): State {
    const numbers = Float64Array.of(this.#total, this.#windows, this.#frames, this.#highest);
    return { counts: this.#counts.slice(), numbers };
  }

  restore(state: State): void {
    this.#counts.set(doublesIn(state, 'counts', bins + 1));
    [this.#total, this.#windows, this.#frames, this.#highest] = doublesIn(state, 'numbers', 4);
    this.#tabulate();
  }

  #closeWindow(): void {
    if (this.settled) {
      const fade = 1 - 1 / Math.max(minMemory, this.#windows / 2);
      for (let b = 0; b <= bins; b++) this.#counts[b] *= fade;
      this.#counts[Math.floor(binPosition(this.#highest))]++;
      this.#total = this.#total * fade + 1;
    }
    this.#windows++;
    this.#frames = 0;
    this.#highest = minNovelty;
    this.#tabulate();
  }

  #tabulate(): void {
    const sum = windowFrames * (this.#total + priorWeight);
    const size = this.#priorScale * (1 + startupFactor / Math.max(settlingWindows, this.#windows));
    let above = 0;
    for (let b = bins; b >= 0; b--) {
      above += this.#counts[b];
      this.#table[b] = Math.log10(sum / (above + priorWeight * Math.min(1, size * prior[b])));
    }
  }

  #lookUp(s: number): number {
    const place = binPosition(s);
    const bin = Math.floor(place);
    const low = this.#table[bin];
    return bin === bins ? low : low + (place - bin) * (this.#table[bin + 1] - low);
  }
}

function binPosition(s: number): number {
  return Math.min(bins, Math.max(0, (s - minNovelty) * binsPerBit));
}
