import { doublesIn, floatsIn, numberIn, type State, stateIn } from '../state/state.ts';
import type { Allocation } from './allocation.ts';
import type { Engine } from './engine.ts';
import type { Rows } from './rows.ts';

/**
 * The minimum number of free frames in a line, in addition to those it keeps, so that its contents are rarely moved.
 */
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
  constructor(
    allocation: Allocation,
    channels: number,
    history: number,
    pad: number = 0,
    capacity: number = lineCapacity(history),
  ) {
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

  /**
   * Appends `count` frames, for which there must be room. Returns the offset of the first; their contents are
   * undefined.
   */
  append(count: number): number {
    const at = this.offset(this.next);
    this.next += count;
    return at;
  }

  /** Offset of slot 0, capacity in frames, and number of frames held. */
  get layout(): { at: number; capacity: number; filled: number } {
    return { at: this.#at, capacity: this.#capacity, filled: this.next - this.#base };
  }

  /** Absolute index of the frame in slot 0. */
  get base(): number {
    return this.#base;
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

/** The delay line of a layer's input. It records which frames are invalid or contain non-finite samples. */
export class InputLine extends DelayLine {
  readonly #engine: Engine;
  readonly #invalid = new InvalidRuns();
  /** The newest frame that may contain a non-finite sample. */
  #lastNonFinite = -1;

  constructor(
    engine: Engine,
    allocation: Allocation,
    channels: number,
    history: number,
    pad?: number,
    capacity?: number,
  ) {
    super(allocation, channels, history, pad, capacity);
    this.#engine = engine;
  }

  /**
   * Appends up to `wanted` rows of `x`, starting with row `from`, and returns how many fit. Frames from `keep` on are
   * kept.
   */
  appendRows(x: Rows, from: number, wanted: number, keep: number): number {
    const count = this.free < wanted ? this.makeRoom(wanted, keep) : wanted;
    const at = this.append(count);
    const { channels } = x;
    if (!this.#engine.kernels.write(x.at + from * channels, at, count * channels)) this.#lastNonFinite = this.next - 1;
    if (!x.allValid) this.#addInvalid(x, from, count, keep);
    return count;
  }

  /** Returns whether frame `first` and all later frames are valid. */
  isValidFrom(first: number): boolean {
    return first > this.#invalid.last;
  }

  /** Returns whether all of `taps` frames are valid, from `first` on, `step` apart. */
  areValid(first: number, taps: number, step: number): boolean {
    return !this.#invalid.containsAny(first, taps, step);
  }

  /** Returns whether frame `first` and all later frames are finite. */
  isFiniteFrom(first: number): boolean {
    return first > this.#lastNonFinite;
  }

  /** Records that a kernel may have appended a non-finite sample up to the frame before slot `end`. */
  markNonFinite(end: number): void {
    this.#lastNonFinite = this.base + end - 1;
  }

  /** Returns whether all of `taps` frames are finite, from `first` on, `step` apart. */
  areFinite(first: number, taps: number, step: number): boolean {
    if (this.isFiniteFrom(first)) return true;
    const { f32 } = this.#engine.arena;
    for (let tap = 0; tap < taps; tap++) {
      const from = this.offset(first + tap * step);
      for (let i = from; i < from + this.channels; i++) if (f32[i] - f32[i] !== 0) return false;
    }
    return true;
  }

  override advanceIndexes(count: number): void {
    super.advanceIndexes(count);
    this.#lastNonFinite += count;
    this.#invalid.advanceIndexes(count);
  }

  override save(keep: number): State {
    return { ...super.save(keep), lastOdd: this.#lastNonFinite, holes: this.#invalid.save() };
  }

  override restore(state: State): void {
    super.restore(state);
    this.#lastNonFinite = numberIn(state, 'lastOdd');
    this.#invalid.restore(stateIn(state, 'holes'));
  }

  #addInvalid(x: Rows, from: number, count: number, keep: number): void {
    this.#invalid.discardBefore(keep);
    const first = this.next - count;
    for (let i = 0; i < count; i++) if (!x.valid[from + i]) this.#invalid.add(first + i);
  }
}

/** The invalid frames of a stream, as runs of absolute indexes. Few runs are within reach at a time. */
class InvalidRuns {
  /** The newest invalid frame. -1 if there is none. */
  last = -1;
  /** First and last frame of each run, oldest run first. */
  #runs: number[] = [-Infinity, -1];

  /** Adds frame `index`, which must be newer than all others. */
  add(index: number): void {
    if (index === this.last + 1) this.#runs[this.#runs.length - 1] = index;
    else this.#runs.push(index, index);
    this.last = index;
  }

  /** Returns whether any of `count` frames is invalid, from `first` on, `step` apart. */
  containsAny(first: number, count: number, step: number): boolean {
    if (first > this.last) return false;
    const end = first + (count - 1) * step;
    for (let i = 0; i < this.#runs.length; i += 2) {
      const [from, to] = [this.#runs[i], this.#runs[i + 1]];
      if (to < first || from > end) continue;
      const next = from <= first ? first : first + Math.ceil((from - first) / step) * step;
      if (next <= Math.min(to, end)) return true;
    }
    return false;
  }

  /** Discards runs before frame `index`. */
  discardBefore(index: number): void {
    while (this.#runs.length > 2 && this.#runs[1] < index) this.#runs.splice(0, 2);
  }

  advanceIndexes(count: number): void {
    this.last += count;
    this.#runs = this.#runs.map((index) => index + count);
  }

  save(): State {
    return { runs: Float64Array.from(this.#runs) };
  }

  restore(state: State): void {
    this.#runs = [...doublesIn(state, 'runs')];
    this.last = this.#runs[this.#runs.length - 1];
  }
}
