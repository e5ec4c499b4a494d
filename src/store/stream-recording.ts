import { type Block, frameCount } from '../core/blocks/block.ts';
import { invalid } from '../core/check.ts';
import type { ActiveSegment } from './active-segment.ts';
import type { EventHeader } from './event-record.ts';
import type { CommitMember } from './group-commit.ts';
import { LostFrames, type LostRange } from './lost-frames.ts';
import type { LostEvent, Position, RecordedEvent, RunEvent } from './recorded-event.ts';
import { FsyncError, SegmentChain, type StoreContext } from './segment-chain.ts';

/** Frames of a run that were appended: `count` of those from index `from` to before `next`. */
interface Span {
  readonly run: RunEvent;
  from: number;
  next: number;
  count: number;
}

/** Number of spans from which those of the same run are joined. */
const maxSpans = 256;

/** A frame position: the frame with index `next` of a run is the first one that is not included. */
export interface FramePosition {
  readonly run: number;
  readonly next: number;
}

const nothing: FramePosition = { run: -1, next: 0 };

/**
 * The recording of one stream. `append` checks an event and copies it into memory; the group commit writes it. If memory
 * runs out because the disk does not accept writes, events are counted and recorded as lost later.
 */
export class StreamRecording implements CommitMember {
  readonly name: string;
  readonly segments: SegmentChain;
  readonly #context: StoreContext;
  readonly #lost = new LostFrames();
  #run: RunEvent | undefined;
  /** The run of which a description was recorded last. */
  #described: RunEvent | undefined;
  #next = 0;
  /** Frames that are not durable yet, the oldest first. */
  #undurable: Span[] = [];
  #isDirty = false;
  #written = nothing;
  #durable = nothing;
  /** Time of the last fsync in ms since 1970. */
  #synced = 0;
  /** The operation on the files that is running. */
  #busy: Promise<unknown> = Promise.resolve();
  #error: Error | undefined;
  #reason = 'the disk does not keep up';
  /** Whether the files were moved away, so that nothing can be written. */
  #isAbandoned = false;

  /** @param newest number of the newest segment of an erased recording of the stream */
  constructor(name: string, directory: string, context: StoreContext, newest = 0) {
    this.name = name;
    this.segments = new SegmentChain(directory, context, newest);
    this.#context = context;
  }

  /** Opens the recording in an existing directory. */
  static async open(name: string, directory: string, context: StoreContext): Promise<StreamRecording> {
    const recording = new StreamRecording(name, directory, context);
    const end = await recording.segments.load();
    if (!end) return recording;
    const { run, next } = end;
    recording.#run = run;
    recording.#described = run;
    recording.#next = next;
    recording.#written = { run: run.run, next };
    recording.#durable = recording.#written;
    if (recording.segments.hasFull) recording.#markDirty();
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

  /** The position of the next event. Everything before it was appended before the call. */
  get position(): Position {
    const { files, writer } = this.segments.active;
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
    const { pool, hurryBytes, group } = this.#context;
    if (pool.inUse > hurryBytes) group.hurry();
  }

  /** Writes what is pending; see `CommitMember`. */
  commit(): Promise<boolean> {
    return this.#exclusively(async () => {
      this.#isDirty = false;
      if (this.#isAbandoned) return true;
      try {
        const isDone = await this.#commit();
        this.#error = undefined;
        this.#isDirty ||= !isDone;
        return isDone;
      } catch (error) {
        this.#isDirty = true;
        this.#error = error instanceof Error ? error : new Error(String(error));
        this.#reason = this.#error.message;
        throw error;
      }
    });
  }

