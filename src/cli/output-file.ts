import { closeSync, openSync, writeSync } from 'node:fs';
import { targetFault } from './target-file.ts';

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
