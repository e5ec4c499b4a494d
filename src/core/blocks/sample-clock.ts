import { integer, positive } from '../check.ts';
import { type CountGap, type CountStep, missingByCount } from './sample-counter-gap.ts';
import { SampleCounter } from './sample-counter.ts';

/** Options of a `SampleClock`. */
export interface SampleClockOptions {
  /**
   * The number of distinct values of the device's counter, which then wraps around. Default: detected (see `SampleCounter`).
   */
  wrap?: number;
  /**
   * How late a timestamp may be, in ms, before frames count as missing. The default, three quarters of a frame, suits
   * timestamps from the device's own clock. For timestamps of message arrival, give the longest delay, such as 100.
   */
  jitter?: number;
}

/** What determines the position of frames. */
export interface FramePosition {
  readonly frames: number;
  /** In Hz; 0 = irregular. */
  readonly rate: number;
  /** Time of the first frame in ms; NaN if unknown. */
  readonly time: number;
  /** The device's counter. */
  readonly count?: number | undefined;
  /** Whether the time cannot be compared with those before. */
  readonly newClock?: boolean;
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

/** Deviation in frames and relative deviation that are due to rounding. */
const [rounding, relativeRounding] = [0.75, 2e-4];

/** Variation in frames above which timestamps are those of arrival, and its decrease per message. */
const maxVariation = 1;
const variationDecay = 0.995;

/** Most messages that are considered to find out whether frames are late or lost. */
const maxFollowing = 2048;

/**
 * Assigns absolute indexes to frames, from 0, based on the device's counter if there is one, and on timestamps and the
 * rate otherwise.
 *
 * Counter: the first count shows how many frames share a count (in muse-js, the 12 samples of a reading do). The counter is exact,
 * except for whole cycles, and the timestamps determine the number of these:
 *
 *     missing frames = those by the counter + k · wrap      k: so that the frames are where their timestamps are
 *
 * If no k agrees with the timestamps, the device was restarted, and the gap is that of the timestamps; after a step of one
 * count, its clock was set, and there is no gap. If timestamps vary by more than a frame, frames after a pause are lost if the
 * following ones are late too, and only late if those catch up.
 *
 * Timestamps: if frames are later than expected by more than `jitter`, the gap is round(late · rate / 1000) frames.
 * Without a rate or a valid timestamp, frames are numbered in the order in which they arrive.
 */
export class SampleClock {
  readonly #counter: SampleCounter;
  readonly #jitter: number | undefined;
  #next = 0;
  #expected = NaN;
  #rate = 0;
  #started = false;
  #framesPerCount = 0;
  #framesInCount = 0;
  /** Variation of the timestamps of counted frames, in frames. */
  #variation = 0;

  constructor({ wrap, jitter }: SampleClockOptions = {}) {
    this.#counter = new SampleCounter(wrap);
    this.#jitter = jitter === undefined ? undefined : positive('jitter', jitter, 'ms');
  }

  /** The index after that of the newest frame. */
  get next(): number {
    return this.#next;
  }

