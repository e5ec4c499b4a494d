import { doublesIn, stateIn, type State } from '../state/state.ts';
import { Forecaster } from './forecaster.ts';

/** Samples of commissioning at least: a forecast that is frozen earlier falls behind the other without any wear. */
export const minReference = 2000;
/** Batches to a commissioning, and those of them in which the distance is measured: its second half. */
const batches = 10;
const measuredBatches = batches / 2;
/** Student's t for so many batches, beyond which one in two thousand lies. */
const tQuantile = 8.61;
/** The least wear that is told, in bits. */
const minDrift = 0.5;
/** Batches in a row that must be worn. */
const driftBatches = 4;

/**
 * How far a channel has gone from what it was when it was commissioned, so that slow wear is not learned away:
 *
 *     distance d = mean of (surprise under the frozen forecast - surprise under the one that goes on learning), in bits
 *
 * over batches of N/10 samples, N those of commissioning. The forecast is copied and frozen, scale and all, at half of
 * them; the other half tells the usual distance µ, and how far that of a batch strays from it, σ. From then on the channel
 * is worn when four batches in a row have
 *
 *     d - µ > max(0.5 bit, 8.61 σ √(1 + 1/5))
 *
 * and until ten in a row have not. Samples that hang together make σ too small, whole batches of them do not where these
 * are long enough (batch means: R. W. Conway, "Some tactical problems in digital simulation", 1963), and five of them are
 * few: hence Student's t. So N is to be long against all that comes and goes in the stream.
 */
export class DriftMonitor {
  readonly #rate: number;
  /** Samples of a batch. */
  readonly #length: number;
  #frozen: Forecaster | null = null;
  #count = 0;
  #sum = 0;
  /** Sum and sum of squares of the distances of measured batches. */
  #distanceSum = 0;
  #squareSum = 0;
  /** Batches in a row that were worn, and that were not. */
  #driftingBatches = 0;
  #normalBatches = 0;
  /** Whether the channel is worn now. */
  drifted = false;
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
    if (batch === batches - measuredBatches) {
      this.#frozen = new Forecaster(this.#rate);
      this.#frozen.restore(learning.save());
    } else if (batch > batches) return this.#judge(this.#relativeDrift(distance), index);
    else if (this.#frozen) {
      this.#distanceSum += distance;
      this.#squareSum += distance * distance;
      this.since = index + 1;
    }
    return false;
  }

  /** `frames` frames brought no sample. */
  skip(frames: number): void {
    this.#frozen?.skip(frames);
  }

  save(): State {
    const sums = [this.#count, this.#sum, this.#distanceSum, this.#squareSum];
    return {
      numbers: Float64Array.of(...sums, this.#driftingBatches, this.#normalBatches, this.drifted ? 1 : 0, this.since),
      ...(this.#frozen && { frozen: this.#frozen.save() }),
    };
  }

  restore(state: State): void {
    const numbers = doublesIn(state, 'numbers', 8);
    [
      this.#count,
      this.#sum,
      this.#distanceSum,
      this.#squareSum,
      this.#driftingBatches,
      this.#normalBatches,
      ,
      this.since,
    ] = numbers;
    this.drifted = numbers[6] === 1;
    this.#frozen = 'frozen' in state ? new Forecaster(this.#rate) : null;
    this.#frozen?.restore(stateIn(state, 'frozen'));
  }

  /** A distance beyond the usual one, in shares of what is wear. */
  #relativeDrift(distance: number): number {
    const usual = this.#distanceSum / measuredBatches;
    const variance = Math.max(0, this.#squareSum - measuredBatches * usual * usual) / (measuredBatches - 1);
    return (distance - usual) / Math.max(minDrift, tQuantile * Math.sqrt(variance * (1 + 1 / measuredBatches)));
  }

  /** Takes the wear of the batch that ends at frame `index`; tells whether it is told now. */
  #judge(wear: number, index: number): boolean {
    const before = this.drifted;
    this.#driftingBatches = wear > 1 ? this.#driftingBatches + 1 : 0;
    this.#normalBatches = wear > 1 ? 0 : this.#normalBatches + 1;
    this.drifted = before ? this.#normalBatches < batches : this.#driftingBatches >= driftBatches;
    if (!before && wear < 0.5) this.since = index + 1;
    return this.drifted && !before;
  }
}
