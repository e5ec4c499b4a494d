import { doublesIn, type State } from './state.ts';

/** Where a stream's frames are not valid: runs of absolute indexes, of which there are seldom any in sight. */
export class Holes {
  /** The newest frame that is not valid. Before the stream none is. */
  last = -1;
  /** First and last frame of each run, oldest run first. */
  #runs: number[] = [-Infinity, -1];

  /** Frame `index`, newer than every one so far, is not valid. */
  add(index: number): void {
    if (index === this.last + 1) this.#runs[this.#runs.length - 1] = index;
    else this.#runs.push(index, index);
    this.last = index;
  }

  /** Whether one of `count` frames from `first` on, each `step` after the one before, is not valid. */
  hit(first: number, count: number, step: number): boolean {
    if (first > this.last) return false;
    const end = first + (count - 1) * step;
    for (let i = 0; i < this.#runs.length; i += 2) {
      const [from, to] = [this.#runs[i], this.#runs[i + 1]];
      if (to < first || from > end) continue;
      const next = from <= first ? first : first + Math.ceil((from - first) / step) * step;
      if (next <= Math.min(to, end)) return true;
    }
    return false;
  }

  /** Forgets what lies before frame `index`. */
  forget(index: number): void {
    while (this.#runs.length > 2 && this.#runs[1] < index) this.#runs.splice(0, 2);
  }

  shift(count: number): void {
    this.last += count;
    this.#runs = this.#runs.map((index) => index + count);
  }

  save(): State {
    return { runs: Float64Array.from(this.#runs) };
  }

  restore(state: State): void {
    this.#runs = [...doublesIn(state, 'runs')];
    this.last = this.#runs[this.#runs.length - 1];
  }
}
