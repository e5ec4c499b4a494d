import { invalid } from '../check.ts';
import type { MakeTransform } from '../layers/convolution/transform.ts';
import type { Optimizer } from '../learning/optimizers/optimizer.ts';
import { Network } from '../network/network.ts';
import type { NetworkSpec } from '../network/network-spec.ts';
import { hashNetwork, hashWeights } from '../network/weights-hash.ts';
import type { WeightsLike } from '../network/weights.ts';
import { DetectStage } from './detect-stage.ts';
import type { HashedWeights } from './hashed-weights.ts';
import { LearnerStage } from './learner-stage.ts';
import { MapStage } from './map-stage.ts';
import { type LearnerStageSpec, type MapStageSpec, named, type StageSpec } from './pipeline-spec.ts';
import type { SavedStage } from './saved-pipeline.ts';
import { StageSlot, type Stage } from './stage-slot.ts';
import { StandardizeStage } from './standardize-stage.ts';

/** Weights by content hash. */
export type WeightTable = Record<string, Network | WeightsLike>;

/** What stages are created from, besides their specs. See `PipelineOptions`. */
export interface StageSources {
  readonly weights?: Readonly<WeightTable>;
  readonly network?: Network;
  readonly learner?: Network;
  readonly optimizers?: Readonly<Record<string, Optimizer>>;
  readonly seed?: number;
  readonly fft?: MakeTransform;
  /** Networks of the learners of an earlier run, by name. */
  readonly earlier: ReadonlyMap<string, Network>;
}

/** Creates the stages of a pipeline from their specs and from the given networks, weights, and optimizers. */
export class StageFactory {
  /** All given weights, by content hash. */
  weights: WeightTable;
  readonly #sources: StageSources;
  /** Optimizers that are not plain JSON, by the name of their learner. */
  #optimizers: Map<string, Optimizer>;

  constructor(sources: StageSources) {
    this.#sources = sources;
    this.weights = { ...sources.weights };
    this.#optimizers = new Map(Object.entries(sources.optimizers ?? {}));
  }

  /**
   * Adds the weights and the optimizer that were given with a stage; they replace those of a stage of the same name. Returns
   * a function that undoes this.
   */
  take(stage: StageSpec, weights: Readonly<WeightTable> | undefined, optimizer: Optimizer | undefined): () => void {
    const [before, optimizers] = [this.weights, new Map(this.#optimizers)];
    this.weights = { ...before, ...weights };
    if (stage.kind === 'learner') {
      this.#optimizers.delete(stage.spec.name);
      if (optimizer) this.#optimizers.set(stage.spec.name, optimizer);
    }
    return () => {
      this.weights = before;
      this.#optimizers = optimizers;
    };
  }

  /**
   * Creates a stage.
   * @param isFirst whether no frame has been processed; learners then start with the weights of the earlier run
   * @param saved saved state of the stage; its network starts with the saved weights
   */
  make(stage: StageSpec, isFirst: boolean, saved?: SavedStage): StageSlot<Stage> {
    const { fft } = this.#sources;
    switch (stage.kind) {
      case 'detect':
        return new StageSlot(stage, () => new DetectStage(stage.spec));
      case 'standardize':
        return new StageSlot(stage, () => new StandardizeStage(stage.spec));
      case 'map': {
        const network = saved?.weights ? this.#savedNetwork(stage.spec, saved) : this.#mapNetwork(stage.spec);
        return named(stage, () => new StageSlot(stage, () => new MapStage(stage.spec, network, fft)));
      }
      case 'learner': {
        const { spec } = stage;
        const optimizer = this.#optimizers.get(spec.name);
        const { seed = 1 } = this.#sources;
        const initial = saved ? saved.initial : this.#initialWeights(spec, isFirst);
        const make = (weights: WeightsLike | undefined, same?: Network) => {
          const create = () => Network.create(spec.network, weights ? { weights } : { seed, zeroOutput: true });
          return new LearnerStage(spec, same?.clone() ?? create(), optimizer);
        };
        return named(stage, () => {
          const first = saved?.weights ? make(saved.weights) : make(initial?.weights, initial?.network);
          return new StageSlot(stage, () => make(initial?.weights), first, initial);
        });
      }
    }
  }

  /**
   * Returns the network of a feature map with its saved weights: a given network if it has the same weights, or a new
   * one.
   */
  #savedNetwork({ network }: MapStageSpec, { hash, weights }: SavedStage): Network {
    const given = Object.hasOwn(this.weights, hash) ? this.weights[hash] : undefined;
    if (given instanceof Network && hashNetwork(given) === hash && isEqual(given.spec, network)) return given;
    return Network.create(network, { weights });
  }

  #mapNetwork(spec: MapStageSpec): Network {
    const { network, seed = 1 } = this.#sources;
    if (spec.name === 'features' && network) return network;
    const given = this.#given(spec);
    if (given instanceof Network) return given;
    const create = () => Network.create(spec.network, given ? { weights: given } : { seed });
    return named({ kind: 'map', spec }, create);
  }

  /** Returns the initial weights of a learner; null if it is initialized from the seed. */
  #initialWeights(spec: LearnerStageSpec, isFirst: boolean): HashedWeights | null {
    const { learner, earlier } = this.#sources;
    const given = spec.name === 'learner' && learner ? learner : this.#given(spec);
    const before = isFirst ? earlier.get(spec.name) : undefined;
    const from = before && isEqual(before.spec, spec.network) ? before : given;
    if (!from) return null;
    const weights = from instanceof Network ? from.weights() : from;
    let hash: string | undefined;
    // a hash takes as long as many frames, and only a saved pipeline needs it
    return {
      weights,
      ...(from instanceof Network && isEqual(from.spec, spec.network) && { network: from }),
      get hash() {
        return (hash ??= hashWeights(weights));
      },
    };
  }

  /** Returns the network or the weights whose hash is in the spec of a stage; undefined if the spec has no hash. */
  #given({ name, network, weights: hash }: MapStageSpec): Network | WeightsLike | undefined {
    if (hash === undefined) return undefined;
    if (!Object.hasOwn(this.weights, hash))
      throw invalid(`weights of ${name}`, 'the hash of weights that are given with the spec', hash, TypeError);
    const given = this.weights[hash];
    if (given instanceof Network) return isEqual(given.spec, network) ? given : given.weights();
    const found = hashWeights(given);
    if (found !== hash) throw new RangeError(`weights of ${name} must have the hash ${hash}, got ${found}`);
    return given;
  }
}

function isEqual(one: NetworkSpec, other: NetworkSpec): boolean {
  return JSON.stringify(one) === JSON.stringify(other);
}
