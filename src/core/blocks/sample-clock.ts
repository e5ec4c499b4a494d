import { integer, invalid, positive } from '../check.ts';

/** How a `SampleClock` reads counts and stamps. */
export interface SampleClockOptions {
  /** Where the device's counter wraps round: the number of its counts. Default: found out (see `Counter`). */
  wrap?: number;
  /**
   * How late a stamp may be, in ms, before frames are missing. Default three quarters of a frame, for stamps made by the
   * device's own clock; for stamps that tell when a message arrived give the longest delay, such as 100.
   */
  jitter?: number;
}

/** Stamps that lie further back than this, in ms, are a clock that was set back, not frames that came twice. */
const clockResetMs = 10_000;

/** How much of a stamp's deviation the expected time follows, so that a rate that is a little off makes no gaps. */
const driftGain = 0.01;

/**
 * Gives frames their absolute index, from 0, by the device's counter where there is one and by stamps and rate where not.
 *
 * Counter: how many frames share a count is learned from the first count (muse-js: 12 samples share their reading's).
 * Stamps: frames that come later than expected by more than `jitter` leave a gap of round(late · rate / 1000).
 * Without a rate, or with a stamp that is no number, frames are numbered as they come.
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

  /** The index of the first of `frames` frames; below `next` where some are old. `rate` in Hz, `time` in ms. */
  place(frames: number, { rate, time, count }: { rate: number; time: number; count?: number }): number {
    integer('frames', frames, 0);
    const start = count === undefined ? this.#byTime(frames, rate, time) : this.#byCount(frames, count);
    this.#next = Math.max(this.#next, start + frames);
    return start;
  }

  /** The index that follows the newest frame. */
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

  /** How far from `next` the frames lie, in frames. Corrects the time at which the first new one of them is expected. */
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

/** A step back of at most this many counts is something that came late or twice, a longer one a device that began anew. */
const maxStepBack = 16;

const commonWraps = [201, 256, 65536, 2 ** 32];

/**
 * Straightens a device's counter that wraps round. `advance` tells how many counts lie between two readings of it:
 * 0 for the same count again, negative for an older one, NaN where the device began to count anew.
 * Where the wrap is not given it is the first of 201 (OpenBCI Ganglion), 256, 65536 and 2^32 above every count so far.
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

  /** Counts from the newest reading to this one; 0 for the first. An older reading does not become the newest. */
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
