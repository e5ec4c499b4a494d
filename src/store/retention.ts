import { rm, statfs } from 'node:fs/promises';
import { integer, nonNegative, positive } from '../core/check.ts';
import { segmentFiles } from './stream-files.ts';
import type { ClosedSegment } from './segment-chain.ts';
import type { StreamRecording } from './stream-recording.ts';

/** How long recordings are kept. What exceeds a limit first is deleted, the oldest segments of all streams first. */
export interface RetentionOptions {
  /** Maximum age of recordings in ms. Default: 7 days. */
  maxAge?: number;
  /** Maximum size of all recordings and tiers in bytes. Default: 5 GB. */
  maxBytes?: number;
  /** Part of the disk that is kept free, from 0 to 1. Default: 0.1. */
  minFree?: number;
  /** Maximum age of tiers in ms. Default: 400 days. If it is `maxAge`, tiers are deleted with their recordings. */
  maxTierAge?: number;
  /** Maximum size of the tiers of deleted recordings in bytes. Default: a tenth of `maxBytes`. */
  maxTierBytes?: number;
}

const day = 86_400_000;

/** A segment that can be deleted. */
interface Candidate {
  readonly recording: StreamRecording;
  readonly segment: number;
  readonly closed: ClosedSegment;
}

/** Deletes the oldest closed segments. A segment that is written is never deleted. */
export class Retention {
  readonly #directory: string;
  readonly #limits: Required<RetentionOptions>;
  readonly #now: () => number;

  constructor(directory: string, options: RetentionOptions, now: () => number) {
    const { maxAge = 7 * day, maxBytes = 5e9, minFree = 0.1, maxTierAge = 400 * day } = options;
    const { maxTierBytes = Math.floor(maxBytes / 10) } = options;
    positive('maxAge', maxAge, 'ms');
    positive('maxTierAge', maxTierAge, 'ms');
    integer('maxBytes', maxBytes, 1);
    integer('maxTierBytes', maxTierBytes, 0);
    nonNegative('minFree', minFree);
    this.#directory = directory;
    this.#limits = { maxAge, maxBytes, minFree, maxTierAge, maxTierBytes };
    this.#now = now;
  }

  /** Maximum size of all recordings and tiers in bytes. */
  get maxBytes(): number {
    return this.#limits.maxBytes;
  }

  /** Deletes what exceeds the limits. Returns the number of deleted bytes. */
  async run(recordings: readonly StreamRecording[]): Promise<number> {
    const { maxAge, maxBytes, maxTierAge, maxTierBytes } = this.#limits;
    const segments = recordings
      .flatMap((recording) =>
        [...recording.segments.closed].map(([segment, closed]): Candidate => ({ recording, segment, closed })),
      )
      .sort((a, b) => a.closed.summary.recorded - b.closed.summary.recorded);
    const age = ({ closed }: Candidate) => this.#now() - closed.summary.recorded;
    let total = bytesOf(recordings);
    let missing = await this.#missingFreeBytes();
    let deleted = 0;
    const count = (bytes: number): void => {
      deleted += bytes;
      total -= bytes;
      missing -= bytes;
    };
    for (const candidate of segments) {
      if (candidate.closed.rawBytes === 0) continue;
      if (age(candidate) > maxAge || total > maxBytes || missing > 0) count(await deleteRecording(candidate));
    }
    const kept = segments.filter(({ closed }) => closed.rawBytes === 0);
    let tierBytes = kept.reduce((sum, { closed }) => sum + closed.tierBytes, 0);
    for (const candidate of kept) {
      if (age(candidate) <= maxTierAge && tierBytes <= maxTierBytes && total <= maxBytes && missing <= 0) continue;
      const bytes = await deleteTiers(candidate);
      tierBytes -= bytes;
      count(bytes);
    }
    return deleted;
  }

  /** Returns the number of bytes that must be deleted so that enough of the disk is free. */
  async #missingFreeBytes(): Promise<number> {
    if (this.#limits.minFree === 0) return 0;
    const { bsize, blocks, bavail } = await statfs(this.#directory);
    return this.#limits.minFree * blocks * bsize - bavail * bsize;
  }
}

/** Returns the size of recordings and their tiers in bytes. */
export function bytesOf(recordings: readonly StreamRecording[]): number {
  let bytes = 0;
  for (const { segments } of recordings) {
    const { closed, open } = segments;
    for (const { rawBytes, tierBytes } of closed.values()) bytes += rawBytes + tierBytes;
    for (const { writer, tiers } of open) bytes += writer.written + tiers.written;
  }
  return bytes;
}

async function deleteRecording({ recording, segment, closed }: Candidate): Promise<number> {
  await rm(segmentFiles(recording.segments.directory, segment).recording, { force: true });
  const bytes = closed.rawBytes;
  closed.rawBytes = 0;
  return bytes;
}

async function deleteTiers({ recording, segment, closed }: Candidate): Promise<number> {
  await rm(segmentFiles(recording.segments.directory, segment).tiers, { force: true });
  recording.segments.closed.delete(segment);
  return closed.tierBytes;
}
