import { recordingReader } from '../../src/formats/read-recording.ts';
import type { ReadOptions, Recording } from '../../src/formats/recording.ts';

/** Reads bytes in pieces of the given lengths and the rest in one piece. Each piece is overwritten after it was read. */
export function readInPieces(bytes: Uint8Array, lengths: readonly number[], options: ReadOptions = {}): Recording {
  const reader = recordingReader(options);
  let at = 0;
  for (const length of [...lengths, Infinity]) {
    const piece = bytes.slice(at, (at += length));
    reader.push(piece);
    piece.fill(0);
  }
  return reader.end();
}

/**
 * Reads a recording in several files, of which the first is its header. Each is read in pieces of the given lengths. Files
 * that do not exist are skipped.
 */
export function readFilesInPieces(
  files: Readonly<Record<string, Uint8Array>>,
  lengths: readonly number[],
  options: ReadOptions = {},
): Recording {
  const reader = recordingReader(options);
  const push = (bytes: Uint8Array) => {
    let at = 0;
    for (const length of [...lengths, Infinity]) {
      const piece = bytes.slice(at, (at += length));
      reader.push(piece);
      piece.fill(0);
    }
  };
  push(Object.values(files)[0]);
  for (let file = reader.next?.(); file; file = reader.next?.()) push(files[file.name] ?? new Uint8Array(0));
  return reader.end();
}

/** All samples of one channel. */
export function channelOf({ blocks }: Recording, channel: number): number[] {
  return blocks.flatMap(({ data, channels }) => [...data.filter((_, i) => i % channels === channel)]);
}
