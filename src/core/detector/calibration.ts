import { doublesIn, type State } from '../state/state.ts';
import { maxNovelty, minNovelty } from './range-novelty.ts';

/** Frames whose highest novelty is counted as one. */
const windowFrames = 60;
/** What a frame scores that comes in every third stretch: up to it nothing is out of the ordinary. */
export const normalScore: number = Math.log10(3 * windowFrames);
/** Stretches at the start that are too new to count. */
const settlingWindows = 3;
/** How many stretches the prior weighs. */
const priorWeight = 20;
/** In so many stretches a stream's first excess of records is over. */
const startupFactor = 8;
/** Stretches fade over half of all that passed, but over this many at least. */
const minMemory = 100;
/** Bins of a quarter bit. */
const binsPerBit = 4;
const bins = (maxNovelty - minNovelty) * binsPerBit;
/** e^(-(s + 5) / 2) at the lower edge of each bin. */
const prior = Float64Array.from({ length: bins + 1 }, (_, b) => Math.exp(-(minNovelty + b / binsPerBit + 5) / 2));

/**
 * Turns novelty into the mean time between novelties as high, learned from the stream itself:
 *
 *     M_j = highest novelty in stretch j of 60 frames
 *     time(s) = 60 (N + ν) / (#{j: M_j > s} + ν P0(s));    score = log10 time, in frames
 *
 * where N counts the stretches so far and P0, worth ν = 20 stretches, is what streams of C channels do in general in
 * stretch j:  P0(s) = min(1, √C (1 + 8/j) e^(-(s + 5) / 2)).  It is the posterior mean of a Dirichlet process. Where the stream has shown such novelty, its own count
 * rules; beyond all that it has shown, the time grows with N (as for records) and with the prior's tail.
 * The first three stretches have score 0: nothing is known then. Stretches fade with a time
 * constant of half of all that passed, 100 at least, so that the stream may settle down.
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

  /** The score of a frame whose novelty is `s`, told before it counts. */
  push(s: number): number {
    const score = this.settled ? this.#lookUp(s) : 0;
    if (s > this.#highest) this.#highest = s;
    if (++this.#frames === windowFrames) this.#closeWindow();
    return score;
  }

  /** Whether enough was seen to score. */
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
