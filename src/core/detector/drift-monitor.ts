import { doublesIn, stateIn, type State } from '../state/state.ts';
import { Forecaster } from './forecaster.ts';

/** Minimum length of the reference period: a forecast frozen earlier falls behind without any drift. */
export const minReference = 2000;
/** Batches in the reference period, and those in which the distance is measured: its second half. */
const batches = 10;
const measuredBatches = batches / 2;
/** Quantile of Student's t for that many batches, exceeded with a probability of 1 in 2000. */
const tQuantile = 8.61;
/** Minimum drift that is reported, in bits. */
const minDrift = 0.5;
/** Consecutive batches that must have drifted. */
const driftBatches = 4;

/**
 * Measures how far a channel has drifted from its reference period. The adaptive forecaster would absorb slow drift, so
 * it is compared with a frozen copy:
 *
 *     distance d = mean of (surprise of the frozen forecast - surprise of the adaptive one), in bits
 *
 * Distances are means over batches of N/10 samples, where N is the length of the reference period. The forecaster is
 * copied and frozen, including its scale, in the middle of the reference period. The second half determines the mean
 * distance µ and its standard deviation σ over batches. After that, the channel has drifted if four consecutive batches
 * have
 *
 *     d - µ > max(0.5 bit, 8.61 σ √(1 + 1/5))
 *
 * and until ten consecutive batches do not. Correlated samples make σ too small; sufficiently long batches do not
 * (batch means: R. W. Conway, "Some tactical problems in digital simulation", 1963). Because there are only five
 * batches, Student's t is used. N must be long relative to all regular changes of the stream.
 */
export class DriftMonitor {
  readonly #rate: number;
  /** Samples per batch. */
  readonly #length: number;
  #frozen: Forecaster | null = null;
  #count = 0;
  #sum = 0;
  /** Sum and sum of squares of the distances of measured batches. */
  #distanceSum = 0;
  #squareSum = 0;
  /** Consecutive batches that have drifted, and that have not. */
  #driftingBatches = 0;
  #normalBatches = 0;
  /** Whether the channel has drifted. */
  drifted = false;
  /** First frame of the current or latest drift. */
  since = 0;

  /** @param samples length of the reference period */
  constructor(samples: number, rate: number) {
    this.#length = Math.ceil(samples / batches);
    this.#rate = rate;
  }

  /**
   * Adds a sample and its surprise under the adaptive forecaster. Returns whether drift is first reported at this
   * frame.
   */
  push(x: number, time: number, index: number, adaptive: Forecaster, surprise: number): boolean {
    if (this.#frozen) this.#sum += this.#frozen.push(x, time, false) - surprise;
    if (++this.#count % this.#length !== 0) return false;
    const batch = this.#count / this.#length;
    const distance = this.#sum / this.#length;
    this.#sum = 0;
    if (batch === batches - measuredBatches) {
      this.#frozen = new Forecaster(this.#rate);
      this.#frozen.restore(adaptive.save());
    } else if (batch > batches) return this.#judge(this.#relativeDrift(distance), index);
    else if (this.#frozen) {
      this.#distanceSum += distance;
      this.#squareSum += distance * distance;
      this.since = index + 1;
    }
    return false;
  }

  /** Marks `frames` frames as missing. */
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

  /** Returns a distance relative to the limit; above 1 it has drifted. */
  #relativeDrift(distance: number): number {
    const mean = this.#distanceSum / measuredBatches;
    const variance = Math.max(0, this.#squareSum - measuredBatches * mean * mean) / (measuredBatches - 1);
    return (distance - mean) / Math.max(minDrift, tQuantile * Math.sqrt(variance * (1 + 1 / measuredBatches)));
  }

  /** Adds the relative drift of the batch that ends at frame `index`. Returns whether drift is first reported now. */
  #judge(relativeDrift: number, index: number): boolean {
    const wasDrifted = this.drifted;
    this.#driftingBatches = relativeDrift > 1 ? this.#driftingBatches + 1 : 0;
    this.#normalBatches = relativeDrift > 1 ? 0 : this.#normalBatches + 1;
    this.drifted = wasDrifted ? this.#normalBatches < batches : this.#driftingBatches >= driftBatches;
    if (!wasDrifted && relativeDrift < 0.5) this.since = index + 1;
    return this.drifted && !wasDrifted;
  }
}
