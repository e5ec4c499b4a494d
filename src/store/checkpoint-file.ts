import { mkdir, open, readdir, readFile, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { integer } from '../core/check.ts';
import {
  checkFileHeader,
  encodeFileHeader,
  fileHeaderBytes,
  isHeader,
  isIntact,
  padded,
  recordHeaderBytes,
  recordTypes,
  sealRecord,
} from './segment-format.ts';
import { syncDirectory } from './stream-files.ts';

/** A saved state and the frame before which it was saved. */
export interface Checkpoint {
  readonly run: number;
  /** Index of the next frame. */
  readonly index: number;
  readonly state: Uint8Array;
}

/** Number of checkpoints that are kept. */
const keptCheckpoints = 2;

/**
 * Checkpoints of one stream in a directory: `<run>-<index>.state`. Each is written to a temporary file, forced onto the
 * disk, and renamed, so that a kill or a power loss leaves the ones before it.
 */
export class CheckpointFiles {
  readonly #directory: string;
  readonly #report: (line: string) => void;

  /** @param report called with a line for each file that cannot be read */
  constructor(directory: string, report: (line: string) => void) {
    this.#directory = directory;
    this.#report = report;
  }

  /** Saves a state. Resolves when it survives a power loss. Older checkpoints than the last two are deleted. */
  async save({ run, index, state }: Checkpoint): Promise<void> {
    const name = `${integer('run', run, 0)}-${integer('index', index, 0)}.state`;
    const path = join(this.#directory, name);
    await mkdir(this.#directory, { recursive: true });
    const file = await open(`${path}.tmp`, 'w');
    try {
      await file.writeFile(encodeFileHeader('checkpoint', Date.now()));
      await file.writeFile(encodeRecord(state));
      await file.sync();
    } finally {
      await file.close();
    }
    await rename(`${path}.tmp`, path);
    await syncDirectory(this.#directory);
    await this.#prune();
  }

  /** Returns the newest checkpoint that is complete and undamaged, if any. */
  async newest(): Promise<Checkpoint | undefined> {
    for (const { name, run, index } of await this.#list()) {
      try {
        return { run, index, state: decodeCheckpoint(await readFile(join(this.#directory, name))) };
      } catch (error) {
        this.#report(`${join(this.#directory, name)}: skipped the checkpoint: ${(error as Error).message}`);
      }
    }
    return undefined;
  }

  /** Deletes all checkpoints, for example because the settings of the stream have changed. */
  async clear(): Promise<void> {
    for (const { name } of await this.#list()) await rm(join(this.#directory, name), { force: true });
  }

  /** Checkpoints, the newest first. */
  async #list(): Promise<{ name: string; run: number; index: number }[]> {
    return (await this.#names())
      .flatMap((name) => {
        const match = /^(\d+)-(\d+)\.state$/.exec(name);
        return match ? [{ name, run: Number(match[1]), index: Number(match[2]) }] : [];
      })
      .sort((a, b) => b.run - a.run || b.index - a.index);
  }

  async #names(): Promise<string[]> {
    return readdir(this.#directory).catch((error: NodeJS.ErrnoException) => {
      if (error.code === 'ENOENT') return [];
      throw error;
    });
  }

  /** Deletes old checkpoints, and what a kill has left of earlier ones. */
  async #prune(): Promise<void> {
    const old = (await this.#list()).slice(keptCheckpoints).map(({ name }) => name);
    const torn = (await this.#names()).filter((name) => name.endsWith('.state.tmp'));
    for (const name of [...old, ...torn]) await rm(join(this.#directory, name), { force: true });
  }
}

function encodeRecord(state: Uint8Array): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(recordHeaderBytes + padded(state.length));
  bytes.set(state, recordHeaderBytes);
  sealRecord(new Uint32Array(bytes.buffer), 0, recordTypes.state, state.length, fileHeaderBytes);
  return bytes;
}

/** Returns the state in a file. Throws if it is incomplete or damaged. */
function decodeCheckpoint(file: Uint8Array): Uint8Array {
  checkFileHeader(file, 'checkpoint');
  const bytes = new Uint8Array(file.subarray(fileHeaderBytes)); // a copy, which is aligned
  const words = new Uint32Array(bytes.buffer, 0, bytes.length >> 2);
  const isComplete =
    words.length >= recordHeaderBytes / 4 &&
    isHeader(words, 0, fileHeaderBytes) &&
    recordHeaderBytes + padded(words[0]) === bytes.length;
  if (!isComplete || !isIntact(words, 0)) throw new TypeError('the file is incomplete or damaged');
  return bytes.slice(recordHeaderBytes, recordHeaderBytes + words[0]);
}
