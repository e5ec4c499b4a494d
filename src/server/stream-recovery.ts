import type { Feed, Opening } from './feed.ts';
import { isTooEarly } from './feed-targets.ts';
import type { PipelineStore, SavedRun } from './pipeline-store.ts';
import { readFrames, readRecording, recordedEnd, type RecordedStream } from './recorded-stream.ts';
import type { Recordings } from './recordings.ts';
import type { WeightStore } from './weight-store.ts';
import { withResolvers } from './with-resolvers.ts';
import type { Task } from './work-scheduler.ts';
import type { Position } from '../store/recorded-event.ts';

/** The operations on the streams of a server that recovery uses. */
export interface RecoveredStreams {
  has(name: string): boolean;
  /** Returns false if there is no room for another stream. */
  makeRoom(): boolean;
  /** Creates a stream whose frames are neither recorded nor raise alarms, until it is admitted. */
  prepare(name: string, opening: Opening): Feed;
  /** Opens a prepared stream after it has processed its recorded frames. */
  admit(feed: Feed): void;
  /** Removes a prepared stream, if there is one of this name. */
  discard(name: string): void;
}

/** Options of a `StreamRecovery`. */
export interface StreamRecoveryOptions {
  store: WeightStore;
  pipelines: PipelineStore;
  recordings: Recordings;
  log: (line: string) => void;
}

/**
 * Continues recorded streams as if the server had not been stopped: starts with the saved pipeline, and processes the frames
 * and messages again that were recorded since then.
 */
export class StreamRecovery {
  readonly #streams: RecoveredStreams;
  readonly #options: StreamRecoveryOptions;
  /** Streams that are being recovered. */
  readonly #recovering = new Map<string, Promise<void>>();
  /** Streams whose recorded run could not be continued. */
  readonly #failed = new Set<string>();

  constructor(streams: RecoveredStreams, options: StreamRecoveryOptions) {
    this.#streams = streams;
    this.#options = options;
  }

  /** Whether the recorded run of a stream could not be continued. */
  hasFailed(name: string): boolean {
    return this.#failed.has(name);
  }

  /** Resolves when a stream is no longer being recovered. */
  async settled(name: string): Promise<void> {
    await this.#recovering.get(name);
  }

  /**
   * Continues a recorded stream that has not been opened since the server was started. Returns false if there is no room for
   * another stream.
   */
  *recover(name: string): Task<boolean> {
    const { recorder } = this.#options.recordings;
    const recovering = this.#recovering.get(name);
    if (recovering) yield recovering;
    if (!recorder.run(name) || this.#streams.has(name) || this.#failed.has(name)) return true;
    if (!this.#streams.makeRoom()) return false;
    const { promise, resolve } = withResolvers();
    this.#recovering.set(name, promise);
    try {
      yield* this.#readAndReplay(name);
    } catch (error) {
      this.#giveUp(name, error instanceof Error ? error.message : String(error));
    } finally {
      this.#recovering.delete(name);
      resolve();
    }
    return true;
  }

  *#readAndReplay(name: string): Task {
    const { pipelines, recordings } = this.#options;
    const saved = pipelines.get(name);
    const { recorder } = recordings;
    const end = recorder.position(name);
    if (saved?.position && end && isAfter(saved.position, end))
      throw new Error('its recording ends before the frame at which its state was saved');
    const recording = yield* readRecording(recorder, name, saved);
    try {
      yield* this.#replay(name, recording, saved);
    } finally {
      recording.close();
    }
  }

  *#replay(name: string, recording: RecordedStream, saved: SavedRun | undefined): Task {
    if (!recording.opening) return;
    if (recording.problem !== undefined || (!saved?.position && this.#options.store.has(name)))
      throw new Error(recording.problem ?? 'no state was saved since its learners were started');
    const feed = this.#streams.prepare(name, recording.opening);
    const { pipeline } = feed;
    const isChanged = recording.settings !== undefined && recording.settings !== pipeline.settings;
    if (isChanged || (saved && (feed.run !== saved.run || feed.next !== saved.next)))
      throw new Error('its settings have changed');
    const from = feed.next;
    pipeline.isReplaying = true;
    for (let event = yield* recording.next(); event; event = yield* recording.next()) yield* feed.replay(event);
    // a worker thread has processed all frames when it answers
    yield pipeline.learned().then(() => {});
    pipeline.isReplaying = false;
    this.#options.recordings.continue(feed);
    yield* this.#teachRest(feed);
    feed.recovered = true;
    feed.isJustRecovered = true;
    this.#options.log(`stream ${name}: continued run ${feed.run}; processed ${feed.next - from} recorded frames again`);
    this.#streams.admit(feed);
  }

  /** Passes on recorded frames of target streams that the killed server had not passed on, or not recorded as targets. */
  *#teachRest(feed: Feed): Task {
    const { recordings } = this.#options;
    const { recorder } = recordings;
    const { taught } = feed.pipeline;
    const ends = new Map<string, number>();
    for (;;) {
      // frames of any of them can be recorded while others are read
      const rest = [...taught].find(
        ([stream, { run, next }]) => recordedEnd(recorder, stream, run) > (ends.get(stream) ?? next),
      );
      if (!rest) return;
      const [stream, { run, next }] = rest;
      ends.set(stream, recordedEnd(recorder, stream, run));
      yield* readFrames(recorder, stream, next, (block) => {
        if (isTooEarly(block, feed.next)) return false;
        feed.pipeline.teach(stream, run, block);
        recordings.recordTargets(feed, stream, run, block);
        return true;
      });
    }
  }

  #giveUp(name: string, reason: string): void {
    this.#streams.discard(name);
    this.#failed.add(name);
    this.#options.log(`stream ${name}: could not continue its recorded run exactly: ${reason}`);
  }
}

function isAfter(position: Position, other: Position): boolean {
  return position.segment > other.segment || (position.segment === other.segment && position.offset > other.offset);
}
