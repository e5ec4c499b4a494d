import { mkdir, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { storageReason } from '../store/storage-reason.ts';

/** Directories locked by servers of this process. */
const locked = new Set<string>();

/** A directory that one server uses exclusively until it is released. */
export interface LockedDirectory {
  release(): Promise<void>;
}

/**
 * Temporary files of `write-file-atomic`: one of the names that the server writes, and a number of 32 bits. A process that is
 * killed while it writes leaves them.
 */
const temporary =
  /^(?:[A-Za-z0-9._-]+~(?:pipeline\.state|[A-Za-z0-9._-]+\.safetensors)|learners\.json|alarms\.json(?:\.broken)?)\.(\d{1,10})$/;

/** Returns an error with a plain reason why a state directory cannot be used. */
export function unusableDirectory(directory: string, error: unknown): Error {
  return new Error(`statePath must be a writable directory, got ${directory}: ${storageReason(error)}`, {
    cause: error,
  });
}

/**
 * Creates the directory if needed and locks it with a file `lock` that contains the id of this process, so that two
 * servers do not overwrite each other's files. A lock left by a killed process is replaced, and its temporary files are
 * deleted. Rejects if the directory cannot be used.
 */
export async function lockDirectory(directory: string): Promise<LockedDirectory> {
  const path = resolve(directory);
  const lock = join(path, 'lock');
  try {
    await make(path);
    const owner = await ownerOf(lock);
    const taken = owner === process.pid ? locked.has(path) : owner !== undefined && isAlive(owner);
    if (taken) throw new Error(`another server uses it (process ${owner}); choose another directory`);
    await writeFile(lock, `${process.pid}\n`);
    locked.add(path);
    await deleteTemporaryFiles(path);
  } catch (error) {
    throw unusableDirectory(directory, error);
  }
  return {
    async release() {
      locked.delete(path);
      await rm(lock, { force: true });
    },
  };
}

async function deleteTemporaryFiles(directory: string): Promise<void> {
  for (const file of await readdir(directory)) {
    const number = temporary.exec(file)?.[1];
    if (number !== undefined && String(Number(number)) === number && Number(number) < 2 ** 32)
      await rm(join(directory, file));
  }
}

/**
 * Creates a directory level by level: in file systems without directories, such as /proc, a recursive mkdir never
 * returns.
 */
async function make(path: string): Promise<void> {
  const error = await mkdir(path).then(
    () => undefined,
    (reason: NodeJS.ErrnoException) => reason,
  );
  if (!error || (await isDirectory(path))) return;
  if (error.code !== 'ENOENT' || dirname(path) === path) throw error;
  await make(dirname(path));
  await mkdir(path);
}

async function isDirectory(path: string): Promise<boolean> {
  return stat(path).then(
    (found) => found.isDirectory(),
    () => false,
  );
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
