import { mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';

/** Directories locked by servers of this process. */
const locked = new Set<string>();

/** A directory that one server uses exclusively until it is released. */
export interface LockedDirectory {
  release(): Promise<void>;
}

/**
 * Creates the directory if needed and locks it with a file `lock` that contains the id of this process, so that two
 * servers do not overwrite each other's files. A lock left by a killed process is replaced. Rejects if the directory
 * cannot be used.
 */
export async function lockDirectory(directory: string): Promise<LockedDirectory> {
  const path = resolve(directory);
  const lock = join(path, 'lock');
  const unusable = (reason: string) => new Error(`statePath must be a usable directory, got ${directory}: ${reason}`);
  try {
    await make(path);
    const owner = await ownerOf(lock);
    const taken = owner === process.pid ? locked.has(path) : owner !== undefined && isAlive(owner);
    if (taken) throw new Error(`another server uses it (process ${owner}); choose another directory`);
    locked.add(path);
    await writeFile(lock, `${process.pid}\n`);
  } catch (error) {
    throw unusable(error instanceof Error ? error.message : String(error));
  }
  return {
    async release() {
      locked.delete(path);
      await rm(lock, { force: true });
    },
  };
}

/**
 * Creates a directory level by level: in file systems without directories, such as /proc, a recursive mkdir never
 * returns.
 */
async function make(path: string): Promise<void> {
  const code = await mkdir(path).then(
    () => '',
    (error: NodeJS.ErrnoException) => error.code,
  );
  if (code !== 'ENOENT' || dirname(path) === path) return;
  await make(dirname(path));
  await mkdir(path);
}

async function ownerOf(lock: string): Promise<number | undefined> {
  const text = await readFile(lock, 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return '';
    throw error;
  });
  const pid = Number(text);
  return Number.isInteger(pid) && pid > 0 ? pid : undefined;
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}
