import { numberIn, stateIn, type State } from '../state/state.ts';

/** m ← m + w (x - m), w = 1/n for the first `frames` numbers and 1/frames from then on. */
export class RunningMean {
  readonly #least: number;
  #count = 0;
  #mean = 0;

  /** @param frames time constant */
  constructor(frames: number) {
    this.#least = 1 / frames;
  }

  get mean(): number {
    return this.#mean;
  }

  push(x: number): number {
    this.#mean += Math.max(1 / ++this.#count, this.#least) * (x - this.#mean);
    return this.#mean;
  }

  save(): State {
    return { count: this.#count, mean: this.#mean };
  }

  restore(state: State): void {
    this.#count = numberIn(state, 'count');
    this.#mean = numberIn(state, 'mean');
  }
}

/** What each of several machines remembers, under its name. */
export function saveAll(machines: Readonly<Record<string, { save(): State }>>): State {
  return Object.fromEntries(Object.entries(machines).map(([name, machine]) => [name, machine.save()]));
}

/** Gives each machine its memory back. */
export function restoreAll(machines: Readonly<Record<string, { restore(state: State): void }>>, state: State): void {
  for (const [name, machine] of Object.entries(machines)) machine.restore(stateIn(state, name));
}
