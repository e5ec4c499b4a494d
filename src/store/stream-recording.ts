import { mkdir, rm, stat } from 'node:fs/promises';
import { type Block, frameCount } from '../core/blocks/block.ts';
import { invalid } from '../core/check.ts';
import { ActiveSegment } from './active-segment.ts';
import type { EventHeader } from './event-record.ts';
import type { CommitMember, GroupCommit } from './group-commit.ts';
import { LostFrames } from './lost-frames.ts';
import { PagePool } from './page-pool.ts';
import type { LostEvent, Position, RecordedEvent, RunEvent } from './recorded-event.ts';
import type { SegmentSummary } from './segment-index.ts';
import { listSegments, segmentFiles, syncDirectory } from './stream-files.ts';
import { readTierFile, writeTierFile } from './tier-file.ts';

/** When recorded data is forced onto the disk: never by the store, after every write, or at most every `every` ms. */
export type FsyncPolicy = 'never' | 'always' | { readonly every: number };

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

/** A frame position: the frame with index `next` of a run is the first one that is not included. */
export interface FramePosition {
  readonly run: number;
  readonly next: number;
}

/** A closed segment. */
export interface ClosedSegment {
  readonly summary: SegmentSummary;
  /** Size of the recording; 0 if only the tiers are kept. */
  rawBytes: number;
  tierBytes: number;
}

const nothing: FramePosition = { run: -1, next: 0 };

/**
 * The recording of one stream: a directory of segments. `append` copies an event into memory; the group commit writes
 * it. If memory runs out because the disk does not accept writes, events are counted and recorded as lost later.
 */
export class StreamRecording implements CommitMember {
  readonly name: string;
  readonly directory: string;
  readonly #context: StoreContext;
  /** Closed segments by number, the oldest first. */
  readonly closed: Map<number, ClosedSegment> = new Map();
  readonly #lost = new LostFrames();
  /** Full segments that are not closed yet, the oldest first. */
  readonly #closing: ActiveSegment[] = [];
  #active: ActiveSegment | undefined;
  #segments = 0;
  #run: RunEvent | undefined;
  /** Whether the description of the run is in the active segment. */
  #isDescribed = false;
  #next = 0;
  #isDirty = false;
  #hasDirectory = false;
  /** Whether the directory has names that are not forced onto the disk. */
  #hasNewNames = false;
  #written = nothing;
  #durable = nothing;
  #synced = 0;
  #committing: Promise<boolean> | undefined;
  #error: Error | undefined;
  #reason = 'the disk does not keep up';

  constructor(name: string, directory: string, context: StoreContext) {
    this.name = name;
    this.directory = directory;
    this.#context = context;
  }

  /** Opens the recording in an existing directory. Closes what a kill has left, except the newest segment. */
  static async open(name: string, directory: string, context: StoreContext): Promise<StreamRecording> {
    const recording = new StreamRecording(name, directory, context);
    recording.#hasDirectory = true;
    const found = await listSegments(directory);
    for (const [i, { segment, raw, tiers }] of found.entries())
      await recording.#load(segment, raw, tiers, i === found.length - 1);
    return recording;
  }

