import { prefetch } from '../../../kernels/kernels.ts';
import type { Engine } from '../../memory/engine.ts';
import type { StreamContext } from '../layer.ts';
import type { MemoryRange } from '../parameter-gradients.ts';

/**
 * The part of a convolution's next output that can be computed before its newest frames arrive. Sums run from the oldest
 * tap to the newest, so the early part is the beginning of the sum and the output has the same bits.
 */
export class EarlySums {
  readonly #engine: Engine;
  readonly #weights: StreamContext['weights'];
  readonly #weight: number;
  readonly #bias: number;
  readonly #length: number;
  readonly #outputs: number;
  /** Offset of the four partial sums of every kernel. */
  readonly #sums: number;
  /** The output that the sums belong to, the count of window numbers included, and the version of the weights used. */
  #output = -1;
  #done = 0;
  #version = -1;

  constructor(
    { engine, allocation, weights }: StreamContext,
    values: readonly MemoryRange[],
    length: number,
    outputs: number,
  ) {
    this.#engine = engine;
    this.#weights = weights;
    this.#weight = values[0].at;
    this.#bias = values.length > 1 ? values[1].at : 0;
    this.#length = length;
    this.#outputs = outputs;
    this.#sums = allocation.allocate(4 * ((outputs + 3) & ~3));
  }

  /**
   * Adds the first `arrived` numbers of the window at `x` to the sums for output `output`, skipping those already
   * added.
   */
  add(output: number, x: number, arrived: number): void {
    if (!this.#matches(output)) {
      this.#output = output;
      this.#version = this.#weights.version;
      this.#done = 0;
    }
    const to = arrived & ~3;
    if (to <= this.#done) return;
    this.#engine.kernels.convolveHead(x, this.#weight, this.#done, to, this.#length, this.#outputs, this.#sums);
    this.#done = to;
    this.#prefetchRest(to);
  }

  /**
   * Computes output `output` at `y` from the sums and the rest of its window at `x`. Returns false if there are no
   * sums.
   */
  finish(output: number, x: number, y: number): boolean {
    if (!this.#matches(output) || this.#done === 0) return false;
    const { kernels } = this.#engine;
    kernels.convolveTail(x, this.#weight, this.#bias, this.#done, this.#length, this.#outputs, this.#sums, y);
    this.#output = -1;
    return true;
  }

  /** Prefetches the weights for the newest frame into the processor's cache. */
  #prefetchRest(from: number): void {
    const row = (this.#length + 3) & ~3;
    const rest = 4 * (row - from);
    for (let o = 0; o < this.#outputs; o += 4) prefetch(this.#engine.kernels, this.#weight + o * row + 4 * from, rest);
  }

  #matches(output: number): boolean {
    return this.#output === output && this.#version === this.#weights.version;
  }
}
