import { mkdir, readdir, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import writeFileAtomic from 'write-file-atomic';
import { Network } from '../core/network/network.ts';
import type { Weights } from '../core/network/weights.ts';

/**
 * What learners have learned, in a directory, one safetensors file each: `<stream>~<learner>.safetensors`. Files are
 * read once, at the beginning, and written atomically. Of more learners than `most`, those saved longest ago are forgotten.
 */
export class WeightStore {
  readonly #directory: string | undefined;
  readonly #maxLearners: number;
  /** By file, the one saved longest ago first. */
  readonly #weights = new Map<string, Weights>();

  private constructor(directory: string | undefined, most: number) {
    this.#directory = directory;
    this.#maxLearners = most;
  }

  /** Reads what is there; a file that is broken is left out and logged. Without a directory nothing is kept on disk. */
  static async open(directory: string | undefined, most: number, log: (line: string) => void): Promise<WeightStore> {
    const store = new WeightStore(directory, most);
    if (directory === undefined) return store;
    for (const file of await filesOf(directory)) {
      if (!file.endsWith('.safetensors')) continue;
      try {
        const bytes = await readFile(join(directory, file));
        store.#weights.set(file, Network.load(bytes).weights());
      } catch (error) {
        log(`left out ${file}: ${error instanceof Error ? error.message : String(error)}`);
      }
    }
    return store;
  }

  get(stream: string, learner: string): Weights | undefined {
    return this.#weights.get(fileOf(stream, learner));
  }

  /** Remembers the networks of a stream's learners, and writes them where there is a directory. */
  async save(stream: string, networks: ReadonlyMap<string, Network>): Promise<void> {
    for (const [learner, network] of networks) {
      const file = fileOf(stream, learner);
      this.#weights.delete(file);
      this.#weights.set(file, network.weights());
    }
    const forgotten = [...this.#weights.keys()].slice(0, Math.max(0, this.#weights.size - this.#maxLearners));
    for (const file of forgotten) this.#weights.delete(file);
    const directory = this.#directory;
    if (directory === undefined) return;
    for (const [learner, network] of networks) {
      await writeFileAtomic(join(directory, fileOf(stream, learner)), Buffer.from(network.save()));
    }
    for (const file of forgotten) await rm(join(directory, file), { force: true });
  }
}

/** What is in the directory, which is made where it is not there. */
async function filesOf(directory: string): Promise<string[]> {
  try {
    await mkdir(directory, { recursive: true });
    return await readdir(directory);
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    throw new Error(`${directory} must be a directory to keep weights in: ${why}`, { cause: error });
  }
}

/** A name that is safe in every file system; `~` is in no stream's name. */
function fileOf(stream: string, learner: string): string {
  return `${stream}~${learner.replace(/[^A-Za-z0-9._-]+/g, '-')}.safetensors`;
}
