import fc from 'fast-check';
import { expect, test } from 'vitest';
import { addBytes, addWords } from '../../../src/core/state/crc32.ts';

/** CRC-32 bit by bit, as in ISO 3309. */
function bitwise(bytes: Uint8Array): number {
  let crc = -1;
  for (const byte of bytes) {
    crc ^= byte;
    for (let bit = 0; bit < 8; bit++) crc = (crc >>> 1) ^ (crc & 1 ? 0xedb88320 : 0);
  }
  return ~crc >>> 0;
}

test('the CRC of 123456789 is the check value of CRC-32', () => {
  expect(~addBytes(-1, new TextEncoder().encode('123456789')) >>> 0).toBe(0xcbf43926);
});

test('bytes at any alignment and words give the CRC of the bitwise definition, however they are divided', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 200 }), fc.nat(3), fc.nat(200), (bytes, shift, cut) => {
      const buffer = new Uint8Array(bytes.length + 8);
      buffer.set(bytes, shift);
      const all = buffer.subarray(shift, shift + bytes.length);
      expect(~addBytes(-1, all) >>> 0).toBe(bitwise(bytes));
      expect(~addBytes(addBytes(-1, all.subarray(0, cut)), all.subarray(cut)) >>> 0).toBe(bitwise(bytes));
      const words = new Uint32Array(bytes.slice(0, bytes.length & ~3).buffer);
      const middle = Math.min(cut, words.length);
      expect(~addWords(addWords(-1, words, 0, middle), words, middle, words.length) >>> 0).toBe(
        bitwise(bytes.subarray(0, bytes.length & ~3)),
      );
    }),
    { seed: 1 },
  );
});
