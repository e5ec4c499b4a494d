import { mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';

/** Directories that servers of this process hold. */
const locked = new Set<string>();

/** A directory that belongs to one server until it is released. */
export interface LockedDirectory {
  release(): Promise<void>;
}

/**
 * Makes the directory where it is not there, and holds it by a file `lock` with the number of this process: two servers
 * would write over one another. A lock that a process left which was killed is taken over. Rejects with a sentence.
 */
export async function lockDirectory(directory: string): Promise<LockedDirectory> {
  const path = resolve(directory);
  const lock = join(path, 'lock');
  const refused = (why: string) => new Error(`${directory} must be a directory to keep state in: ${why}`);
  try {
    await make(path);
    const owner = await ownerOf(lock);
    const taken = owner === process.pid ? locked.has(path) : owner !== undefined && isAlive(owner);
    if (taken) throw new Error(`it is in use by another server (process ${owner}); choose another with --state`);
    locked.add(path);
    await writeFile(lock, `${process.pid}\n`);
  } catch (error) {
    throw refused(error instanceof Error ? error.message : String(error));
  }
  return {
    async release() {
      locked.delete(path);
      await rm(lock, { force: true });
    },
  };
}

/** Level by level: where a file system takes no directories, as in /proc, mkdir's `recursive` never comes back. */
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
