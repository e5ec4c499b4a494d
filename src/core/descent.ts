import { invalid, positive } from './check.ts';
import type { Network } from './network.ts';
import type { NetworkStream } from './network-stream.ts';
import { floatsIn, numberIn, stateIn, type State } from './state.ts';

/** Moves a network's weights along the gradients that one of its streams has accumulated. */
export interface Optimizer {
  /** μ, the length of a step. May be changed between steps. */
  rate: number;
  /** Updates `network`'s weights from `stream`'s gradients and clears these. */
  step(network: Network, stream: NetworkStream): void;
  /** Its settings as they are now, and what it remembers. */
  save(): State;
  restore(state: State): void;
  /** A new optimizer with the settings that this one was made with, and no memory. */
  fresh(): Optimizer;
}

/** What a rule is told beside an array and its gradient. */
export interface Step {
  readonly rate: number;
  /** Steps so far, this one too. */
  readonly count: number;
  /** Σ x² of the windows that the layer's gradient comes from. */
  readonly energy: number;
}

/** How one array of weights moves along its gradient; `memory` is as many arrays of its length, at first zero. */
export type Rule = (weights: Float32Array, gradient: Float32Array, memory: readonly Float32Array[], step: Step) => void;

/** An optimizer that moves every array of weights by one rule, with memory of its own for each. */
export class Descent implements Optimizer {
  rate: number;
  readonly #start: number;
  readonly #arrays: number;
  readonly #rule: Rule;
  #memory: Float32Array[][] = [];
  #count = 0;

  /** @param arrays how many arrays the rule remembers for one of weights */
  constructor(rate: number, arrays: number, rule: Rule) {
    this.rate = positive('rate', rate);
    this.#start = rate;
    this.#arrays = arrays;
    this.#rule = rule;
  }

  step(network: Network, stream: NetworkStream): void {
    if ((stream as NetworkStream | undefined)?.network !== network)
      throw new TypeError('stream must be a stream of network, got one of another');
    this.#count++;
    let place = 0;
    for (const layer of stream.stack.trained) {
      const step = { rate: this.rate, count: this.#count, energy: layer.energy };
      for (const [i, weights] of layer.values.entries()) {
        this.#rule(weights, layer.gradients[i], this.#memoryOf(place++, weights.length), step);
        layer.gradients[i].fill(0);
      }
      layer.energy = 0;
    }
  }

  save(): State {
    const memory = this.#memory.map((arrays, place) => {
      return [String(place), Object.fromEntries(arrays.map((array, i) => [String(i), array.slice()]))] as const;
    });
    return { rate: this.rate, count: this.#count, memory: Object.fromEntries(memory) };
  }

  restore(state: State): void {
    this.rate = positive('state.rate', numberIn(state, 'rate'));
    this.#count = numberIn(state, 'count');
    const memory = stateIn(state, 'memory');
    this.#memory = Object.keys(memory).map((place) => {
      const arrays = stateIn(memory, place);
      return Array.from({ length: this.#arrays }, (_, i) => floatsIn(arrays, String(i)).slice());
    });
  }

  fresh(): Optimizer {
    return new Descent(this.#start, this.#arrays, this.#rule);
  }

  #memoryOf(place: number, length: number): readonly Float32Array[] {
    const made = (this.#memory[place] ??= Array.from({ length: this.#arrays }, () => new Float32Array(length)));
    if (made.length > 0 && made[0].length !== length)
      throw invalid('weights of the network', `the ${made[0].length} that the optimizer remembers`, length);
    return made;
  }
}
