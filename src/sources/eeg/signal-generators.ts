import type { Random } from '../../core/random.ts';

/** An Ornstein-Uhlenbeck process: normal, with standard deviation `deviation` and time constant `seconds`. */
export class RandomWalk {
  readonly #keep: number;
  readonly #step: number;
  readonly #random: Random;
  value: number;

  constructor(deviation: number, seconds: number, rate: number, random: Random) {
    this.#keep = Math.exp(-1 / (seconds * rate));
    this.#step = deviation * Math.sqrt(1 - this.#keep * this.#keep);
    this.#random = random;
    this.value = deviation * random.normal();
  }

  /** Returns the next sample. */
  next(): number {
    this.value = this.#keep * this.value + this.#step * this.#random.normal();
    return this.value;
  }
}

/**
 * 1/f noise of standard deviation `deviation`: four processes of equal power with corner frequencies of 0.5, 1.5, 4.5,
 * and 13.5 Hz.
 */
export class PinkNoise {
  readonly #parts: RandomWalk[];

  constructor(deviation: number, rate: number, random: Random) {
    const corners = [0.5, 1.5, 4.5, 13.5];
    const each = deviation / Math.sqrt(corners.length);
    this.#parts = corners.map((hz) => new RandomWalk(each, 1 / (2 * Math.PI * hz), rate, random));
  }

  /** Returns the next sample. */
  next(): number {
    let sum = 0;
    for (const part of this.#parts) sum += part.next();
    return sum;
  }
}

/** Muscle noise of standard deviation 1: white noise through a resonator at 35 Hz with a bandwidth of 30 Hz. */
export class MuscleNoise {
  readonly #random: Random;
  readonly #feedback: readonly [number, number];
  readonly #gain: number;
  #last = 0;
  #beforeLast = 0;

  constructor(rate: number, random: Random) {
    const radius = Math.exp((-Math.PI * 30) / rate);
    const cosine = Math.cos((2 * Math.PI * 35) / rate);
    this.#feedback = [2 * radius * cosine, -radius * radius];
    // The standard deviation of x[t] = a x[t-1] + b x[t-2] + e[t], where e has standard deviation 1.
    const [a, b] = this.#feedback;
    this.#gain = Math.sqrt(((1 + b) * ((1 - b) ** 2 - a * a)) / (1 - b));
    this.#random = random;
  }

  /** Returns the next sample. */
  next(): number {
    const [a, b] = this.#feedback;
    const value = a * this.#last + b * this.#beforeLast + this.#gain * this.#random.normal();
    this.#beforeLast = this.#last;
    this.#last = value;
    return value;
  }
}

/**
 * The alpha rhythm in µV at the electrode where it is strongest: 10 Hz, varying by about 0.3 Hz, with an amplitude that
 * varies by a third. It rises to about 25 µV within half a second when the eyes close, and falls to a tenth when they open.
 */
export class Alpha {
  readonly #rate: number;
  readonly #frequency: RandomWalk;
  readonly #amplitude: RandomWalk;
  readonly #approach: number;
  #phase: number;
  #level = 0.1;

  constructor(rate: number, random: Random) {
    this.#rate = rate;
    this.#frequency = new RandomWalk(0.2, 2, rate, random);
    this.#amplitude = new RandomWalk(0.3, 1.5, rate, random);
    this.#approach = 1 - Math.exp(-1 / (0.2 * rate));
    this.#phase = 2 * Math.PI * random.uniform();
  }

  /** Returns the next sample. */
  next(eyesClosed: boolean): number {
    this.#level += this.#approach * ((eyesClosed ? 1 : 0.1) - this.#level);
    const hz = 10 + Math.max(-0.4, Math.min(0.4, this.#frequency.next()));
    this.#phase = (this.#phase + (2 * Math.PI * hz) / this.#rate) % (2 * Math.PI);
    const amplitude = 25 * Math.max(0.3, 1 + this.#amplitude.next());
    return amplitude * this.#level * Math.sin(this.#phase);
  }
}
