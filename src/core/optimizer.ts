import { oneOf, positive } from './check.ts';
import type { Network } from './network.ts';
import type { NetworkStream } from './network-stream.ts';
import { numberIn, type State } from './state.ts';

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

/** An optimizer as plain JSON. */
export type OptimizerSpec = { type: 'sgd'; rate: number } | { type: 'nlms'; rate: number; epsilon?: number };

/** The optimizer of a spec. Throws when there is none such. */
export function optimizerOf(spec: OptimizerSpec): Optimizer {
  return oneOf('optimizer.type', spec.type, ['sgd', 'nlms']) === 'sgd' ? sgd(spec) : nlms(spec);
}

/** Stochastic gradient descent, equation (6): w ← w - μ ∂L/∂w. */
export function sgd({ rate }: { rate: number }): Optimizer {
  return {
    rate: positive('rate', rate),
    step(network, stream) {
      descend(network, stream, () => this.rate);
    },
    save() {
      return { rate: this.rate };
    },
    restore(state) {
      this.rate = numberIn(state, 'rate');
    },
    fresh: () => sgd({ rate }),
  };
}

/**
 * Normalised LMS: as SGD, with μ divided by ε + the energy of the windows that the gradient comes from (Σ x², and 1 for
 * the bias, whose input is 1). 0 < μ < 2 is stable for one layer whatever the signal's size.
 * Source: Haykin, Adaptive Filter Theory, ch. 6. With several layers each is normalised by its own windows.
 */
export function nlms({ rate, epsilon = 1e-3 }: { rate: number; epsilon?: number }): Optimizer {
  positive('epsilon', epsilon);
  return {
    rate: positive('rate', rate),
    step(network, stream) {
      descend(network, stream, (energy) => this.rate / (epsilon + energy));
    },
    save() {
      return { rate: this.rate };
    },
    restore(state) {
      this.rate = numberIn(state, 'rate');
    },
    fresh: () => nlms({ rate, epsilon }),
  };
}

function descend(network: Network, stream: NetworkStream, length: (energy: number) => number): void {
  if ((stream as NetworkStream | undefined)?.network !== network)
    throw new TypeError('stream must be a stream of network, got one of another');
  for (const layer of stream.stack.trained) {
    const step = length(layer.energy);
    for (const [i, values] of layer.values.entries()) move(values, layer.gradients[i], step);
    for (const gradient of layer.gradients) gradient.fill(0);
    layer.energy = 0;
  }
}

function move(weights: Float32Array, gradients: Float32Array, step: number): void {
  for (let i = 0; i < weights.length; i++) weights[i] = Math.fround(weights[i] - Math.fround(step * gradients[i]));
}
