import { invalid } from '../core/check.ts';

/** A parser of a binary format: it yields the number of bytes that it needs and receives them. */
export type ByteParser<T> = Generator<number, T, Uint8Array>;

/** Reads bytes that arrive in pieces of any size. */
export interface ByteReader<T> {
  push(bytes: Uint8Array): void;
  /** Ends the file and returns its content. */
  end(): T;
}

/**
 * Runs a parser on bytes that arrive in pieces of any size. The parser receives fewer bytes than it requested only at the
 * end of the file; then it must return or throw. Bytes after its return are ignored.
 *
 *     pieces  |-----|---|------------|--|end
 *     parser  |--|--------|--|--|--|-          requests 2 8 2 2 2 2; the last one is incomplete
 */
export function byteReader<T>(parser: ByteParser<T>): ByteReader<T> {
  let step = parser.next();
  let waiting: Uint8Array[] = [];
  let size = 0;
  return {
    push(bytes) {
      if (step.done) return;
      size += bytes.length;
      if (size < step.value) {
        waiting.push(bytes.slice());
        return;
      }
      const buffer = joinBytes([...waiting, bytes]);
      let at = 0;
      while (!step.done && buffer.length - at >= step.value)
        step = parser.next(buffer.subarray(at, (at += step.value)));
      waiting = [buffer.subarray(at)];
      size = buffer.length - at;
    },
    end() {
      if (!step.done) step = parser.next(joinBytes(waiting));
      if (!step.done) throw new Error('the parser requested bytes beyond the end of the file');
      return step.value;
    },
  };
}

/** Requests `bytes` bytes; throws a RangeError if the file ends before. */
export function* wholeBytes(bytes: number, name: string): ByteParser<Uint8Array> {
  const got = yield bytes;
  if (got.length < bytes) throw invalid(name, `${bytes} bytes`, got.length);
  return got;
}

/** Concatenates pieces into a new array. */
export function joinBytes(pieces: readonly Uint8Array[]): Uint8Array {
  const joined = new Uint8Array(pieces.reduce((bytes, piece) => bytes + piece.length, 0));
  let at = 0;
  for (const piece of pieces) {
    joined.set(piece, at);
    at += piece.length;
  }
  return joined;
}
