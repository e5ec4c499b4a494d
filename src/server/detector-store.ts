import { mkdirSync, readFileSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import writeFileAtomic from 'write-file-atomic';
import type { State } from '../core/state.ts';
import { decodeState, encodeState } from '../core/state-file.ts';

/** What detectors have learned, in a directory, one file a stream: `<stream>~detector.state`, written atomically. */
export class DetectorStore {
  readonly #directory: string | undefined;
  readonly #tell: (line: string) => void;

  /** @param tell told of files that are left out */
  constructor(directory: string | undefined, tell: (line: string) => void) {
    this.#directory = directory;
    this.#tell = tell;
    if (directory !== undefined) mkdirSync(directory, { recursive: true });
  }

  /** What was learned of a stream of this shape; undefined: nothing, or of another shape. */
  get(stream: string, shape: string): State | undefined {
    if (this.#directory === undefined) return undefined;
    try {
      const { state, beside } = decodeState('detector', readFileSync(this.#path(this.#directory, stream)));
      return (beside as { shape?: unknown } | null)?.shape === shape ? state : undefined;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ENOENT')
        this.#tell(
          `left out what is known of stream ${stream}: ${error instanceof Error ? error.message : String(error)}`,
        );
      return undefined;
    }
  }

  async save(stream: string, shape: string, state: State): Promise<void> {
    if (this.#directory === undefined) return;
    await writeFileAtomic(this.#path(this.#directory, stream), Buffer.from(encodeState('detector', state, { shape })));
  }

  async forget(stream: string): Promise<void> {
    if (this.#directory !== undefined) await rm(this.#path(this.#directory, stream), { force: true });
  }

  #path(directory: string, stream: string): string {
    return join(directory, `${stream}~detector.state`);
  }
}
