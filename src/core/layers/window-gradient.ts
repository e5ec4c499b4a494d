import { GradientLine } from '../memory/gradient-line.ts';
import type { Windowing } from './windowing.ts';
import type { Engine } from '../memory/engine.ts';
import type { Allocation } from '../memory/allocation.ts';
import type { Rows } from '../memory/rows.ts';
import { sourceFrame } from './line-padding.ts';
import { type State, floatsIn } from '../state/state.ts';

/**
 * The gradient line of a layer with windows. The gradient of copied padding frames is added to that of their sources.
 */
export class WindowGradient extends GradientLine {
  readonly #windowing: Windowing;
  /** The gradient of the padding before frame 0, until its source frames leave. */
  #copies: Float32Array | null = null;

  constructor(engine: Engine, allocation: Allocation, channels: number, windowing: Windowing) {
    super(engine, allocation, channels, windowing.receptiveField - 1);
    this.#windowing = windowing;
  }

  /**
   * Removes and returns the rows before `limit`, or all rows if `limit` is Infinity. The newest `hold` of the `frames`
   * frames so far stay, because the tail could still copy them. `known` is the number of frames that the padding before
   * frame 0 was computed from.
   */
  removeFinal(limit: number, frames: number, known: number, hold: number): Rows {
    const { padding, head } = this.#windowing;
    const flushed = limit === Infinity;
    const final = flushed ? frames : Math.min(limit, frames - hold);
    if (final <= this.first) return this.removeBefore(this.first);
    // a copy's gradient is added when its source leaves, so that the order of the sum does not depend on the split
    if (this.first === 0 && head > 0 && padding !== 'zeros') this.#copies = this.copy(-head, head);
    for (let i = 0; this.#copies && i < head; i++) {
      const source = sourceFrame(i - head, known, this.#windowing);
      if (source >= this.first && source < final) this.add(source, this.#copies, i * this.channels);
    }
    for (let index = frames; flushed && hold > 0 && index < this.next; index++) {
      const source = sourceFrame(index, frames, this.#windowing);
      if (source >= this.first) this.add(source, this.copy(index, 1), 0);
    }
    return this.removeBefore(final);
  }

  override save(oldest: number): State {
    return { ...super.save(oldest), ...(this.#copies && { copies: this.#copies.slice() }) };
  }

  override restore(state: State): void {
    super.restore(state);
    this.#copies = 'copies' in state ? floatsIn(state, 'copies').slice() : null;
  }
}
