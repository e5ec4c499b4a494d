import { integer } from '../check.ts';
import { bytesIn, floatsIn, numberIn, type State } from '../state/state.ts';

/** The last `capacity` frames of something that comes frame by frame, with their validity, by absolute index. */
export class FrameRing {
  readonly channels: number;
  readonly capacity: number;
  /** Samples, [capacity, channels]; frame `index` begins at `offset(index)`. */
  readonly data: Float32Array;
  readonly #valid: Uint8Array;
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
  }

  /** `count` frames that never came, for the price of at most `capacity`. */
  skip(count: number): void {
    this.next += count;
    const lost = Math.min(count, this.capacity);
    for (let index = this.next - lost; index < this.next; index++) this.#valid[index % this.capacity] = 0;
  }

  offset(index: number): number {
    return (index % this.capacity) * this.channels;
  }

  /** Whether frame `index` is held and valid. */
  has(index: number): boolean {
    const held = index >= 0 && index >= this.next - this.capacity && index < this.next;
    return held && this.#valid[index % this.capacity] === 1;
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
