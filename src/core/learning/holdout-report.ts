import { doublesIn, type State, stateIn } from '../state/state.ts';
import type { ForecastScore } from './forecast-score.ts';
import type { HeldOutWeights } from './held-out-weights.ts';
import { rangesOf, restoreServed, saveServed, type ServedWeights } from './served-weights.ts';
import { copiesOf, readInto } from './weight-arrays.ts';

/** Largest number of windows in the score of the chosen weights, so that a stream of any length needs no more memory. */
const maxRanges = 64;

/** The score of the chosen weights in their windows. From the end of the first one on, these weights are served. */
export class HoldoutReport {
  /** The weights to serve, in the engine's layout; null until some have been chosen and scored. */
  weights: readonly Float32Array[] | null = null;
  /** Their score. */
  served: ServedWeights | null = null;
  /** Score of the chosen weights. null: none have been chosen. */
  #score: ForecastScore | null = null;
  #ranges: (readonly [from: number, to: number])[] = [];

  /** Whether weights have been chosen. */
  get hasChosen(): boolean {
    return this.#score !== null;
  }

  /** The scores that the next window is added to, apart from that of all chosen weights. */
  get scores(): readonly ForecastScore[] {
    return this.#score && this.#ranges.length < maxRanges ? [this.#score] : [];
  }

  /** Starts with other chosen weights and an empty score. */
  choose(score: ForecastScore): void {
    this.#score = score;
    this.#ranges = [];
  }

  /** Ends a window of the chosen weights. */
  closeWindow({ count, packed, setAside }: HeldOutWeights, range: readonly [from: number, to: number]): void {
    if (!this.#score || count === 0 || this.#ranges.length === maxRanges) return;
    this.#ranges.push(range);
    if (this.#ranges.length === 1) this.weights = packed;
    const { overall, frames } = this.#score.get();
    this.served = { ...overall, frames, setAside, ranges: this.#ranges.slice() };
  }

  clear(): void {
    this.#score = this.weights = this.served = null;
    this.#ranges = [];
  }

  save(): State {
    return {
      ranges: Float64Array.from(this.#ranges.flat()),
      ...(this.#score && { own: this.#score.save() }),
      ...(this.weights && { served: copiesOf(this.weights), servedScore: saveServed(this.served!) }),
    };
  }

  /**
   * @param score an empty score
   * @param arrays arrays like those of the weights, which are overwritten and kept
   */
  restore(state: State, score: () => ForecastScore, arrays: Float32Array[]): void {
    this.clear();
    if ('own' in state) {
      this.choose(score());
      this.#score!.restore(stateIn(state, 'own'));
    }
    this.#ranges = rangesOf(doublesIn(state, 'ranges'));
    if (!('served' in state)) return;
    readInto(arrays, stateIn(state, 'served'));
    this.weights = arrays;
    this.served = restoreServed(stateIn(state, 'servedScore'));
  }
}
