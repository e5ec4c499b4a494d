import { invalid } from '../core/check.ts';
import type { Recording, RecordingReader } from './recording.ts';

/** A binary format as code that runs straight on: it yields how many bytes it wants and is given them. */
export type ByteParser<T> = Generator<number, T, Uint8Array>;

/**
 * Runs a parser over bytes that come in pieces, cut anywhere. It is given fewer bytes than it wants only where the file
 * ends: then it must return or throw. What comes after it has returned is not read.
 *
 *     pieces  |-----|---|------------|--|end
 *     parser  |--|--------|--|--|--|-          wants 2 8 2 2 2 2, the last one cut short
 */
export function byteReader(parser: ByteParser<Recording>): RecordingReader {
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
      const whole = joinBytes([...waiting, bytes]);
      let at = 0;
      while (!step.done && whole.length - at >= step.value) step = parser.next(whole.subarray(at, (at += step.value)));
      waiting = [whole.subarray(at)];
      size = whole.length - at;
    },
    end() {
      if (!step.done) step = parser.next(joinBytes(waiting));
      if (!step.done) throw new Error('a parser asked for bytes behind the end of its file');
      return step.value;
    },
  };
}

/** So many bytes; throws where the file ends within them. */
export function* wholeBytes(bytes: number, name: string): ByteParser<Uint8Array> {
  const got = yield bytes;
  if (got.length < bytes) throw invalid(name, `${bytes} bytes`, got.length);
  return got;
}

/** Pieces one behind the other, as one array of their own. */
export function joinBytes(pieces: readonly Uint8Array[]): Uint8Array {
  const whole = new Uint8Array(pieces.reduce((bytes, piece) => bytes + piece.length, 0));
  let at = 0;
  for (const piece of pieces) {
    whole.set(piece, at);
    at += piece.length;
  }
  return whole;
}
