import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { Arena } from '../../src/kernels/arena.ts';

const arena = () => new Arena(new WebAssembly.Memory({ initial: 2, maximum: 64 }));

describe('an arena', () => {
  test('hands out parts that hold zeros, keep what is written and never meet, whatever is taken and given back', () => {
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

  test('joins what is given back, in any order, so that all of it can be handed out as one again', () => {
    const memory = arena();
    const numbers = memory.f32.length - 2048;
    const parts = Array.from({ length: 64 }, () => memory.allocate(numbers / 64));
    for (const part of parts.filter((_, i) => i % 2 === 0)) memory.release(part, numbers / 64);
    for (const part of parts.filter((_, i) => i % 2 === 1).reverse()) memory.release(part, numbers / 64);
    const { length } = memory.f32;
    memory.allocate(numbers);
    expect(memory.f32.length).toBe(length);
  });

  test('grows by half where it can, by what is missing where it must, and says so where it cannot', () => {
    const memory = arena();
    const before = memory.f32.length;
    memory.release(memory.allocate(before), before);
    expect(memory.f32.length).toBeGreaterThanOrEqual(1.5 * before);
    const most = (64 << 16) / 4;
    memory.release(memory.allocate(0.9 * most), 0.9 * most);
    expect(memory.f32.length).toBeLessThanOrEqual(most);
    expect(() => memory.allocate(most)).toThrow(/memory must have room for 4194304 more bytes, got \d+ in all/);
    expect(memory.allocate(16)).toBeGreaterThan(0);
  });
});
