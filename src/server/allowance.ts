import type { Task } from './work-scheduler.ts';
import { setTimeout } from 'node:timers/promises';

/** Options of an `Allowance`. */
export interface AllowanceOptions {
  /** What can be taken at once. */
  burst: number;
  /** What is added per second, up to `burst`. */
  perSecond: number;
}

/** A bounded amount of work that a client may cause: what exceeds it has to wait. */
export class Allowance {
  readonly #burst: number;
  readonly #perSecond: number;
  #left: number;
  #updated = performance.now();

  constructor({ burst, perSecond }: AllowanceOptions) {
    this.#burst = burst;
    this.#perSecond = perSecond;
    this.#left = burst;
  }

  /** Takes an amount, and waits until that much has been added. */
  *take(amount: number): Task {
    const now = performance.now();
    this.#left = Math.min(this.#burst, this.#left + ((now - this.#updated) / 1000) * this.#perSecond) - amount;
    this.#updated = now;
    if (this.#left < 0) yield setTimeout((-1000 * this.#left) / this.#perSecond, undefined, { ref: false });
  }
}
