import type { Arena } from '../../kernels/arena.ts';

/** Parts of an arena that one owner holds, to be given back together. */
export class Allocation {
  readonly arena: Arena;
  /** Where each part begins, and how many numbers it has. */
  readonly #parts: number[] = [];
  #released = false;

  constructor(arena: Arena) {
    this.arena = arena;
  }

  /** Whether everything was given back. */
  get released(): boolean {
    return this.#released;
  }

  /** A part of `count` numbers, all 0; its offset. */
  allocate(count: number): number {
    if (this.#released) throw new TypeError('memory must be held by somebody, got that of a closed stream');
    const start = this.arena.allocate(count);
    this.#parts.push(start, count);
    return start;
  }

  /** Gives back the part that begins at `start`. */
  release(start: number): void {
    for (let i = 0; i < this.#parts.length; i += 2) {
      if (this.#parts[i] !== start) continue;
      this.arena.release(start, this.#parts[i + 1]);
      this.#parts.splice(i, 2);
      return;
    }
  }

  /** Gives everything back. */
  releaseAll(): void {
    for (let i = 0; i < this.#parts.length; i += 2) this.arena.release(this.#parts[i], this.#parts[i + 1]);
    this.#parts.length = 0;
    this.#released = true;
  }
}
