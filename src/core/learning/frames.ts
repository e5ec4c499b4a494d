import { integer } from '../check.ts';
import { type Rows, validAt } from '../memory/rows.ts';
import { bytesIn, floatsIn, numberIn, type State } from '../state/state.ts';

/** Growing buffer of frames: samples [frames, channels] and one validity byte per frame. `clear` keeps its memory. */
export class FrameBuffer {
  readonly channels: number;
  data: Float32Array = new Float32Array(0);
  valid: Uint8Array = new Uint8Array(0);
  count = 0;

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
    return this.data.slice(0, this.count * this.channels);
  }
}

/** Ring buffer of the last `capacity` frames with their validity, by absolute index. */
export class FrameRing {
  readonly channels: number;
  readonly capacity: number;
  /** Samples, [capacity, channels]; frame `index` starts at `offset(index)`. */
  readonly data: Float32Array;
  readonly #valid: Uint8Array;
  /** Number of valid frames since the last invalid one, as far as known. */
  #run = 0;
  /** Absolute index of the next frame. */
  next = 0;

  constructor(channels: number, capacity: number) {
    this.channels = integer('channels', channels, 1);
    this.capacity = integer('capacity', capacity, 1);
    this.data = new Float32Array(capacity * channels);
    this.#valid = new Uint8Array(capacity);
  }

  push(source: ArrayLike<number>, at: number, valid: number): void {
    const slot = this.next++ % this.capacity;
    const to = slot * this.channels;
    for (let c = 0; c < this.channels; c++) this.data[to + c] = source[at + c];
    this.#valid[slot] = valid;
    this.#run = valid === 1 ? this.#run + 1 : 0;
  }

  /** Marks `count` frames as missing, at the cost of at most `capacity` frames. */
  skip(count: number): void {
    this.next += count;
    this.#run = 0;
    const lost = Math.min(count, this.capacity);
    for (let index = this.next - lost; index < this.next; index++) this.#valid[index % this.capacity] = 0;
  }

  offset(index: number): number {
    return (index % this.capacity) * this.channels;
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
    const held = index >= 0 && index >= this.next - this.capacity && index < this.next;
    return held ? this.#valid[index % this.capacity] : 0;
  }

  save(): State {
    return { next: this.next, data: this.data.slice(), valid: this.#valid.slice() };
  }

  restore(state: State): void {
    this.next = numberIn(state, 'next');
    this.data.set(floatsIn(state, 'data', this.data.length));
    this.#valid.set(bytesIn(state, 'valid', this.capacity));
  }
}
