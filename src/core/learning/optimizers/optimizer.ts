import type { Kernels } from '../../../kernels/kernels.ts';
import { invalid, positive, renamedOption } from '../../check.ts';
import type { Descent, ParameterGradients } from '../../layers/parameter-gradients.ts';
import type { Engine } from '../../memory/engine.ts';
import type { Allocation } from '../../memory/allocation.ts';
import type { NetworkStream } from '../../network/network-stream.ts';
import type { Network } from '../../network/network.ts';
import { EngineOptimizer } from './engine-optimizer.ts';
import { floatsIn, numberIn, type State, stateIn } from '../../state/state.ts';

/** Learning rate µ as an option, under its name or its deprecated alias. */
export type LearningRate =
  | {
      /** Learning rate µ, > 0. */
      learningRate: number;
      /** Must be absent if `learningRate` is given. */
      rate?: undefined;
    }
  | {
      /** Must be absent if `rate` is given. */
      learningRate?: undefined;
      /** @deprecated Use `learningRate`. */
      rate: number;
    };

/**
 * Returns the learning rate given as `learningRate` or as `rate`, its deprecated alias; undefined if neither is given.
 * @throws TypeError if both are given
 */
export function learningRateOf(options: { learningRate?: number; rate?: number }): number | undefined {
  return renamedOption(options, 'learningRate', 'rate');
}

/**
 * Updates a network's weights from the gradients that one of its streams has accumulated. An implementation has
 * `learningRate` or its deprecated alias, `rate`.
 */
export interface Optimizer {
  /** Learning rate µ, > 0. May be changed between updates. */
  learningRate?: number;
  /** @deprecated Use `learningRate`. */
  rate?: number;
  /**
   * Whether a learner computes a prediction again, with the current weights, when its target arrives, and uses that error.
   * Default: false; the error is that of the prediction, and counts less the older the prediction is.
   */
  readonly recomputes?: boolean;
  /**
   * Variance of the target of each output. If the property exists, a learner of a network with several layers sets it and
   * divides the errors by it. Default: errors are not divided.
   */
  outputScales?: Float64Array | null;
  /**
   * Updates `network`'s weights from `stream`'s gradients and clears the gradients. `part` is the factor of the
   * learning rate during warm-up and decay. Default 1.
   */
  step(network: Network, stream: NetworkStream, part?: number): void;
  /**
   * One learning step: `stream.backwardInto(gradY, gradX)` of the oldest outputs, `step`, and `stream.pushInto(x, out)` of the
   * next frame, in this order and with the same bits. Optimizers that can do it in one call have this method. `gradX` null: ∂L/∂x
   * is not returned; `out` null: the outputs stay in `stream.stack.outputs`. Returns the number of outputs. @internal
   */
  learnInto?(
    network: Network,
    stream: NetworkStream,
    gradY: ArrayLike<number>,
    gradX: Float32Array | null,
    x: ArrayLike<number>,
    out: Float32Array | null,
    part?: number,
  ): number;
  /** Whether an update is `stream.descend(descent)`, so that others can make it. Default: false. @internal */
  readonly descends?: boolean;
  /** Returns `descent` for the updates to come, which the caller makes, if `descends` is true. @internal */
  descent?(network: Network, stream: NetworkStream): Descent;
  /** Counts updates that were made with `descent`. @internal */
  countUpdates?(updates: number): void;
  /** Returns the current settings, including the learning rate, and memory. */
  save(): State;
  /** Restores a state that `save` returned, of this optimizer or of one that `fresh` returned. */
  restore(state: State): void;
  /** Returns a new optimizer with the original settings and no memory. */
  fresh(): Optimizer;
}

/** Optimizer that has its learning rate under both names, as Tapline's optimizers and `Learner.optimizer`. */
export interface TunableOptimizer extends Optimizer {
  learningRate: number;
  /** @deprecated Use `learningRate`. */
  rate: number;
  fresh(): TunableOptimizer;
}

/** Parameters of one update: the learning rate, the rule's `epsilon`, and the number of updates including this one. */
export interface Step {
  learningRate: number;
  readonly epsilon: number;
  count: number;
}

/**
 * Rule by which weights are updated from their gradients. It has one of `epsilon`, `updateLayers`, and `updateArray`.
 */
export interface UpdateRule {
  /** Number of state arrays per array of weights. */
  readonly stateArrays: number;
  /**
   * For w ← w - µ g: a negative number, or the ε of a µ that is divided by ε + the energy of the layer's windows.
   */
  readonly epsilon?: number;
  /**
   * Updates all weights of all layers and clears their gradients. `memory` contains, for each layer, the addresses of
   * its state arrays, and at the end the address of `layerState` numbers.
   */
  readonly updateLayers?: (
    engine: Engine,
    layers: readonly ParameterGradients[],
    memory: readonly (readonly number[])[],
    learningRate: number,
    part: number,
  ) => void;
  /** Count of state numbers per layer. */
  readonly layerState?: number;
  /**
   * Updates `count` weights at `w` from the gradient at `dw`, which it clears. `memory` contains the addresses of the
   * state arrays.
   */
  readonly updateArray?: (
    kernels: Kernels,
    w: number,
    dw: number,
    count: number,
    memory: readonly number[],
    step: Step,
  ) => void;
}

