import { type FileHandle, open } from 'node:fs/promises';
import {
  checkFileHeader,
  fileHeaderBytes,
  type FileKind,
  isHeader,
  isIntact,
  padded,
  recordHeaderBytes,
} from './segment-format.ts';

/** A record in the memory of its reader, valid until the next call of `next` or `load`. */
export interface StoredRecord {
  type: number;
  /** Position of the record in the file, in bytes. */
  offset: number;
  /** Number of payload bytes. */
  length: number;
  /** Position of the payload in the memory of the reader, in bytes; a multiple of 8. */
  at: number;
}

/** Bytes of a file that are not undamaged records. */
export interface Damage {
  /** First damaged byte. */
  readonly offset: number;
  /** Number of bytes. */
  readonly bytes: number;
  /** Whether no undamaged record follows: a torn write, or the end of the file is lost. */
  readonly tail: boolean;
}

const chunkBytes = 1 << 18;

/**
 * Reads the records of a file in order, in bounded memory. Damaged bytes are skipped: the reader continues with the next
 * undamaged record, and `damage` lists what it skipped.
 *
 *     for (;;) {
 *       const record = reader.next();
 *       if (record) use(record);
 *       else if (!(await reader.load())) break;
 *     }
 */
export class SegmentReader {
  readonly #file: FileHandle;
  readonly #limit: number;
  #bytes = new Uint8Array(chunkBytes);
  #words: Uint32Array<ArrayBuffer> = new Uint32Array(this.#bytes.buffer);
  /** Position in the file of the first byte in memory. */
  #base: number;
  /** Bytes in memory, and how many of them are processed. */
  #filled = 0;
  #done = 0;
  /** Start of the damaged bytes before the current position; -1 if there are none. */
  #bad = -1;
  readonly #record: StoredRecord = { type: 0, offset: 0, length: 0, at: 0 };

  /** Damaged parts of the file so far. */
  readonly damage: Damage[] = [];

  private constructor(file: FileHandle, from: number, limit: number) {
    this.#file = file;
    this.#base = from;
    this.#limit = limit;
  }

  /**
   * Opens a file at the record at `from`. A damaged file header is reported in `damage`.
   * @param limit number of bytes to read; default: the size of the file at this moment
   * @throws if the file cannot be opened, is of another kind, or is from a newer version
   */
  static async open(
    path: string,
    kind: FileKind,
    from: number = fileHeaderBytes,
    limit?: number,
  ): Promise<SegmentReader> {
    const file = await open(path, 'r');
    try {
      const size = Math.min(limit ?? Infinity, (await file.stat()).size);
      const reader = new SegmentReader(file, from, size);
      if (size < fileHeaderBytes) {
        reader.#base = 0;
        reader.#bad = size > 0 ? 0 : -1;
        reader.#done = size;
        reader.#filled = size;
      } else await reader.#readHeader(kind);
      return reader;
    } catch (error) {
      await file.close();
      throw error;
    }
  }

  /** The memory that records are in. */
  get memory(): ArrayBuffer {
    return this.#bytes.buffer;
  }

  /** Position in the file up to which everything is processed, in bytes. */
  get position(): number {
    return this.#base + this.#done;
  }

  /** Number of bytes before the damaged end of the file. Call it after the last record. */
  get intactBytes(): number {
    const last = this.damage.at(-1);
    return last?.tail ? last.offset : this.#limit;
  }

  /** Returns the next record in memory, or undefined if more of the file must be loaded. */
  next(): StoredRecord | undefined {
    for (; this.#filled - this.#done >= recordHeaderBytes;) {
      const at = this.#done;
      const offset = this.#base + at;
      if (!isHeader(this.#words, at >> 2, offset)) {
        this.#skip(8);
        continue;
      }
      const length = this.#words[at >> 2];
      const size = recordHeaderBytes + padded(length);
      if (offset + size > this.#limit) {
        this.#skip(8);
        continue;
      }
      if (size > this.#filled - at) return undefined;
      if (!isIntact(this.#words, at >> 2)) {
        this.#skip(size);
        continue;
      }
      this.#endDamage(offset);
      this.#done += size;
      const record = this.#record;
      record.type = this.#words[(at >> 2) + 1];
      record.offset = offset;
      record.length = length;
      record.at = at + recordHeaderBytes;
      return record;
    }
    return undefined;
  }

  /** Loads more of the file. Returns false at its end. */
  async load(): Promise<boolean> {
    if (this.#base + this.#filled >= this.#limit) {
      if (this.position < this.#limit && this.#bad < 0) this.#bad = this.position;
      if (this.#bad >= 0) this.damage.push({ offset: this.#bad, bytes: this.#limit - this.#bad, tail: true });
      this.#bad = -1;
      this.#done = this.#filled;
      return false;
    }
    this.#bytes.copyWithin(0, this.#done, this.#filled);
    this.#base += this.#done;
    this.#filled -= this.#done;
    this.#done = 0;
    const needed = this.#filled >= recordHeaderBytes ? recordHeaderBytes + padded(this.#words[0]) : 0;
    if (needed > this.#bytes.length) this.#grow(needed);
    const room = Math.min(this.#bytes.length, this.#limit - this.#base) - this.#filled;
    if (room <= 0) return true;
    const { bytesRead } = await this.#file.read(this.#bytes, this.#filled, room, this.#base + this.#filled);
    if (bytesRead === 0) throw new Error('the file must not become shorter while it is read');
    this.#filled += bytesRead;
    return true;
  }

  async close(): Promise<void> {
    await this.#file.close();
  }

  async #readHeader(kind: FileKind): Promise<void> {
    const bytes = new Uint8Array(fileHeaderBytes);
    await this.#file.read(bytes, 0, fileHeaderBytes, 0);
    try {
      checkFileHeader(bytes, kind);
    } catch (error) {
      if (error instanceof RangeError || !String(error).includes('undamaged')) throw error;
      this.damage.push({ offset: 0, bytes: fileHeaderBytes, tail: false });
    }
  }

  #skip(bytes: number): void {
    if (this.#bad < 0) this.#bad = this.position;
    this.#done += bytes;
  }

  #endDamage(offset: number): void {
    if (this.#bad >= 0) this.damage.push({ offset: this.#bad, bytes: offset - this.#bad, tail: false });
    this.#bad = -1;
  }

  #grow(needed: number): void {
    const bytes = new Uint8Array(padded(needed));
    bytes.set(this.#bytes.subarray(0, this.#filled));
    this.#bytes = bytes;
    this.#words = new Uint32Array(bytes.buffer);
  }
}
