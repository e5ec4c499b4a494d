import { padded, recordHeaderBytes, recordTypes } from './segment-format.ts';
import type { StoredRecord } from './segment-reader.ts';
import type { SegmentWriter } from './segment-writer.ts';
import type { Bucket } from './tier-builder.ts';

/** Bytes before the values of a bucket. */
const bucketHeaderBytes = 48;

/** A bucket of a tier, as stored. */
export interface StoredBucket {
  readonly tier: number;
  readonly run: number;
  readonly bucket: Bucket;
}

/** Size of the record of a bucket in bytes. */
export function bucketRecordBytes(channels: number): number {
  return recordHeaderBytes + padded(bucketHeaderBytes + 20 * channels);
}

const two32 = 2 ** 32;

/** Appends a bucket. It allocates nothing. Returns false if the memory limit is reached. */
export function appendBucket(writer: SegmentWriter, run: number, tier: number, bucket: Readonly<Bucket>): boolean {
  const channels = bucket.min.length;
  const length = bucketHeaderBytes + 20 * channels;
  if (!writer.reserve(length)) return false;
  const { page, at } = writer;
  const word = at >> 2;
  page.words[word] = bucket.start % two32;
  page.words[word + 1] = Math.floor(bucket.start / two32);
  page.doubles[(at >> 3) + 1] = bucket.time;
  page.doubles[(at >> 3) + 2] = bucket.last;
  page.words[word + 6] = run;
  page.words[word + 7] = channels;
  page.words[word + 8] = bucket.frames;
  page.words[word + 9] = tier;
  page.words[word + 10] = 0;
  page.words[word + 11] = 0;
  page.doubles.set(bucket.sum, (at + bucketHeaderBytes) >> 3);
  page.floats.set(bucket.min, word + 12 + 2 * channels);
  page.floats.set(bucket.max, word + 12 + 3 * channels);
  page.words.set(bucket.count, word + 12 + 4 * channels);
  writer.commit(recordTypes.bucket, length);
  return true;
}

/** Returns the tier of a stored bucket. */
export function tierOf(memory: ArrayBuffer, { at }: StoredRecord): number {
  return new Uint32Array(memory, at + 36, 1)[0];
}

/** Reads a bucket, as a view of the memory of its reader. */
export function viewBucket(memory: ArrayBuffer, { at }: StoredRecord): StoredBucket {
  const words = new Uint32Array(memory, at, 12);
  const [time, last] = new Float64Array(memory, at + 8, 2);
  const channels = words[7];
  const values = at + bucketHeaderBytes;
  return {
    tier: words[9],
    run: words[6],
    bucket: {
      start: words[0] + two32 * words[1],
      time,
      last,
      frames: words[8],
      sum: new Float64Array(memory, values, channels),
      min: new Float32Array(memory, values + 8 * channels, channels),
      max: new Float32Array(memory, values + 12 * channels, channels),
      count: new Uint32Array(memory, values + 16 * channels, channels),
    },
  };
}
