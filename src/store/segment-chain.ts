import { mkdir, rm, stat } from 'node:fs/promises';
import { dirname } from 'node:path';
import { ActiveSegment } from './active-segment.ts';
import type { GroupCommit } from './group-commit.ts';
import { PagePool } from './page-pool.ts';
import type { RunEvent } from './recorded-event.ts';
import type { SegmentSummary } from './segment-index.ts';
import { listSegments, segmentFiles, syncDirectory } from './stream-files.ts';
import { storageReason } from './storage-reason.ts';
import { readTierFile, writeTierFile } from './tier-file.ts';

/** When recorded data is forced onto the disk: never by the store, after every write, or at most every `every` ms. */
export type FsyncPolicy =
  | 'never'
  | 'always'
  | {
      /** Maximum time between two fsyncs in ms. */
      readonly every: number;
    };

/** What all streams of a store share. */
export interface StoreContext {
  readonly pool: PagePool;
  readonly group: GroupCommit;
  readonly fsync: FsyncPolicy;
  /** Maximum size in bytes and age in ms of a segment that is written. */
  readonly segmentBytes: () => number;
  readonly segmentAge: number;
  /** Pending bytes from which a write starts at once. */
  readonly hurryBytes: number;
  /** The time in ms since 1970. */
  readonly now: () => number;
  /** Called with a line about anything that is damaged or lost. */
  readonly report: (line: string) => void;
}

/** A closed segment. */
export interface ClosedSegment {
  readonly summary: SegmentSummary;
  /** Size of the recording; 0 if only the tiers are kept. */
  rawBytes: number;
  tierBytes: number;
}

/** The run at the end of a recording, and the index of its next frame. */
export interface RecordedEnd {
  readonly run: RunEvent;
  readonly next: number;
}

/** An fsync has failed: what was written since the last one may be damaged, even if a later fsync succeeds. */
export class FsyncError extends Error {
  /** The run and the index after the last frame of the segment. */
  readonly run: number;
  readonly next: number;

  constructor(cause: unknown, { index }: ActiveSegment) {
    super(`may be damaged: ${String(cause)}`, { cause });
    this.name = 'FsyncError';
    const { run = -1, next = 0 } = index.runs.at(-1) ?? {};
    this.run = run;
    this.next = next;
  }
}

/**
 * The segments of one stream: closed ones, full ones that are not closed yet, and the active one, to which records are
 * appended. Call `write`, `sync`, and `close` one after the other.
 */
export class SegmentChain {
  readonly directory: string;
  readonly #context: StoreContext;
  /** Closed segments by number, the oldest first. */
  readonly closed: Map<number, ClosedSegment> = new Map();
  /** Full segments, the oldest first. */
  readonly #full: ActiveSegment[] = [];
  #active: ActiveSegment | undefined;
  /** Number of the newest segment. */
  #newest: number;
  #hasDirectory = false;
  /** Whether the directory has names that are not forced onto the disk. */
  #hasNewNames = false;

  /** @param newest number of the newest segment so far; the next one has the number after it */
  constructor(directory: string, context: StoreContext, newest = 0) {
    this.directory = directory;
    this.#context = context;
    this.#newest = newest;
  }

  /** Number of the newest segment; 0 if there was none. */
  get newest(): number {
    return this.#newest;
  }

  /** Segments that are written, the oldest first. */
  get open(): readonly ActiveSegment[] {
    return this.#active ? [...this.#full, this.#active] : this.#full;
  }

  /** Whether there are full segments that are not closed yet. */
  get hasFull(): boolean {
    return this.#full.length > 0;
  }

