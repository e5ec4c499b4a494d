import { doublesIn, numberIn, type State, stateIn } from '../state/state.ts';
import { DelayLine } from './delay-line.ts';
import type { Engine } from './engine.ts';
import type { Allocation } from './lease.ts';
import type { Rows } from './rows.ts';

/** The delay line of a layer's input. It records which frames are invalid or contain non-finite samples. */
export class InputLine extends DelayLine {
  readonly #engine: Engine;
  readonly #invalid = new InvalidRuns();
  /** The newest frame that may contain a non-finite sample. */
  #lastNonFinite = -1;

  constructor(engine: Engine, allocation: Allocation, channels: number, history: number, pad?: number, capacity?: number) {
    super(allocation, channels, history, pad, capacity);
    this.#engine = engine;
  }

  /** Appends up to `wanted` rows of `x`, starting with row `from`, and returns how many fit. Frames from `keep` on are kept. */
  appendRows(x: Rows, from: number, wanted: number, keep: number): number {
    const count = this.free < wanted ? this.makeRoom(wanted, keep) : wanted;
    const at = this.append(count);
    const { channels } = x;
    if (!this.#engine.kernels.write(x.at + from * channels, at, count * channels)) this.#lastNonFinite = this.next - 1;
    if (!x.allValid) this.#addInvalid(x, from, count, keep);
    return count;
  }

  /** Returns whether frame `first` and all later frames are valid. */
  isValidFrom(first: number): boolean {
    return first > this.#invalid.last;
  }

  /** Returns whether all of `taps` frames are valid, from `first` on, `step` apart. */
  areValid(first: number, taps: number, step: number): boolean {
    return !this.#invalid.containsAny(first, taps, step);
  }

  /** Returns whether frame `first` and all later frames are finite. */
  isFiniteFrom(first: number): boolean {
    return first > this.#lastNonFinite;
  }

  /** Returns whether all of `taps` frames are finite, from `first` on, `step` apart. */
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

/** The invalid frames of a stream, as runs of absolute indexes. Few runs are within reach at a time. */
class InvalidRuns {
  /** The newest invalid frame. -1 if there is none. */
  last = -1;
  /** First and last frame of each run, oldest run first. */
  #runs: number[] = [-Infinity, -1];

  /** Adds frame `index`, which must be newer than all others. */
  add(index: number): void {
    if (index === this.last + 1) this.#runs[this.#runs.length - 1] = index;
    else this.#runs.push(index, index);
    this.last = index;
  }

  /** Returns whether any of `count` frames is invalid, from `first` on, `step` apart. */
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

  /** Discards runs before frame `index`. */
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