/** Optimizer that applies one rule to every array of weights, with separate state for each. */
export class GradientOptimizer extends EngineOptimizer implements TunableOptimizer {
  readonly #rule: UpdateRule;
  /** Addresses and length of the state arrays, for every array of weights. */
  readonly #memory: { at: number[]; count: number }[] = [];
  /** The same addresses, grouped by layer. */
  readonly #layers: (readonly number[])[] = [];
  /** Restored state, kept until the engine is known. */
  #restored: State | null = null;
  #updates = 0;
  readonly #step: Step;

  constructor(learningRate: number | undefined, rule: UpdateRule) {
    super(learningRate);
    this.#rule = rule;
    this.#step = { learningRate: this.learningRate, epsilon: rule.epsilon ?? -1, count: 0 };
  }

  learnInto(
    network: Network,
    stream: NetworkStream,
    gradY: ArrayLike<number>,
    gradX: Float32Array | null,
    x: ArrayLike<number>,
    out: Float32Array | null,
    part = 1,
  ): number {
    if (this.#rule.epsilon !== undefined)
      return stream.learnInto(gradY, gradX, this.#begin(network, stream, part), x, out);
    if (gradX !== null) stream.backwardInto(gradY, gradX);
    else stream.accumulate(gradY);
    this.step(network, stream, part);
    if (out !== null) return stream.pushInto(x, out);
    stream.feed(x);
    return stream.stack.outputs[stream.stack.outputs.length - 1].count;
  }

  get descends(): boolean {
    return this.#rule.epsilon !== undefined;
  }

  descent(network: Network, stream: NetworkStream): Descent {
    this.begin(network, stream);
    this.#step.learningRate = this.learningRate;
    return this.#step;
  }

  countUpdates(updates: number): void {
    this.#updates += updates;
  }

  step(network: Network, stream: NetworkStream, part = 1): void {
    const step = this.#begin(network, stream, part);
    const layers = stream.stack.trained;
    if (this.#rule.epsilon !== undefined) stream.descend(step);
    else if (this.#rule.updateLayers) this.#updateLayers(network.engine, layers, part);
    else this.#updateArrays(network.engine, layers);
  }

  save(): State {
    const memory = this.#memory.length > 0 ? this.#copies() : (this.#restored ?? {});
    return { rate: this.learningRate, count: this.#updates, memory };
  }

  restore(state: State): void {
    this.learningRate = positive('state.rate', numberIn(state, 'rate'));
    this.#updates = numberIn(state, 'count');
    this.#restored = stateIn(state, 'memory');
    this.#memory.length = 0;
    this.#layers.length = 0;
    this.releaseMemory();
  }

  fresh(): TunableOptimizer {
    return new GradientOptimizer(this.startRate, this.#rule);
  }

  /** Checks the arguments of a step, counts it, and returns its learning rate and number. */
  #begin(network: Network, stream: NetworkStream, part: number): Step {
    this.begin(network, stream);
    const step = this.#step;
    step.learningRate = this.learningRate * part;
    step.count = ++this.#updates;
    return step;
  }

  #updateArrays(engine: Engine, layers: readonly ParameterGradients[]): void {
    let place = 0;
    const step = this.#step;
    // plain loops, so that an update allocates nothing
    for (let l = 0; l < layers.length; l++) {
      const layer = layers[l];
      layer.addPending();
      for (let i = 0; i < layer.values.length; i++) {
        const { at, count } = layer.values[i];
        const memory = this.#stateOf(engine, place++, count);
        this.#rule.updateArray!(engine.kernels, at, layer.gradient(i), count, memory, step);
      }
      layer.markCleared();
    }
  }

  #updateLayers(engine: Engine, layers: readonly ParameterGradients[], part: number): void {
    for (let l = 0, place = 0; l < layers.length; l++) {
      const { values } = layers[l];
      if (this.#layers.length === l)
        this.#layers.push(
          [...values, { count: this.#rule.layerState! }].flatMap(({ count }, i) =>
            this.#stateOf(engine, place + i, count),
          ),
        );
      place += values.length + 1;
    }
    this.#rule.updateLayers!(engine, layers, this.#layers, this.learningRate, part);
  }

  #stateOf(engine: Engine, place: number, count: number): readonly number[] {
    const allocation = this.memoryOn(engine);
    const made = (this.#memory[place] ??= this.#allocate(allocation, place, count));
    if (made.count !== count) throw invalid('weights of the network', `${made.count} in number, as before`, count);
    return made.at;
  }

  #allocate(allocation: Allocation, place: number, count: number): { at: number[]; count: number } {
    const { stateArrays: arrays } = this.#rule;
    const saved = this.#restored && String(place) in this.#restored ? stateIn(this.#restored, String(place)) : null;
    const at = Array.from({ length: arrays }, () => allocation.allocate(count));
    for (let i = 0; saved && i < arrays; i++) allocation.arena.f32.set(floatsIn(saved, String(i), count), at[i]);
    return { at, count };
  }

  #copies(): State {
    const { f32 } = this.engine.arena;
    return Object.fromEntries(
      this.#memory.map(({ at, count }, place) => {
        const arrays = at.map((start, i) => [String(i), f32.slice(start, start + count)]);
        return [String(place), Object.fromEntries(arrays) as State];
      }),
    );
  }
}
