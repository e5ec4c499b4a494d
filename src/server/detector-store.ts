import { readFileSync } from 'node:fs';
import { mkdir, readdir, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import writeFileAtomic from 'write-file-atomic';
import type { State } from '../core/state/state.ts';
import { decodeState, encodeState } from '../core/state/state-file.ts';

const ending = '~detector.state';

/**
 * What detectors have learned, in a directory, one file a stream: `<stream>~detector.state`, written atomically. Of more
 * streams than `most`, those saved longest ago are forgotten.
 */
export class DetectorStore {
  readonly #directory: string | undefined;
  readonly #maxStreams: number;
  readonly #log: (line: string) => void;
  /** Streams that have a file, the one saved longest ago first. */
  readonly #streams = new Set<string>();

  private constructor(directory: string | undefined, most: number, tell: (line: string) => void) {
    this.#directory = directory;
    this.#maxStreams = most;
    this.#log = tell;
  }

  /**
   * Looks what is there. Without a directory nothing is kept.
   * @param tell told of files that are left out
   */
  static async open(directory: string | undefined, most: number, tell: (line: string) => void): Promise<DetectorStore> {
    const store = new DetectorStore(directory, most, tell);
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

  /** What was learned of a stream of this shape; undefined: nothing, or of another shape. */
  get(stream: string, shape: string): State | undefined {
    if (this.#directory === undefined || !this.#streams.has(stream)) return undefined;
    try {
      const { state, beside } = decodeState('detector', readFileSync(pathOf(this.#directory, stream)));
      return (beside as { shape?: unknown } | null)?.shape === shape ? state : undefined;
    } catch (error) {
      this.#log(
        `left out what is known of stream ${stream}: ${error instanceof Error ? error.message : String(error)}`,
      );
      return undefined;
    }
  }

  async save(stream: string, shape: string, state: State): Promise<void> {
    if (this.#directory === undefined) return;
    await writeFileAtomic(pathOf(this.#directory, stream), Buffer.from(encodeState('detector', state, { shape })));
    this.#streams.delete(stream);
    this.#streams.add(stream);
    await this.#evict(this.#directory);
  }

  async #evict(directory: string): Promise<void> {
    const forgotten = [...this.#streams].slice(0, Math.max(0, this.#streams.size - this.#maxStreams));
    for (const stream of forgotten) this.#streams.delete(stream);
    for (const stream of forgotten) await rm(pathOf(directory, stream), { force: true });
  }
}

function pathOf(directory: string, stream: string): string {
  return join(directory, `${stream}${ending}`);
}
