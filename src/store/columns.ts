import type { Block } from '../core/blocks/block.ts';
import { addFrames, type Bucket, emptyBucket, mergeBucket } from './tier-builder.ts';

/** Largest number of frames per column. */
const largest = 2 ** 52;

/** The statistics of the frames of one run that a column covers. */
interface Column {
  readonly run: number;
  readonly bucket: Bucket;
}

/**
 * Collects buckets and frames in columns of a power of two frames, aligned to the frame index. If there are more columns
 * than wanted, the columns become twice as wide.
 */
export class Columns {
  readonly #most: number;
  #size: number;
  #columns: Column[] = [];

  /** @param size number of frames per column, a power of two */
  constructor(most: number, size: number) {
    this.#most = most;
    this.#size = size;
  }

  /** Number of frames per column. */
  get size(): number {
    return this.#size;
  }

  /** The columns in the order in which their first frames arrived. */
  get columns(): readonly Column[] {
    return this.#columns;
  }

  /** Adds a bucket that a column covers completely. */
  addBucket(run: number, part: Readonly<Bucket>): void {
    mergeBucket(this.#at(run, part.start, part.min.length), part);
    this.#limit();
  }

  /** Adds frames `from` to before `to` (indexes within the block). */
  addFrames(run: number, block: Block, from: number, to: number): void {
    for (let first = from; first < to;) {
      const index = block.start + first;
      const last = Math.min(to, first + this.#size - (index % this.#size));
      addFrames(this.#at(run, index, block.channels), block, first, last);
      this.#limit();
      first = last;
    }
  }

  /** Returns the bucket of the column that covers frame `index`. */
  #at(run: number, index: number, channels: number): Bucket {
    const start = index - (index % this.#size);
    const last = this.#columns.at(-1);
    if (last?.run === run && last.bucket.start === start) return last.bucket;
    const bucket = emptyBucket(channels);
    bucket.start = start;
    this.#columns.push({ run, bucket });
    return bucket;
  }

  /** Doubles the width of the columns until there are few enough, or one per run. */
  #limit(): void {
    while (this.#columns.length > this.#most && this.#size < largest) {
      const before = this.#columns;
      this.#size *= 2;
      this.#columns = [];
      for (const { run, bucket } of before) mergeBucket(this.#at(run, bucket.start, bucket.min.length), bucket);
    }
  }
}
