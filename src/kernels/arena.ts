/** What an arena stands on: a WebAssembly.Memory, or something that grows like one. */
export interface Pages {
  readonly buffer: ArrayBufferLike;
  /** Adds pages of 64 KiB; the buffer of before is not to be used any more. */
  grow(pages: number): void;
}

const pageBytes = 1 << 16;
/** Numbers at the start that are never handed out: offset 0 says 'none', and the kernels keep their constants there. */
const reservedNumbers = 1024;
/** Numbers behind the last one handed out that may be read: the loops go by fours. */
const readMargin = 16;

/**
 * The one memory of an engine, and who has which part of it. Parts are counted in numbers (float32), begin at a multiple of 4 and hold
 * zeros at first. What is given back is joined with free neighbours and handed out again, the smallest part that is
 * large enough first.
 *
 *     | reserved | part | free | part | part | free …                 grows at the end
 */
export class Arena {
  /** The whole memory as numbers. Replaced when the memory grows: nobody keeps it. */
  f32: Float32Array;
  readonly #pages: Pages;
  /** Free parts: length by start and start by end, and the starts by length. */
  readonly #free = new Map<number, number>();
  readonly #ends = new Map<number, number>();
  readonly #byLength = new Map<number, Set<number>>();
  /** Numbers handed out. */
  #used = 0;

  constructor(pages: Pages) {
    this.#pages = pages;
    this.f32 = new Float32Array(pages.buffer);
    this.#addFree(reservedNumbers, this.f32.length - readMargin - reservedNumbers);
  }

  /** Numbers handed out and not given back. */
  get used(): number {
    return this.#used;
  }

  /** A part of `count` numbers, all 0; its offset. Throws RangeError when the memory cannot grow that far. */
  allocate(count: number): number {
    const length = roundUp(count);
    const start = this.#find(length);
    const rest = this.#removeFree(start) - length;
    if (rest > 0) this.#addFree(start + length, rest);
    this.#used += length;
    this.f32.fill(0, start, start + length);
    return start;
  }

  /** Gives back the part of `count` numbers that begins at `start`. */
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

  /** The start of the smallest free part of at least `length` numbers. */
  #find(length: number): number {
    let best = Infinity;
    if (this.#byLength.has(length)) best = length;
    else for (const free of this.#byLength.keys()) if (free > length && free < best) best = free;
    if (best === Infinity) return this.#grow(length);
    const [start] = this.#byLength.get(best)!;
    return start;
  }

  /** Makes the memory half as large again, or as large as it must be, and returns the start of the free part at its end. */
  #grow(length: number): number {
    const before = this.f32.length;
    const last = this.#ends.get(before - readMargin) ?? before - readMargin;
    const missing = length - (before - readMargin - last);
    if (!this.#addPages(Math.max(missing * 4, before * 2)) && !this.#addPages(missing * 4))
      throw new RangeError(`memory must have room for ${length * 4} more bytes, got ${before * 4} in all`);
    this.f32 = new Float32Array(this.#pages.buffer);
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

  /** Takes a free part off the list and returns its length. */
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
