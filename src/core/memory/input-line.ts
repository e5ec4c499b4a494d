import { doublesIn, numberIn, type State, stateIn } from '../state/state.ts';
import { DelayLine } from './delay-line.ts';
import type { Engine } from './engine.ts';
import type { Lease } from './lease.ts';
import type { Rows } from './rows.ts';

/** The delay line of a layer's input, and where its frames are not valid or no numbers. */
export class InputLine extends DelayLine {
  readonly #engine: Engine;
  readonly #holes = new Holes();
  /** The newest frame that may hold something that is no number. */
  #lastOdd = -1;

  constructor(engine: Engine, lease: Lease, channels: number, behind: number, pad?: number, capacity?: number) {
    super(lease, channels, behind, pad, capacity);
    this.#engine = engine;
  }

  /** Takes at most `wanted` rows of `x`, from row `from` on: as many as there is room for. Frames from `keep` on stay. */
  take(x: Rows, from: number, wanted: number, keep: number): number {
    const count = this.free < wanted ? this.makeRoom(wanted, keep) : wanted;
    const at = this.append(count);
    const { channels } = x;
    if (!this.#engine.kernels.write(x.at + from * channels, at, count * channels)) this.#lastOdd = this.next - 1;
    if (!x.sound) this.#addHoles(x, from, count, keep);
    return count;
  }

  /** Whether frame `first` and all after it are valid. */
  isSoundFrom(first: number): boolean {
    return first > this.#holes.last;
  }

  /** Whether each of `taps` frames from `first` on, `step` apart, is valid. */
  isValid(first: number, taps: number, step: number): boolean {
    return !this.#holes.hit(first, taps, step);
  }

  /** Whether frame `first` and all after it are numbers. */
  isFiniteFrom(first: number): boolean {
    return first > this.#lastOdd;
  }

  /** Whether each of `taps` frames from `first` on, `step` apart, holds numbers only. */
  isFinite(first: number, taps: number, step: number): boolean {
    if (this.isFiniteFrom(first)) return true;
    const { f32 } = this.#engine.arena;
    for (let tap = 0; tap < taps; tap++) {
      const from = this.offset(first + tap * step);
      for (let i = from; i < from + this.channels; i++) if (f32[i] - f32[i] !== 0) return false;
    }
    return true;
  }

  override shift(count: number): void {
    super.shift(count);
    this.#lastOdd += count;
    this.#holes.shift(count);
  }

  override save(keep: number): State {
    return { ...super.save(keep), lastOdd: this.#lastOdd, holes: this.#holes.save() };
  }

  override restore(state: State): void {
    super.restore(state);
    this.#lastOdd = numberIn(state, 'lastOdd');
    this.#holes.restore(stateIn(state, 'holes'));
  }

  #addHoles(x: Rows, from: number, count: number, keep: number): void {
    this.#holes.forget(keep);
    const first = this.next - count;
    for (let i = 0; i < count; i++) if (!x.valid[from + i]) this.#holes.add(first + i);
  }
}

/** Where a stream's frames are not valid: runs of absolute indexes, of which there are seldom any in sight. */
class Holes {
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
