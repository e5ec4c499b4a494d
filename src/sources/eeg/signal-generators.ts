import type { Random } from '../../core/random.ts';

/** A random walk that is drawn back to 0: normal, with standard deviation `spread` and memory `seconds` (Ornstein-Uhlenbeck). */
export class RandomWalk {
  readonly #keep: number;
  readonly #step: number;
  readonly #chance: Random;
  value: number;

  constructor(spread: number, seconds: number, rate: number, chance: Random) {
    this.#keep = Math.exp(-1 / (seconds * rate));
    this.#step = spread * Math.sqrt(1 - this.#keep * this.#keep);
    this.#chance = chance;
    this.value = spread * chance.normal();
  }

  /** One frame on. */
  next(): number {
    this.value = this.#keep * this.value + this.#step * this.#chance.normal();
    return this.value;
  }
}

/** 1/f noise of standard deviation `spread`: four wanders of equal power with corners at 0.5, 1.5, 4.5 and 13.5 Hz. */
export class PinkNoise {
  readonly #parts: RandomWalk[];

  constructor(spread: number, rate: number, chance: Random) {
    const corners = [0.5, 1.5, 4.5, 13.5];
    const each = spread / Math.sqrt(corners.length);
    this.#parts = corners.map((hz) => new RandomWalk(each, 1 / (2 * Math.PI * hz), rate, chance));
  }

  /** One frame on. */
  next(): number {
    let sum = 0;
    for (const part of this.#parts) sum += part.next();
    return sum;
  }
}

/** Muscle noise of standard deviation 1: white noise through a resonance at 35 Hz that is 30 Hz wide. */
export class MuscleNoise {
  readonly #chance: Random;
  readonly #feedback: readonly [number, number];
  readonly #gain: number;
  #last = 0;
  #beforeLast = 0;

  constructor(rate: number, chance: Random) {
    const radius = Math.exp((-Math.PI * 30) / rate);
    const cosine = Math.cos((2 * Math.PI * 35) / rate);
    this.#feedback = [2 * radius * cosine, -radius * radius];
    // The spread of x[t] = a x[t-1] + b x[t-2] + e[t], e of spread 1.
    const [a, b] = this.#feedback;
    this.#gain = Math.sqrt(((1 + b) * ((1 - b) ** 2 - a * a)) / (1 - b));
    this.#chance = chance;
  }

  /** One frame on. */
  next(): number {
    const [a, b] = this.#feedback;
    const value = a * this.#last + b * this.#beforeLast + this.#gain * this.#chance.normal();
    this.#beforeLast = this.#last;
    this.#last = value;
    return value;
  }
}

/**
 * The alpha rhythm in µV as seen where it is strongest: 10 Hz that wanders by about 0.3 Hz, its amplitude by a third.
 * It swells to about 25 µV within half a second when the eyes close, and sinks to a tenth of that when they open.
 */
export class Alpha {
  readonly #rate: number;
  readonly #frequency: RandomWalk;
  readonly #amplitude: RandomWalk;
  readonly #approach: number;
  #phase: number;
  #swell = 0.1;

  constructor(rate: number, chance: Random) {
    this.#rate = rate;
    this.#frequency = new RandomWalk(0.2, 2, rate, chance);
    this.#amplitude = new RandomWalk(0.3, 1.5, rate, chance);
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
