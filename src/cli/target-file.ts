import { realpathSync, statSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { UsageError, usageOf } from './usage-error.ts';

const sentences: Record<string, string> = {
  EISDIR: 'is a directory, not a file to write',
  ENOENT: 'its directory is not there',
  ENOTDIR: 'its directory is not there',
  EACCES: 'this file may not be written',
  EPERM: 'this file may not be written',
  EROFS: 'this file may not be written',
};

/** Why `path` cannot be written, as a fault of the input whose sentence begins with the path. */
export function targetFault(path: string, error: unknown): UsageError {
  const { code = '' } = error as NodeJS.ErrnoException;
  const sentence = sentences[code];
  return sentence ? new UsageError(`${path}: ${sentence}`, { cause: error }) : usageOf(error, path);
}

/**
 * Refuses, before there is anything to write, files that nothing can be written to, that are one of `inputs`, or that
 * would be written twice. A path that is undefined is not written.
 */
export function checkTargets(paths: readonly (string | undefined)[], inputs: readonly string[] = []): void {
  const used = new Map(inputs.map((input) => [realPath(input), 'is read from here']));
  for (const path of paths.filter((each) => each !== undefined)) {
    if (path === '-') throw new UsageError('-: is standard output, where this is not written; name a file');
    const code = !isDirectory(dirname(path)) ? 'ENOENT' : isDirectory(path) ? 'EISDIR' : undefined;
    if (code) throw targetFault(path, { code });
    const use = used.get(realPath(path));
    if (use !== undefined) throw new UsageError(`${path}: ${use}; name another file to write`);
    used.set(realPath(path), 'is written already');
  }
}

function isDirectory(path: string): boolean {
  try {
    return statSync(path).isDirectory();
  } catch {
    return false;
  }
}

/** The one path of a file, also of one that is not there yet. */
function realPath(path: string): string {
  try {
    return realpathSync(path);
  } catch {
    const folder = dirname(path);
    return folder === path ? path : join(realPath(folder), basename(path));
  }
}
