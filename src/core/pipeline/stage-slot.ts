import type { Network } from '../network/network.ts';
import type { State } from '../state/state.ts';
import type { HashedWeights } from './hashed-weights.ts';
import { stageName, type StageName, type StageSpec } from './pipeline-spec.ts';

/** One stage of a pipeline. */
export interface Stage {
  /** Its network, if it has one. */
  readonly network?: Network;
  /**
   * Returns a function that prepares the stage for the number of channels and the rate (Hz) of the stream. Throws,
   * without a change, if the stage does not match them.
   */
  opener(channels: number, rate: number): () => void;
  save(): State;
  restore(state: State): void;
  close?(): void;
}

/** A stage that has thrown an error. It is turned off until it is restarted. */
export interface StageFailure {
  /** 'standardize', 'detect', 'map <name>', or 'learner <name>'. */
  readonly stage: StageName;
  /** Message of the error. */
  readonly message: string;
}

/** Contains a stage, and turns it off when it throws an error, so that the other stages continue. */
export class StageSlot<T extends Stage> {
  readonly name: StageName;
  readonly spec: StageSpec;
  /** The failure of the stage; null if it has not failed. */
  failure: StageFailure | null = null;
  /** Weights from which a learner starts again; null if they follow from its spec and the seed. */
  readonly initial: HashedWeights | null;
  readonly #make: () => T;
  #stage: T;

  /**
   * @param make creates the stage from its spec
   * @param stage the first stage, if it was restored
   * @param initial weights from which a learner starts again
   */
  constructor(spec: StageSpec, make: () => T, stage: T = make(), initial: HashedWeights | null = null) {
    this.initial = initial;
    this.name = stageName(spec);
    this.spec = spec;
    this.#make = make;
    this.#stage = stage;
  }

  /** The stage, even if it has failed. */
  get stage(): T {
    return this.#stage;
  }

  /** Returns the result of `work`; null if the stage failed before or if `work` throws. */
  run<R>(work: (stage: T) => R): R | null {
    if (this.failure) return null;
    try {
      return work(this.#stage);
    } catch (error) {
      this.failure = { stage: this.name, message: error instanceof Error ? error.message : String(error) };
      return null;
    }
  }

  /** Opens the stage. It fails if it does not match the stream. */
  open(channels: number, rate: number): void {
    this.run((stage) => {
      stage.opener(channels, rate)();
    });
  }

  /** Starts the stage again from its spec. */
  restart(channels: number, rate: number): void {
    this.#stage.close?.();
    this.#stage = this.#make();
    this.failure = null;
    if (channels > 0) this.open(channels, rate);
  }
}
