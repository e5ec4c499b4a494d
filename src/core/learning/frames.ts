import { integer } from '../check.ts';
import { type Rows, validAt } from '../memory/rows.ts';
import { copyNumbers } from '../memory/copy.ts';
import { OutputMemory } from '../network/output-memory.ts';
import { bytesIn, floatsIn, numberIn, type State } from '../state/state.ts';

/** Growing buffer of frames: samples [frames, channels] and one validity byte per frame. `clear` keeps its memory. */
export class FrameBuffer {
  readonly channels: number;
  data: Float32Array = new Float32Array(0);
  valid: Uint8Array = new Uint8Array(0);
  count = 0;
  readonly #outputs = new OutputMemory();

  constructor(channels: number) {
    this.channels = channels;
  }

  clear(): void {
    this.count = 0;
  }

  /** Makes room for `more` rows and returns the offset in `data` of the first of them. */
  reserve(more: number): number {
    const rows = this.count + more;
    if (rows > this.valid.length) {
      const capacity = Math.max(rows, 2 * this.valid.length, 16);
      const data = new Float32Array(capacity * this.channels);
      data.set(this.data.subarray(0, this.count * this.channels));
      const valid = new Uint8Array(capacity);
      valid.set(this.valid.subarray(0, this.count));
      this.data = data;
      this.valid = valid;
    }
    return this.count * this.channels;
  }

  /** Appends `rows`, which are stored in `memory`. */
  append(memory: Float32Array, rows: Rows): void {
    const to = this.reserve(rows.count);
    const numbers = rows.count * this.channels;
    for (let i = 0; i < numbers; i++) this.data[to + i] = memory[rows.at + i];
    for (let i = 0; i < rows.count; i++) this.valid[this.count + i] = validAt(rows, i);
    this.count += rows.count;
  }

  /** Appends `count` valid rows, which begin at `at` in `memory`. */
  appendRows(memory: Float32Array, at: number, count: number): void {
    const to = this.reserve(count);
    copyNumbers(memory, at, count * this.channels, this.data, to);
    this.valid.fill(1, this.count, this.count + count);
    this.count += count;
  }

  /**
   * Replaces the content with `count` frames of `x`. A frame with a non-finite sample becomes invalid, and that sample
   * NaN.
   */
  replace(x: ArrayLike<number>, count: number, valid?: ArrayLike<number>): void {
    this.clear();
    this.reserve(count);
    const { channels } = this;
    for (let i = 0; i < count; i++) {
      let real = valid && !valid[i] ? 0 : 1;
      for (let at = i * channels; at < (i + 1) * channels; at++) {
        const sample = x[at];
        const finite = sample - sample === 0;
        this.data[at] = finite ? sample : NaN;
        if (!finite) real = 0;
      }
      this.valid[i] = real;
    }
    this.count = count;
  }

  /** Returns a copy of the samples. The caller owns it. */
  copy(): Float32Array {
    return this.#outputs.copy(this.data, 0, this.count * this.channels);
  }

  /** Returns a copy of the validity of the rows. */
  copyValid(): Uint8Array {
    const valid = new Uint8Array(this.count);
    for (let i = 0; i < valid.length; i++) valid[i] = this.valid[i];
    return valid;
  }
}

/** Number of frames that `FrameHistory` can add beyond its capacity before it moves the stored frames to the front of its memory. */
export const historyMargin = 32;

/**
 * The last `capacity` frames with their validity, by absolute index. Frames are contiguous in memory, also the last
 * `capacity` frames together with up to `historyMargin` frames that `pushRows` adds.
 */
export class FrameHistory {
  readonly channels: number;
  readonly capacity: number;
  /** Samples; frame `index` starts at `offset(index)`. */
  readonly data: Float32Array;
  readonly #valid: Uint8Array;
  /** Absolute index of the first frame in the memory. */
  #first: number;
  /** Number of valid frames since the last invalid one, as far as known. */
  #run = 0;
  /** Absolute index of the next frame. */
  next: number;

