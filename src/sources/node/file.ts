import { createReadStream } from 'node:fs';
import { stat } from 'node:fs/promises';
import { recordingReader } from '../../formats/read-recording.ts';
import type { ReadOptions, Recording } from '../../formats/recording.ts';

/** Options of `readRecordingFile`. */
export interface ReadFileOptions extends ReadOptions {
  /** Called at times with the number of bytes read and the size of the file. */
  readonly onProgress?: (bytes: number, of: number) => void;
}

/**
 * Reads a recording in pieces, so that the file is never entirely in memory; the format is detected from the content.
 * Rejects with an Error whose message starts with the path: the file does not exist, is a directory, is empty, or is
 * invalid.
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
  if (about.isDirectory()) throw new Error('this is a directory, not a file');
  if (about.isFile() && about.size === 0) throw new Error('the file is empty');
  return about;
}

function sentenceOf(error: unknown): string {
  const { code, message } = error as NodeJS.ErrnoException;
  return code === 'ENOENT' ? 'file not found' : code === 'EACCES' ? 'no permission to read this file' : message;
}
