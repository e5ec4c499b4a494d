/** The growing memory under an arena: a WebAssembly.Memory or a replacement. */
export interface Pages {
  readonly buffer: ArrayBufferLike;
  /** Adds pages of 64 KiB. The previous buffer must not be used afterward. */
  grow(pages: number): void;
}

const pageBytes = 1 << 16;
/** Numbers at the start that are never allocated: offset 0 means 'none', and the kernels keep their constants there. */
const reservedNumbers = 1024;
/** Numbers at the end that are never allocated but may be read, because the loops read four numbers at a time. */
const readMargin = 16;

/**
 * The memory of one engine, and its allocator. Parts are measured in numbers (float32), begin at a multiple of 4, and are
 * zeroed on allocation. Released parts are merged with free neighbors and reused, smallest sufficient part first.
 *
 *     | reserved | part | free | part | part | free …                 grows at the end
 */
export class Arena {
  /** The whole memory as numbers. Replaced when the memory grows, so do not keep a reference. */
  f32: Float32Array;
  /** The same memory as integers. */
  i32: Int32Array;
  /** The same memory as numbers of double precision. */
  f64: Float64Array;
  readonly #pages: Pages;
  /** Free parts: length by start, start by end, and starts by length. */
  readonly #free = new Map<number, number>();
  readonly #ends = new Map<number, number>();
  readonly #byLength = new Map<number, Set<number>>();
  /** Allocated numbers. */
  #used = 0;

  constructor(pages: Pages) {
    this.#pages = pages;
    this.f32 = new Float32Array(pages.buffer);
    this.i32 = new Int32Array(pages.buffer);
    this.f64 = new Float64Array(pages.buffer);
    this.#addFree(reservedNumbers, this.f32.length - readMargin - reservedNumbers);
  }

  /** Number of allocated numbers. */
  get used(): number {
    return this.#used;
  }

  /** Allocates `count` numbers, all 0, and returns their offset. Throws RangeError if the memory cannot grow enough. */
  allocate(count: number): number {
    const length = roundUp(count);
    const start = this.#find(length);
    const rest = this.#removeFree(start) - length;
    if (rest > 0) this.#addFree(start + length, rest);
    this.#used += length;
    this.f32.fill(0, start, start + length);
    return start;
  }

  /** Releases the part of `count` numbers that begins at `start`. */
  release(start: number, count: number): void {
    let [from, length] = [start, roundUp(count)];
    this.#used -= length;
    if (this.#free.has(from + length)) length += this.#removeFree(from + length);
    const before = this.#ends.get(from);
    if (before !== undefined) {
      length += this.#removeFree(before);
      from = before;
    }
    this.#addFree(from, length);
  }

  /** Returns the start of the smallest free part of at least `length` numbers. */
  #find(length: number): number {
    let best = Infinity;
    if (this.#byLength.has(length)) best = length;
    else for (const free of this.#byLength.keys()) if (free > length && free < best) best = free;
    if (best === Infinity) return this.#grow(length);
    const [start] = this.#byLength.get(best)!;
    return start;
  }

  /**
   * Grows the memory by half, or by what is needed if that fails, and returns the start of the free part at its end.
   */
  #grow(length: number): number {
    const before = this.f32.length;
    const last = this.#ends.get(before - readMargin) ?? before - readMargin;
    const missing = length - (before - readMargin - last);
    if (!this.#addPages(Math.max(missing * 4, before * 2)) && !this.#addPages(missing * 4))
      throw new RangeError(`memory must have room for ${length * 4} more bytes, got ${before * 4} bytes in total`);
    this.f32 = new Float32Array(this.#pages.buffer);
    this.i32 = new Int32Array(this.#pages.buffer);
    this.f64 = new Float64Array(this.#pages.buffer);
    const held = this.#free.has(last) ? this.#removeFree(last) : 0;
    this.#addFree(last, held + this.f32.length - before);
    return last;
  }

  #addPages(bytes: number): boolean {
    try {
      this.#pages.grow(Math.ceil(bytes / pageBytes));
      return true;
    } catch {
      return false;
    }
  }

  #addFree(start: number, length: number): void {
    this.#free.set(start, length);
    this.#ends.set(start + length, start);
    const same = this.#byLength.get(length);
    if (same) same.add(start);
    else this.#byLength.set(length, new Set([start]));
  }

  /** Removes a free part from the lists and returns its length. */
  #removeFree(start: number): number {
    const length = this.#free.get(start)!;
    this.#free.delete(start);
    this.#ends.delete(start + length);
    const same = this.#byLength.get(length)!;
    same.delete(start);
    if (same.size === 0) this.#byLength.delete(length);
    return length;
  }
}

function roundUp(count: number): number {
  return 4 * Math.ceil(Math.max(count, 1) / 4);
}
