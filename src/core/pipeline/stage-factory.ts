import { invalid } from '../check.ts';
import type { MakeTransform } from '../layers/convolution/transform.ts';
import type { Optimizer } from '../learning/optimizers/optimizer.ts';
import { Network } from '../network/network.ts';
import type { NetworkSpec } from '../network/network-spec.ts';
import { hashNetwork } from '../network/weights-hash.ts';
import type { WeightsLike } from '../network/weights.ts';
import { DetectStage } from './detect-stage.ts';
import { LearnerStage } from './learner-stage.ts';
import { MapStage } from './map-stage.ts';
import type { LearnerStageSpec, MapStageSpec, StageSpec } from './pipeline-spec.ts';
import type { SavedStage } from './saved-pipeline.ts';
import { StageSlot, type Stage } from './stage-slot.ts';
import { StandardizeStage } from './standardize-stage.ts';

/** Weights by content hash. */
export type WeightTable = Record<string, Network | WeightsLike>;

/** What stages are made from, beside their specs. */
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

/** Makes the stages of a pipeline from their specs, with the networks and optimizers that were handed over. */
export class StageFactory {
  /** Weights that were handed over. */
  weights: WeightTable;
  readonly #sources: StageSources;
  /** Optimizers that are not plain JSON, by the name of their learner. */
  #optimizers: Map<string, Optimizer>;

  constructor(sources: StageSources) {
    this.#sources = sources;
    this.weights = { ...sources.weights };
    this.#optimizers = new Map(Object.entries(sources.optimizers ?? {}));
  }

  /** Takes what was handed over with a stage, instead of what was with one of the same name. Returns a function that undoes it. */
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

  /** @param saved state of the stage, whose network starts with the saved weights */
  make(stage: StageSpec, saved?: SavedStage): StageSlot<Stage> {
    const { fft } = this.#sources;
    switch (stage.kind) {
      case 'detect':
        return new StageSlot(stage, () => new DetectStage(stage.spec));
      case 'standardize':
        return new StageSlot(stage, () => new StandardizeStage(stage.spec));
      case 'map': {
        const network = saved ? this.#savedNetwork(stage.spec, saved) : this.#mapNetwork(stage.spec);
        return new StageSlot(stage, () => new MapStage(stage.spec, network, fft));
      }
      case 'learner': {
        const { spec } = stage;
        const optimizer = this.#optimizers.get(spec.name);
        const initial = this.#learnerNetwork(spec);
        const make = (network: Network) => new LearnerStage(spec, network, optimizer);
        const restored = saved?.weights && make(Network.create(spec.network, { weights: saved.weights }));
        return new StageSlot(stage, () => make(initial()), restored);
      }
    }
  }

  /** Returns the network of a feature map with its saved weights: one that was handed over, if it has the same. */
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
    return Network.create(spec.network, given ? { weights: given } : { seed });
  }

  /** Returns a function that creates the initial network of a learner. */
  #learnerNetwork(spec: LearnerStageSpec): () => Network {
    const { learner, earlier, seed = 1 } = this.#sources;
    const given = spec.name === 'learner' && learner ? learner : this.#given(spec);
    const before = earlier.get(spec.name);
    const weights = before && isEqual(before.spec, spec.network) ? before.weights() : given;
    return () => {
      if (weights instanceof Network) return weights.clone();
      return Network.create(spec.network, weights ? { weights } : { seed, zeroOutput: true });
    };
  }

  /** Returns the network or the weights that the spec of a stage names, if it names any. */
  #given({ name, network, weights: hash }: MapStageSpec): Network | WeightsLike | undefined {
    if (hash === undefined) return undefined;
    if (!Object.hasOwn(this.weights, hash))
      throw invalid(`weights of ${name}`, 'handed over beside the spec', hash, TypeError);
    const given = this.weights[hash];
    if (!(given instanceof Network) || isEqual(given.spec, network)) return given;
    return given.weights();
  }
}

function isEqual(one: NetworkSpec, other: NetworkSpec): boolean {
  return JSON.stringify(one) === JSON.stringify(other);
}
