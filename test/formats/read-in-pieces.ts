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

/** All samples of one channel. */
export function channelOf({ blocks }: Recording, channel: number): number[] {
  return blocks.flatMap(({ data, channels }) => [...data.filter((_, i) => i % channels === channel)]);
}
