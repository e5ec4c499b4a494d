const POLYNOMIAL = 0xedb88320;
/** Number of bytes that are processed in one iteration. */
const sliceBytes = 16;
/** CRC of each byte followed by 0, 1, … 15 zero bytes, [sliceBytes, 256]. */
const crcTables = makeTables();

function makeTables(): Uint32Array {
  const tables = new Uint32Array(sliceBytes * 256);
  for (let byte = 0; byte < 256; byte++) {
    let crc = byte;
    for (let bit = 0; bit < 8; bit++) crc = crc & 1 ? (crc >>> 1) ^ POLYNOMIAL : crc >>> 1;
    tables[byte] = crc;
  }
  for (let i = 256; i < tables.length; i++) tables[i] = (tables[i - 256] >>> 8) ^ tables[tables[i - 256] & 0xff];
  return tables;
}

const isLittleEndian = new Uint8Array(Uint16Array.of(1).buffer)[0] === 1;

/**
 * Continues a CRC-32 (ISO 3309, as in zip and PNG), which detects corrupted files, with more bytes.
 *
 * @param start inverted CRC of the preceding bytes; -1 if there are none
 */
export function addBytes(start: number, bytes: Uint8Array): number {
  const isAligned = isLittleEndian && bytes.byteOffset % 4 === 0;
  const slices = isAligned ? Math.floor(bytes.length / sliceBytes) : 0;
  const words = new Uint32Array(bytes.buffer, isAligned ? bytes.byteOffset : 0, 4 * slices);
  let crc = addWords(start, words, 0, words.length);
  for (let i = sliceBytes * slices; i < bytes.length; i++) crc = crcTables[(crc ^ bytes[i]) & 0xff] ^ (crc >>> 8);
  return crc;
}

/**
 * Continues a CRC-32 with the little-endian words from index `from` to before `to`. It processes 16 bytes per iteration
 * (slicing; Kounavis and Berry, 2005) and allocates nothing.
 *
 * @param start inverted CRC of the preceding bytes; -1 if there are none
 */
export function addWords(start: number, words: Uint32Array, from: number, to: number): number {
  const t = crcTables;
  let crc = start;
  let i = from;
  for (; i + 4 <= to; i += 4) {
    const a = crc ^ words[i];
    const b = words[i + 1];
    const c = words[i + 2];
    const d = words[i + 3];
    const late = t[768 + (d & 0xff)] ^ t[512 + ((d >>> 8) & 0xff)] ^ t[256 + ((d >>> 16) & 0xff)] ^ t[d >>> 24];
    const third =
      t[1792 + (c & 0xff)] ^ t[1536 + ((c >>> 8) & 0xff)] ^ t[1280 + ((c >>> 16) & 0xff)] ^ t[1024 + (c >>> 24)];
    const second =
      t[2816 + (b & 0xff)] ^ t[2560 + ((b >>> 8) & 0xff)] ^ t[2304 + ((b >>> 16) & 0xff)] ^ t[2048 + (b >>> 24)];
    const first =
      t[3840 + (a & 0xff)] ^ t[3584 + ((a >>> 8) & 0xff)] ^ t[3328 + ((a >>> 16) & 0xff)] ^ t[3072 + (a >>> 24)];
    crc = first ^ (second ^ third ^ late);
  }
  for (; i < to; i++) {
    const a = crc ^ words[i];
    crc = t[768 + (a & 0xff)] ^ t[512 + ((a >>> 8) & 0xff)] ^ t[256 + ((a >>> 16) & 0xff)] ^ t[a >>> 24];
  }
  return crc;
}
