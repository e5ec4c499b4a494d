import type { Arena } from '../../kernels/arena.ts';
import type { Kernels } from '../../kernels/kernels.ts';

/**
 * Rows that one layer passes to the next, [count, channels], in an engine's memory. They are valid until the stream's
 * next call.
 */
export interface Rows {
  /** Offset of the first row, in numbers. */
  at: number;
  count: number;
  channels: number;
  /** Whether every row is valid. If not, `valid` contains one byte per row (1 = valid). */
  allValid: boolean;
  valid: Uint8Array;
}

/** Number of values from which a bulk copy is faster than a loop. */
const bulkCopyThreshold = 32;

/**
 * Memory for the rows of one call, shared by all streams of an engine. A call begins by resetting it, and results have
 * been copied to the caller by the time the call returns.
 */
export class Scratch {
  readonly #arena: Arena;
  readonly #rows: Rows[] = [];
  #used = 0;
  #start = 0;
  #size = 0;
  #top = 0;
  /** A view of the part that was copied to a caller last, created when the same part is copied a second time. */
  #view: Float32Array | null = null;
  #viewAt = -1;
  #viewNumbers = 0;
  #viewBuffer: ArrayBufferLike | null = null;
  /** Buffers that became too small during this call. Their contents stay valid until the next call. */
  readonly #outgrown: { start: number; size: number }[] = [];

  constructor(arena: Arena) {
    this.#arena = arena;
  }

