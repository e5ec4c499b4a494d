import { type Block, timeOf } from '../core/blocks/block.ts';

/** Frames per bucket of each tier: 64, and 16 times as many in each further tier. Tier 0 is the raw frames. */
export const bucketFrames: readonly number[] = [1, 64, 1 << 10, 1 << 14, 1 << 18, 1 << 22];

/** Statistics of consecutive frames of one run. */
export interface Bucket {
  /** Index of the first frame that the bucket covers: a multiple of its number of frames. */
  start: number;
  /** Times of the first and the last frame that arrived, in ms since 1970. */
  time: number;
  last: number;
  /** Number of frames that arrived, valid or not. */
  frames: number;
  /** Per channel: smallest and largest valid sample, sum, and number of valid samples. */
  readonly min: Float32Array;
  readonly max: Float32Array;
  readonly sum: Float64Array;
  readonly count: Uint32Array;
}

/** Returns an empty bucket. Without valid samples, `min` is Infinity, and `max` is -Infinity. */
export function emptyBucket(channels: number): Bucket {
  return {
    start: -1,
    time: 0,
    last: 0,
    frames: 0,
    min: new Float32Array(channels).fill(Infinity),
    max: new Float32Array(channels).fill(-Infinity),
    sum: new Float64Array(channels),
    count: new Uint32Array(channels),
  };
}

/** Adds the statistics of `part`, which comes later, to a bucket. */
export function mergeBucket(bucket: Bucket, part: Readonly<Bucket>): void {
  if (bucket.frames === 0) bucket.time = part.time;
  bucket.last = part.last;
  bucket.frames += part.frames;
  for (let c = 0; c < part.min.length; c++) {
    if (part.min[c] < bucket.min[c]) bucket.min[c] = part.min[c];
    if (part.max[c] > bucket.max[c]) bucket.max[c] = part.max[c];
    bucket.sum[c] += part.sum[c];
    bucket.count[c] += part.count[c];
  }
}

/** Empties a bucket, and sets the first frame that it covers. */
export function resetBucket(bucket: Bucket, start: number): void {
  bucket.start = start;
  bucket.frames = 0;
  bucket.min.fill(Infinity);
  bucket.max.fill(-Infinity);
  bucket.sum.fill(0);
  bucket.count.fill(0);
}

/**
 * Adds frames `from` to before `to` (indexes within the block) to a bucket. A sample is valid if it is finite and its
 * frame is valid. In a frame that is invalid because of a non-finite sample, the other samples count as valid. Allocates
 * nothing.
 */
export function addFrames(bucket: Bucket, block: Block, from: number, to: number): void {
  const { data, channels, start, rate, valid } = block;
  if (bucket.frames === 0) bucket.time = timeOf(block, start + from);
  bucket.last = rate > 0 ? timeOf(block, start + to - 1) : block.time;
  bucket.frames += to - from;
  if (valid) {
    for (let f = from; f < to; f++)
      if (valid[f] === 1 || !isFiniteFrame(data, f, channels)) addRows(bucket, data, channels, f, f + 1);
  } else addRows(bucket, data, channels, from, to);
}

function isFiniteFrame(data: Float32Array, frame: number, channels: number): boolean {
  for (let i = frame * channels; i < (frame + 1) * channels; i++) if (data[i] - data[i] !== 0) return false;
  return true;
}

function addRows(
  { min, max, sum, count }: Bucket,
  data: Float32Array,
  channels: number,
  from: number,
  to: number,
): void {
  const end = to * channels;
  for (let c = 0; c < channels; c++) {
    let low = min[c];
    let high = max[c];
    let total = sum[c];
    let n = count[c];
    for (let i = from * channels + c; i < end; i += channels) {
      const x = data[i];
      if (x - x !== 0) continue;
      if (x < low) low = x;
      if (x > high) high = x;
      total += x;
      n++;
    }
    min[c] = low;
    max[c] = high;
    sum[c] = total;
    count[c] = n;
  }
}

/** Called with each closed bucket, which is valid until the call returns. */
export type CloseBucket = (tier: number, bucket: Readonly<Bucket>) => void;

/**
 * Computes the tiers of one run from its blocks, whatever the blocks are. A bucket is closed when a frame beyond it
 * arrives, and is then added to the bucket of the next tier. A gap of any length takes no time.
 */
export class TierBuilder {
  readonly #close: CloseBucket;
  readonly #open: Bucket[];

  constructor(channels: number, close: CloseBucket) {
    this.#close = close;
    this.#open = bucketFrames.map(() => emptyBucket(channels));
  }

  /** Adds frames, which must follow those before. */
  push(block: Block): void {
    const size = bucketFrames[1];
    const open = this.#open[1];
    const frames = block.data.length / block.channels;
    for (let from = 0; from < frames;) {
      const index = block.start + from;
      const start = index - (index % size);
      if (open.start !== start) this.#begin(1, start);
      const to = Math.min(frames, from + start + size - index);
      addFrames(open, block, from, to);
      from = to;
    }
  }

  /** Closes all buckets, complete or not, the finest first. */
  closeAll(): void {
    for (let tier = 1; tier < bucketFrames.length; tier++) this.#begin(tier, -1);
  }

  /** The buckets of `tier` and of finer tiers that are not closed, in order. No frame is in two of them. */
  openBuckets(tier: number): readonly Readonly<Bucket>[] {
    return this.#open
      .slice(1, tier + 1)
      .reverse()
      .filter(({ frames }) => frames > 0);
  }

  /** Closes the bucket of a tier, and begins the one that starts at `start`. */
  #begin(tier: number, start: number): void {
    const open = this.#open[tier];
    if (open.frames > 0) {
      if (tier + 1 < bucketFrames.length) {
        const size = bucketFrames[tier + 1];
        const parent = open.start - (open.start % size);
        if (this.#open[tier + 1].start !== parent) this.#begin(tier + 1, parent);
        mergeBucket(this.#open[tier + 1], open);
      }
      this.#close(tier, open);
    }
    resetBucket(open, start);
  }
}
