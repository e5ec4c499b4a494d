import { UsageError, usageOf } from './failure.ts';
import { closeSync, fstatSync, ftruncateSync, openSync, readSync, realpathSync, statSync, writeSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';

/** A text file, or standard output, that is written as it goes. */
export interface OutputFile {
  /** Writes whole, at once. */
  write(text: string): void;
  close(): void;
}

/** Opens `path` anew ('-': standard output). Throws a UsageError whose sentence begins with the path. */
export function outputFile(path: string): OutputFile {
  if (path === '-') return { write: (text) => void process.stdout.write(text), close: () => undefined };
  try {
    const file = openSync(path, 'w');
    return { write: (text) => void writeAll(file, text), close: () => closeSync(file) };
  } catch (error) {
    throw targetFault(path, error);
  }
}

/** Writes all of `text`, however many calls it takes. */
export function writeAll(file: number, text: string): void {
  const bytes = Buffer.from(text, 'utf8');
  for (let at = 0; at < bytes.length;) at += writeSync(file, bytes, at);
}

const lineEnd = 10;

/**
 * Opens a file to go on where it ends: a new one gets `header`; of one that is there the header must be the same, and a
 * last line that a kill cut short is cut off. Every `write` is handed to the system before it returns, so that a process
 * that is killed leaves every whole line. Throws a UsageError whose sentence begins with the path.
 */
export function appendFile(path: string, header: string): OutputFile {
  const file = opened(path);
  const size = fstatSync(file).size;
  const whole = size === 0 ? 0 : endOfLastLine(file, size);
  if (whole > 0 && firstBytes(file, Buffer.byteLength(header)) !== header) {
    closeSync(file);
    throw new UsageError(`${path} holds something else already; name a new file`);
  }
  if (whole < size) ftruncateSync(file, whole);
  if (whole === 0) writeAll(file, header);
  return { write: (text) => writeAll(file, text), close: () => closeSync(file) };
}

function opened(path: string): number {
  try {
    return openSync(path, 'a+');
  } catch (error) {
    throw targetFault(path, error);
  }
}

function firstBytes(file: number, count: number): string {
  const bytes = Buffer.alloc(count);
  return bytes.toString('utf8', 0, readSync(file, bytes, 0, count, 0));
}

/** How many bytes the whole lines take. */
function endOfLastLine(file: number, size: number): number {
  const piece = Buffer.alloc(65536);
  for (let end = size; end > 0;) {
    const from = Math.max(0, end - piece.length);
    const read = readSync(file, piece, 0, end - from, from);
    const last = piece.lastIndexOf(lineEnd, read - 1);
    if (last >= 0 && last < read) return from + last + 1;
    end = from;
  }
  return 0;
}

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
