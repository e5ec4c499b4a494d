import type { Kernels } from '../../kernels/kernels.ts';
import { DelayLine, lineCapacity } from './delay-line.ts';
import type { Engine } from './engine.ts';
import type { Allocation } from './allocation.ts';
import type { Rows } from './rows.ts';
import { numberIn, stateIn, type State } from '../state/state.ts';

/**
 * The gradient with respect to the frames of one layer's input, while outputs still add to it. Rows are opened as frames
 * arrive, gradients are added to them, and rows leave in order once they are final.
 *
 *     … removed | history (R-1 rows, no longer read) | open … | next
 *
 * The rows before `first` receive gradients for frames that have left already, or for padding, so that scattering needs
 * no special case.
 */
export class GradientLine {
  readonly channels: number;
  /** Absolute index of the oldest row in the line. */
  first = 0;
  readonly #engine: Engine;
  readonly #line: DelayLine;
  readonly #history: number;

  constructor(engine: Engine, allocation: Allocation, channels: number, history: number) {
    this.#engine = engine;
    this.#history = history;
    // up to `history` rows are open until they become final, in addition to the history itself
    this.#line = new DelayLine(allocation, channels, history, 0, lineCapacity(2 * history));
    this.channels = channels;
  }

  /** Absolute index of the next row to open. */
  get next(): number {
    return this.#line.next;
  }

  /** Returns the offset of the row for frame `index`. */
  offset(index: number): number {
    return this.#line.offset(index);
  }

  /**
   * Opens rows of zeros up to frame `next` - 1. Rows from `oldest` on may still receive gradients, even removed ones.
   */
  open(next: number, oldest: number): void {
    const line = this.#line;
    const keep = Math.min(oldest, this.first - this.#history);
    while (line.next < next) {
      const count = line.makeRoom(next - line.next, keep);
      this.#kernels.fill(line.append(count), count * this.channels, 0);
    }
  }

  /** Offset of slot 0, capacity in rows, number of rows held, and slot of the row `first`. */
  get layout(): { at: number; capacity: number; filled: number; first: number } {
    return { ...this.#line.layout, first: this.first - this.#line.base };
  }

  /** Updates the indexes after a kernel has opened rows up to frame `next` - 1: `filled` rows are held, `first` is a slot. */
  advance(next: number, filled: number, first: number): void {
    this.#line.advance(next - this.#line.next, filled);
    this.first = this.#line.base + first;
  }

  /** Returns a copy of `count` rows, starting with the one for frame `index`. */
  copy(index: number, count: number): Float32Array {
    return this.#engine.arena.f32.slice(this.offset(index), this.offset(index + count));
  }

  /** Adds the row at offset `from` of `source` to the row for frame `index`. */
  add(index: number, source: Float32Array, from: number): void {
    const { f32 } = this.#engine.arena;
    const at = this.offset(index);
    for (let c = 0; c < this.channels; c++) f32[at + c] = Math.fround(f32[at + c] + source[from + c]);
  }

  /** Removes and returns the rows before `limit`. They are valid until more rows are opened. */
  removeBefore(limit: number): Rows {
    const count = Math.max(0, limit - this.first);
    const rows = this.#engine.scratch.view(this.offset(this.first), count, this.channels);
    this.first += count;
    return rows;
  }

  /** Increases all indexes by `count`. Only for a line without open rows. */
  advanceIndexes(count: number): void {
    this.first += count;
    this.#line.advanceIndexes(count);
  }

  /** Saves the open rows and the history that may still receive gradients, at least from `oldest` on. */
  save(oldest: number): State {
    return { first: this.first, line: this.#line.save(Math.min(oldest, this.first - this.#history)) };
  }

  restore(state: State): void {
    this.first = numberIn(state, 'first');
    this.#line.restore(stateIn(state, 'line'));
  }

  get #kernels(): Kernels {
    return this.#engine.kernels;
  }
}
