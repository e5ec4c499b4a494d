import { type Block, checkBlock, frameCount } from '../src/core/blocks/block.ts';
import { invalid } from '../src/core/check.ts';

/** A block whose time is ahead by more than this, in ms, indicates a clock jump, which the frame times follow immediately. */
const clockJump = 1000;
/** A block whose time is behind by more than this plus three times its length, in ms, indicates a clock that was set back. */
const clockSetBack = 5000;
/** Newest intervals between frames that determine the typical interval. */
const typicalIntervals = 32;
/** An interval this many times as long as the typical one is an outage; more for streams without a sampling rate. */
const outageFactor = 2.5;
const irregularOutageFactor = 5;
/** An interval of a stream with a sampling rate is an outage only if it is this much longer than usual, in ms: jitter is not. */
const maxJitter = 750;
/** The same for streams without a sampling rate. */
const minIrregularOutage = 2000;
/** Fraction of a clock offset (ms) that is corrected per block: small for offsets that may be jitter. */
const correction = (offset: number): number => Math.max(0.05, Math.min(0.5, Math.abs(offset) / 1000));

/**
 * A ring buffer with the last `capacity` frames of a stream and their times. Every frame is written twice, so that
 * consecutive frames are contiguous: sample `channel` of frame `index + i` is `data[(at(index) + i) * channels + channel]`.
 *
 * Missing frames (a jump of `start`) and invalid frames are NaN; an invalid frame that contains NaN keeps its other samples.
 * Times are strictly increasing and follow the times of the blocks without their jitter, even if frames arrive faster or
 * slower than the sampling rate, as in a replay at 4× speed. A block that starts before the expected frame clears the ring.
 */
export class Ring {
  readonly channels: number;
  readonly capacity: number;
  readonly data: Float32Array;
  readonly times: Float64Array;
  #first = 0;
  #next = 0;
  #last = -Infinity;
  #step = 0;

  constructor(channels: number, capacity: number) {
    this.channels = channels;
    this.capacity = Math.max(2, Math.ceil(capacity));
    this.data = new Float32Array(2 * this.capacity * channels);
    this.times = new Float64Array(2 * this.capacity);
  }

  /** Absolute index of the oldest frame in the ring. */
  get first(): number {
    return this.#first;
  }

  /** Absolute index of the next expected frame. */
  get next(): number {
    return this.#next;
  }

  /** Time of the newest frame, in ms since 1970; -Infinity before the first. */
  get newest(): number {
    return this.#last;
  }

  /** Sampling interval in ms; 0 for irregular streams. */
  get step(): number {
    return this.#step;
  }

  /** The median of the newest intervals between frames, in ms, but at least `step`; NaN for fewer than two frames. */
  get typicalStep(): number {
    const count = Math.min(typicalIntervals, this.#next - this.#first - 1);
    if (count < 1) return this.#step || NaN;
    const from = this.at(this.#next - 1 - count);
    const intervals = Float64Array.from({ length: count }, (_, i) => this.times[from + i + 1] - this.times[from + i]);
    return Math.max(this.#step, intervals.sort()[count >> 1]);
  }

  /** The interval between two frames, in ms, from which on it is an outage, over which plots draw nothing. */
  get outage(): number {
    const typical = this.typicalStep;
    return this.#step > 0
      ? Math.max(outageFactor * typical, typical + maxJitter)
      : Math.max(minIrregularOutage, irregularOutageFactor * (typical || 0));
  }

  /** Position of frame `index` in `data` and `times`, in frames; the frames after it follow. */
  at(index: number): number {
    return index % this.capacity;
  }

  /**
   * Appends a block.
   *
   * @throws RangeError if it has another number of channels.
   */
  push(block: Block): void {
    checkBlock(block);
    if (block.channels !== this.channels) throw invalid('block.channels', `${this.channels}`, block.channels);
    const frames = frameCount(block);
    if (frames === 0) return;
    const step = block.rate > 0 ? 1000 / block.rate : 0;
    const behind = this.#last + (block.start - this.#next) * step - (block.time - step);
    if (block.start < this.#next || behind > clockSetBack + 3 * frames * step) this.clear();
    this.#step = step;
    this.#skipTo(block.start, step);
    const { before, newest } = this.#blockTimes(block.time, frames);
    for (let frame = Math.max(0, frames - this.capacity); frame < frames; frame++) {
      const time = before + ((newest - before) * (frame + 1)) / frames;
      this.#write(block.start + frame, time, block.data, frame * this.channels, block.valid?.[frame] === 0);
    }
  }

  /** Index of the first frame whose time is at least `time`; `next` if there is none. */
  find(time: number): number {
    let low = this.#first;
    let high = this.#next;
    while (low < high) {
      const middle = Math.floor((low + high) / 2);
      if (this.times[this.at(middle)] < time) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  /** Returns an independent copy with at least the given capacity. */
  copy(capacity: number = this.capacity): Ring {
    const copy = new Ring(this.channels, Math.max(capacity, this.capacity));
    const first = this.at(this.#first);
    for (let i = 0; i < this.#next - this.#first; i++) {
      const time = this.times[first + i];
      copy.#write(this.#first + i, time, this.data, (first + i) * this.channels, false);
    }
    copy.#next = this.#next;
    copy.#first = this.#first;
    copy.#last = this.#last;
    copy.#step = this.#step;
    return copy;
  }

  /** Removes all frames. */
  clear(): void {
    this.#first = 0;
    this.#next = 0;
    this.#last = -Infinity;
  }

  /** The corrected times of the frame before a block and of its newest frame; the frames between are evenly spaced. */
  #blockTimes(time: number, frames: number): { before: number; newest: number } {
    const step = this.#step;
    const clock = time + (frames - 1) * step;
    const steady = this.#last + frames * step;
    const offset = clock - steady;
    if (step === 0) return { before: time, newest: time };
    if (this.#next === this.#first || offset > clockJump) return { before: time - step, newest: clock };
    return { before: this.#last, newest: steady + correction(offset) * offset };
  }

  #skipTo(start: number, step: number): void {
    if (this.#next === this.#first || start - this.#next >= this.capacity) {
      this.#first = start;
      this.#next = start;
      return;
    }
    const missing = new Float32Array(this.channels).fill(NaN);
    while (this.#next < start) this.#write(this.#next, this.#last + step, missing, 0, false);
  }

  #write(index: number, time: number, from: Float32Array, offset: number, invalidFrame: boolean): void {
    const { channels, capacity, data, times } = this;
    if (this.#next === this.#first) this.#first = index;
    const at = index % capacity;
    const row = from.subarray(offset, offset + channels);
    data.set(row, at * channels);
    if (invalidFrame && row.every(Number.isFinite)) data.fill(NaN, at * channels, (at + 1) * channels);
    data.copyWithin((at + capacity) * channels, at * channels, (at + 1) * channels);
    const rising = Math.max(time, this.#last + 0.001);
    times[at] = rising;
    times[at + capacity] = rising;
    this.#last = rising;
    this.#next = index + 1;
    if (this.#next - this.#first > capacity) this.#first = this.#next - capacity;
  }
}