  /** Frees everything that was allocated. */
  reset(): void {
    this.#used = 0;
    this.#top = 0;
    if (this.#outgrown.length > 0) this.#releaseOutgrown();
  }

  /** Resets the memory and allocates `count` numbers, for a call that allocates nothing else. */
  allocateOnly(count: number): number {
    this.reset();
    // the margin of `allocate`
    if (count + 8 <= this.#size) return this.#start;
    const at = this.allocate(count);
    this.#top = 0;
    return at;
  }

  /** Allocates `count` numbers, which are not cleared. */
  allocate(count: number): number {
    const from = this.#top;
    // the loops read four numbers at a time, so leave a margin after the last one
    const end = from + 4 * Math.ceil(count / 4 + 1);
    if (end > this.#size) return this.#grow(count);
    this.#top = end;
    return this.#start + from;
  }

  /** Allocates `count` rows. They are valid unless `setValid` changes that. */
  rows(count: number, channels: number): Rows {
    return this.view(this.allocate(count * channels), count, channels);
  }

  /** Returns `count` rows that begin at offset `at`. */
  view(at: number, count: number, channels: number): Rows {
    let rows = this.#rows[this.#used];
    if (rows === undefined) {
      rows = { at, count, channels, allValid: true, valid: new Uint8Array(0) };
      this.#rows.push(rows);
    }
    this.#used++;
    rows.at = at;
    rows.count = count;
    rows.channels = channels;
    rows.allValid = true;
    return rows;
  }

  /** Returns a copy of the samples of `rows`, which the caller owns. */
  copy({ at, count, channels }: Rows): Float32Array {
    return this.#arena.f32.slice(at, at + count * channels);
  }

  /** Copies the samples of `rows` to `out` without allocating. Returns the number of rows. */
  copyTo({ at, count, channels }: Rows, out: Float32Array): number {
    const { f32 } = this.#arena;
    const numbers = count * channels;
    if (numbers >= bulkCopyThreshold && this.#viewCached(at, numbers)) out.set(this.#view!);
    else for (let i = 0; i < numbers; i++) out[i] = f32[at + i];
    return count;
  }

  /**
   * Returns whether this part is the one that was copied last. If so, a view of it exists, so that repeated blocks of
   * the same size need only one view.
   */
  #viewCached(at: number, numbers: number): boolean {
    const { f32 } = this.#arena;
    const same = at === this.#viewAt && numbers === this.#viewNumbers && f32.buffer === this.#viewBuffer;
    if (same) this.#view ??= f32.subarray(at, at + numbers);
    else {
      this.#view = null;
      this.#viewAt = at;
      this.#viewNumbers = numbers;
      this.#viewBuffer = f32.buffer;
    }
    return same;
  }

  /** Returns the rows of `first` followed by those of `second`. */
  join(first: Rows, second: Rows): Rows {
    if (second.count === 0) return first;
    if (first.count === 0) return second;
    const { channels } = first;
    const both = this.rows(first.count + second.count, channels);
    const { f32 } = this.#arena;
    f32.copyWithin(both.at, first.at, first.at + first.count * channels);
    f32.copyWithin(both.at + first.count * channels, second.at, second.at + second.count * channels);
    if (first.allValid && second.allValid) return both;
    for (let i = 0; i < first.count; i++) setValid(both, i, validAt(first, i));
    for (let i = 0; i < second.count; i++) setValid(both, first.count + i, validAt(second, i));
    return both;
  }

  #grow(count: number): number {
    const size = Math.max(2 * this.#size, 2 * count, 1024);
    const start = this.#arena.allocate(size);
    if (this.#size > 0) this.#outgrown.push({ start: this.#start, size: this.#size });
    this.#size = size;
    this.#start = start;
    this.#top = 0;
    return this.allocate(count);
  }

  #releaseOutgrown(): void {
    for (const { start, size } of this.#outgrown) this.#arena.release(start, size);
    this.#outgrown.length = 0;
  }
}

/** Returns the validity of row `i`: 1 or 0. */
export function validAt(rows: Rows, i: number): number {
  return rows.allValid ? 1 : rows.valid[i];
}

/** Sets the validity of row `i`: 1 or 0. */
export function setValid(rows: Rows, i: number, valid: number): void {
  if (rows.allValid) {
    if (valid) return;
    if (rows.valid.length < rows.count) rows.valid = new Uint8Array(2 * rows.count);
    rows.valid.fill(1, 0, rows.count);
    rows.allValid = false;
  }
  rows.valid[i] = valid;
}

/** Copies the validity of `from` to `to`, which has the same number of rows. */
export function copyValidity(to: Rows, from: Rows): void {
  if (from.allValid) return;
  for (let i = 0; i < from.count; i++) setValid(to, i, from.valid[i]);
}

/** The memory and kernels of an engine. */
interface RowMemory {
  readonly arena: Arena;
  readonly kernels: Kernels;
  readonly scratch: Scratch;
}

/**
 * Copies `count` frames of `x`, [count, channels], to an engine's memory and allocates at least `minNumbers` numbers for
 * them. Frames with a non-finite sample are invalid, and their non-finite samples become NaN.
 */
export function readRows(
  { arena, kernels, scratch }: RowMemory,
  x: ArrayLike<number>,
  count: number,
  channels: number,
  valid?: ArrayLike<number>,
  minNumbers = 0,
): Rows {
  const numbers = count * channels;
  const rows = scratch.view(scratch.allocate(Math.max(numbers, minNumbers)), count, channels);
  const { f32 } = arena;
  const { at } = rows;
  let allFinite: boolean;
  if (numbers >= bulkCopyThreshold) {
    f32.set(x, at);
    allFinite = kernels.write(at, at, numbers) === 1;
  } else {
    let nonFinite = 0;
    for (let i = 0; i < numbers; i++) {
      const sample = Math.fround(x[i]);
      nonFinite += sample - sample;
      f32[at + i] = sample;
    }
    allFinite = nonFinite === 0;
  }
  if (!allFinite) invalidateNonFinite(f32, rows);
  if (valid) for (let i = 0; i < count; i++) if (!valid[i]) setValid(rows, i, 0);
  return rows;
}

/** Copies `count` rows of gradients to an engine's memory. NaN counts as 0. */
export function readGradients(memory: RowMemory, g: ArrayLike<number>, count: number, channels: number): Rows {
  const rows = readRows(memory, g, count, channels);
  if (rows.allValid) return rows;
  const { f32 } = memory.arena;
  for (let i = rows.at; i < rows.at + count * channels; i++) if (Number.isNaN(f32[i])) f32[i] = 0;
  rows.allValid = true;
  return rows;
}

/** Sets the non-finite samples of `rows` to NaN, and their frames to invalid. */
function invalidateNonFinite(f32: Float32Array, rows: Rows): void {
  const { at, count, channels } = rows;
  for (let i = 0; i < count * channels; i++) {
    if (Number.isFinite(f32[at + i])) continue;
    f32[at + i] = NaN;
    setValid(rows, Math.floor(i / channels), 0);
  }
}
