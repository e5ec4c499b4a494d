import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { Arena } from '../../src/kernels/arena.ts';

const arena = () => new Arena(new WebAssembly.Memory({ initial: 2, maximum: 64 }));

describe('an arena', () => {
  test('allocates parts that are zeroed, keep their contents, and never overlap, for any order of allocations and releases', () => {
    const law = (steps: { size: number; give: boolean; which: number }[]) => {
      const memory = arena();
      const parts: { at: number; size: number; mark: number }[] = [];
      let mark = 1;
      for (const { size, give, which } of steps) {
        if (give && parts.length > 0) {
          const [part] = parts.splice(which % parts.length, 1);
          memory.release(part.at, part.size);
        } else {
          const at = memory.allocate(size);
          expect(at % 4).toBe(0);
          expect(memory.f32.subarray(at, at + size).every((number) => number === 0)).toBe(true);
          memory.f32.fill(++mark, at, at + size);
          parts.push({ at, size, mark });
        }
        for (const part of parts)
          expect(memory.f32.subarray(part.at, part.at + part.size).every((number) => number === part.mark)).toBe(true);
      }
      for (const { at, size } of parts) memory.release(at, size);
      expect(memory.used).toBe(0);
    };
    const step = fc.record({ size: fc.integer({ min: 1, max: 9000 }), give: fc.boolean(), which: fc.nat() });
    fc.assert(fc.property(fc.array(step, { maxLength: 40 }), law), { seed: 1, numRuns: 100 });
  });

  test('merges released parts, in any order, so that all memory can be allocated as one part again', () => {
    const memory = arena();
    const numbers = memory.f32.length - 2048;
    const parts = Array.from({ length: 64 }, () => memory.allocate(numbers / 64));
    for (const part of parts.filter((_, i) => i % 2 === 0)) memory.release(part, numbers / 64);
    for (const part of parts.filter((_, i) => i % 2 === 1).reverse()) memory.release(part, numbers / 64);
    const { length } = memory.f32;
    memory.allocate(numbers);
    expect(memory.f32.length).toBe(length);
  });

  test('grows by half if possible, otherwise by what is missing, and throws if it cannot grow', () => {
    const memory = arena();
    const before = memory.f32.length;
    memory.release(memory.allocate(before), before);
    expect(memory.f32.length).toBeGreaterThanOrEqual(1.5 * before);
    const most = (64 << 16) / 4;
    memory.release(memory.allocate(0.9 * most), 0.9 * most);
    expect(memory.f32.length).toBeLessThanOrEqual(most);
    expect(() => memory.allocate(most)).toThrow(/memory must have room for 4194304 more bytes, got \d+ bytes in total/);
    expect(memory.allocate(16)).toBeGreaterThan(0);
  });
});
