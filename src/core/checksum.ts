const POLYNOMIAL = 0xedb88320;
const table = Uint32Array.from({ length: 256 }, (_, byte) => {
  let rest = byte;
  for (let bit = 0; bit < 8; bit++) rest = rest & 1 ? (rest >>> 1) ^ POLYNOMIAL : rest >>> 1;
  return rest;
});

/** The CRC-32 (ISO 3309, as in zip and PNG) of several runs of bytes, one after the other: tells a spoiled file from a whole one. */
export function checksum(runs: Iterable<Uint8Array>): number {
  let rest = 0xffffffff;
  for (const bytes of runs) for (const byte of bytes) rest = table[(rest ^ byte) & 0xff] ^ (rest >>> 8);
  return ~rest >>> 0;
}
