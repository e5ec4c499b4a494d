import { pipeline, Readable } from 'node:stream';
import { constants, createGunzip } from 'node:zlib';

/**
 * Decompresses a file that starts with the two bytes of gzip; passes on any other. Throws an Error of zlib if the content is
 * damaged, or if it is truncated and `cut` is false.
 */
export async function* decompressed(pieces: AsyncGenerator<Uint8Array>, cut = false): AsyncGenerator<Uint8Array> {
  const first = await firstBytes(pieces);
  if (first[0] !== 0x1f || first[1] !== 0x8b) {
    yield first;
    yield* pieces;
    return;
  }
  const gunzip = createGunzip({ chunkSize: 1 << 18, ...(cut && { finishFlush: constants.Z_SYNC_FLUSH }) });
  // The callback is required. Errors reach the loop that reads from `gunzip`.
  pipeline(Readable.from(joined(first, pieces)), gunzip, () => undefined);
  yield* gunzip as AsyncIterable<Uint8Array>;
}

/** Whether an error reports a truncated compressed file. */
export function isCut(error: unknown): boolean {
  return (error as NodeJS.ErrnoException | null)?.code === 'Z_BUF_ERROR';
}

/** The first pieces, joined until there are at least two bytes, if there are. */
async function firstBytes(pieces: AsyncGenerator<Uint8Array>): Promise<Uint8Array> {
  let first: Uint8Array = new Uint8Array(0);
  while (first.length < 2) {
    const next = await pieces.next();
    if (next.done) break;
    first = Buffer.concat([first, next.value]);
  }
  return first;
}

async function* joined(first: Uint8Array, rest: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  yield first;
  yield* rest;
}
