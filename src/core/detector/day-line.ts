import { doublesIn, numberIn, type State } from '../state/state.ts';

const dayMs = 86_400_000;
/** Slots are filled over a hole of this many ms at most. */
const bridged = 7_200_000;

/**
 * What a channel was a day ago: a line of slots, each as long as a frame but a minute at least and a half hour at most, of
 * the newest sample of each. Slots that the stream jumped over take the sample that came after them, up to two hours of
 * them.
 */
export class DayLine {
  readonly #slots: number;
  readonly #length: number;
  readonly #positions: Float64Array;
  readonly #numbers: Float64Array;
  #newest = -1e300;

  /** @param rate Hz; 0 = irregular: slots of five minutes. */
  constructor(rate: number) {
    this.#slots = Math.round(Math.min(1440, Math.max(48, rate > 0 ? rate * 86_400 : 288)));
    this.#length = dayMs / this.#slots;
    this.#positions = new Float64Array(this.#slots + 1);
    this.#numbers = new Float64Array(this.#slots + 1).fill(NaN);
  }

  /** The position a day before `time` (ms); -1 = none. */
  back(time: number): number {
    const slot = Math.floor(time / this.#length) - this.#slots;
    const at = modulo(slot, this.#slots + 1);
    return this.#numbers[at] === slot ? this.#positions[at] : -1;
  }

  /** Remembers the position at `time` (ms). */
  push(time: number, position: number): void {
    const slot = Math.floor(time / this.#length);
    const jumped = slot - this.#newest;
    const filled = jumped > 1 && jumped * this.#length <= bridged ? jumped : 1;
    for (let back = 0; back < filled; back++) {
      const at = modulo(slot - back, this.#slots + 1);
      this.#positions[at] = position;
      this.#numbers[at] = slot - back;
    }
    this.#newest = slot;
  }

  save(): State {
    return { positions: this.#positions.slice(), numbers: this.#numbers.slice(), newest: this.#newest };
  }

  restore(state: State): void {
    this.#positions.set(doublesIn(state, 'positions', this.#slots + 1));
    this.#numbers.set(doublesIn(state, 'numbers', this.#slots + 1));
    this.#newest = numberIn(state, 'newest');
  }
}

/** The time of day, 0 … 1. */
export function timeOfDay(time: number): number {
  return modulo(time, dayMs) / dayMs;
}

function modulo(a: number, b: number): number {
  return a - b * Math.floor(a / b);
}
