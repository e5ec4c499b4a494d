import { doublesIn, stateIn, type State } from '../state.ts';
import { Forecaster } from './forecaster.ts';
import { RunningMean } from './running-mean.ts';

/** The distance is a mean over this share of the commissioning. */
const share = 1 / 20;
/** The least wear that is told, in bits. */
const least = 0.5;

/**
 * How far a channel has gone from what it was when it was commissioned, so that slow wear is not learned away:
 *
 *     distance = mean of (surprise under the frozen forecast - surprise under the one that goes on learning), in bits
 *
 * The forecast is copied and frozen, scale and all, at half of the N frames of commissioning. The other half tells the
 * usual distance μ and how far it strays, σ. From then on wear is told when
 *
 *     distance - μ > max(0.5 bit, σ √(2 ln(T / τ)))       τ = N/20, the memory of the mean; T frames between false alarms
 *
 * (how high a smooth Gaussian process goes once in T: S. O. Rice, 1944), and not again before N frames in a row were free of it.
 */
export class Reference {
  readonly #frames: number;
  readonly #rate: number;
  readonly #height: number;
  readonly #mean: RunningMean;
  #frozen: Forecaster | null = null;
  #count = 0;
  #sum = 0;
  #squares = 0;
  #measured = 0;
  /** Frames in a row without wear. */
  #free = 0;
  /** Whether the channel is worn now: from when it was told until N frames in a row were free of it. */
  worn = false;
  /** The first frame of the present or latest wear. */
  since = 0;

  /**
   * @param frames of commissioning
   * @param between mean frames between two false alarms
   */
  constructor(frames: number, rate: number, between: number) {
    const memory = Math.max(1, frames * share);
    this.#frames = frames;
    this.#rate = rate;
    this.#height = Math.sqrt(2 * Math.log(Math.max(2, between / memory)));
    this.#mean = new RunningMean(memory);
  }

  /** Distance beyond the usual one, in shares of what is told as wear; 0 while commissioning. */
  get wear(): number {
    if (this.#count <= this.#frames) return 0;
    const usual = this.#sum / this.#measured;
    const stray = Math.sqrt(Math.max(0, this.#squares / this.#measured - usual * usual));
    return (this.#mean.mean - usual) / Math.max(least, this.#height * stray);
  }

  /**
   * Takes a sample, and the surprise of the forecaster that goes on learning; tells whether wear is told at this very
   * frame.
   */
  push(x: number, time: number, index: number, learning: Forecaster, surprise: number): boolean {
    if (++this.#count === Math.ceil(this.#frames / 2)) {
      this.#frozen = new Forecaster(this.#rate);
      this.#frozen.restore(learning.save());
      return false;
    }
    if (!this.#frozen) return false;
    const distance = this.#mean.push(this.#frozen.push(x, time, false) - surprise);
    if (this.#count <= this.#frames) {
      this.#measured++;
      this.#sum += distance;
      this.#squares += distance * distance;
      return false;
    }
    const { wear } = this;
    if (wear < 0.5 && !this.worn) this.since = index + 1;
    this.#free = wear >= 1 ? 0 : this.#free + 1;
    const before = this.worn;
    this.worn = this.#free === 0 || (before && this.#free < this.#frames);
    return this.worn && !before;
  }

  /** `frames` frames brought no sample. */
  skip(frames: number): void {
    this.#frozen?.skip(frames);
  }

  save(): State {
    const sums = [this.#count, this.#sum, this.#squares, this.#measured];
    return {
      numbers: Float64Array.of(...sums, this.#free, this.worn ? 1 : 0, this.since),
      mean: this.#mean.save(),
      ...(this.#frozen && { frozen: this.#frozen.save() }),
    };
  }

  restore(state: State): void {
    const numbers = doublesIn(state, 'numbers', 7);
    [this.#count, this.#sum, this.#squares, this.#measured, this.#free, , this.since] = numbers;
    this.worn = numbers[5] === 1;
    this.#mean.restore(stateIn(state, 'mean'));
    this.#frozen = 'frozen' in state ? new Forecaster(this.#rate) : null;
    this.#frozen?.restore(stateIn(state, 'frozen'));
  }
}