  /** Writes everything, tiers included, so that readers of the files see it. */
  flush(): Promise<void> {
    return this.#exclusively(async () => {
      if (!this.#isAbandoned) await this.#reportingLost(this.accepted, () => this.segments.write(true));
    });
  }

  /**
   * Writes everything that was appended before the call, and forces it onto the disk unless that is never done. Returns whether
   * all of it is recorded now.
   */
  sync(): Promise<boolean> {
    return this.#exclusively(async () => {
      if (this.#isAbandoned || (this.#lost.first && !this.#recordLost())) return false;
      const { accepted } = this;
      try {
        await this.#reportingLost(accepted, async () => {
          await this.segments.write();
          if (this.#context.fsync !== 'never') await this.segments.sync();
        });
      } catch {
        this.#markDirty();
        return false;
      }
      this.#becomeDurable(accepted);
      return true;
    });
  }

  /** Ends the segment that is written if it is older than the limit. */
  rollIfOld(): void {
    if (this.segments.endIfFull(true)) this.#markDirty();
  }

  /** Writes and closes everything. Rejects if something cannot be written; the files are closed in any case. */
  async close(): Promise<void> {
    this.#context.group.remove(this);
    this.#recordLost();
    this.segments.end();
    try {
      await this.commit();
    } finally {
      await this.#exclusively(() => this.segments.close());
    }
  }

  /**
   * Ends the recording without writing what is pending: `move` moves its files away while nothing is written. If it rejects,
   * the recording continues.
   */
  abandon(move: () => Promise<void>): Promise<void> {
    return this.#exclusively(async () => {
      await move();
      this.#isAbandoned = true;
      this.#context.group.remove(this);
      await this.segments.close();
    });
  }

  /** Runs operations on the files one after the other. */
  #exclusively<T>(run: () => Promise<T>): Promise<T> {
    const result = this.#busy.then(run);
    this.#busy = result.catch(() => {});
    return result;
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
    if (!this.#ready()?.appendBlock(run.run, block)) this.#lost.addFrames(run, start, frames, this.#reason);
    this.#next = start + frames;
    const span = this.#undurable.at(-1);
    if (span?.run.run === run.run && (span.next === start || this.#undurable.length >= maxSpans)) {
      span.next = this.#next;
      span.count += frames;
    } else this.#undurable.push({ run, from: start, next: this.#next, count: frames });
  }

  #appendRun(event: RunEvent): void {
    const { run, next } = event;
    if (this.#run && run < this.#run.run) throw invalid('run', `>= ${this.#run.run}, the newest recorded run`, run);
    if (this.#run?.run === run) this.#checkIndex('next', next);
    this.#recordLost();
    this.#run = event;
    this.#next = next;
    this.#ready();
  }

  #appendEvent(event: Exclude<RecordedEvent, { type: 'block' } | RunEvent>): void {
    const { run } = this.#running();
    if (event.type === 'gap') this.#checkIndex('from', event.from);
    const isAppended = this.#ready()?.appendEvent(headerOf(event, run, this.#next), event);
    if (!isAppended) this.#lost.addEvent(this.#running(), this.#next, this.#reason);
    if (event.type === 'gap') this.#next = event.from + event.count;
  }

  #running(): RunEvent {
    if (!this.#run) throw new TypeError('a run must be recorded before its blocks and events');
    return this.#run;
  }

  #checkIndex(name: string, index: number): void {
    if (!(index >= this.#next)) throw invalid(name, `>= ${this.#next}, the next frame of the recording`, index);
  }

  /**
   * Returns the segment for the next event, in which its run and everything lost before are recorded; undefined if the
   * event cannot be recorded.
   */
  #ready(): ActiveSegment | undefined {
    this.segments.endIfFull();
    if (this.#lost.first && !this.#recordLost()) return undefined;
    const { active } = this.segments;
    const run = this.#running();
    return active.described === run || this.#describe(active, run, this.#next) ? active : undefined;
  }

  /** Records what was lost. Returns false if that cannot be recorded now. */
  #recordLost(): boolean {
    for (let range = this.#lost.first; range; range = this.#lost.first) {
      const { run, lost, span } = range;
      const { active } = this.segments;
      if (active.described?.run !== run.run && !this.#describe(active, run, lost.from)) return false;
      const header = { index: lost.from, time: NaN, frames: span, run: run.run };
      if (!active.appendEvent(header, lost)) return false;
      this.#context.report(lostLine(this.name, range));
      this.#lost.shift();
    }
    return true;
  }

  /**
   * Describes a run, of which frame `next` follows, in a segment that does not contain its description. Returns false if that
   * cannot be recorded now.
   */
  #describe(segment: ActiveSegment, run: RunEvent, next: number): boolean {
    const isContinued = this.#described === run;
    const header = { index: isContinued ? next : run.next, time: run.time, frames: 0, run: run.run };
    if (!segment.appendEvent(header, isContinued ? { ...run, continued: true } : run)) return false;
    segment.described = run;
    this.#described = run;
    return true;
  }

  /** Returns whether everything that was appended before the call is durable. */
  async #commit(): Promise<boolean> {
    const { fsync, now, pool, hurryBytes } = this.#context;
    const { accepted } = this;
    const isComplete = this.#lost.first === undefined;
    const isDone = await this.#reportingLost(accepted, async () => {
      await this.segments.write(pool.inUse > hurryBytes);
      if (isComplete) this.#written = accepted;
      else this.#recordLost();
      const isDue = fsync === 'always' || (fsync !== 'never' && now() - this.#synced >= fsync.every);
      // full segments are forced onto the disk when they are closed
      const needsSync = fsync !== 'never' && this.segments.open.length > 0;
      if (needsSync && !isDue) return false;
      if (needsSync) await this.segments.sync();
      return true;
    });
    if (!isDone) return false;
    this.#becomeDurable(this.#written);
    return isComplete && this.#written.next === this.#next;
  }

  #becomeDurable(position: FramePosition): void {
    this.#synced = this.#context.now();
    this.#written = position;
    this.#durable = position;
    this.#undurable = after(this.#undurable, position);
  }

  /**
   * Calls `work`, which writes frames before `accepted`. If an fsync fails, everything that was written since the last successful
   * one is reported as lost: the kernel may have dropped it.
   */
  async #reportingLost<T>(accepted: FramePosition, work: () => Promise<T>): Promise<T> {
    try {
      return await work();
    } catch (error) {
      if (error instanceof FsyncError) {
        const end = isBefore(error, accepted) ? error : accepted;
        for (const { run, from, next, count } of this.#undurable) {
          if (run.run > end.run) break;
          const to = run.run === end.run ? Math.min(next, end.next) : next;
          if (to > from) this.#lost.addFrames(run, from, Math.min(count, to - from), error.message, to);
        }
        this.#undurable = after(this.#undurable, end);
        this.#markDirty();
      }
      throw error;
    }
  }
}

function isBefore(one: FramePosition, other: FramePosition): boolean {
  return one.run < other.run || (one.run === other.run && one.next < other.next);
}

/** The parts of spans from a position on. */
function after(spans: readonly Span[], { run: last, next: end }: FramePosition): Span[] {
  const rest = spans.filter(({ run, next }) => run.run > last || (run.run === last && next > end));
  return rest.map((span) => {
    const from = span.run.run === last ? Math.max(span.from, end) : span.from;
    return { ...span, from, count: Math.min(span.count, span.next - from) };
  });
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
      return { index: event.at, time: NaN, frames: 0, run };
  }
}

function lostLine(name: string, { run: { run }, lost }: LostRange): string {
  const { from, count, events, reason } = lost;
  const frames = `${count} frames from frame ${from} of run ${run}`;
  return `stream ${name}: did not record ${frames} and ${events} other events: ${reason}`;
}
