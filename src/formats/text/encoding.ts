import type { TextEncoding } from '../recording.ts';

/** The encoding of a text, with the number of bytes of its byte order mark. */
export interface DetectedEncoding {
  readonly encoding: TextEncoding;
  /** Number of byte sequences that are not valid in this encoding; they are read as U+FFFD. */
  readonly invalid: number;
}

/** Number of bytes from which UTF-16 without a byte order mark is detected. */
const sniffedBytes = 4096;

/**
 * Detects the encoding of a text: by its byte order mark, as UTF-16 by the zero bytes of its Latin letters, as UTF-8 if most
 * sequences of non-ASCII bytes are valid in it, and as Windows-1252 otherwise.
 */
export function detectEncoding(pieces: readonly Uint8Array[]): DetectedEncoding {
  const head = pieces.at(0) ?? new Uint8Array(0);
  if (head[0] === 0xff && head[1] === 0xfe) return { encoding: 'utf-16le', invalid: 0 };
  if (head[0] === 0xfe && head[1] === 0xff) return { encoding: 'utf-16be', invalid: 0 };
  const zeros = [0, 0];
  for (let i = 0; i < Math.min(head.length, sniffedBytes); i++) if (head[i] === 0) zeros[i % 2]++;
  const half = Math.min(head.length, sniffedBytes) / 2;
  if (half >= 2 && zeros[1] > 0.8 * half && zeros[0] === 0) return { encoding: 'utf-16le', invalid: 0 };
  if (half >= 2 && zeros[0] > 0.8 * half && zeros[1] === 0) return { encoding: 'utf-16be', invalid: 0 };
  if (isUtf8(pieces)) return { encoding: 'utf-8', invalid: 0 };
  const { valid, invalid } = countSequences(pieces);
  return valid >= invalid ? { encoding: 'utf-8', invalid } : { encoding: 'windows-1252', invalid: 0 };
}

function isUtf8(pieces: readonly Uint8Array[]): boolean {
  const decoder = new TextDecoder('utf-8', { fatal: true });
  try {
    for (const piece of pieces) decoder.decode(piece, { stream: true });
    decoder.decode();
    return true;
  } catch {
    return false;
  }
}

/** Counts sequences of non-ASCII bytes that are valid in UTF-8, and bytes that are not part of one. */
function countSequences(pieces: readonly Uint8Array[]): { valid: number; invalid: number } {
  let [valid, invalid, missing] = [0, 0, 0];
  for (const piece of pieces)
    for (const byte of piece) {
      if (byte < 0x80 && missing === 0) continue;
      if (missing > 0 && byte >= 0x80 && byte < 0xc0) {
        if (--missing === 0) valid++;
        continue;
      }
      if (missing > 0) invalid++;
      missing = byte >= 0xc2 && byte < 0xe0 ? 1 : byte >= 0xe0 && byte < 0xf0 ? 2 : byte >= 0xf0 && byte < 0xf5 ? 3 : 0;
      if (missing === 0 && byte >= 0x80) invalid++;
    }
  return { valid, invalid: invalid + (missing > 0 ? 1 : 0) };
}

/** Decodes the pieces of a text, without its byte order mark. */
export function* decodePieces(pieces: readonly Uint8Array[], encoding: TextEncoding): Generator<string> {
  const decoder = new TextDecoder(encoding);
  for (const piece of pieces) yield decoder.decode(piece, { stream: true });
  yield decoder.decode();
}

/**
 * Whether the first bytes of a file are not text in `encoding`: zero bytes that are not those of UTF-16, many control
 * characters, or many bytes that are letters with accents in Windows-1252.
 */
export function isBinary(head: Uint8Array, encoding: TextEncoding): boolean {
  if (encoding.startsWith('utf-16')) return false;
  const first = head.subarray(0, 512);
  // A logger that lost power can leave zero bytes at the end.
  const bytes = first.subarray(0, first.findLastIndex((byte) => byte !== 0) + 1);
  const controls = bytes.filter(
    (byte) => byte < 0x20 && !(byte >= 0x09 && byte <= 0x0d) && byte !== 0x1a && byte !== 0x1b,
  );
  const accents = encoding === 'windows-1252' ? bytes.filter((byte) => byte >= 0x80).length : 0;
  return bytes.includes(0) || accents > bytes.length / 4 || controls.length > bytes.length / 50;
}
