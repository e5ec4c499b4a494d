import type { Allocation } from './lease.ts';
import { floatsIn, numberIn, type State } from '../state/state.ts';

/** The minimum number of free frames in a line beside those it keeps, so that its contents are rarely moved. */
const minFreeFrames = 16;

/**
 * The last frames of a stream, stored contiguously in an engine's memory. Every window is one contiguous piece, and a
 * block of windows is a matrix with overlapping rows. New frames are appended; when the end is reached, the frames that
 * are still needed move to the front.
 *
 *     slot        0   1   2   3   4   5           capacity 6, frames 4-8 held
 *     frame       4   5   6   7   8   ·           base 4, next 9; a window of 3 that ends at frame 7 begins in slot 1
 *
 * Frames are identified by their absolute index. Frames before frame 0 are padding and can be read like any other.
 */
export class DelayLine {
  readonly channels: number;
  /** Absolute index of the next frame. */
  next = 0;
  readonly #allocation: Allocation;
  #at: number;
  /** Number of frames that fit into the line. */
  #capacity: number;
  /** Absolute index of the frame in slot 0. */
  #base: number;

  /**
   * @param history number of frames before frame 0, filled with `pad`
   * @param capacity initial capacity in frames
   */
  constructor(allocation: Allocation, channels: number, history: number, pad: number = 0, capacity: number = lineCapacity(history)) {
    this.channels = channels;
    this.#allocation = allocation;
    this.#base = -history;
    this.#capacity = capacity;
    this.#at = allocation.allocate(this.#capacity * channels);
    if (pad !== 0) this.#f32.fill(pad, this.#at, this.#at + history * channels);
  }

  /** Returns the offset of frame `index`. Later frames follow contiguously, up to the newest. */
  offset(index: number): number {
    return this.#at + (index - this.#base) * this.channels;
  }

  /** Number of frames that can be appended without moving any. */
  get free(): number {
    return this.#capacity - (this.next - this.#base);
  }

  /**
   * Makes room for at least one and up to `count` frames, and returns how many fit. Frames from `keep` on are kept,
   * earlier ones may be discarded.
   */
  makeRoom(count: number, keep: number): number {
    return this.free >= count ? count : this.#move(count, keep);
  }

  /** Appends `count` frames, for which there must be room. Returns the offset of the first; their contents are undefined. */
  append(count: number): number {
    const at = this.offset(this.next);
    this.next += count;
    return at;
  }

  /** Offset of slot 0, capacity in frames, and number of frames held. */
  get layout(): { at: number; capacity: number; filled: number } {
    return { at: this.#at, capacity: this.#capacity, filled: this.next - this.#base };
  }

  /** Updates the indexes after a kernel has appended `count` frames, `filled` of which are still in the line. */
  advance(count: number, filled: number): void {
    this.next += count;
    this.#base = this.next - filled;
  }

  /** Increases all indexes by `count` without changing the contents, for a stream whose frames are all the same. */
  advanceIndexes(count: number): void {
    this.next += count;
    this.#base += count;
  }

  /** Saves the frames from `keep` on. */
  save(keep: number): State {
    const from = Math.min(this.next, Math.max(keep, this.#base));
    return { next: this.next, data: this.#f32.slice(this.offset(from), this.offset(this.next)) };
  }

  restore(state: State): void {
    const next = numberIn(state, 'next');
    const data = floatsIn(state, 'data');
    const count = data.length / this.channels;
    this.next = this.#base = next - count;
    if (count > this.#capacity) this.#grow(count, this.next);
    this.#f32.set(data, this.append(count));
  }

  #move(count: number, keep: number): number {
    const from = Math.min(this.next, Math.max(keep, this.#base));
    const kept = this.next - from;
    if (kept + 1 > 0.75 * this.#capacity) this.#grow(kept + count, from);
    else {
      this.#f32.copyWithin(this.#at, this.offset(from), this.offset(this.next));
      this.#base = from;
    }
    return Math.min(count, this.#capacity - kept);
  }

  #grow(frames: number, keep: number): void {
    const capacity = lineCapacity(frames);
    const grown = this.#allocation.allocate(capacity * this.channels);
    this.#f32.copyWithin(grown, this.offset(keep), this.offset(this.next));
    this.#allocation.release(this.#at);
    this.#at = grown;
    this.#capacity = capacity;
    this.#base = keep;
  }

  get #f32(): Float32Array {
    return this.#allocation.arena.f32;
  }
}

/** Capacity in frames of a line that keeps `kept` frames and has room for blocks of `block` frames. */
export function lineCapacity(kept: number, block = 0): number {
  return kept + Math.max(kept, minFreeFrames, block);
}