  /** The run and the index of the next frame; run -1 if nothing is recorded. */
  get accepted(): FramePosition {
    return { run: this.#run?.run ?? -1, next: this.#next };
  }

  /**
   * Every frame of the run before this index is recorded, or reported as lost in the recording, so that it survives what
   * the fsync policy promises.
   */
  get durable(): FramePosition {
    return this.#durable;
  }

  /** Why nothing becomes durable now, if so. */
  get error(): Error | undefined {
    return this.#error;
  }

  /** Frames and events that were lost since the store was opened. */
  get lost(): { readonly frames: number; readonly events: number } {
    return { frames: this.#lost.frames, events: this.#lost.events };
  }

  /** The description of the run. */
  get run(): RunEvent | undefined {
    return this.#run;
  }

  /** Segments that are written, the oldest first. */
  get open(): readonly ActiveSegment[] {
    return this.#active ? [...this.#closing, this.#active] : this.#closing;
  }

  /** The position of the next event. Everything before it was appended before the call. */
  get position(): Position {
    const { files, writer } = this.#active ?? this.#begin();
    return { segment: files.segment, offset: writer.end };
  }

  /**
   * Appends an event. It is copied before the call returns.
   * @throws RangeError or TypeError if it does not follow the events before it; nothing is recorded then
   */
  append(event: RecordedEvent): void {
    if (event.type === 'block') this.#appendBlock(event.block);
    else if (event.type === 'run') this.#appendRun(event);
    else this.#appendEvent(event);
    this.#markDirty();
    if (this.#context.pool.inUse > this.#context.hurryBytes) this.#context.group.hurry();
  }

  /** Writes what is pending; see `CommitMember`. */
  async commit(): Promise<boolean> {
    while (this.#committing) await this.#committing.catch(() => {});
    this.#isDirty = false;
    this.#committing = this.#commit();
    try {
      const isDone = await this.#committing;
      this.#error = undefined;
      this.#isDirty ||= !isDone;
      return isDone;
    } catch (error) {
      this.#isDirty = true;
      // if somebody has deleted the directory, it is created again
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') this.#hasDirectory = false;
      this.#error = error instanceof Error ? error : new Error(String(error));
      this.#reason = this.#error.message;
      throw error;
    } finally {
      this.#committing = undefined;
    }
  }

  /** Writes everything, tiers included, so that readers of the files see it. */
  async flush(): Promise<void> {
    await this.commit();
    while (this.#committing) await this.#committing.catch(() => {});
    const flushing = (this.#committing = (async () => {
      for (const segment of this.open) await segment.flush(true);
      return true;
    })());
    try {
      await flushing;
    } finally {
      this.#committing = undefined;
    }
  }

  /** Closes the active segment if it is older than the limit. */
  rollIfOld(): void {
    const { now, segmentAge } = this.#context;
    if (!this.#active || now() - this.#active.created < segmentAge) return;
    this.#roll();
    this.#markDirty();
  }

  /** Writes and closes everything. Rejects if something cannot be written; the files are closed in any case. */
  async close(): Promise<void> {
    this.#context.group.remove(this);
    this.#recordLost();
    if (this.#active) this.#roll();
    try {
      await this.commit();
    } finally {
      for (const segment of this.open) await segment.close();
    }
  }

  #markDirty(): void {
    if (this.#isDirty) return;
    this.#isDirty = true;
    this.#context.group.add(this);
  }

  #appendBlock(block: Block): void {
    const run = this.#running();
    const { channels, start, rate } = block;
    if (channels !== run.channels.length)
      throw invalid('block.channels', `${run.channels.length}, as in its run`, channels);
    if (rate !== run.rate) throw invalid('block.rate', `${run.rate} Hz, as in its run`, rate);
    this.#checkIndex('block.start', start);
    const frames = frameCount(block);
    if (frames === 0) return;
    const segment = this.#ready();
    if (!segment?.appendBlock(run.run, block)) this.#lost.addFrames(run.run, start, frames, this.#reason);
    this.#next = start + frames;
  }

  #appendRun(event: RunEvent): void {
    const { run, next } = event;
    if (this.#run && run < this.#run.run) throw invalid('run', `>= ${this.#run.run}, the newest recorded run`, run);
    if (this.#run?.run === run) this.#checkIndex('next', next);
    this.#recordLost();
    this.#run = event;
    this.#next = next;
    this.#isDescribed = false;
    this.#ready();
  }

  #appendEvent(event: Exclude<RecordedEvent, { type: 'block' } | RunEvent>): void {
    const { run } = this.#running();
    if (event.type === 'gap') this.#checkIndex('from', event.from);
    const isAppended = this.#ready()?.appendEvent(headerOf(event, run, this.#next), event);
    if (!isAppended) this.#lost.addEvent(run, this.#next, this.#reason);
    if (event.type === 'gap') this.#next = event.from + event.count;
  }

  #running(): RunEvent {
    if (!this.#run) throw new TypeError('a run must be recorded before its blocks and events');
    return this.#run;
  }

  #checkIndex(name: string, index: number): void {
    if (!(index >= this.#next)) throw invalid(name, `>= ${this.#next}, the next frame of the recording`, index);
  }

  /** Returns the segment for the next event, in which its run and everything lost before are recorded; undefined if it cannot be recorded. */
  #ready(): ActiveSegment | undefined {
    let segment = this.#active ?? this.#begin();
    if (segment.writer.end >= this.#context.segmentBytes()) {
      this.#roll();
      segment = this.#begin();
    }
    if (this.#lost.first && !this.#recordLost()) return undefined;
    return this.#isDescribed || this.#describe(segment) ? segment : undefined;
  }

  /** Records what was lost. Returns false if that cannot be recorded now. */
  #recordLost(): boolean {
    for (let range = this.#lost.first; range; range = this.#lost.first) {
      const { run, lost } = range;
      const segment = this.#active ?? this.#begin();
      const header = { index: lost.from, time: NaN, frames: lost.count, run };
      if (!segment.appendEvent(header, lost)) return false;
      this.#context.report(lostLine(this.name, range));
      this.#lost.shift();
    }
    return true;
  }

  #describe(segment: ActiveSegment): boolean {
    const run = this.#running();
    const isContinued = this.#segmentRun === run;
    const event: RunEvent = isContinued ? { ...run, continued: true } : run;
    const header = { index: isContinued ? this.#next : run.next, time: run.time, frames: 0, run: run.run };
    if (!segment.appendEvent(header, event)) return false;
    this.#segmentRun = run;
    this.#isDescribed = true;
    return true;
  }

  /** The run that was recorded last. */
  #segmentRun: RunEvent | undefined;

  #begin(): ActiveSegment {
    const { pool, now } = this.#context;
    this.#isDescribed = false;
    return (this.#active = ActiveSegment.create(segmentFiles(this.directory, ++this.#segments), now(), pool));
  }

  #roll(): void {
    if (!this.#active) return;
    this.#closing.push(this.#active);
    this.#active = undefined;
  }

  async #commit(): Promise<boolean> {
    const { fsync, now, pool, hurryBytes } = this.#context;
    const { accepted } = this;
    const isComplete = this.#lost.first === undefined;
    const active = this.#active;
    await this.#makeDirectory();
    while (this.#closing.length > 0) await this.#finish(this.#closing[0]);
    if (active !== this.#active) return false;
    if (active) {
      this.#hasNewNames ||= active.writer.written === 0;
      await active.flush(pool.inUse > hurryBytes);
    }
    if (isComplete) this.#written = accepted;
    if (!active) this.#durable = this.#written; // full segments are on the disk
    if (!active) return true;
    const isDue = fsync === 'always' || (fsync !== 'never' && now() - this.#synced >= fsync.every);
    if (fsync !== 'never' && !isDue) return false;
    if (fsync !== 'never') await this.#sync(active);
    this.#durable = this.#written;
    return this.#closing.length === 0;
  }

  async #sync(segment: ActiveSegment): Promise<void> {
    if (this.#hasNewNames) await syncDirectory(this.directory);
    this.#hasNewNames = false;
    try {
      await segment.writer.sync();
    } catch (error) {
      // the kernel may have dropped the pages, and would report success the next time
      const { run, next } = this.#durable.run === this.#written.run ? this.#durable : { ...this.#written, next: 0 };
      const reason = `may be damaged: ${String(error)}`;
      if (this.#written.next > next) this.#lost.addFrames(run, next, this.#written.next - next, reason);
      this.#roll();
      throw error;
    }
    this.#synced = this.#context.now();
  }

  async #makeDirectory(): Promise<void> {
    if (this.#hasDirectory) return;
    await mkdir(this.directory, { recursive: true });
    this.#hasDirectory = true;
    this.#hasNewNames = true;
  }

  /** Writes and closes a full segment. */
  async #finish(segment: ActiveSegment): Promise<void> {
    const { fsync, now } = this.#context;
    const isSynced = fsync !== 'never';
    segment.closeTiers();
    await segment.flush(true);
    if (isSynced) await this.#sync(segment);
    const whole = segment.hasTiers
      ? segment
      : (await ActiveSegment.recover(segment.files, segment.created, new PagePool(Infinity))).segment;
    if (whole !== segment) {
      whole.closeTiers();
      await whole.flush(true);
    }
    const summary = await writeTierFile(whole, now(), isSynced);
    await segment.close();
    if (whole !== segment) await whole.close();
    this.#closing.shift();
    this.#hasNewNames = true;
    await this.#add(summary);
  }

  async #add(summary: SegmentSummary): Promise<void> {
    const file = await readTierFile(segmentFiles(this.directory, summary.segment).tiers);
    this.closed.set(summary.segment, { summary, rawBytes: summary.bytes, tierBytes: file?.bytes ?? 0 });
  }

  /** Loads a segment from its files. */
  async #load(segment: number, raw: boolean, tiers: boolean, isNewest: boolean): Promise<void> {
    const { pool, now, report } = this.#context;
    const files = segmentFiles(this.directory, segment);
    this.#segments = segment;
    await rm(`${files.tiers}.tmp`, { force: true });
    const file = tiers ? await readTierFile(files.tiers) : undefined;
    const missing = file && raw ? file.summary.bytes - (await stat(files.recording)).size : 0;
    if (missing > 0) report(`${files.recording}: ${missing} bytes are missing at the end`);
    if (file && missing === 0) {
      this.closed.set(segment, {
        summary: file.summary,
        rawBytes: raw ? file.summary.bytes : 0,
        tierBytes: file.bytes,
      });
      const last = file.summary.runs.at(-1);
      if (last) this.#continue(last.event, last.next);
      return;
    }
    if (!raw) {
      report(`${files.tiers}: the tiers are damaged, and their recording is deleted; they are not used`);
      return;
    }
    const { segment: active, damage, run } = await ActiveSegment.recover(files, now(), pool);
    for (const { offset, bytes, tail } of damage)
      report(`${files.recording}: ${tail ? 'cut' : 'skipped'} ${bytes} damaged bytes at ${offset}`);
    this.#active = active;
    const last = active.index.runs.at(-1);
    if (run && last) this.#continue(run, last.next);
    this.#segmentRun = this.#run;
    this.#isDescribed = run !== undefined;
    if (isNewest) return;
    this.#roll();
    while (this.#closing.length > 0) await this.#finish(this.#closing[0]);
  }

  #continue(run: RunEvent, next: number): void {
    this.#run = run;
    this.#segmentRun = run;
    this.#next = next;
    this.#written = { run: run.run, next };
    this.#durable = this.#written;
  }
}

/** Returns the position of an event that is not a block. */
function headerOf(
  event: Exclude<RecordedEvent | LostEvent, { type: 'block' } | RunEvent>,
  run: number,
  next: number,
): EventHeader {
  switch (event.type) {
    case 'gap':
    case 'lost':
      return { index: event.from, time: NaN, frames: event.count, run };
    case 'mark':
      return { index: event.at, time: event.time ?? NaN, frames: event.frames ?? 0, run };
    case 'alarm':
      return { index: next, time: event.event.time, frames: 0, run };
    case 'message':
    case 'targets':
      return { index: event.at, time: NaN, frames: 0, run };
  }
}

function lostLine(name: string, { run, lost }: { run: number; lost: LostEvent }): string {
  const { from, count, events, reason } = lost;
  const frames = `${count} frames from frame ${from} of run ${run}`;
  return `stream ${name}: did not record ${frames} and ${events} other events: ${reason}`;
}