  /**
   * Returns the index of the first of some frames. It is lower than `next` if some were received before. Undefined if the
   * frames that follow are required to determine it.
   * @param following the positions that follow, as far as they are known
   * @param isEnd whether no others follow
   */
  place(position: FramePosition, following: () => readonly FramePosition[], isEnd: boolean): number | undefined {
    const { frames, rate, time, count, newClock } = position;
    integer('frames', frames, 0);
    if (newClock || rate !== this.#rate) this.#expected = NaN;
    this.#rate = rate;
    const missing =
      count === undefined
        ? this.#byTime(frames, time)
        : this.#byCount(position, count, () => this.#settledDelay(position, following(), isEnd));
    if (missing === undefined) return undefined;
    const start = this.#next + missing;
    const fresh = Math.min(frames, Math.max(0, start + frames - this.#next));
    if (rate > 0) this.#expected += (fresh * 1000) / rate;
    this.#next = Math.max(this.#next, start + frames);
    return start;
  }

  /** The frames missing before some frames without a count; negative if some were received before. */
  #byTime(frames: number, time: number): number {
    const late = this.#late(time);
    const slack = this.#jitter ?? 750 / this.#rate;
    if (Number.isNaN(late)) return 0;
    const shift = (late * this.#rate) / 1000;
    if (late < -slack && frames > 1) return Math.round(shift);
    if (late > slack) {
      this.#expected = time;
      return Math.max(1, Math.round(shift));
    }
    this.#expected += Math.max(-slack, late) * driftGain;
    return 0;
  }

  /** How much later than expected a time is, in ms; NaN if that is unknown. */
  #late(time: number): number {
    const late = this.#rate > 0 ? time - this.#expected : NaN;
    if (!Number.isNaN(late) && late >= -clockResetMs) return late;
    if (Number.isFinite(time)) this.#expected = time;
    return NaN;
  }

  /** The frames missing before some frames by their count and their time; undefined if those that follow are required. */
  #byCount({ frames, time }: FramePosition, count: number, settledDelay: () => number | undefined): number | undefined {
    const difference = this.#counter.difference(count);
    const late = (this.#late(time) * this.#rate) / 1000;
    const wraps = this.#counter.wrapsWith(count);
    const isSame = difference === 0 && !(late > (wraps[0] * this.#framesPerCount) / 2 && this.#framesPerCount > 0);
    if (!this.#started || isSame) return this.#sameCount(count, frames, time);
    this.#framesPerCount ||= this.#framesInCount;
    const arrivals = this.#jitter !== undefined || this.#variation > maxVariation;
    const step: CountStep = {
      count,
      difference,
      late,
      wraps,
      framesPerCount: this.#framesPerCount,
      framesInCount: this.#framesInCount,
      arrivals,
      tolerance: this.#tolerance(late),
      apart: this.#rate,
    };
    const found = missingByCount(step);
    if (found.kind === 'late') return -frames;
    if (found.cycles > 0 && this.#variation > maxVariation && this.#jitter === undefined) {
      const settled = settledDelay();
      if (settled === undefined) return undefined;
      Object.assign(found, missingByCount({ ...step, late: settled }));
    }
    this.#follow(time, late, found);
    this.#counter.accept(count);
    this.#framesInCount = frames;
    return found.missing;
  }

  /** How far timestamps after `late` frames can deviate, in frames: by rounding, jitter, and the drift that they show. */
  #tolerance(late: number): number {
    const drift = relativeRounding + 1.5 * driftGain * this.#variation;
    return Math.max(rounding, 3 * this.#variation, drift * late, ((this.#jitter ?? 0) * this.#rate) / 1000);
  }

  /** The first frames, or more frames with the newest count. */
  #sameCount(count: number, frames: number, time: number): number {
    if (this.#started && this.#framesPerCount > 0 && this.#framesInCount >= this.#framesPerCount) return -frames;
    if (Number.isNaN(this.#expected)) this.#expected = time;
    this.#started = true;
    this.#framesInCount += frames;
    this.#counter.accept(count);
    return 0;
  }

  /**
   * The delay in frames of timestamps that vary, after a pause. While frames that waited catch up, each one is one frame less
   * late than the one before. Undefined if more frames are required.
   */
  #settledDelay(
    { frames, time }: FramePosition,
    following: readonly FramePosition[],
    isEnd: boolean,
  ): number | undefined {
    const window = Math.max(16, 4 * this.#variation);
    const delays = [this.#lateFrames(time, 0)];
    const indexes = [0];
    let [index, count, before, oldest] = [0, NaN, frames, 0];
    for (const next of following) {
      if (next.newClock || next.count === undefined || next.rate !== this.#rate) return lowest(delays.slice(oldest));
      const steps = next.count > count ? next.count - count : 1;
      index += next.count === count ? before : steps * this.#framesPerCount;
      [count, before] = [next.count, next.frames];
      if (!Number.isFinite(next.time)) continue;
      indexes.push(index);
      delays.push(this.#lateFrames(next.time, index));
      while (indexes[oldest + 1] <= index - window) oldest++;
      const isCatchingUp = delays[oldest] - delays[delays.length - 1] >= window / 2;
      if (index >= window && !isCatchingUp) return lowest(delays.slice(oldest));
    }
    return isEnd || following.length >= maxFollowing ? lowest(delays.slice(oldest)) : undefined;
  }

  #lateFrames(time: number, index: number): number {
    return ((time - this.#expected) * this.#rate) / 1000 - index;
  }

  /** Sets the time at which the first of the frames was expected. */
  #follow(time: number, late: number, { missing, kind }: CountGap): void {
    const ms = 1000 / this.#rate;
    const deviation = late - missing;
    if (Number.isNaN(time) || this.#rate === 0) this.#expected += this.#rate > 0 ? missing * ms : 0;
    else if (Number.isNaN(late) || kind !== 'counter') this.#expected = time;
    else if (missing > 0 && this.#variation <= maxVariation) this.#expected = time;
    else {
      this.#expected += (missing + deviation * driftGain) * ms;
      this.#variation = Math.max(Math.abs(deviation), this.#variation * variationDecay);
    }
  }
}

function lowest(delays: readonly number[]): number {
  return delays.reduce((low, delay) => Math.min(low, delay), Infinity);
}
