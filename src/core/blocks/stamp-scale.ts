import { epochUnit, toMs, type TimeUnit, unitByProgress } from './time-unit.ts';

/** Position of the frames that a timestamp belongs to. */
interface StampedFrames {
  /** Index that the first frame is expected to have. */
  readonly index: number;
  readonly frames: number;
  /** Sampling rate in Hz; 0 = irregular. */
  readonly rate: number;
}

/** The latest time that is read as a time since 1970, in ms: 2100-01-01. */
const latest = 4_102_444_800_000;
/** A message of several frames can overlap the one before, so that times advance up to this many times as slowly. */
const maxOverlap = 31;

/**
 * Converts the timestamps of a device to ms. The unit of a time since 1970 is recognized by the size of the first timestamp.
 * Other times, such as seconds since the device was started, stay relative to the first one: their unit is recognized from
 * the sampling rate, and is ms if no unit fits.
 */
export class StampScale {
  #unit: TimeUnit | undefined;
  #first: { stamp: number; index: number } | undefined;

  /** Returns a timestamp in ms. NaN, or no number: NaN. */
  toMs(stamp: number, { index, frames, rate }: StampedFrames): number {
    if (!Number.isFinite(stamp)) return NaN;
    if (!this.#first) {
      const unit = epochUnit(stamp, latest);
      this.#unit = unit;
      this.#first = { stamp: unit === undefined ? stamp : 0, index };
    }
    const { stamp: first, index: start } = this.#first;
    const slowest = frames > 1 ? 1 / maxOverlap : 0.9;
    if (this.#unit === undefined && stamp > first && rate > 0)
      this.#unit = unitByProgress(stamp - first, (index - start) / rate, { slowest, fastest: 1.1 });
    return first + toMs(stamp - first, this.#unit ?? 'ms');
  }
}
