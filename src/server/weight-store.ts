import { mkdir, readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import writeFileAtomic from 'write-file-atomic';
import { Network } from '../core/network.ts';
import type { Weights } from '../core/weights.ts';

/**
 * What learners have learned, in a directory, one safetensors file each: `<stream>~<learner>.safetensors`. Files are
 * read once, at the beginning, and written atomically.
 */
export class WeightStore {
  readonly #directory: string | undefined;
  readonly #weights = new Map<string, Weights>();

  private constructor(directory: string | undefined) {
    this.#directory = directory;
  }

  /** Reads what is there; a file that is broken is left out and logged. Without a directory nothing is kept on disk. */
  static async open(directory: string | undefined, log: (line: string) => void): Promise<WeightStore> {
    const store = new WeightStore(directory);
    if (directory === undefined) return store;
    await mkdir(directory, { recursive: true });
    for (const file of await readdir(directory)) {
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
    for (const [learner, network] of networks) this.#weights.set(fileOf(stream, learner), network.weights());
    const directory = this.#directory;
    if (directory === undefined) return;
    for (const [learner, network] of networks) {
      await writeFileAtomic(join(directory, fileOf(stream, learner)), Buffer.from(network.save()));
    }
  }
}

/** A name that is safe in every file system; `~` is in no stream's name. */
function fileOf(stream: string, learner: string): string {
  return `${stream}~${learner.replace(/[^A-Za-z0-9._-]+/g, '-')}.safetensors`;
}
