import { realpathSync, statSync } from 'node:fs';
import { dirname } from 'node:path';
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

/** Refuses a path that nothing can be written to, before there is anything to write. */
export function checkTarget(path: string): void {
  const code = !isDirectory(dirname(path)) ? 'ENOENT' : isDirectory(path) ? 'EISDIR' : undefined;
  if (code) throw targetFault(path, { code });
}

/** Refuses a path that is one of `inputs`, which would be lost. */
export function checkOtherThan(path: string, inputs: readonly string[]): void {
  const real = realPath(path);
  if (real !== undefined && inputs.some((input) => realPath(input) === real))
    throw new UsageError(`${path}: is read from here; name another file to write`);
}

function isDirectory(path: string): boolean {
  try {
    return statSync(path).isDirectory();
  } catch {
    return false;
  }
}

function realPath(path: string): string | undefined {
  try {
    return realpathSync(path);
  } catch {
    return undefined;
  }
}
