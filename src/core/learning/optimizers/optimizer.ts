import type { Kernels } from '../../../kernels/kernels.ts';
import { invalid, positive } from '../../check.ts';
import type { Trained } from '../../layers/trained.ts';
import type { Engine } from '../../memory/engine.ts';
import type { Lease } from '../../memory/lease.ts';
import type { NetworkStream } from '../../network/network-stream.ts';
import type { Network } from '../../network/network.ts';
import { floatsIn, numberIn, type State, stateIn } from '../../state/state.ts';

/** The learning rate µ, under its present name or under the deprecated one. */
export type LearningRate =
  | {
      /** Learning rate µ, > 0. */
      learningRate: number;
      rate?: undefined;
    }
  | {
      learningRate?: undefined;
      /** @deprecated Use `learningRate`. */
      rate: number;
    };

/**
 * Returns the learning rate that `options` give as `learningRate` or, deprecated, as `rate`; undefined if they give neither.
 * @throws TypeError if they give both
 */
export function learningRateOf(options: { learningRate?: number; rate?: number }): number | undefined {
  const { learningRate, rate } = options;
  if (learningRate !== undefined && rate !== undefined)
    throw invalid('learningRate', 'given without rate, its deprecated alias', { learningRate, rate }, TypeError);
  return learningRate ?? rate;
}

/** Moves a network's weights along the gradients that one of its streams has accumulated. */
export interface Optimizer {
  /** Learning rate µ, > 0. May be changed between updates. */
  learningRate: number;
  /** @deprecated Use `learningRate`. */
  rate: number;
  /** Updates `network`'s weights from `stream`'s gradients and clears these. `part`: of the rate, in warm-up and decay. Default 1. */
  step(network: Network, stream: NetworkStream, part?: number): void;
  /** Its settings as they are now, and what it remembers. */
  save(): State;
  restore(state: State): void;
  /** A new optimizer with the settings that this one was made with, and no memory. */
  fresh(): Optimizer;
}

/** The length of a step, and how many there were, this one too. */
export interface Step {
  learningRate: number;
  count: number;
}

/** How weights move along their gradient. */
export interface UpdateRule {
  /** Arrays that the rule remembers for one of weights. */
  readonly stateArrays: number;
  /** A rule that remembers nothing and takes the gradient as it is: moves all weights of a layer. */
  readonly updateLayer?: (layer: Trained, step: Step) => void;
  /**
   * Moves all weights of all layers and clears their gradients. `memory` holds, layer by layer, what is remembered of each array, one
   * after the other, and at last `own` numbers of the layer's own.
   */
  readonly updateLayers?: (
    engine: Engine,
    layers: readonly Trained[],
    memory: readonly (readonly number[])[],
    rate: number,
    part: number,
  ) => void;
  /** Numbers of a layer's own. */
  readonly layerState?: number;
  /** Moves `count` weights at `w` along the gradient at `dw`, which it clears; `memory` tells where each array remembered lies. */
  readonly updateArray?: (
    kernels: Kernels,
    w: number,
    dw: number,
    count: number,
    memory: readonly number[],
    step: Step,
  ) => void;
}

/** An optimizer that moves every array of weights by one rule, with memory of its own for each. */
export class GradientOptimizer implements Optimizer {
  learningRate: number;
  readonly #start: number;
  readonly #rule: UpdateRule;
  #lease: Lease | null = null;
  #engine: Engine | null = null;
  /** Where each array remembered lies, and its length; `arrays` for every array of weights. */
  readonly #memory: { at: number[]; count: number }[] = [];
  /** The same, layer by layer. */
  readonly #layers: (readonly number[])[] = [];
  /** What was restored before the engine is known. */
  #restored: State | null = null;
  #updates = 0;
  readonly #step: Step = { learningRate: 0, count: 0 };

  constructor(learningRate: number | undefined, rule: UpdateRule) {
    this.learningRate = positive('learningRate', learningRate);
    this.#start = this.learningRate;
    this.#rule = rule;
  }

  get rate(): number {
    return this.learningRate;
  }

  set rate(learningRate: number) {
    this.learningRate = learningRate;
  }

  step(network: Network, stream: NetworkStream, part = 1): void {
    if ((stream as NetworkStream | undefined)?.network !== network)
      throw new TypeError('stream must be a stream of network, got one of another');
    stream.mustBeOpen();
    if (this.#engine && this.#engine !== network.engine)
      throw new TypeError('network must be of the engine that the optimizer remembers in, got one of another');
    this.#updates++;
    network.changes.version++;
    const { updateLayer: plain } = this.#rule;
    const layers = stream.stack.trained;
    const step = this.#step;
    step.learningRate = this.learningRate * part;
    step.count = this.#updates;
    if (plain) for (let l = 0; l < layers.length; l++) plain(layers[l], step);
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
    if (this.#engine && this.#lease) this.#engine.end(this.#lease);
    this.#lease = null;
    this.#engine = null;
  }

  fresh(): Optimizer {
    return new GradientOptimizer(this.#start, this.#rule);
  }

  #updateArrays(engine: Engine, layers: readonly Trained[]): void {
    let place = 0;
    const step = this.#step;
    // plain loops: a step allocates nothing
    for (let l = 0; l < layers.length; l++) {
      const layer = layers[l];
      layer.settle();
      for (let i = 0; i < layer.values.length; i++) {
        const { at, count } = layer.values[i];
        const memory = this.#stateOf(engine, place++, count);
        this.#rule.updateArray!(engine.kernels, at, layer.gradient(i), count, memory, step);
      }
      layer.clear();
    }
  }

  #updateLayers(engine: Engine, layers: readonly Trained[], part: number): void {
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
    this.#engine ??= engine;
    const lease = (this.#lease ??= engine.lease(this));
    const made = (this.#memory[place] ??= this.#allocate(lease, place, count));
    if (made.count !== count)
      throw invalid('weights of the network', `the ${made.count} that the optimizer remembers`, count);
    return made.at;
  }

  #allocate(lease: Lease, place: number, count: number): { at: number[]; count: number } {
    const { stateArrays: arrays } = this.#rule;
    const kept = this.#restored && String(place) in this.#restored ? stateIn(this.#restored, String(place)) : null;
    const at = Array.from({ length: arrays }, () => lease.take(count));
    for (let i = 0; kept && i < arrays; i++) lease.arena.f32.set(floatsIn(kept, String(i), count), at[i]);
    return { at, count };
  }

  #copies(): State {
    const f32 = this.#lease?.arena.f32;
    return Object.fromEntries(
      this.#memory.map(({ at, count }, place) => {
        const arrays = at.map((start, i) => [String(i), f32!.slice(start, start + count)]);
        return [String(place), Object.fromEntries(arrays) as State];
      }),
    );
  }
}
