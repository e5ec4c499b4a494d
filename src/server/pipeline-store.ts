import { existsSync, readFileSync } from 'node:fs';
import { mkdir, readdir, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import writeFileAtomic from 'write-file-atomic';
import type { Position } from '../store/recorded-event.ts';
import type { Taught } from './feed-output.ts';
import { earlierDetector } from './earlier-detector.ts';
import { bytesIn } from '../core/state/state.ts';
import { decodeState, encodeState } from '../core/state/state-file.ts';

const ending = '~pipeline.state';
/** Files of version 0.1. They are deleted when the pipeline of their stream is saved. */
const detectorEnding = '~detector.state';

/** The pipeline of a stream, and the run that it belongs to. */
export interface SavedRun {
  /** Number of the run. */
  readonly run: number;
  /** Index of the next frame. */
  readonly next: number;
  /** Settings from which the pipeline was planned (`planKey`). It can continue only a run with the same key. */
  readonly key: string;
  /** Position in the recording of the stream after the last message that the pipeline has processed, if it is recorded. */
  readonly position?: Position | undefined;
  /** How far the frames of target streams were passed to the pipeline, by the name of the target stream. */
  readonly taught?: Readonly<Record<string, Taught>>;
  /** The saved pipeline. */
  readonly pipeline: Uint8Array;
}

/**
 * Saved pipelines in a directory, one file per stream: `<stream>~pipeline.state`, written atomically. If there are more
 * than `maxStreams` files, the least recently saved ones are deleted.
 */
export class PipelineStore {
  readonly #directory: string | undefined;
  readonly #maxStreams: number;
  readonly #log: (line: string) => void;
  /** Streams with a file, the least recently saved one first. */
  readonly #streams = new Set<string>();

  /** Pipelines that are not written yet. */
  readonly #held = new Map<string, SavedRun>();

  private constructor(directory: string | undefined, maxStreams: number, log: (line: string) => void) {
    this.#directory = directory;
    this.#maxStreams = maxStreams;
    this.#log = log;
  }

  /**
   * Opens a store. Without a directory, nothing is saved.
   * @param log called with a line for each file that cannot be read
   */
  static async open(
    directory: string | undefined,
    maxStreams: number,
    log: (line: string) => void,
  ): Promise<PipelineStore> {
    const store = new PipelineStore(directory, maxStreams, log);
    if (directory === undefined) return store;
    await mkdir(directory, { recursive: true });
    const files = (await readdir(directory)).filter((file) => file.endsWith(ending));
    const saved = await Promise.all(
      files.map(async (file) => ({ file, time: (await stat(join(directory, file))).mtimeMs })),
    );
    for (const { file } of saved.sort((a, b) => a.time - b.time)) store.#streams.add(file.slice(0, -ending.length));
    await store.#evict(directory);
    return store;
  }

  /** Whether a pipeline of a stream is saved. */
  has(stream: string): boolean {
    return this.#streams.has(stream) || this.#held.has(stream);
  }

  /** Returns the saved pipeline of a stream, if any. A file that cannot be read is logged. */
  get(stream: string): SavedRun | undefined {
    if (this.#directory === undefined) return undefined;
    const held = this.#held.get(stream);
    if (held) return held;
    try {
      if (!this.#streams.has(stream)) return readDetector(join(this.#directory, `${stream}${detectorEnding}`));
      const { state, extra } = decodeState('feed', readFileSync(pathOf(this.#directory, stream)));
      return { ...(extra as Omit<SavedRun, 'pipeline'>), pipeline: bytesIn(state, 'pipeline') };
    } catch (error) {
      this.#log(
        `skipped the saved pipeline of stream ${stream}: ${error instanceof Error ? error.message : String(error)}`,
      );
      return undefined;
    }
  }

  /** Keeps the pipeline of a stream in memory until it is saved. */
  hold(stream: string, run: SavedRun): void {
    if (this.#directory !== undefined) this.#held.set(stream, run);
  }

  async save(stream: string, saved: SavedRun): Promise<void> {
    if (this.#directory === undefined) return;
    const { pipeline, ...run } = saved;
    await writeFileAtomic(pathOf(this.#directory, stream), Buffer.from(encodeState('feed', { pipeline }, run)));
    await rm(join(this.#directory, `${stream}${detectorEnding}`), { force: true });
    if (this.#held.get(stream) === saved) this.#held.delete(stream);
    this.#streams.delete(stream);
    this.#streams.add(stream);
    await this.#evict(this.#directory);
  }

  async #evict(directory: string): Promise<void> {
    const evicted = [...this.#streams].slice(0, Math.max(0, this.#streams.size - this.#maxStreams));
    for (const stream of evicted) this.#streams.delete(stream);
    for (const stream of evicted) await rm(pathOf(directory, stream), { force: true });
  }
}

function pathOf(directory: string, stream: string): string {
  return join(directory, `${stream}${ending}`);
}

/** Reads the learned state of a detector from a file of version 0.1, if there is one. It cannot continue a run. */
function readDetector(path: string): SavedRun | undefined {
  if (!existsSync(path)) return undefined;
  return { run: -1, next: 0, key: '', pipeline: earlierDetector(readFileSync(path)) };
}
