import { invalid } from '../../check.ts';
import type { Network } from '../../network/network.ts';
import type { NetworkStream } from '../../network/network-stream.ts';
import type { State } from '../../state/state.ts';
import type { Optimizer, TunableOptimizer } from './optimizer.ts';

/**
 * Returns an optimizer whose learning rate has both names: `optimizer` itself if it has both, otherwise an adapter.
 * @throws TypeError if the learning rate is not a number
 */
export function withBothNames(optimizer: Optimizer): TunableOptimizer {
  const { learningRate, rate } = optimizer;
  if (typeof learningRate === 'number' && typeof rate === 'number') return optimizer as TunableOptimizer;
  if (typeof learningRate === 'number') return new AdaptedOptimizer(optimizer, 'learningRate');
  if (typeof rate === 'number') return new AdaptedOptimizer(optimizer, 'rate');
  throw invalid('optimizer.learningRate', 'a number > 0', learningRate, TypeError);
}

/** Optimizer that reads and writes the learning rate of another one, which has only one of the names. */
class AdaptedOptimizer implements TunableOptimizer {
  readonly #optimizer: Optimizer;
  readonly #name: 'learningRate' | 'rate';

  constructor(optimizer: Optimizer, name: 'learningRate' | 'rate') {
    this.#optimizer = optimizer;
    this.#name = name;
  }

  get learningRate(): number {
    return this.#optimizer[this.#name]!;
  }

  set learningRate(learningRate: number) {
    this.#optimizer[this.#name] = learningRate;
  }

  get rate(): number {
    return this.learningRate;
  }

  set rate(learningRate: number) {
    this.learningRate = learningRate;
  }

  step(network: Network, stream: NetworkStream, part?: number): void {
    this.#optimizer.step(network, stream, part);
  }

  get recomputes(): boolean {
    return this.#optimizer.recomputes === true;
  }

  save(): State {
    return this.#optimizer.save();
  }

  restore(state: State): void {
    this.#optimizer.restore(state);
  }

  fresh(): TunableOptimizer {
    return withBothNames(this.#optimizer.fresh());
  }
}