  /** The segment to which records are appended. */
  get active(): ActiveSegment {
    const { pool, now } = this.#context;
    return (this.#active ??= ActiveSegment.create(segmentFiles(this.directory, ++this.#newest), now(), pool));
  }

  /** Ends the active segment if it is full, or if it is old and `byAge` is set. Returns whether it has ended. */
  endIfFull(byAge = false): boolean {
    const { now, segmentAge, segmentBytes } = this.#context;
    const active = this.#active;
    const isFull = active && (byAge ? now() - active.created >= segmentAge : active.writer.end >= segmentBytes());
    if (isFull) this.end();
    return isFull ?? false;
  }

  /** Ends the active segment. The next `write` closes it. */
  end(): void {
    if (this.#active) this.#full.push(this.#active);
    this.#active = undefined;
  }

  /**
   * Loads the segments in an existing directory, and closes what a kill has left, except the newest segment, of which a
   * torn end is cut. What cannot be written now is left to `write`. Returns what was recorded last.
   */
  async load(): Promise<RecordedEnd | undefined> {
    this.#hasDirectory = true;
    const found = await listSegments(this.directory);
    let end: RecordedEnd | undefined;
    for (const { segment, raw, tiers } of found) {
      // a segment before the newest one
      this.end();
      await this.#closeFull().catch(() => {});
      end = (await this.#load(segment, raw, tiers)) ?? end;
    }
    return end;
  }

  /**
   * Writes everything that was appended before the call. Rejects if something cannot be written; it stays pending then.
   * @param tiers whether to write all tiers too
   */
  async write(tiers = false): Promise<void> {
    const ended = this.#full.length;
    const active = this.#active;
    try {
      if (!this.#hasDirectory) await this.#makeDirectory();
      await this.#closeFull(ended);
      if (!active) return;
      this.#hasNewNames ||= active.writer.written === 0;
      await active.flush(tiers);
    } catch (error) {
      // if somebody has deleted the directory, it is created again
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') this.#hasDirectory = false;
      throw error;
    }
  }

  /** Forces everything that is written onto the disk. @throws FsyncError */
  async sync(): Promise<void> {
    for (const segment of this.open) await this.#sync(segment);
  }

  /** Closes all files. What is not written is dropped. */
  async close(): Promise<void> {
    for (const segment of this.open) await segment.close();
  }

  async #makeDirectory(): Promise<void> {
    await mkdir(this.directory, { recursive: true });
    if (this.#context.fsync !== 'never') await syncDirectory(dirname(this.directory));
    this.#hasDirectory = true;
  }

  async #sync(segment: ActiveSegment): Promise<void> {
    if (this.#hasNewNames) await syncDirectory(this.directory);
    this.#hasNewNames = false;
    try {
      await segment.writer.sync();
    } catch (error) {
      if (segment === this.#active) this.end();
      throw new FsyncError(error, segment);
    }
  }

  /** Writes and closes the oldest `count` full segments. */
  async #closeFull(count: number = this.#full.length): Promise<void> {
    for (let n = 0; n < count; n++) await this.#closeSegment(this.#full[0]);
  }

  async #closeSegment(segment: ActiveSegment): Promise<void> {
    const isSynced = this.#context.fsync !== 'never';
    segment.closeTiers();
    await segment.flush(true);
    if (isSynced) await this.#sync(segment);
    const summary = await this.#writeTiers(segment, isSynced);
    await segment.close();
    this.#full.shift();
    this.#hasNewNames = true;
    const file = await readTierFile(segment.files.tiers);
    this.closed.set(summary.segment, { summary, rawBytes: summary.bytes, tierBytes: file?.bytes ?? 0 });
  }

  /** Writes the tiers of a full segment; computes them again if memory for them was missing. */
  async #writeTiers(segment: ActiveSegment, isSynced: boolean): Promise<SegmentSummary> {
    const { now } = this.#context;
    if (segment.hasTiers) return writeTierFile(segment, now(), isSynced);
    const { files, created } = segment;
    const { segment: again } = await ActiveSegment.recover(files, created, new PagePool(Infinity));
    try {
      again.closeTiers();
      await again.flush(true);
      return await writeTierFile(again, now(), isSynced);
    } finally {
      await again.close();
    }
  }

  /** Loads a segment from its files. A segment that was not closed becomes the active one. */
  async #load(segment: number, raw: boolean, tiers: boolean): Promise<RecordedEnd | undefined> {
    const { report } = this.#context;
    const files = segmentFiles(this.directory, segment);
    this.#newest = segment;
    await rm(`${files.tiers}.tmp`, { force: true });
    const file = tiers ? await readTierFile(files.tiers) : undefined;
    const missing = file && raw ? file.summary.bytes - (await stat(files.recording)).size : 0;
    if (missing > 0) report(`${files.recording}: ${missing} bytes are missing at the end`);
    if (file && missing === 0) {
      const { summary, bytes } = file;
      this.closed.set(segment, { summary, rawBytes: raw ? summary.bytes : 0, tierBytes: bytes });
      const last = summary.runs.at(-1);
      return last && { run: last.event, next: last.next };
    }
    if (raw) return this.#recover(segment);
    report(`${files.tiers}: the tiers are damaged, and their recording is deleted; they are not used`);
    return undefined;
  }

  async #recover(number: number): Promise<RecordedEnd | undefined> {
    const { pool, now, report, fsync } = this.#context;
    const files = segmentFiles(this.directory, number);
    const { segment, damage } = await ActiveSegment.recover(files, now(), pool);
    for (const { offset, bytes, tail } of damage)
      report(`${files.recording}: ${tail ? 'cut' : 'skipped'} ${bytes} damaged bytes at ${offset}`);
    this.#active = segment;
    try {
      await segment.flush();
      // what the killed process has written may not be on the disk yet
      if (fsync !== 'never') await segment.writer.sync();
    } catch (error) {
      report(`${files.recording}: ${storageReason(error)}`);
    }
    const last = segment.index.runs.at(-1);
    return segment.described && last && { run: segment.described, next: last.next };
  }
}
