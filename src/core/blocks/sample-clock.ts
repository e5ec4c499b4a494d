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

/** Frames by which the counter and the timestamps may differ before a step back of the counter is a restart. */
const maxDisagreement = 16;

/**
 * Assigns absolute indexes to frames, from 0, based on the device's counter if there is one, and on timestamps and the
 * rate otherwise.
 *
 * Counter: the first count shows how many frames share a count (in muse-js, the 12 samples of a reading do). A counter that
 * goes back has wrapped or was restarted: if the timestamps contradict a wrap, the gap is that of the timestamps.
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
    const shift = this.#shift(frames, rate, time);
    const start = count === undefined ? this.#next + shift.frames : this.#byCount(frames, count, shift);
    const fresh = Math.min(frames, Math.max(0, start + frames - this.#next));
    if (rate > 0) this.#expected += (fresh * 1000) / rate;
    this.#next = Math.max(this.#next, start + frames);
    return start;
  }

  /** The index after that of the newest frame. */
  get next(): number {
    return this.#next;
  }

  #byCount(frames: number, count: number, byTime: Shift): number {
    let { steps, back } = this.#counter.advance(count);
    if (steps < 0) {
      // a frame that is late has an earlier time, unless times are those of arrival
      if (!byTime.known || this.#jitter !== undefined) return this.#next - frames;
      this.#counter.restart(count);
      [steps, back] = [NaN, true];
    }
    if (!this.#started || steps === 0) return this.#placeSameCount(frames);
    this.#framesPerCount ||= this.#framesInCount;
    const counted = Number.isNaN(steps) ? NaN : Math.max(0, steps * this.#framesPerCount - this.#framesInCount);
    this.#framesInCount = frames;
    return this.#next + (back ? missingAfterStepBack(counted, byTime) : counted);
  }

  #placeSameCount(frames: number): number {
    this.#started = true;
    if (this.#framesPerCount > 0 && this.#framesInCount >= this.#framesPerCount) return this.#next - frames;
    this.#framesInCount += frames;
    return this.#next;
  }

  /**
   * Returns the distance of the frames from `next` by their time. Corrects the time at which the first new frame is
   * expected.
   */
  #shift(frames: number, rate: number, time: number): Shift {
    const late = rate > 0 && rate === this.#rate ? time - this.#expected : NaN;
    this.#rate = rate;
    const slack = this.#jitter ?? 750 / rate;
    if (Number.isNaN(late) || late < -clockResetMs) {
      if (Number.isFinite(time)) this.#expected = time;
      return { frames: 0, known: false };
    }
    if (late < -slack && frames > 1) return { frames: Math.round((late * rate) / 1000), known: false };
    if (late > slack) {
      this.#expected = time;
      return { frames: Math.max(1, Math.round((late * rate) / 1000)), known: true };
    }
    this.#expected += Math.max(-slack, late) * driftGain;
    return { frames: 0, known: late >= -slack };
  }
}

/** The distance of frames from the next expected index by their time, and whether the time is plausible. */
interface Shift {
  readonly frames: number;
  readonly known: boolean;
}

/** Returns the missing frames where the counter goes back; `counted`: those of a wrap, NaN if it cannot have wrapped. */
function missingAfterStepBack(counted: number, { frames, known }: Shift): number {
  if (!known) return Number.isNaN(counted) ? 0 : counted;
  return Math.abs(frames - counted) <= Math.max(maxDisagreement, counted / 2) ? counted : frames;
}

/**
 * A step back of at most this many counts is a late or repeated frame. A larger one means that the device restarted.
 */
const maxStepBack = 16;

/** The counter sizes of common devices. */
const commonWraps = [201, 256, 65536, 2 ** 32];

/**
 * Unwraps a device's counter. `advance` returns the number of counts between two readings as `steps`: 0 for the same count,
 * a negative number for an older count, and NaN if the device restarted; `back` is true if the count went back. Unless `wrap` is given, it is the first of 201
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

  /** The device was restarted: `count` becomes the newest reading. */
  restart(count: number): void {
    this.#last = count;
  }

  /**
   * Returns the number of counts since the newest reading (`steps`), 0 for the first one. An older reading does not become the
   * newest.
   */
  advance(count: number): { steps: number; back: boolean } {
    if (!Number.isSafeInteger(count) || count < 0) throw invalid('count', 'an integer >= 0', count);
    const last = this.#last ?? count;
    this.#largest = Math.max(this.#largest, count);
    const wrap = this.#wrap ?? commonWraps.find((counts) => counts > this.#largest) ?? Infinity;
    const forward = count >= last ? count - last : count - last + wrap;
    const late = forward === 0 ? 0 : wrap - forward;
    if (late > 0 && late <= maxStepBack && late < forward) return { steps: -late, back: false };
    this.#last = count;
    const stepsBack = count < last;
    return { steps: stepsBack && forward > wrap / 2 ? NaN : forward, back: stepsBack };
  }
}
