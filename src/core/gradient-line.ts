import type { Frames } from './frames.ts';
import { floatsIn, numberIn, type State } from './state.ts';

/**
 * The gradient with respect to the frames of one layer's input, while outputs still add to it: rows are opened as
 * frames arrive, sums are scattered into them, and rows leave in order once they are final.
 *
 *     … gone | behind (R-1 rows, no longer read) | open … | next
 *
 * The rows behind `first` take what is scattered into frames whose gradient has gone already (or that never were
 * frames: padding), so that scattering needs no case of its own.
 */
export class GradientLine {
  readonly channels: number;
  /** Gradients, linear; the row of frame `index` begins at `offset(index)`. */
  data: Float32Array;
  /** Absolute index of the first row that has not left. */
  first = 0;
  /** Absolute index of the next row to open. */
  next = 0;
  readonly #behind: number;
  #base: number;

  constructor(channels: number, behind: number) {
    this.channels = channels;
    this.#behind = behind;
    this.#base = -behind;
    this.data = new Float32Array((2 * behind + 16) * channels);
  }

  offset(index: number): number {
    return (index - this.#base) * this.channels;
  }

  /** Opens rows of zeros up to frame `next` - 1, moving or growing the memory where it must. */
  open(next: number): void {
    if (next <= this.next) return;
    const { channels } = this;
    if (this.offset(next) > this.data.length) {
      const keep = this.first - this.#behind;
      const from = this.offset(keep);
      const to = this.offset(this.next);
      const rows = next - keep;
      let target = this.data;
      if (2 * rows * channels > target.length) target = new Float32Array(3 * rows * channels);
      if (target === this.data) target.copyWithin(0, from, to);
      else target.set(this.data.subarray(from, to));
      this.data = target;
      this.#base = keep;
    }
    this.data.fill(0, this.offset(this.next), this.offset(next));
    this.next = next;
  }

  /** A copy of `count` rows from that of frame `index` on. */
  rows(index: number, count: number): Float32Array {
    return this.data.slice(this.offset(index), this.offset(index + count));
  }

  /** Adds one row of `source`, at `offset`, to that of frame `index`. */
  add(index: number, source: Float32Array, offset: number): void {
    const at = this.offset(index);
    for (let c = 0; c < this.channels; c++) this.data[at + c] = Math.fround(this.data[at + c] + source[offset + c]);
  }

  /** Appends the rows before `limit` to `out`; they leave the line. */
  take(limit: number, out: Frames): void {
    const rows = limit - this.first;
    if (rows <= 0) return;
    const at = out.reserve(rows);
    const from = this.offset(this.first);
    out.data.set(this.data.subarray(from, from + rows * this.channels), at);
    out.count += rows;
    this.first = limit;
  }

  /** Moves all indexes on by `count`; only for a line with no open rows. */
  shift(count: number): void {
    this.first += count;
    this.next += count;
    this.#base += count;
  }

  /** The rows that are open, and those behind them that hold what padding will pass on. */
  save(): State {
    const from = this.first - this.#behind;
    return { first: this.first, next: this.next, data: this.data.slice(this.offset(from), this.offset(this.next)) };
  }

  restore(state: State): void {
    this.first = this.next = numberIn(state, 'first');
    this.#base = this.first - this.#behind;
    const next = numberIn(state, 'next');
    const data = floatsIn(state, 'data', (next - this.#base) * this.channels);
    this.open(next);
    this.data.set(data, this.offset(this.first - this.#behind));
  }
}
