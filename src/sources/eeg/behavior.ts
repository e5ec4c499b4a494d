import type { Random } from '../../core/random.ts';

/** An action of the simulated wearer. */
export interface EegEvent {
  /** Absolute index of its first frame. */
  readonly at: number;
  /** The action. */
  readonly label: 'eyes closed' | 'blink' | 'jaw clench';
  /** Duration in frames. */
  readonly frames: number;
}

/**
 * Actions of the wearer, generated from one opening of the eyes to the next:
 *
 *     eyes     open ~2.3 s   closed ~8 s            open ~6 s           closed ~8 s
 *     blinks   ----b-------|----------------------|--b-----b---b------|----------- …
 *     jaw      ------------|----------------------|----------cccc-----|-----------
 */
export class Behavior {
  readonly #rate: number;
  readonly #random: Random;
  readonly #planned: EegEvent[] = [];
  #plannedTo = 0;
  #periods = 0;

  constructor(rate: number, random: Random) {
    this.#rate = rate;
    this.#random = random;
  }

  /** Returns, in order, the events that start before frame `to` and were not returned yet. */
  take(to: number): EegEvent[] {
    while (this.#plannedTo < to) this.#plan();
    const count = this.#planned.findIndex((event) => event.at >= to);
    return this.#planned.splice(0, count < 0 ? this.#planned.length : count);
  }

  #plan(): void {
    const first = this.#periods++ === 0;
    const opened = this.#plannedTo;
    const closes = opened + this.#frames(first ? 2 : 5, first ? 2.6 : 7);
    const opens = closes + this.#frames(7, 9);
    const events: EegEvent[] = [{ at: closes, label: 'eyes closed', frames: opens - closes }];
    for (let at = opened + this.#frames(0.6, 1.1); ; at += this.#frames(1.3, 2.8)) {
      const frames = this.#frames(0.3, 0.4);
      if (at + frames > closes) break;
      events.push({ at, label: 'blink', frames });
    }
    if (!first && this.#random.uniform() < 0.7) {
      const at = opened + this.#frames(2, 3.5);
      events.push({ at, label: 'jaw clench', frames: this.#frames(0.8, 1.4) });
    }
    this.#planned.push(...events.sort((a, b) => a.at - b.at));
    this.#plannedTo = opens;
  }

  #frames(min: number, max: number): number {
    return Math.round((min + (max - min) * this.#random.uniform()) * this.#rate);
  }
}
