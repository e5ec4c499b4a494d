import { numberIn, type State, stateIn } from '../state/state.ts';
import { copiesOf, readInto } from './weight-arrays.ts';

/** Mean of the weights at several times, in the engine's layout. */
export class WeightMean {
  #sums: Float32Array[] = [];
  #count = 0;

  add(weights: readonly Float32Array[]): void {
    if (this.#count === 0) this.#sums = weights.map((array) => array.slice());
    else for (const [i, sums] of this.#sums.entries()) for (let j = 0; j < sums.length; j++) sums[j] += weights[i][j];
    this.#count++;
  }

  /** Returns the mean, and starts again. */
  take(): readonly Float32Array[] {
    for (const sums of this.#sums) for (let j = 0; j < sums.length; j++) sums[j] /= this.#count;
    const mean = this.#sums;
    this.clear();
    return mean;
  }

  clear(): void {
    this.#sums = [];
    this.#count = 0;
  }

  save(): State {
    return { summed: this.#count, sums: copiesOf(this.#sums) };
  }

  /** @param arrays arrays like those of the weights, which are overwritten and kept */
  restore(state: State, arrays: Float32Array[]): void {
    this.clear();
    this.#count = numberIn(state, 'summed');
    if (this.#count === 0) return;
    readInto(arrays, stateIn(state, 'sums'));
    this.#sums = arrays;
  }
}
