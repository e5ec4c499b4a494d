import type { Engine } from '../../memory/engine.ts';
import type { StreamContext } from '../layer.ts';
import type { MemoryRange } from '../trained.ts';

/**
 * The part of one output of a convolution that is known before its newest frames arrive. A sum runs from the oldest tap to the newest, so
 * what is summed up early is a beginning of it, and the output has the bits that it would have had.
 */
export class EarlySums {
  readonly #engine: Engine;
  readonly #weights: StreamContext['weights'];
  readonly #weight: number;
  readonly #bias: number;
  readonly #length: number;
  readonly #outputs: number;
  /** The four partial sums of every kernel. */
  readonly #sums: number;
  /** The output that they are of, the numbers of its window that are in them, and the weights that these were multiplied by. */
  #output = -1;
  #done = 0;
  #version = -1;

  constructor({ engine, allocation: lease, weights }: StreamContext, values: readonly MemoryRange[], length: number, outputs: number) {
    this.#engine = engine;
    this.#weights = weights;
    this.#weight = values[0].at;
    this.#bias = values.length > 1 ? values[1].at : 0;
    this.#length = length;
    this.#outputs = outputs;
    this.#sums = lease.allocate(4 * ((outputs + 3) & ~3));
  }

  /** Sums up the first `come` numbers of the window at `x`, of output `output`, as far as it was not done before. */
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

  /** Computes output `output` to `y` from what was summed up and the rest of its window at `x`; false where nothing was. */
  finish(output: number, x: number, y: number): boolean {
    if (!this.#matches(output) || this.#done === 0) return false;
    const { kernels } = this.#engine;
    kernels.convolveTail(x, this.#weight, this.#bias, this.#done, this.#length, this.#outputs, this.#sums, y);
    this.#output = -1;
    return true;
  }

  /** Reads the weights that are left for the newest frame, so that they are at hand when it arrives. */
  #prefetchRest(from: number): void {
    const row = (this.#length + 3) & ~3;
    const rest = 4 * (row - from);
    for (let o = 0; o < this.#outputs; o += 4)
      this.#engine.kernels.energy(this.#weight + o * row + 4 * from, 0, 1, rest, 0, 0);
  }

  #matches(output: number): boolean {
    return this.#output === output && this.#version === this.#weights.version;
  }
}
