import type { Block } from '../blocks/block.ts';
import { positive } from '../check.ts';
import { Standardizer } from '../filters/standardizer.ts';
import type { State } from '../state/state.ts';
import type { StandardizeSpec } from './pipeline-spec.ts';

/** Standardizes each channel with a running mean and standard deviation. */
export class StandardizeStage {
  readonly #spec: StandardizeSpec;
  #standardizer: Standardizer | undefined;

  constructor(spec: StandardizeSpec) {
    this.#spec = spec;
  }

  opener(channels: number, rate: number): () => void {
    const { tau = 1, frames } = this.#spec;
    if (frames === undefined)
      positive('block.rate for standardize.tau (irregular: use standardize.frames)', rate, 'Hz');
    const standardizer = new Standardizer({ channels, frames: frames ?? tau * rate });
    return () => {
      this.#standardizer = standardizer;
    };
  }

  push(block: Block): Block {
    return { ...block, data: this.#standardizer!.push(block.data, block.valid) };
  }

  save(): State {
    return this.#standardizer?.save() ?? {};
  }

  restore(state: State): void {
    this.#standardizer?.restore(state);
  }
}
