import { doublesIn, numberIn, type State, stateIn } from '../state/state.ts';
import { DelayLine } from './delay-line.ts';
import type { Engine } from './engine.ts';
import type { Allocation } from './lease.ts';
import type { Rows } from './rows.ts';

/** The delay line of a layer's input, and where its frames are not valid or no numbers. */
export class InputLine extends DelayLine {
  readonly #engine: Engine;
  readonly #invalid = new InvalidRuns();
  /** The newest frame that may hold something that is no number. */
  #lastNonFinite = -1;

  constructor(engine: Engine, allocation: Allocation, channels: number, history: number, pad?: number, capacity?: number) {
    super(allocation, channels, history, pad, capacity);
    this.#engine = engine;
  }

  /** Takes at most `wanted` rows of `x`, from row `from` on: as many as there is room for. Frames from `keep` on stay. */
  appendRows(x: Rows, from: number, wanted: number, keep: number): number {
    const count = this.free < wanted ? this.makeRoom(wanted, keep) : wanted;
    const at = this.append(count);
    const { channels } = x;
    if (!this.#engine.kernels.write(x.at + from * channels, at, count * channels)) this.#lastNonFinite = this.next - 1;
    if (!x.allValid) this.#addInvalid(x, from, count, keep);
    return count;
  }

  /** Whether frame `first` and all after it are valid. */
  isValidFrom(first: number): boolean {
    return first > this.#invalid.last;
  }

  /** Whether each of `taps` frames from `first` on, `step` apart, is valid. */
  areValid(first: number, taps: number, step: number): boolean {
    return !this.#invalid.containsAny(first, taps, step);
  }

  /** Whether frame `first` and all after it are numbers. */
  isFiniteFrom(first: number): boolean {
    return first > this.#lastNonFinite;
  }

  /** Whether each of `taps` frames from `first` on, `step` apart, holds numbers only. */
  areFinite(first: number, taps: number, step: number): boolean {
    if (this.isFiniteFrom(first)) return true;
    const { f32 } = this.#engine.arena;
    for (let tap = 0; tap < taps; tap++) {
      const from = this.offset(first + tap * step);
      for (let i = from; i < from + this.channels; i++) if (f32[i] - f32[i] !== 0) return false;
    }
    return true;
  }

  override advanceIndexes(count: number): void {
    super.advanceIndexes(count);
    this.#lastNonFinite += count;
    this.#invalid.advanceIndexes(count);
  }

  override save(keep: number): State {
    return { ...super.save(keep), lastOdd: this.#lastNonFinite, holes: this.#invalid.save() };
  }

  override restore(state: State): void {
    super.restore(state);
    this.#lastNonFinite = numberIn(state, 'lastOdd');
    this.#invalid.restore(stateIn(state, 'holes'));
  }

  #addInvalid(x: Rows, from: number, count: number, keep: number): void {
    this.#invalid.discardBefore(keep);
    const first = this.next - count;
    for (let i = 0; i < count; i++) if (!x.valid[from + i]) this.#invalid.add(first + i);
  }
}

/** Where a stream's frames are not valid: runs of absolute indexes, of which there are seldom any in sight. */
class InvalidRuns {
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
  containsAny(first: number, count: number, step: number): boolean {
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
  discardBefore(index: number): void {
    while (this.#runs.length > 2 && this.#runs[1] < index) this.#runs.splice(0, 2);
  }

  advanceIndexes(count: number): void {
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
