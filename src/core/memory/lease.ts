import type { Arena } from '../../kernels/arena.ts';

/** Parts of an arena that one owner holds, to be given back together. */
export class Lease {
  readonly arena: Arena;
  /** Where each part begins, and how many numbers it has. */
  readonly #parts: number[] = [];
  #ended = false;

  constructor(arena: Arena) {
    this.arena = arena;
  }

  /** Whether everything was given back. */
  get ended(): boolean {
    return this.#ended;
  }

  /** A part of `count` numbers, all 0; its offset. */
  take(count: number): number {
    if (this.#ended) throw new TypeError('memory must be held by somebody, got that of a closed stream');
    const start = this.arena.take(count);
    this.#parts.push(start, count);
    return start;
  }

  /** Gives back the part that begins at `start`. */
  give(start: number): void {
    for (let i = 0; i < this.#parts.length; i += 2) {
      if (this.#parts[i] !== start) continue;
      this.arena.give(start, this.#parts[i + 1]);
      this.#parts.splice(i, 2);
      return;
    }
  }

  /** Gives everything back. */
  end(): void {
    for (let i = 0; i < this.#parts.length; i += 2) this.arena.give(this.#parts[i], this.#parts[i + 1]);
    this.#parts.length = 0;
    this.#ended = true;
  }
}
