import { closeSync, openSync, rmSync, writeSync } from 'node:fs';
import { outputError } from '../output-file.ts';

/** A binary file that is written piece by piece. */
export interface BinaryFile {
  /** Writes all bytes before it returns. */
  write(bytes: Uint8Array): void;
  close(): void;
  /** Closes and deletes the file. */
  discard(): void;
}

/** Creates or overwrites the file at `path`. Throws a UsageError that starts with the path. */
export function binaryFile(path: string): BinaryFile {
  let file: number;
  try {
    file = openSync(path, 'w');
  } catch (error) {
    throw outputError(path, error);
  }
  return {
    write(bytes) {
      try {
        for (let at = 0; at < bytes.length;) at += writeSync(file, bytes, at);
      } catch (error) {
        throw outputError(path, error);
      }
    },
    close: () => closeSync(file),
    discard() {
      closeSync(file);
      rmSync(path, { force: true });
    },
  };
}
