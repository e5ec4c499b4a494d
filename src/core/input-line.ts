import { DelayLine } from './delay-line.ts';
import type { Engine } from './engine.ts';
import { Holes } from './holes.ts';
import type { Lease } from './lease.ts';
import type { Rows } from './rows.ts';
import { numberIn, stateIn, type State } from './state.ts';

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
