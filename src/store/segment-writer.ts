import { close, fdatasync, ftruncate, open, writev } from 'node:fs';
import { promisify } from 'node:util';
import { type Page, type PagePool, smallestPage } from './page-pool.ts';
import {
  encodeFileHeader,
  fileHeaderBytes,
  type FileKind,
  padded,
  recordHeaderBytes,
  sealRecord,
} from './segment-format.ts';

const openFile = promisify(open);
const closeFile = promisify(close);
const syncFile = promisify(fdatasync);
const truncateFile = promisify(ftruncate);

/** Size of the largest page that small records share, in bytes. */
const largestShared = 1 << 20;
/** Maximum number of pages per write; systems allow 1024. */
const maxPages = 512;

/** A file to append records to. */
export interface SegmentTarget {
  readonly path: string;
  readonly kind: FileKind;
  /** Time of creation, in ms since 1970. */
  readonly created: number;
  /** Size of the existing file in bytes, without a torn tail. Default: create the file. */
  readonly size?: number;
}

/**
 * Appends records to a file. `reserve` and `commit` copy a record into memory; `flush` writes everything with few calls.
 * A write that fails keeps its data, and the next `flush` continues where it stopped, so the file never has a hole.
 */
export class SegmentWriter {
  readonly #target: SegmentTarget;
  readonly #pool: PagePool;
  /** Pages with unwritten records, the oldest first. Records are appended to the last one. */
  readonly #pages: Page[] = [];
  #descriptor: number | undefined;
  #end: number;
  #written: number;
  #pageBytes = smallestPage;

  /** The page and offset in bytes of the payload that `reserve` returned last. */
  page!: Page;
  at = 0;

  constructor(target: SegmentTarget, pool: PagePool) {
    this.#target = target;
    this.#pool = pool;
    this.#end = Math.max(fileHeaderBytes, target.size ?? 0);
    this.#written = target.size ?? 0;
  }

  get path(): string {
    return this.#target.path;
  }

  /** Size of the file in bytes once everything is written. */
  get end(): number {
    return this.#end;
  }

  /** Number of bytes that are in the file. */
  get written(): number {
    return this.#written;
  }

  /**
   * Reserves memory for a payload of `length` bytes: at offset `at` of `page`. Fill it, then call `commit`. Returns false
   * if the memory limit is reached. A reserved record that is not committed is dropped.
   */
  reserve(length: number): boolean {
    const size = recordHeaderBytes + padded(length);
    let page = this.#pages.at(-1);
    if (!page || page.used + size > page.bytes.length) {
      const fresh = this.#pool.acquire(Math.max(size, this.#pageBytes));
      if (!fresh) return false;
      page = fresh;
      // a stream with much data gets larger pages
      if (this.#pages.length > 0) this.#pageBytes = Math.min(largestShared, 2 * this.#pageBytes);
      this.#pages.push(page);
    }
    this.page = page;
    this.at = page.used + recordHeaderBytes;
    return true;
  }

  /** Appends the reserved record. Returns its position in the file, in bytes. */
  commit(type: number, length: number): number {
    const { page, at } = this;
    const size = recordHeaderBytes + padded(length);
    page.bytes.fill(0, at + length, at + padded(length));
    sealRecord(page.words, page.used >> 2, type, length, this.#end);
    page.used += size;
    const offset = this.#end;
    this.#end += size;
    return offset;
  }

  /** Appends a record. Returns its position in the file in bytes, or undefined if the memory limit is reached. */
  append(type: number, payload: Uint8Array): number | undefined {
    if (!this.reserve(payload.length)) return undefined;
    this.page.bytes.set(payload, this.at);
    return this.commit(type, payload.length);
  }

  /**
   * Writes what was appended before the call. Call it again only after it has settled. Opens the file, and cuts a torn end of
   * it. Rejects if the file cannot be written; nothing is lost then.
   */
  async flush(): Promise<void> {
    const descriptor = (this.#descriptor ??= await this.#open());
    if (this.#written < fileHeaderBytes) {
      const { kind, created } = this.#target;
      await this.#write(descriptor, [encodeFileHeader(kind, created).subarray(this.#written)]);
    }
    for (let end = this.#end; this.#written < end;) {
      const pages = this.#pages.slice(0, maxPages);
      await this.#write(
        descriptor,
        pages.map((page) => page.bytes.subarray(page.written, page.used)),
      );
    }
    if (this.#end === this.#written) this.#pageBytes = smallestPage;
  }

  /** Forces what is written onto the disk. */
  async sync(): Promise<void> {
    if (this.#descriptor !== undefined) await syncFile(this.#descriptor);
  }

  /** Closes the file. Records that are not written are dropped. */
  async close(): Promise<void> {
    for (const page of this.#pages.splice(0)) this.#pool.release(page);
    const descriptor = this.#descriptor;
    this.#descriptor = undefined;
    if (descriptor !== undefined) await closeFile(descriptor);
  }

  /** Opens the file, and removes a torn tail. */
  async #open(): Promise<number> {
    const { path, size } = this.#target;
    const descriptor = await openFile(path, size === undefined ? 'w' : 'r+');
    if (size === undefined) return descriptor;
    await truncateFile(descriptor, size).catch(async (error: unknown) => {
      await closeFile(descriptor);
      throw error;
    });
    return descriptor;
  }

  /** Writes `parts` at the end of the file, and releases the pages that are written. */
  async #write(descriptor: number, parts: Uint8Array<ArrayBuffer>[]): Promise<void> {
    const count = await new Promise<number>((resolve, reject) =>
      writev(descriptor, parts, this.#written, (error, bytes) => (error ? reject(error) : resolve(bytes))),
    );
    let left = count - Math.max(0, Math.min(count, fileHeaderBytes - this.#written));
    this.#written += count;
    while (left > 0) {
      const [page] = this.#pages;
      const part = Math.min(left, page.used - page.written);
      page.written += part;
      left -= part;
      if (page.written < page.used) break;
      this.#pages.shift();
      this.#pool.release(page);
    }
  }
}
