import { integer, invalid, positive } from '../check.ts';

/** Options of a `SampleClock`. */
export interface SampleClockOptions {
  /**
   * The number of distinct values of the device's counter, which then wraps around. Default: detected (see `Counter`).
   */
  wrap?: number;
  /**
   * How late a timestamp may be, in ms, before frames count as missing. The default, three quarters of a frame, suits
   * timestamps from the device's own clock. For timestamps of message arrival, give the longest delay, such as 100.
   */
  jitter?: number;
}

/**
 * A timestamp that lies back by more than this, in ms, means that the clock was reset, not that frames were repeated.
 */
const clockResetMs = 10_000;

/**
 * The fraction of a timestamp's deviation by which the expected time is corrected, so that a slightly wrong rate causes
 * no gaps.
 */
const driftGain = 0.01;

/**
 * Assigns absolute indexes to frames, from 0, based on the device's counter if there is one, and on timestamps and the
 * rate otherwise.
 *
 * Counter: the first count shows how many frames share a count (in muse-js, the 12 samples of a reading do).
 * Timestamps: if frames are later than expected by more than `jitter`, the gap is round(late · rate / 1000) frames.
 * Without a rate or a valid timestamp, frames are numbered in the order in which they arrive.
 */
export class SampleClock {
  readonly #counter: Counter;
  readonly #jitter: number | undefined;
  #next = 0;
  #expected = NaN;
  #rate = 0;
  #started = false;
  #framesPerCount = 0;
  #framesInCount = 0;

  constructor({ wrap, jitter }: SampleClockOptions = {}) {
    this.#counter = new Counter(wrap);
    this.#jitter = jitter === undefined ? undefined : positive('jitter', jitter, 'ms');
  }

  /**
   * Returns the index of the first of `frames` frames. It is lower than `next` if some were received before. `rate` in
   * Hz, `time` in ms.
   */
  place(frames: number, { rate, time, count }: { rate: number; time: number; count?: number }): number {
    integer('frames', frames, 0);
    const start = count === undefined ? this.#byTime(frames, rate, time) : this.#byCount(frames, count);
    this.#next = Math.max(this.#next, start + frames);
    return start;
  }

  /** The index after that of the newest frame. */
  get next(): number {
    return this.#next;
  }

  #byCount(frames: number, count: number): number {
    const steps = this.#counter.advance(count);
    if (steps < 0) return this.#next - frames;
    if (!this.#started || steps === 0) return this.#placeSameCount(frames);
    this.#framesPerCount ||= this.#framesInCount;
    const missing = Number.isNaN(steps) ? 0 : steps * this.#framesPerCount - this.#framesInCount;
    this.#framesInCount = frames;
    return this.#next + Math.max(0, missing);
  }

  #placeSameCount(frames: number): number {
    this.#started = true;
    if (this.#framesPerCount > 0 && this.#framesInCount >= this.#framesPerCount) return this.#next - frames;
    this.#framesInCount += frames;
    return this.#next;
  }

  #byTime(frames: number, rate: number, time: number): number {
    const start = this.#next + this.#shift(frames, rate, time);
    const fresh = Math.min(frames, Math.max(0, start + frames - this.#next));
    if (rate > 0) this.#expected += (fresh * 1000) / rate;
    return start;
  }

  /**
   * Returns the distance of the frames from `next`, in frames. Corrects the time at which the first new frame is
   * expected.
   */
  #shift(frames: number, rate: number, time: number): number {
    const late = rate > 0 && rate === this.#rate ? time - this.#expected : NaN;
    this.#rate = rate;
    const slack = this.#jitter ?? 750 / rate;
    if (Number.isNaN(late) || late < -clockResetMs) {
      if (Number.isFinite(time)) this.#expected = time;
      return 0;
    }
    if (late < -slack && frames > 1) return Math.round((late * rate) / 1000);
    if (late > slack) {
      this.#expected = time;
      return Math.max(1, Math.round((late * rate) / 1000));
    }
    this.#expected += Math.max(-slack, late) * driftGain;
    return 0;
  }
}

/**
 * A step back of at most this many counts is a late or repeated frame. A larger one means that the device restarted.
 */
const maxStepBack = 16;

/** The counter sizes of common devices. */
const commonWraps = [201, 256, 65536, 2 ** 32];

/**
 * Unwraps a device's counter. `advance` returns the number of counts between two readings: 0 for the same count,
 * a negative number for an older count, and NaN if the device restarted. Unless `wrap` is given, it is the first of 201
 * (OpenBCI Ganglion), 256, 65536, and 2^32 that is larger than every count so far.
 */
export class Counter {
  readonly #wrap: number | undefined;
  #largest = 0;
  #last: number | undefined;

  constructor(wrap?: number) {
    if (wrap !== undefined && !(Number.isSafeInteger(wrap) && wrap >= 2))
      throw invalid('wrap', 'an integer >= 2', wrap);
    this.#wrap = wrap;
  }

  /**
   * Returns the number of counts since the newest reading, 0 for the first one. An older reading does not become the
   * newest.
   */
  advance(count: number): number {
    if (!Number.isSafeInteger(count) || count < 0) throw invalid('count', 'an integer >= 0', count);
    const last = this.#last ?? count;
    this.#largest = Math.max(this.#largest, count);
    const wrap = this.#wrap ?? commonWraps.find((counts) => counts > this.#largest) ?? Infinity;
    const forward = count >= last ? count - last : count - last + wrap;
    const back = forward === 0 ? 0 : wrap - forward;
    if (back > 0 && back <= maxStepBack && back < forward) return -back;
    this.#last = count;
    return count < last && forward > wrap / 2 ? NaN : forward;
  }
}
