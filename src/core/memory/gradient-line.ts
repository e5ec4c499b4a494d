import type { Kernels } from '../../kernels/kernels.ts';
import { DelayLine, lineCapacity } from './delay-line.ts';
import type { Engine } from './engine.ts';
import type { Allocation } from './lease.ts';
import type { Rows } from './rows.ts';
import { numberIn, stateIn, type State } from '../state/state.ts';

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
  /** Absolute index of the first row that has not left. */
  first = 0;
  readonly #engine: Engine;
  readonly #line: DelayLine;
  readonly #history: number;

  constructor(engine: Engine, allocation: Allocation, channels: number, history: number) {
    this.#engine = engine;
    this.#history = history;
    // as many rows wait to become final as lie behind them
    this.#line = new DelayLine(allocation, channels, history, 0, lineCapacity(2 * history));
    this.channels = channels;
  }

  /** Absolute index of the next row to open. */
  get next(): number {
    return this.#line.next;
  }

  /** Where the row of frame `index` begins. */
  offset(index: number): number {
    return this.#line.offset(index);
  }

  /** Opens rows of zeros up to frame `next` - 1; those from `oldest` on may still be scattered into, gone or not. */
  open(next: number, oldest: number): void {
    const line = this.#line;
    const keep = Math.min(oldest, this.first - this.#history);
    while (line.next < next) {
      const count = line.makeRoom(next - line.next, keep);
      this.#kernels.fill(line.append(count), count * this.channels, 0);
    }
  }

  /** A copy of `count` rows from that of frame `index` on. */
  copy(index: number, count: number): Float32Array {
    return this.#engine.arena.f32.slice(this.offset(index), this.offset(index + count));
  }

  /** Adds one row of `source`, at `from`, to that of frame `index`. */
  add(index: number, source: Float32Array, from: number): void {
    const { f32 } = this.#engine.arena;
    const at = this.offset(index);
    for (let c = 0; c < this.channels; c++) f32[at + c] = Math.fround(f32[at + c] + source[from + c]);
  }

  /** The rows before `limit`, which leave the line; they hold until more are opened. */
  removeBefore(limit: number): Rows {
    const count = Math.max(0, limit - this.first);
    const rows = this.#engine.scratch.view(this.offset(this.first), count, this.channels);
    this.first += count;
    return rows;
  }

  /** Moves all indexes on by `count`; only for a line with no open rows. */
  advanceIndexes(count: number): void {
    this.first += count;
    this.#line.advanceIndexes(count);
  }

  /** The rows that are open, and those behind them, from `oldest` on at least, that may still be scattered into. */
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
