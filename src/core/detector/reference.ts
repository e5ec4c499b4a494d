import { doublesIn, stateIn, type State } from '../state/state.ts';
import { Forecaster } from './forecaster.ts';

/** Samples of commissioning at least: a forecast that is frozen earlier falls behind the other without any wear. */
export const leastReference = 2000;
/** Batches to a commissioning, and those of them in which the distance is measured: its second half. */
const batches = 10;
const measured = batches / 2;
/** Student's t for so many batches, beyond which one in two thousand lies. */
const rare = 8.61;
/** The least wear that is told, in bits. */
const least = 0.5;
/** Batches in a row that must be worn. */
const lasting = 4;

/**
 * How far a channel has gone from what it was when it was commissioned, so that slow wear is not learned away:
 *
 *     distance d = mean of (surprise under the frozen forecast - surprise under the one that goes on learning), in bits
 *
 * over batches of N/10 samples, N those of commissioning. The forecast is copied and frozen, scale and all, at half of
 * them; the other half tells the usual distance μ, and how far that of a batch strays from it, σ. From then on the channel
 * is worn when four batches in a row have
 *
 *     d - μ > max(0.5 bit, 8.61 σ √(1 + 1/5))
 *
 * and until ten in a row have not. Samples that hang together make σ too small, whole batches of them do not where these
 * are long enough (batch means: R. W. Conway, "Some tactical problems in digital simulation", 1963), and five of them are
 * few: hence Student's t. So N is to be long against all that comes and goes in the stream.
 */
export class Reference {
  readonly #rate: number;
  /** Samples of a batch. */
  readonly #length: number;
  #frozen: Forecaster | null = null;
  #count = 0;
  #sum = 0;
  /** Sum and sum of squares of the distances of measured batches. */
  #usual = 0;
  #squares = 0;
  /** Batches in a row that were worn, and that were not. */
  #over = 0;
  #free = 0;
  /** Whether the channel is worn now. */
  worn = false;
  /** The first frame of the present or latest wear. */
  since = 0;

  /** @param samples of commissioning */
  constructor(samples: number, rate: number) {
    this.#length = Math.ceil(samples / batches);
    this.#rate = rate;
  }

  /** Takes a sample, and the surprise of the forecaster that goes on learning; tells whether wear is told at this very frame. */
  push(x: number, time: number, index: number, learning: Forecaster, surprise: number): boolean {
    if (this.#frozen) this.#sum += this.#frozen.push(x, time, false) - surprise;
    if (++this.#count % this.#length !== 0) return false;
    const batch = this.#count / this.#length;
    const distance = this.#sum / this.#length;
    this.#sum = 0;
    if (batch === batches - measured) {
      this.#frozen = new Forecaster(this.#rate);
      this.#frozen.restore(learning.save());
    } else if (batch > batches) return this.#judge(this.#wear(distance), index);
    else if (this.#frozen) {
      this.#usual += distance;
      this.#squares += distance * distance;
      this.since = index + 1;
    }
    return false;
  }

  /** `frames` frames brought no sample. */
  skip(frames: number): void {
    this.#frozen?.skip(frames);
  }

  save(): State {
    const sums = [this.#count, this.#sum, this.#usual, this.#squares];
    return {
      numbers: Float64Array.of(...sums, this.#over, this.#free, this.worn ? 1 : 0, this.since),
      ...(this.#frozen && { frozen: this.#frozen.save() }),
    };
  }

  restore(state: State): void {
    const numbers = doublesIn(state, 'numbers', 8);
    [this.#count, this.#sum, this.#usual, this.#squares, this.#over, this.#free, , this.since] = numbers;
    this.worn = numbers[6] === 1;
    this.#frozen = 'frozen' in state ? new Forecaster(this.#rate) : null;
    this.#frozen?.restore(stateIn(state, 'frozen'));
  }

  /** A distance beyond the usual one, in shares of what is wear. */
  #wear(distance: number): number {
    const usual = this.#usual / measured;
    const variance = Math.max(0, this.#squares - measured * usual * usual) / (measured - 1);
    return (distance - usual) / Math.max(least, rare * Math.sqrt(variance * (1 + 1 / measured)));
  }

  /** Takes the wear of the batch that ends at frame `index`; tells whether it is told now. */
  #judge(wear: number, index: number): boolean {
    const before = this.worn;
    this.#over = wear > 1 ? this.#over + 1 : 0;
    this.#free = wear > 1 ? 0 : this.#free + 1;
    this.worn = before ? this.#free < batches : this.#over >= lasting;
    if (!before && wear < 0.5) this.since = index + 1;
    return this.worn && !before;
  }
}
