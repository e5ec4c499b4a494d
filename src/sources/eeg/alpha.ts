import type { Random } from '../../core/random.ts';
import { Wander } from './noise.ts';

/**
 * The alpha rhythm in µV as seen where it is strongest: 10 Hz that wanders by about 0.3 Hz, its amplitude by a third.
 * It swells to about 25 µV within half a second when the eyes close, and sinks to a tenth of that when they open.
 */
export class Alpha {
  readonly #rate: number;
  readonly #frequency: Wander;
  readonly #amplitude: Wander;
  readonly #approach: number;
  #phase: number;
  #swell = 0.1;

  constructor(rate: number, chance: Random) {
    this.#rate = rate;
    this.#frequency = new Wander(0.2, 2, rate, chance);
    this.#amplitude = new Wander(0.3, 1.5, rate, chance);
    this.#approach = 1 - Math.exp(-1 / (0.2 * rate));
    this.#phase = 2 * Math.PI * chance.uniform();
  }

  /** One frame on. */
  next(eyesClosed: boolean): number {
    this.#swell += this.#approach * ((eyesClosed ? 1 : 0.1) - this.#swell);
    const hz = 10 + Math.max(-0.4, Math.min(0.4, this.#frequency.next()));
    this.#phase = (this.#phase + (2 * Math.PI * hz) / this.#rate) % (2 * Math.PI);
    const amplitude = 25 * Math.max(0.3, 1 + this.#amplitude.next());
    return amplitude * this.#swell * Math.sin(this.#phase);
  }
}
