import { invalid } from '../core/check.ts';
import { addBytes, addWords } from '../core/state/crc32.ts';

/**
 * The layout that all files of the store share: a file header of 32 bytes, then records. docs/recording.md describes it
 * for authors of other programs. All numbers are little-endian.
 */
export const fileHeaderBytes = 32;
/** Bytes of a record header. Records begin at multiples of 8 bytes, so that samples can be read in place. */
export const recordHeaderBytes = 16;
/** Maximum payload of a record in bytes. */
export const maxPayloadBytes: number = 1 << 28;

/** What a file contains; the index is the number in its header. */
export const fileKinds = ['', 'recording', 'tiers'] as const;
/** What a file contains. */
export type FileKind = (typeof fileKinds)[number];

/** Types of records. */
export const recordTypes = {
  run: 1,
  block: 2,
  gap: 3,
  mark: 4,
  alarm: 5,
  message: 6,
  lost: 7,
  bucket: 16,
  summary: 17,
  entries: 18,
} as const;
/** The name of a record type. */
export type RecordType = keyof typeof recordTypes;

const magic = 'TAPLREC\n';
const version = 1;
const highestType = 31;

if (new Uint8Array(Uint16Array.of(1).buffer)[0] !== 1)
  throw new Error('recording must run on a little-endian machine; this one is big-endian');

/** Returns `bytes` rounded up to a multiple of 8. */
export function padded(bytes: number): number {
  return (bytes + 7) & ~7;
}

/** Returns the header of a file. @param created time of creation, in ms since 1970 */
export function encodeFileHeader(kind: FileKind, created: number): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(fileHeaderBytes);
  const view = new DataView(bytes.buffer);
  bytes.set(new TextEncoder().encode(magic));
  view.setUint32(8, version, true);
  view.setUint32(12, fileKinds.indexOf(kind), true);
  view.setFloat64(16, created, true);
  view.setUint32(28, ~addBytes(-1, bytes.subarray(0, 28)), true);
  return bytes;
}

/**
 * Reads the header of a file.
 * @throws TypeError or RangeError if it is damaged, of another kind, or of a newer version
 */
export function checkFileHeader(bytes: Uint8Array, kind: FileKind): void {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const isOurs = bytes.length >= fileHeaderBytes && new TextDecoder().decode(bytes.subarray(0, 8)) === magic;
  if (!isOurs || view.getUint32(28, true) !== ~addBytes(-1, bytes.subarray(0, 28)) >>> 0)
    throw invalid('file', `a ${kind} with an undamaged header`, 'another file', TypeError);
  if (view.getUint32(8, true) > version) throw invalid('version of a file', `<= ${version}`, view.getUint32(8, true));
  const found = fileKinds[view.getUint32(12, true)] as FileKind | undefined;
  if (found !== kind) throw invalid('kind of file', kind, found, TypeError);
}

/**
 * Writes the header of a record whose payload and padding are already in place.
 *
 * @param words memory of the record; index `at` is the first word of its header
 * @param offset position of the record in its file, in bytes
 */
export function sealRecord(words: Uint32Array, at: number, type: number, length: number, offset: number): void {
  words[at] = length;
  words[at + 1] = type;
  words[at + 2] = ~addWords(-1, words, at + 4, at + 4 + (padded(length) >> 2));
  words[at + 3] = headerSum(words, at, offset);
}

/** Whether a record header at word `at` is undamaged and belongs at `offset`. */
export function isHeader(words: Uint32Array, at: number, offset: number): boolean {
  const type = words[at + 1];
  return (
    type > 0 && type <= highestType && words[at] <= maxPayloadBytes && words[at + 3] === headerSum(words, at, offset)
  );
}

/** Whether the payload of the record whose header is at word `at` is undamaged. */
export function isIntact(words: Uint32Array, at: number): boolean {
  return words[at + 2] === ~addWords(-1, words, at + 4, at + 4 + (padded(words[at]) >> 2)) >>> 0;
}

/**
 * CRC of the first 12 bytes of a header, continued from the offset of the record: a copy of a record elsewhere, such as
 * in old disk blocks, is not mistaken for a record.
 */
function headerSum(words: Uint32Array, at: number, offset: number): number {
  return ~addWords(~offset, words, at, at + 3) >>> 0;
}
