import { type Block, checkBlock, frameCount } from '../src/core/blocks/block.ts';
import { invalid } from '../src/core/check.ts';

/** A clock that is ahead by more than this, in ms, has jumped: frames follow it at once. */
const clockJump = 1000;
/** A clock that is behind by more than this and three of the block's lengths, in ms, was set back: the ring begins anew. */
const clockSetBack = 5000;
/** How much of a clock's error is taken over at once: little of what may be jitter, much of what is not. */
const trust = (off: number): number => Math.max(0.05, Math.min(0.5, Math.abs(off) / 1000));

/**
 * The last `capacity` frames of a stream, each with its time, in memory that never grows. Every frame is written twice,
 * so that any run of kept frames lies in one piece (`data[(at(index) + i) * channels + channel]`).
 *
 * Frames that never came (a jump of `start`) and frames that are marked invalid are NaN; in an invalid frame that has
 * NaN of its own only those channels are. Times always rise, and follow the blocks' clock without its jitter: also where
 * frames come faster or slower than the rate says, as in a replay at 4 times the speed. A `start` that lies behind begins
 * anew.
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

  /** Absolute index of the oldest frame kept. */
  get first(): number {
    return this.#first;
  }

  /** Absolute index of the frame expected next. */
  get next(): number {
    return this.#next;
  }

  /** Time of the newest frame, in ms since 1970; -Infinity before the first. */
  get newest(): number {
    return this.#last;
  }

  /** Ms from frame to frame; 0 where the rate is irregular. */
  get step(): number {
    return this.#step;
  }

  /** Mean ms from kept frame to frame; NaN with fewer than two. */
  get pace(): number {
    return (this.#last - this.times[this.at(this.#first)]) / (this.#next - this.#first - 1);
  }

  /** Where frame `index` lies; the frames after it follow. */
  at(index: number): number {
    return index % this.capacity;
  }

  /** Writes a block. Throws a RangeError when it has another number of channels. */
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
    const { before, newest } = this.#place(block.time, frames);
    for (let frame = Math.max(0, frames - this.capacity); frame < frames; frame++) {
      const time = before + ((newest - before) * (frame + 1)) / frames;
      this.#write(block.start + frame, time, block.data, frame * this.channels, block.valid?.[frame] === 0);
    }
  }

  /** Index of the first kept frame whose time is at least `time`; `next` when there is none. */
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

  /** A copy that no later push changes, with room for more frames if `capacity` says so. */
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

  /** Forgets every frame. */
  clear(): void {
    this.#first = 0;
    this.#next = 0;
    this.#last = -Infinity;
  }

  /** Where the next frames of a clock lie: between the time before them and that of the newest, evenly. */
  #place(time: number, frames: number): { before: number; newest: number } {
    const step = this.#step;
    const clock = time + (frames - 1) * step;
    const steady = this.#last + frames * step;
    const off = clock - steady;
    if (step === 0) return { before: time, newest: time };
    if (this.#next === this.#first || off > clockJump) return { before: time - step, newest: clock };
    return { before: this.#last, newest: steady + trust(off) * off };
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
