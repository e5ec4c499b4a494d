/** Memory for records that wait to be written. */
export class Page {
  readonly bytes: Uint8Array<ArrayBuffer>;
  readonly words: Uint32Array<ArrayBuffer>;
  readonly floats: Float32Array<ArrayBuffer>;
  readonly doubles: Float64Array<ArrayBuffer>;
  /** Bytes that are filled. */
  used = 0;
  /** Bytes that are written to the file. */
  written = 0;

  constructor(size: number) {
    const buffer = new ArrayBuffer(size);
    this.bytes = new Uint8Array(buffer);
    this.words = new Uint32Array(buffer);
    this.floats = new Float32Array(buffer);
    this.doubles = new Float64Array(buffer);
  }
}

/** Size of the smallest page in bytes. */
export const smallestPage: number = 1 << 12;

/** Pages of 4 KiB and larger powers of two, with a limit on their total size. Released pages are used again. */
export class PagePool {
  readonly #limit: number;
  /** Released pages by size. */
  readonly #free = new Map<number, Page[]>();
  #inUse = 0;
  #kept = 0;

  /** @param limit maximum number of bytes in use */
  constructor(limit: number) {
    this.#limit = limit;
  }

  /** Bytes in use. */
  get inUse(): number {
    return this.#inUse;
  }

  /** Returns a page of at least `size` bytes, or undefined if the limit is reached. */
  acquire(size: number): Page | undefined {
    let bytes = smallestPage;
    while (bytes < size) bytes *= 2;
    if (this.#inUse + bytes > this.#limit) return undefined;
    this.#inUse += bytes;
    const page = this.#free.get(bytes)?.pop();
    if (!page) return new Page(bytes);
    this.#kept -= bytes;
    page.used = 0;
    page.written = 0;
    return page;
  }

  release(page: Page): void {
    const bytes = page.bytes.length;
    this.#inUse -= bytes;
    if (this.#kept + bytes > this.#limit / 2) return;
    this.#kept += bytes;
    const free = this.#free.get(bytes);
    if (free) free.push(page);
    else this.#free.set(bytes, [page]);
  }
}
