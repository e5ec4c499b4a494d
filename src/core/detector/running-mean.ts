import { numberIn, stateIn, type State } from '../state/state.ts';

/** Running mean: m ← m + w (x - m), w = 1/n for the first `frames` numbers, then 1/frames. */
export class RunningMean {
  readonly #frames: number;
  readonly #minWeight: number;
  #count = 0;
  #mean = 0;

  /** @param frames time constant */
  constructor(frames: number) {
    this.#frames = frames;
    this.#minWeight = 1 / frames;
  }

  get mean(): number {
    return this.#mean;
  }

  push(x: number): number {
    const count = ++this.#count;
    const mean = this.#mean + (count < this.#frames ? 1 / count : this.#minWeight) * (x - this.#mean);
    this.#mean = mean;
    return mean;
  }

  save(): State {
    return { count: this.#count, mean: this.#mean };
  }

  restore(state: State): void {
    this.#count = numberIn(state, 'count');
    this.#mean = numberIn(state, 'mean');
  }
}

/** Returns the states of several parts by name. */
export function saveAll(parts: Readonly<Record<string, { save(): State }>>): State {
  return Object.fromEntries(Object.entries(parts).map(([name, part]) => [name, part.save()]));
}

/** Restores the states that `saveAll` returned. */
export function restoreAll(parts: Readonly<Record<string, { restore(state: State): void }>>, state: State): void {
  for (const [name, part] of Object.entries(parts)) part.restore(stateIn(state, name));
}
