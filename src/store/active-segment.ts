import { rm } from 'node:fs/promises';
import { type Block, frameCount, timeOf } from '../core/blocks/block.ts';
import { appendBucket, bucketRecordBytes } from './bucket-record.ts';
import { appendBlock, appendEvent, type EventHeader, readEvent, readHeader, viewBlock } from './event-record.ts';
import type { PagePool } from './page-pool.ts';
import type { LostEvent, RecordedEvent, RunEvent } from './recorded-event.ts';
import { recordTypes } from './segment-format.ts';
import { SegmentIndex } from './segment-index.ts';
import { type Damage, SegmentReader, type StoredRecord } from './segment-reader.ts';
import { SegmentWriter } from './segment-writer.ts';
import { bucketFrames, TierBuilder } from './tier-builder.ts';
import type { SegmentFiles } from './stream-files.ts';

/** Unwritten bytes of tiers from which they are written. */
const tierFlushBytes = 1 << 12;

/** A segment that was not closed. */
export interface Recovered {
  readonly segment: ActiveSegment;
  /** Parts of its file that cannot be read. */
  readonly damage: readonly Damage[];
}

/** A segment that records are appended to, with its index and its tiers, which are derived from the records. */
export class ActiveSegment {
  readonly files: SegmentFiles;
  /** Time of creation in ms since 1970. */
  readonly created: number;
  readonly index: SegmentIndex = new SegmentIndex();
  /** Closed buckets in the order in which they were closed. */
  readonly tiers: SegmentWriter;
  /** Size of the buckets of each tier, the finest first, in bytes. */
  readonly tierBytes: number[] = bucketFrames.slice(1).map(() => 0);
  /** Whether all closed buckets are in `tiers`. */
  hasTiers = true;
  /** The description of the newest run that is in this segment. */
  described: RunEvent | undefined;
  #writer: SegmentWriter;
  #builder: TierBuilder | undefined;
  #run = -1;

  private constructor(files: SegmentFiles, created: number, pool: PagePool) {
    this.files = files;
    this.created = created;
    this.#writer = new SegmentWriter({ path: files.recording, kind: 'recording', created }, pool);
    this.tiers = new SegmentWriter({ path: files.part, kind: 'tiers', created }, pool);
  }

  /** Begins a new segment. Its file is created by the first `flush`. */
  static create(files: SegmentFiles, created: number, pool: PagePool): ActiveSegment {
    return new ActiveSegment(files, created, pool);
  }

  /**
   * Opens a segment that was not closed, for example after a kill, and computes its index and tiers. A torn tail is cut
   * by the next `flush`. If tiers cannot be written, they are computed again later.
   */
  static async recover(files: SegmentFiles, created: number, pool: PagePool): Promise<Recovered> {
    const reader = await SegmentReader.open(files.recording, 'recording');
    try {
      const segment = new ActiveSegment(files, created, pool);
      for (;;) {
        const record = reader.next();
        if (record) segment.#restore(reader.memory, record);
        else if (!(await reader.load())) break;
        else await segment.#flushTiers(tierFlushBytes).catch(() => segment.#dropTiers());
      }
      const size = reader.intactBytes;
      segment.#writer = new SegmentWriter({ path: files.recording, kind: 'recording', created, size }, pool);
      return { segment, damage: reader.damage };
    } finally {
      await reader.close();
    }
  }

  get writer(): SegmentWriter {
    return this.#writer;
  }

  /** Frames of the buckets of `tier` and of finer tiers that are not closed yet, and their run. */
  openBuckets(tier: number): { run: number; buckets: ReturnType<TierBuilder['openBuckets']> } {
    return { run: this.#run, buckets: this.#builder?.openBuckets(tier) ?? [] };
  }

  /** Appends a block. Returns false if the memory limit is reached. */
  appendBlock(run: number, block: Block): boolean {
    const offset = this.writer.end;
    if (!appendBlock(this.writer, run, block)) return false;
    this.#addBlock(offset, block);
    return true;
  }

  /** Appends an event that is not a block. Returns false if the memory limit is reached. */
  appendEvent(header: EventHeader, event: Exclude<RecordedEvent, { type: 'block' }> | LostEvent): boolean {
    const offset = this.writer.end;
    if (!appendEvent(this.writer, header, event)) return false;
    this.#addEvent(offset, header, event);
    return true;
  }

  /** Writes what is pending. Tiers are written when enough of them are pending, or if `all` is set. */
  async flush(all = false): Promise<void> {
    if (this.writer.written < this.writer.end) await this.writer.flush();
    await this.#flushTiers(all ? 0 : tierFlushBytes);
  }

  /** Closes the open buckets. Nothing can be appended afterward. */
  closeTiers(): void {
    this.#builder?.closeAll();
    this.#builder = undefined;
  }

  async close(): Promise<void> {
    await Promise.all([this.writer.close(), this.tiers.close()]);
    await rm(this.files.part, { force: true });
  }

  /** Writes tiers if at least `bytes` of them are pending. */
  async #flushTiers(bytes: number): Promise<void> {
    if (this.hasTiers && this.tiers.end - this.tiers.written >= bytes) await this.tiers.flush();
  }

  async #dropTiers(): Promise<void> {
    this.hasTiers = false;
    await this.tiers.close();
  }

  #addBlock(offset: number, block: Block): void {
    if (this.index.isDue(offset)) this.index.addEntry(offset);
    const frames = frameCount(block);
    const next = block.start + frames;
    this.index.addFrames(next, frames, block.time, timeOf(block, next - 1));
    this.#builder?.push(block);
  }

  #addEvent(offset: number, { run, index, frames, time }: EventHeader, event: RecordedEvent | LostEvent): void {
    if (event.type === 'run') {
      this.#beginRun(event, index, offset);
      return;
    }
    if (this.index.isDue(offset)) this.index.addEntry(offset);
    if (event.type === 'gap' || event.type === 'lost')
      this.index.skipTo(run, index + frames, event.type === 'lost' ? event.count : 0);
    if (time > -Infinity) this.index.addTime(time);
  }

  #beginRun(event: RunEvent, index: number, offset: number): void {
    const { run, channels } = event;
    this.index.addRun(event, index, offset);
    this.closeTiers();
    this.#run = run;
    this.described = event;
    const size = bucketRecordBytes(channels.length);
    this.#builder = new TierBuilder(channels.length, (tier, bucket) => {
      this.hasTiers &&= appendBucket(this.tiers, run, tier, bucket);
      if (this.hasTiers) this.tierBytes[tier - 1] += size;
    });
  }

  /** Adds a record that is in the file already. */
  #restore(memory: ArrayBuffer, record: StoredRecord): void {
    const header = readHeader(memory, record);
    if (record.type !== recordTypes.block) {
      const event = readEvent(memory, record, header);
      if (event) this.#addEvent(record.offset, header, event);
      return;
    }
    const block = viewBlock(memory, record, header);
    if (this.#run !== header.run) this.#beginRun(undescribedRun(header.run, block), block.start, record.offset);
    this.#addBlock(record.offset, block);
  }
}

/** Describes the run of a block whose description is damaged. */
export function undescribedRun(run: number, { channels, start, time, rate }: Block): RunEvent {
  const labels = Array.from({ length: channels }, (_, c) => ({ label: String(c + 1), unit: '' }));
  return { type: 'run', run, next: start, time, channels: labels, rate };
}
