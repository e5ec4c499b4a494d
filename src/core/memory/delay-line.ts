import type { Allocation } from './lease.ts';
import { floatsIn, numberIn, type State } from '../state/state.ts';

/** Frames of room that a line has at least beside what it keeps, so that it seldom moves. */
const minFreeFrames = 16;

/**
 * The last frames of a stream, one after the other in an engine's memory, so that any window of them is one contiguous run and a
 * block of windows a matrix with overlapping rows. New frames are written behind the newest; when the end is
 * reached, those that are still needed move to the front.
 *
 *     slot        0   1   2   3   4   5           room for 6, frames 4-8 held
 *     frame       4   5   6   7   8   ·           base 4, next 9; a window of 3 that ends at frame 7 begins in slot 1
 *
 * Frames are named by their absolute index; those before frame 0 are padding and can be read like any other.
 */
export class DelayLine {
  readonly channels: number;
  /** Absolute index of the next frame. */
  next = 0;
  readonly #allocation: Allocation;
  #at: number;
  /** Frames that there is room for. */
  #capacity: number;
  /** Absolute index of the frame in slot 0. */
  #base: number;

  /**
   * @param history frames kept before frame 0, which hold `pad`
   * @param capacity frames to have room for at first
   */
  constructor(allocation: Allocation, channels: number, history: number, pad: number = 0, capacity: number = lineCapacity(history)) {
    this.channels = channels;
    this.#allocation = allocation;
    this.#base = -history;
    this.#capacity = capacity;
    this.#at = allocation.allocate(this.#capacity * channels);
    if (pad !== 0) this.#f32.fill(pad, this.#at, this.#at + history * channels);
  }

  /** Where frame `index` begins; the frames after it follow contiguously up to the newest. */
  offset(index: number): number {
    return this.#at + (index - this.#base) * this.channels;
  }

  /** How many more frames there is room for. */
  get free(): number {
    return this.#capacity - (this.next - this.#base);
  }

  /** Makes room for at least one and at best `count` more frames and returns for how many; frames from `keep` on stay. */
  makeRoom(count: number, keep: number): number {
    return this.free >= count ? count : this.#move(count, keep);
  }

  /** Appends `count` frames, for which there is room, and returns where the first begins; they hold anything. */
  append(count: number): number {
    const at = this.offset(this.next);
    this.next += count;
    return at;
  }

  /** Where it begins, its room in frames, and the frames in it. */
  get layout(): { at: number; capacity: number; filled: number } {
    return { at: this.#at, capacity: this.#capacity, filled: this.next - this.#base };
  }

  /** Goes on where somebody else has brought it to: `count` frames further, `filled` of them held. */
  advance(count: number, filled: number): void {
    this.next += count;
    this.#base = this.next - filled;
  }

  /** Moves the index on by `count` while what is held stays: for a steady stream, whose frames are all alike. */
  advanceIndexes(count: number): void {
    this.next += count;
    this.#base += count;
  }

  /** The frames from `keep` on. */
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

/** Frames that a line has room for when it keeps `kept` of them and is to take `block` more at once. */
export function lineCapacity(kept: number, block = 0): number {
  return kept + Math.max(kept, minFreeFrames, block);
}
