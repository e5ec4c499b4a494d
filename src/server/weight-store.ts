import { mkdir, readdir, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import writeFileAtomic from 'write-file-atomic';
import { Network } from '../core/network/network.ts';
import { decodeSafetensors } from '../core/state/safetensors.ts';
import type { SavedWeights } from './feed-plan.ts';
import type { LearnedWeights } from './pipeline-runner.ts';
import { unusableDirectory } from './state-directory.ts';

/**
 * Saved weights of learners in a directory, one file per learner: `<stream>~<learner>.safetensors`, with the settings of the
 * learner in the metadata. Files are read once, on opening, and written atomically. A learner with the same settings that has
 * not been trained does not replace them. Beyond `maxLearners` learners, those saved longest ago are deleted.
 */
export class WeightStore {
  readonly #directory: string | undefined;
  readonly #maxLearners: number;
  /** Weights by file name, the one saved longest ago first. */
  readonly #weights = new Map<string, SavedWeights>();

  private constructor(directory: string | undefined, maxLearners: number) {
    this.#directory = directory;
    this.#maxLearners = maxLearners;
  }

  /**
   * Opens a store and reads its files; invalid files are skipped and logged. Without a directory, nothing is saved to
   * disk.
   */
  static async open(
    directory: string | undefined,
    maxLearners: number,
    log: (line: string) => void,
  ): Promise<WeightStore> {
    const store = new WeightStore(directory, maxLearners);
    if (directory === undefined) return store;
    for (const file of await filesOf(directory)) {
      if (!file.endsWith('.safetensors')) continue;
      try {
        const bytes = await readFile(join(directory, file));
        const { learner: key } = decodeSafetensors(bytes).metadata as { learner?: string };
        store.#weights.set(file, { weights: Network.load(bytes).weights(), ...(key !== undefined && { key }) });
      } catch (error) {
        log(`skipped ${file}: ${error instanceof Error ? error.message : String(error)}`);
      }
    }
    return store;
  }

  get(stream: string, learner: string): SavedWeights | undefined {
    return this.#weights.get(fileOf(stream, learner));
  }

  /** Whether weights of a learner of a stream are stored. */
  has(stream: string): boolean {
    for (const file of this.#weights.keys()) if (file.startsWith(`${stream}~`)) return true;
    return false;
  }

  /** Forgets the weights of a learner. */
  async remove(stream: string, learner: string): Promise<void> {
    const file = fileOf(stream, learner);
    this.#weights.delete(file);
    if (this.#directory !== undefined) await rm(join(this.#directory, file), { force: true });
  }

  /** Stores the weights of a stream's learners, and writes them to the directory if there is one. */
  async save(stream: string, learned: ReadonlyMap<string, LearnedWeights>): Promise<void> {
    const written = [...learned].filter(([learner, { key, untrained }]) => {
      const stored = this.get(stream, learner);
      return !untrained || stored === undefined || stored.key !== key;
    });
    for (const [learner, { weights, key }] of written) {
      const file = fileOf(stream, learner);
      this.#weights.delete(file);
      this.#weights.set(file, { weights, ...(key !== undefined && { key }) });
    }
    const evicted = [...this.#weights.keys()].slice(0, Math.max(0, this.#weights.size - this.#maxLearners));
    for (const file of evicted) this.#weights.delete(file);
    const directory = this.#directory;
    if (directory === undefined) return;
    for (const [learner, { spec, weights, key, score }] of written) {
      const metadata = { ...(key !== undefined && { learner: key }), ...(score !== undefined && { score }) };
      const bytes = Network.create(spec, { weights }).save({ metadata });
      await writeFileAtomic(join(directory, fileOf(stream, learner)), Buffer.from(bytes));
    }
    for (const file of evicted) await rm(join(directory, file), { force: true });
  }
}

/** Returns the names of the files in a directory, which is created if needed. */
async function filesOf(directory: string): Promise<string[]> {
  try {
    await mkdir(directory, { recursive: true });
    return await readdir(directory);
  } catch (error) {
    throw unusableDirectory(directory, error);
  }
}

/** A file name that is valid on every file system; stream names contain no `~`. */
function fileOf(stream: string, learner: string): string {
  return `${stream}~${learner.replace(/[^A-Za-z0-9._-]+/g, '-')}.safetensors`;
}
