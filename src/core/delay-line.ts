import { integer } from './check.ts';
import { bytesIn, floatsIn, numberIn, type State } from './state.ts';

/**
 * The last frames of a stream, in a mirrored ring: every frame is written twice, `capacity` frames apart, so that any
 * window of up to `capacity` frames is one contiguous run.
 *
 *     slot       0   1   2   3 | 0   1   2   3         capacity 4, frames 2-5 held
 *     data       4   5   2   3 | 4   5   2   3         window(2) starts in slot 2 of the left half
 *                        └───────────┘
 *
 * Frames are named by their absolute index; those before frame 0 are padding and can be read like any other.
 */
export class DelayLine {
  readonly channels: number;
  /** Samples, [2 · capacity, channels]. Replaced by `grow`. */
  data: Float32Array;
  /** Validity, one byte a frame, mirrored like `data`. */
  valid: Uint8Array;
  capacity: number;
  /** Absolute index of the next frame. */
  next = 0;
  #head = 0;

  constructor(channels: number, capacity: number, padValue = 0) {
    this.channels = integer('channels', channels, 1);
    this.capacity = integer('capacity', capacity, 1);
    this.data = new Float32Array(2 * capacity * channels).fill(padValue);
    this.valid = new Uint8Array(2 * capacity);
  }

  /** Writes one frame from `source` at `offset`. */
  push(source: Float32Array, offset: number, valid: number): void {
    const { channels, capacity, data } = this;
    const left = this.#head * channels;
    const right = left + capacity * channels;
    for (let c = 0; c < channels; c++) {
      const sample = source[offset + c];
      data[left + c] = sample;
      data[right + c] = sample;
    }
    this.valid[this.#head] = valid;
    this.valid[this.#head + capacity] = valid;
    this.#head = this.#head + 1 === capacity ? 0 : this.#head + 1;
    this.next++;
  }

  /** The slot of frame `index`; the frames after it follow contiguously up to the newest. */
  slot(index: number): number {
    const slot = this.#head - (this.next - index);
    return slot < 0 ? slot + this.capacity : slot;
  }

  /** Gives frame `index`, which is held, the samples of `source` at `offset`: what padding puts before frame 0. */
  put(index: number, source: ArrayLike<number>, offset: number): void {
    const at = (this.slot(index) % this.capacity) * this.channels;
    for (let c = 0; c < this.channels; c++) {
      this.data[at + c] = source[offset + c];
      this.data[at + this.capacity * this.channels + c] = source[offset + c];
    }
  }

  /** `count` frames that never came: invalid zeros, for the price of at most `capacity` of them. */
  skip(count: number): void {
    const written = Math.min(count, this.capacity);
    this.shift(count - written);
    const zeros = new Float32Array(this.channels);
    for (let i = 0; i < written; i++) this.push(zeros, 0, 0);
  }

  /** Moves the index on by `count` while what is held stays: for a steady stream, whose frames are all alike. */
  shift(count: number): void {
    this.next += count;
  }

  /** Makes the line hold at least `capacity` frames; what it holds is kept. */
  grow(capacity: number): void {
    const { channels, data, valid } = this;
    const kept = this.capacity;
    const from = this.slot(this.next - kept);
    const grown = new DelayLine(channels, capacity);
    const oldest = capacity - kept;
    for (const half of [oldest, oldest + capacity]) {
      grown.data.set(data.subarray(from * channels, (from + kept) * channels), half * channels);
      grown.valid.set(valid.subarray(from, from + kept), half);
    }
    this.data = grown.data;
    this.valid = grown.valid;
    this.capacity = capacity;
    this.#head = 0;
  }

  /** The index and what is held, oldest first. */
  save(): State {
    const { channels, capacity, next } = this;
    const from = this.slot(next - capacity);
    const data = this.data.slice(from * channels, (from + capacity) * channels);
    return { next, data, valid: this.valid.slice(from, from + capacity) };
  }

  restore(state: State): void {
    const valid = bytesIn(state, 'valid');
    const data = floatsIn(state, 'data', valid.length * this.channels);
    if (valid.length > this.capacity) this.grow(valid.length);
    this.next = numberIn(state, 'next') - valid.length;
    for (let i = 0; i < valid.length; i++) this.push(data, i * this.channels, valid[i]);
  }
}
