import { createReadStream } from 'node:fs';
import { readdir, stat } from 'node:fs/promises';
import { basename, dirname, extname, join } from 'node:path';
import { recordingReader } from '../../formats/read-recording.ts';
import type { CompanionFile, ReadOptions, Recording } from '../../formats/recording.ts';
import { decompressed, isCut } from './gzip.ts';

/** Options of `readRecordingFile`. */
export interface ReadFileOptions extends ReadOptions {
  /** Called at times with the number of bytes read and the size of the file. */
  readonly onProgress?: (bytes: number, of: number) => void;
}

/**
 * Reads a recording in pieces, so that the file is never entirely in memory. The format is detected from the content. A file
 * that is compressed with gzip is decompressed; if it is truncated, all data before the end of the file is read. The other
 * files of a recording in several files are read from the directory of its header. Rejects with an Error whose message starts
 * with the path if the file does not exist, is a directory, is empty, or is invalid.
 */
export async function readRecordingFile(path: string, options: ReadFileOptions = {}): Promise<Recording> {
  try {
    const file = await stat(path);
    if (file.isDirectory()) throw new Error('this is a directory, not a file');
    if (file.isFile() && file.size === 0) throw new Error('the file is empty');
    return await readFiles(path, file.size, options).catch(async (error: unknown) => {
      if (!file.isFile() || !isCut(error)) throw error;
      const recording = await readFiles(path, file.size, options, true);
      return { ...recording, notes: [...(recording.notes ?? []), cutNote] };
    });
  } catch (error) {
    throw new Error(`${path}: ${sentenceOf(error)}`, { cause: error });
  }
}

const cutNote = 'The compressed file is truncated. All data before the end of the file is read.';

/** Reads a recording; `cut`: accepts a truncated compressed file. */
async function readFiles(path: string, size: number, options: ReadFileOptions, cut = false): Promise<Recording> {
  const reader = recordingReader(options);
  let [read, total] = [0, size];
  async function* piecesOf(file: string): AsyncGenerator<Uint8Array> {
    for await (const piece of createReadStream(file, { highWaterMark: 1 << 18 }) as AsyncIterable<Uint8Array>) {
      yield piece;
      read += piece.length;
      options.onProgress?.(read, total);
    }
  }
  for await (const piece of decompressed(piecesOf(path), cut)) reader.push(piece);
  for (let companion = reader.next?.(); companion; companion = reader.next?.()) {
    const file = await findCompanion(path, companion);
    if (file === undefined) continue;
    total += (await stat(file)).size;
    for await (const piece of piecesOf(file)) reader.push(piece);
  }
  return reader.end();
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

const reasons: Readonly<Record<string, string>> = {
  ENOENT: 'file not found',
  EACCES: 'no permission to read this file',
  Z_BUF_ERROR: 'the compressed file is truncated',
  Z_DATA_ERROR: 'the compressed file is damaged. Copy or download it again.',
};

function sentenceOf(error: unknown): string {
  const { code = '', message } = error as NodeJS.ErrnoException;
  return reasons[code] ?? message;
}
