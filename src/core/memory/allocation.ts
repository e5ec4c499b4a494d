import type { Arena } from '../../kernels/arena.ts';

/**
 * The parts of an arena that one owner (a stream, a network, an optimizer) has allocated. They are released together.
 */
export class Allocation {
  readonly arena: Arena;
  /** Start and size of each part, alternating, in numbers. */
  readonly #parts: number[] = [];
  #released = false;

  constructor(arena: Arena) {
    this.arena = arena;
  }

  /** Whether all parts were released. Nothing can be allocated afterward. */
  get released(): boolean {
    return this.#released;
  }

  /** Allocates `count` numbers, all 0, and returns their offset. Throws TypeError after `releaseAll`. */
  allocate(count: number): number {
    if (this.#released) throw new TypeError('the stream is closed');
    const start = this.arena.allocate(count);
    this.#parts.push(start, count);
    return start;
  }

  /** Releases the part that begins at `start`. */
  release(start: number): void {
    for (let i = 0; i < this.#parts.length; i += 2) {
      if (this.#parts[i] !== start) continue;
      this.arena.release(start, this.#parts[i + 1]);
      this.#parts.splice(i, 2);
      return;
    }
  }

  /** Releases all parts. */
  releaseAll(): void {
    for (let i = 0; i < this.#parts.length; i += 2) this.arena.release(this.#parts[i], this.#parts[i + 1]);
    this.#parts.length = 0;
    this.#released = true;
  }
}