  /** @param start absolute index of the first frame to add */
  constructor(channels: number, capacity: number, start = 0) {
    this.channels = integer('channels', channels, 1);
    this.capacity = integer('capacity', capacity, 1);
    this.#first = this.next = start;
    this.data = new Float32Array((capacity + historyMargin) * channels);
    this.#valid = new Uint8Array(capacity + historyMargin);
  }

  push(source: ArrayLike<number>, at: number, valid: number): void {
    const to = this.#reserve(1) * this.channels;
    for (let c = 0; c < this.channels; c++) this.data[to + c] = source[at + c];
    this.#valid[this.next - this.#first] = valid;
    this.next++;
    this.#run = valid === 1 ? this.#run + 1 : 0;
  }

  /** Adds up to `historyMargin` valid frames, [count, channels], that are contiguous in `source`. */
  pushRows(source: Float32Array, at: number, count: number): void {
    const row = this.#reserve(count);
    copyNumbers(source, at, count * this.channels, this.data, row * this.channels);
    this.#valid.fill(1, row, row + count);
    this.next += count;
    this.#run += count;
  }

  /** Discards all frames, and continues with frame `index`. */
  moveTo(index: number): void {
    this.#first = this.next = index;
    this.#run = 0;
  }

  /** Marks the next `count` frames as missing. Writes at most `capacity` frames, however large `count` is. */
  skip(count: number): void {
    this.#run = 0;
    const kept = Math.min(count, this.capacity);
    if (kept < count) this.#first = this.next += count - kept;
    for (let left = kept; left > 0;) {
      const more = Math.min(left, historyMargin);
      const row = this.#reserve(more);
      this.data.fill(0, row * this.channels, (row + more) * this.channels);
      this.#valid.fill(0, row, row + more);
      this.next += more;
      left -= more;
    }
  }

  offset(index: number): number {
    return (index - this.#first) * this.channels;
  }

  /** Returns whether frame `index` is stored and valid. */
  hasValid(index: number): boolean {
    return this.validity(index) === 1;
  }

  /** Returns whether the `count` frames that end with frame `last` are stored and valid. */
  hasValidRun(last: number, count: number): boolean {
    const reach = count + this.next - 1 - last;
    if (reach <= this.#run && reach <= this.capacity && last < this.next) return true;
    for (let i = 0; i < count; i++) if (!this.hasValid(last - i)) return false;
    return true;
  }

  /** Returns the validity with which frame `index` was added; 0 if the frame is not stored. */
  validity(index: number): number {
    const held = index >= this.#first && index >= this.next - this.capacity && index < this.next;
    return held ? this.#valid[index - this.#first] : 0;
  }

  /**
   * Saves the frames from frame `from` on as a ring of `capacity` frames, in which frame `index` has the place `index` mod
   * `capacity`.
   */
  save(from = 0): State {
    const { next, channels, capacity } = this;
    const data = new Float32Array(capacity * channels);
    const valid = new Uint8Array(capacity);
    for (let index = Math.max(this.#first, from, next - capacity); index < next; index++) {
      const place = index % capacity;
      const at = this.offset(index);
      data.set(this.data.subarray(at, at + channels), place * channels);
      valid[place] = this.#valid[index - this.#first];
    }
    return { next, data, valid };
  }

  restore(state: State): void {
    const { channels, capacity } = this;
    this.next = numberIn(state, 'next');
    const data = floatsIn(state, 'data', capacity * channels);
    const valid = bytesIn(state, 'valid', capacity);
    this.#first = Math.max(0, this.next - capacity);
    this.#run = 0;
    for (let index = this.#first; index < this.next; index++) {
      const place = index % capacity;
      this.data.set(data.subarray(place * channels, (place + 1) * channels), this.offset(index));
      this.#valid[index - this.#first] = valid[place];
      this.#run = valid[place] === 1 ? this.#run + 1 : 0;
    }
  }

  /** Makes room for `count` frames and returns the row of the first of them. */
  #reserve(count: number): number {
    const rows = this.next - this.#first;
    if (rows + count <= this.#valid.length) return rows;
    const gone = rows - this.capacity;
    this.data.copyWithin(0, gone * this.channels, rows * this.channels);
    this.#valid.copyWithin(0, gone, rows);
    this.#first += gone;
    return this.capacity;
  }
}
