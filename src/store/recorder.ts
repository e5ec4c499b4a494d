import { mkdir, readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { invalid } from '../core/check.ts';
import { GroupCommit } from './group-commit.ts';
import { overview, type Overview } from './overview.ts';
import { PagePool } from './page-pool.ts';
import { readEvents, type ReadFrom } from './read-events.ts';
import { moveAside } from './read-only-recording.ts';
import type { Position, RecordedEvent, RunEvent, StoredEvent } from './recorded-event.ts';
import { isRecorded, type RecorderOptions, recorderOptions } from './recorder-options.ts';
import { bytesOf, Retention } from './retention.ts';
import type { StoreContext } from './segment-chain.ts';
import { storageReason } from './storage-reason.ts';
import { type FramePosition, StreamRecording } from './stream-recording.ts';

/** The recording of one stream. */
export interface StreamStatus {
  readonly stream: string;
  /** Size on disk in bytes. */
  readonly bytes: number;
  /** Times of the oldest recorded frame and of the oldest frame in the tiers, in ms since 1970; undefined without any. */
  readonly oldest: number | undefined;
  readonly oldestTier: number | undefined;
  readonly durable: FramePosition;
  /** Why nothing becomes durable now; undefined if all is well. */
  readonly problem: string | undefined;
  /** What was lost since the recorder was opened. */
  readonly lost: { readonly frames: number; readonly events: number };
}

/** All recordings. */
export interface RecorderStatus {
  readonly bytes: number;
  /** Memory of data that is not written, in bytes. */
  readonly pendingBytes: number;
  readonly problem: string | undefined;
  readonly streams: readonly StreamStatus[];
}

/** Smallest size of a segment, however many streams share the budget. */
const smallestSegment = 1 << 18;
const streamName = /^[A-Za-z0-9_-][A-Za-z0-9._-]{0,63}$/;
const erasing = '.erased-';

/**
 * Records streams in a directory, one directory per stream. `record` only copies into memory; data is written by a
 * shared group commit. If the disk does not accept writes, `record` continues, nothing more becomes durable, and what
 * does not fit into memory is recorded as lost when the disk accepts writes again.
 */
export class Recorder {
  readonly #directory: string;
  readonly #options: Required<RecorderOptions>;
  readonly #recordings = new Map<string, StreamRecording>();
  readonly #rules = new Map<string, boolean>();
  /** Number of the newest segment of each erased stream: a saved position never refers to what is recorded afterward. */
  readonly #erased = new Map<string, number>();
  readonly #pool: PagePool;
  readonly #group: GroupCommit;
  readonly #retention: Retention;
  readonly #context: StoreContext;
  #timer: ReturnType<typeof setInterval> | undefined;
  #enforcing: Promise<number> | undefined;
  /** Why nothing can be written, and why nothing can be deleted. */
  #writeProblem: string | undefined;
  #writeReason: string | undefined;
  #deleteProblem: string | undefined;
  #closed = false;

  private constructor(directory: string, options: RecorderOptions) {
    const all = recorderOptions(options);
    const { now, report, memoryBytes } = all;
    this.#directory = directory;
    this.#options = all;
    this.#pool = new PagePool(memoryBytes);
    this.#retention = new Retention(directory, all.retention, now);
    this.#group = new GroupCommit({
      interval: all.commitInterval,
      retry: 5 * all.commitInterval,
      concurrency: 4,
      onError: (error) => {
        this.#fail(error);
      },
      onRecovery: () => {
        this.#writeProblem = undefined;
        this.#writeReason = undefined;
        all.report('recording continues');
      },
    });
    this.#context = {
      pool: this.#pool,
      group: this.#group,
      fsync: all.fsync,
      segmentBytes: () => this.#segmentBytes,
      segmentAge: all.segmentAge,
      hurryBytes: memoryBytes / 4,
      now,
      report,
    };
  }

  /**
   * Opens the recordings in a directory, which is created if needed. What a kill has left is completed: torn ends are cut
   * and reported, indexes and tiers are computed again. What cannot be written, as on a full disk, stays pending.
   * @throws RangeError or TypeError if an option is invalid; rejects if the directory cannot be used
   */
  static async open(directory: string, options: RecorderOptions = {}): Promise<Recorder> {
    const recorder = new Recorder(directory, options);
    await mkdir(directory, { recursive: true });
    await forAll(await readdir(directory, { withFileTypes: true }), async (entry) => {
      const path = join(directory, entry.name);
      if (entry.name.startsWith(erasing)) await rm(path, { recursive: true, force: true });
      if (!entry.isDirectory() || !streamName.test(entry.name)) return;
      recorder.#recordings.set(entry.name, await StreamRecording.open(entry.name, path, recorder.#context));
    });
    recorder.#updateSegmentBytes();
    await recorder.enforceRetention();
    recorder.#timer = setInterval(() => {
      void recorder.enforceRetention();
    }, recorder.#options.retentionInterval);
    recorder.#timer.unref();
    return recorder;
  }

  /** Names of the streams that have a recording. */
  get streams(): string[] {
    return [...this.#recordings.keys()];
  }

  /** Whether a stream is recorded. */
  isRecorded(stream: string): boolean {
    let is = this.#rules.get(stream);
    if (is === undefined) this.#rules.set(stream, (is = isRecorded(this.#options.rules, stream)));
    return is;
  }

  /**
   * Records an event, which is copied before the call returns. Returns false if the stream is not recorded, or the
   * recorder is closed.
   * @throws RangeError or TypeError if the event does not follow those before it; nothing is recorded then
   */
  record(stream: string, event: RecordedEvent): boolean {
    if (this.#closed) return false;
    const recording = this.#recordings.get(stream) ?? this.#create(stream);
    if (!recording || !this.isRecorded(stream)) return false;
    recording.append(event);
    return true;
  }

  /** The description of the newest recorded run of a stream. */
  run(stream: string): RunEvent | undefined {
    return this.#recordings.get(stream)?.run;
  }

  /** The run and the next frame of what was passed to `record`; run -1 if nothing was. */
  accepted(stream: string): FramePosition {
    return this.#recordings.get(stream)?.accepted ?? { run: -1, next: 0 };
  }

  /**
   * Every frame of the run before index `next` is on disk as the fsync policy promises, or is reported there as lost; run
   * -1 if there is none.
   */
  durable(stream: string): FramePosition {
    return this.#recordings.get(stream)?.durable ?? { run: -1, next: 0 };
  }

  /** The position in the recording after everything that was passed to `record`. Save it with the state of its pipeline. */
  position(stream: string): Position | undefined {
    return this.#recordings.get(stream)?.position;
  }

  /**
   * Reads a recording in order, in bounded memory, from a frame, a time, or a position on (default: from the oldest
   * event), up to what is recorded when the end is reached. The first event describes the run.
   */
  async *read(stream: string, from?: ReadFrom): AsyncGenerator<StoredEvent, void> {
    const recording = this.#recordings.get(stream);
    if (recording) yield* readEvents(recording, from);
  }

  /** Returns what was recorded from time `from` to before `to` (ms since 1970), in at most `points` columns. */
  async overview(stream: string, from: number, to: number, points: number): Promise<Overview> {
    const recording = this.#recordings.get(stream);
    if (!recording) return { size: 1, bucket: 1, runs: [] };
    return overview(recording, from, to, points, this.#options.report);
  }

  /** Why nothing can be written now, in words for an operator; undefined if all is well. */
  get obstacle(): string | undefined {
    return this.#writeReason;
  }

  /** What was lost of a stream since the recorder was opened. */
  lost(stream: string): StreamStatus['lost'] {
    return this.#recordings.get(stream)?.lost ?? { frames: 0, events: 0 };
  }

  /** Size of all recordings in bytes. */
  get bytes(): number {
    return bytesOf([...this.#recordings.values()]);
  }

  status(): RecorderStatus {
    const streams = [...this.#recordings.values()].map(statusOf);
    return {
      bytes: this.bytes,
      pendingBytes: this.#pool.inUse,
      problem: this.#writeProblem ?? this.#deleteProblem,
      streams,
    };
  }

  /** Writes everything that was passed to `record`. What cannot be written stays pending; see `status`. */
  async flush(): Promise<void> {
    await this.#group.flush();
  }

  /**
   * Writes everything of a stream that was passed to `record`, and forces it onto the disk unless the policy is 'never'. Returns
   * whether all of it is recorded now.
   */
  async sync(stream: string): Promise<boolean> {
    return (await this.#recordings.get(stream)?.sync()) ?? true;
  }

  /** Deletes what exceeds the retention limits. Returns the number of deleted bytes. */
  enforceRetention(): Promise<number> {
    this.#enforcing ??= this.#enforce().finally(() => {
      this.#enforcing = undefined;
    });
    return this.#enforcing;
  }

  /**
   * Deletes everything that was recorded of a stream before the call. What is recorded afterward begins a new recording.
   * @param erased called as soon as nothing more is added to the old recording
   * @returns whether there was a recording; rejects if it cannot be deleted, and then recording continues as before
   */
  async erase(stream: string, erased: () => void = () => {}): Promise<boolean> {
    const recording = this.#recordings.get(checkName(stream));
    if (!recording) return false;
    let moved: string | undefined;
    await recording.abandon(async () => {
      moved = await moveAside(this.#directory, stream);
      this.#recordings.delete(stream);
      this.#erased.set(stream, recording.segments.newest);
      erased();
    });
    this.#updateSegmentBytes();
    if (moved !== undefined) await rm(moved, { recursive: true, force: true });
    return true;
  }

  /** Writes and closes everything. */
  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    clearInterval(this.#timer);
    await this.#enforcing;
    await this.#group.stop();
    await forAll([...this.#recordings.values()], async (recording) => {
      await recording.close().catch((error: unknown) => {
        const { name, durable, accepted } = recording;
        const frames = `frames from ${durable.next} of run ${durable.run} to ${accepted.next} of run ${accepted.run}`;
        this.#options.report(`stream ${name}: ${frames} may not be recorded: ${String(error)}`);
      });
    });
  }

  #create(stream: string): StreamRecording | undefined {
    checkName(stream);
    if (!this.isRecorded(stream)) return undefined;
    const path = join(this.#directory, stream);
    const recording = new StreamRecording(stream, path, this.#context, this.#erased.get(stream));
    this.#recordings.set(stream, recording);
    this.#updateSegmentBytes();
    return recording;
  }

  #segmentBytes = 64 << 20;

  /** Segments that are written cannot be deleted: all of them together take at most an eighth of the budget. */
  #updateSegmentBytes(): void {
    const share = this.#retention.maxBytes / 8 / Math.max(1, this.#recordings.size);
    this.#segmentBytes = Math.min(this.#options.segmentBytes, Math.max(smallestSegment, Math.floor(share)));
  }

  async #enforce(): Promise<number> {
    const recordings = [...this.#recordings.values()];
    for (const recording of recordings) recording.rollIfOld();
    try {
      const deleted = await this.#retention.run(recordings);
      this.#deleteProblem = undefined;
      return deleted;
    } catch (error) {
      const problem = `cannot delete old recordings: ${String(error)}`;
      if (this.#deleteProblem !== problem) this.#options.report(problem);
      this.#deleteProblem = problem;
      return 0;
    }
  }

  #fail(error: Error): void {
    if (this.#writeProblem !== error.message) this.#options.report(`cannot record: ${error.message}`);
    this.#writeProblem = error.message;
    this.#writeReason = storageReason(error);
    if ((error as NodeJS.ErrnoException).code === 'ENOSPC') void this.enforceRetention();
  }
}

/** Calls `use` for every item, four at a time. */
async function forAll<T>(items: readonly T[], use: (item: T) => Promise<void>): Promise<void> {
  const rest = [...items];
  const useInTurn = async (): Promise<void> => {
    for (let item = rest.shift(); item !== undefined; item = rest.shift()) await use(item);
  };
  await Promise.all([1, 2, 3, 4].map(useInTurn));
}

function checkName(stream: string): string {
  if (typeof stream !== 'string' || !streamName.test(stream))
    throw invalid('stream', '1 to 64 characters of A-Z a-z 0-9 . _ -, not starting with a dot', stream);
  return stream;
}

function statusOf(recording: StreamRecording): StreamStatus {
  const { name, durable, error, lost } = recording;
  const { closed, open } = recording.segments;
  const firsts = (runs: readonly { first: number }[]) => runs.map(({ first }) => first);
  const raw = [...closed.values()].filter(({ rawBytes }) => rawBytes > 0);
  const recorded = [
    ...raw.flatMap(({ summary }) => firsts(summary.runs)),
    ...open.flatMap(({ index }) => firsts(index.runs)),
  ];
  const tiers = [...closed.values()].flatMap(({ summary }) => firsts(summary.runs));
  return {
    stream: name,
    bytes: bytesOf([recording]),
    oldest: earliest(recorded),
    oldestTier: earliest([...tiers, ...recorded]),
    durable,
    problem: error?.message,
    lost,
  };
}

function earliest(times: readonly number[]): number | undefined {
  const known = times.filter((time) => !Number.isNaN(time));
  return known.length > 0 ? known.reduce((first, time) => Math.min(first, time)) : undefined;
}
