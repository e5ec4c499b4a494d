import { createReadStream } from 'node:fs';
import { readdir, stat } from 'node:fs/promises';
import { basename, dirname, extname, join } from 'node:path';
import { recordingReader } from '../../formats/read-recording.ts';
import type { CompanionFile, ReadOptions, Recording } from '../../formats/recording.ts';

/** Options of `readRecordingFile`. */
export interface ReadFileOptions extends ReadOptions {
  /** Called at times with the number of bytes read and the size of the file. */
  readonly onProgress?: (bytes: number, of: number) => void;
}

/**
 * Reads a recording in pieces, so that the file is never entirely in memory; the format is detected from the content. The
 * other files of a recording in several files are read from the directory of its header. Rejects with an Error whose message
 * starts with the path: the file does not exist, is a directory, is empty, or is invalid.
 */
export async function readRecordingFile(path: string, options: ReadFileOptions = {}): Promise<Recording> {
  try {
    const reader = recordingReader(options);
    let size = await sizeOf(path);
    let bytes = 0;
    const push = async (file: string) => {
      for await (const piece of createReadStream(file, { highWaterMark: 1 << 18 }) as AsyncIterable<Uint8Array>) {
        reader.push(piece);
        bytes += piece.length;
        options.onProgress?.(bytes, size);
      }
    };
    await push(path);
    for (let companion = reader.next?.(); companion; companion = reader.next?.()) {
      const file = await findCompanion(path, companion);
      if (file === undefined) continue;
      size += (await stat(file)).size;
      await push(file);
    }
    return reader.end();
  } catch (error) {
    throw new Error(`${path}: ${sentenceOf(error)}`, { cause: error });
  }
}

/** The path of a companion: its name in the header, in any case, or else the name of the header with its extension. */
async function findCompanion(
  header: string,
  { name, extension, optional }: CompanionFile,
): Promise<string | undefined> {
  const directory = dirname(header);
  const files = await readdir(directory);
  const wanted = [name, basename(header, extname(header)) + extension];
  const found = wanted
    .flatMap((file) => [file, files.find((other) => other.toLowerCase() === file.toLowerCase()) ?? ''])
    .find((file) => files.includes(file));
  if (found === undefined && !optional)
    throw new Error(`the file '${name}', which belongs to the recording, must be in the same directory`);
  return found === undefined ? undefined : join(directory, found);
}

async function sizeOf(path: string): Promise<number> {
  const about = await stat(path);
  if (about.isDirectory()) throw new Error('this is a directory, not a file');
  if (about.isFile() && about.size === 0) throw new Error('the file is empty');
  return about.size;
}

function sentenceOf(error: unknown): string {
  const { code, message } = error as NodeJS.ErrnoException;
  return code === 'ENOENT' ? 'file not found' : code === 'EACCES' ? 'no permission to read this file' : message;
}
