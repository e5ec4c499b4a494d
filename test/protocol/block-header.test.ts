import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Block } from '../../src/core/blocks/block.ts';
import {
  blockKinds,
  decodeBlock,
  encodeBlock,
  type ErrorCode,
  headerLength,
  ProtocolError,
} from '../../src/protocol/index.ts';

const blocks: fc.Arbitrary<Block> = fc
  .record({
    channels: fc.integer({ min: 1, max: 9 }),
    frames: fc.integer({ min: 0, max: 9 }),
    start: fc.maxSafeNat().map((start) => Math.min(start, Number.MAX_SAFE_INTEGER - 9)),
    rate: fc.oneof(fc.constant(0), fc.double({ min: 0, max: 1e9, noNaN: true })),
    time: fc.double({ min: -8.64e15, max: 8.64e15, noNaN: true }),
    hasValidity: fc.boolean(),
    seed: fc.infiniteStream(fc.float()),
  })
  .map(({ channels, frames, start, rate, time, hasValidity, seed }) => {
    const data = Float32Array.from({ length: channels * frames }, () => seed.next().value);
    const block = { data, channels, start, rate, time };
    return hasValidity ? { ...block, valid: Uint8Array.from({ length: frames }, (_, frame) => frame % 2) } : block;
  });

const address = fc.record({
  kind: fc.constantFrom(...blockKinds),
  id: fc.nat({ max: 0xffffffff }),
  run: fc.nat({ max: 0xffffffff }),
  map: fc.nat({ max: 0xffff }),
});

describe('an encoded block', () => {
  test('decodes to the same block at any memory offset', () => {
    fc.assert(
      fc.property(blocks, address, fc.nat({ max: 7 }), (block, to, offset) => {
        const bytes = encodeBlock(block, to);
        const moved = offset % 2 ? Buffer.alloc(bytes.length + offset) : new Uint8Array(bytes.length + offset);
        moved.set(bytes, offset);
        const { block: read, ...from } = decodeBlock(moved.subarray(offset));
        expect(from).toEqual(to);
        expect(read).toEqual(block);
      }),
      { seed: 1, numRuns: 300 },
    );
  });

  test('is decoded in place if its samples are aligned', () => {
    const bytes = encodeBlock({ data: Float32Array.of(1, 2), channels: 1, start: 0, rate: 1, time: 0 });
    expect(decodeBlock(bytes.buffer).block.data.buffer).toBe(bytes.buffer);
  });

  test('is rejected with a ProtocolError and no other error if its bytes are random', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 120 }), (bytes) => {
        expect(() => decodeBlock(bytes)).toThrow(ProtocolError);
      }),
      { seed: 2, numRuns: 500 },
    );
  });

  test('is decoded or rejected with a ProtocolError if any of its bytes change', () => {
    fc.assert(
      fc.property(
        blocks,
        fc.array(fc.tuple(fc.nat({ max: headerLength - 1 }), fc.nat({ max: 255 })), { minLength: 1, maxLength: 4 }),
        (block, changes) => {
          const bytes = encodeBlock(block);
          for (const [at, byte] of changes) bytes[at] = byte;
          try {
            const { block: read } = decodeBlock(bytes);
            expect(bytes.length).toBe(headerLength + read.data.byteLength + (read.valid?.length ?? 0));
          } catch (error) {
            expect(error).toBeInstanceOf(ProtocolError);
          }
        },
      ),
      { seed: 3, numRuns: 500 },
    );
  });

  const good = () => encodeBlock({ data: Float32Array.of(1, 2), channels: 2, start: 5, rate: 250, time: 1000 });
  const malformed: [ErrorCode, string, (view: DataView) => void][] = [
    ['bad-block', 'another magic', (view) => view.setUint16(0, 0x4c55, true)],
    ['bad-version', 'another version', (view) => view.setUint8(2, 2)],
    ['bad-kind', 'a kind that is not known', (view) => view.setUint8(3, 3)],
    ['bad-index', 'an index of 2^53', (view) => view.setBigUint64(8, 2n ** 53n, true)],
    ['bad-index', 'an index of 2^64 - 1', (view) => view.setBigUint64(8, 2n ** 64n - 1n, true)],
    ['bad-time', 'a time that is no number', (view) => view.setFloat64(16, NaN, true)],
    ['bad-time', 'a time without end', (view) => view.setFloat64(16, Infinity, true)],
    ['bad-rate', 'a negative rate', (view) => view.setFloat64(24, -1, true)],
    ['bad-length', 'four billion frames', (view) => view.setUint32(32, 0xffffffff, true)],
    ['bad-channels', 'no channels', (view) => view.setUint16(36, 0, true)],
    ['bad-dtype', 'another dtype', (view) => view.setUint8(38, 1)],
    ['bad-flags', 'a flag without meaning', (view) => view.setUint8(39, 2)],
    ['bad-length', 'validity that is not there', (view) => view.setUint8(39, 1)],
    ['bad-reserved', 'a reserved field', (view) => view.setUint16(46, 1, true)],
  ];
  test.each(malformed)('is rejected as %s for %s', (code, _, spoil) => {
    const bytes = good();
    spoil(new DataView(bytes.buffer));
    expect(() => decodeBlock(bytes)).toThrow(expect.objectContaining({ code }));
  });

  test('is rejected as short-block if its header is truncated', () => {
    expect(() => decodeBlock(good().subarray(0, 47))).toThrow(expect.objectContaining({ code: 'short-block' }));
  });
});
