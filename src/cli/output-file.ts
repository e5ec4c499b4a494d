import {
  closeSync,
  fstatSync,
  ftruncateSync,
  openSync,
  readSync,
  realpathSync,
  statSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { UsageError, usageOf } from './failure.ts';

/** A text file, or standard output, that is written piece by piece. */
export interface OutputFile {
  /** Writes all of `text` before it returns. */
  write(text: string): void;
  close(): void;
}

/** Creates or overwrites the file at `path`; '-' is standard output. Throws a UsageError that starts with the path. */
export function outputFile(path: string): OutputFile {
  if (path === '-') return { write: (text) => void process.stdout.write(text), close: () => undefined };
  const file = opened(path, 'w');
  return { write: (text) => void writeAll(file, text), close: () => closeSync(file) };
}

/** Writes a whole file. Throws a UsageError that starts with the path. */
export function writeOutput(path: string, text: string): void {
  try {
    writeFileSync(path, text);
  } catch (error) {
    throw outputError(path, error);
  }
}

/**
 * Opens a file to append to it. A new file gets `header`; an existing file must start with it, and an incomplete last line
 * (of a process that was killed) is removed. Every `write` reaches the operating system before it returns, so a process that
 * is killed leaves every complete line. Throws a UsageError that starts with the path.
 */
export function appendFile(path: string, header: string): OutputFile {
  const file = opened(path, 'a+');
  const size = fstatSync(file).size;
  const complete = size === 0 ? 0 : endOfLastLine(file, size);
  if (complete > 0 && firstBytes(file, Buffer.byteLength(header)) !== header) {
    closeSync(file);
    throw new UsageError(
      `${path}: the file exists, but its channels, units, or sampling rate differ, or an earlier version wrote it. Choose another file.`,
    );
  }
  if (complete < size) ftruncateSync(file, complete);
  if (complete === 0) writeAll(file, header);
  return { write: (text) => writeAll(file, text), close: () => closeSync(file) };
}

const reasons: Record<string, string> = {
  EISDIR: 'this is a directory, not a file',
  ENOENT: 'the directory does not exist',
  ENOTDIR: 'the directory does not exist',
  EACCES: 'no permission to write this file',
  EPERM: 'no permission to write this file',
  EROFS: 'no permission to write this file',
};

/** An error while writing `path` as a UsageError that starts with the path. */
export function outputError(path: string, error: unknown): UsageError {
  const { code = '' } = error as NodeJS.ErrnoException;
  const reason = reasons[code];
  return reason ? new UsageError(`${path}: ${reason}`, { cause: error }) : usageOf(error, path);
}

/**
 * Checks output paths before any work is done. Throws a UsageError for a path that cannot be written, that is one of
 * `inputs`, or that is given twice. Undefined paths are ignored.
 */
export function checkOutputs(paths: readonly (string | undefined)[], inputs: readonly string[] = []): void {
  const used = new Map(inputs.map((input) => [realPath(input), 'this file is the input']));
  for (const path of paths.filter((each) => each !== undefined)) {
    if (path === '-') throw new UsageError("'-': this output cannot be written to standard output. Choose a file.");
    const code = !isDirectory(dirname(path)) ? 'ENOENT' : isDirectory(path) ? 'EISDIR' : undefined;
    if (code) throw outputError(path, { code });
    const use = used.get(realPath(path));
    if (use !== undefined) throw new UsageError(`${path}: ${use}. Choose another output file.`);
    used.set(realPath(path), 'this file is already used for another output');
  }
}

function opened(path: string, flags: 'w' | 'a+'): number {
  try {
    return openSync(path, flags);
  } catch (error) {
    throw outputError(path, error);
  }
}

/** Writes all of `text`; one call of writeSync may write only a part. */
function writeAll(file: number, text: string): void {
  const bytes = Buffer.from(text, 'utf8');
  for (let at = 0; at < bytes.length;) at += writeSync(file, bytes, at);
}

function firstBytes(file: number, count: number): string {
  const bytes = Buffer.alloc(count);
  return bytes.toString('utf8', 0, readSync(file, bytes, 0, count, 0));
}

const lineFeed = 10;

/** The number of bytes in complete lines. */
function endOfLastLine(file: number, size: number): number {
  const piece = Buffer.alloc(65536);
  for (let end = size; end > 0;) {
    const from = Math.max(0, end - piece.length);
    const read = readSync(file, piece, 0, end - from, from);
    const last = piece.lastIndexOf(lineFeed, read - 1);
    if (last >= 0 && last < read) return from + last + 1;
    end = from;
  }
  return 0;
}

function isDirectory(path: string): boolean {
  try {
    return statSync(path).isDirectory();
  } catch {
    return false;
  }
}

/** The canonical path of a file, whether it exists or not. */
export function realPath(path: string): string {
  try {
    return realpathSync(path);
  } catch {
    const folder = dirname(path);
    return folder === path ? path : join(realPath(folder), basename(path));
  }
}
