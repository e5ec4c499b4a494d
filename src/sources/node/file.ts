import { createReadStream } from 'node:fs';
import { stat } from 'node:fs/promises';
import { recordingReader } from '../../formats/read-recording.ts';
import type { ReadOptions, Recording } from '../../formats/recording.ts';

export interface ReadFileOptions extends ReadOptions {
  /** Told now and then how many of the file's bytes were read. */
  readonly onProgress?: (bytes: number, of: number) => void;
}

/**
 * Reads a recording, its format found by content, in pieces, so that the file is never whole in memory.
 * Rejects with an Error whose sentence begins with the path: no such file, a directory, empty, binary, or what is wrong
 * in it.
 */
export async function readRecordingFile(path: string, options: ReadFileOptions = {}): Promise<Recording> {
  try {
    const { size } = await sizeOf(path);
    const reader = recordingReader(options);
    let bytes = 0;
    for await (const piece of createReadStream(path, { highWaterMark: 1 << 18 }) as AsyncIterable<Uint8Array>) {
      reader.push(piece);
      bytes += piece.length;
      options.onProgress?.(bytes, size);
    }
    return reader.end();
  } catch (error) {
    throw new Error(`${path}: ${sentenceOf(error)}`, { cause: error });
  }
}

async function sizeOf(path: string): Promise<{ size: number }> {
  const about = await stat(path);
  if (about.isDirectory()) throw new Error('is a directory, not a recording');
  if (about.isFile() && about.size === 0) throw new Error('is empty');
  return about;
}

function sentenceOf(error: unknown): string {
  const { code, message } = error as NodeJS.ErrnoException;
  return code === 'ENOENT' ? 'there is no such file' : code === 'EACCES' ? 'this file may not be read' : message;
}
