import { positive } from '../../check.ts';
import type { Allocation } from '../../memory/allocation.ts';
import type { Engine } from '../../memory/engine.ts';
import type { NetworkStream } from '../../network/network-stream.ts';
import type { Network } from '../../network/network.ts';

/** The parts that all optimizers with state in an engine's memory share: the learning rate, and the allocation. */
export abstract class EngineOptimizer {
  learningRate: number;
  /** The learning rate that was set at first. */
  protected readonly startRate: number;
  #engine: Engine | null = null;
  #allocation: Allocation | null = null;

  constructor(learningRate: number | undefined) {
    this.learningRate = positive('learningRate', learningRate);
    this.startRate = this.learningRate;
  }

  get rate(): number {
    return this.learningRate;
  }

  set rate(learningRate: number) {
    this.learningRate = learningRate;
  }

  /** Checks the arguments of a step, and records that it changes the weights. */
  protected begin(network: Network, stream: NetworkStream): void {
    if ((stream as NetworkStream | undefined)?.network !== network)
      throw new TypeError('stream must be a stream of network, got one of another network');
    stream.checkOpen();
    if (this.#engine && this.#engine !== network.engine)
      throw new TypeError('network must be on the same engine as before, got one on another engine');
    network.changes.version++;
  }

  /** The memory of the optimizer, which belongs to `engine` from now on. */
  protected memoryOn(engine: Engine): Allocation {
    this.#engine ??= engine;
    return (this.#allocation ??= engine.allocationFor(this));
  }

  /** The engine. Throws before the first `memoryOn`. */
  protected get engine(): Engine {
    if (!this.#engine) throw new TypeError('the optimizer has made no step yet');
    return this.#engine;
  }

  protected releaseMemory(): void {
    if (this.#engine && this.#allocation) this.#engine.release(this.#allocation);
    this.#allocation = this.#engine = null;
  }
}
