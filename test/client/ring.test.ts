import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { Ring } from '../../client/ring.ts';
import type { Block } from '../../src/core/blocks/block.ts';

const rate = 100;

function block(start: number, samples: readonly number[], extra: Partial<Block> = {}): Block {
  return { data: Float32Array.from(samples), channels: 1, start, rate, time: start * 10, ...extra };
}

function contents(ring: Ring): number[] {
  return Array.from({ length: ring.next - ring.first }, (_, i) => ring.data[(ring.at(ring.first) + i) * ring.channels]);
}

describe('a ring', () => {
  test('holds the newest frames contiguously, no matter how they were split, up to its capacity', () => {
    const cuts = fc.array(fc.integer({ min: 0, max: 9 }), { maxLength: 40 });
    fc.assert(
      fc.property(cuts, fc.integer({ min: 2, max: 12 }), (lengths, capacity) => {
        const ring = new Ring(1, capacity);
        const size = ring.data.length;
        let start = 0;
        for (const length of lengths) {
          ring.push(
            block(
              start,
              Array.from({ length }, (_, i) => start + i),
            ),
          );
          start += length;
        }
        const from = Math.max(0, start - capacity);
        expect(contents(ring)).toEqual(Array.from({ length: start - from }, (_, i) => from + i));
        expect(ring.data).toHaveLength(size);
      }),
      { seed: 1, numRuns: 200 },
    );
  });

  test('has strictly increasing times, even if the clock jitters or jumps', () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: -400, max: 3000 }), { minLength: 2, maxLength: 30 }), (jitters) => {
        const ring = new Ring(1, 64);
        jitters.forEach((jitter, at) => ring.push(block(at * 3, [0, 1, 2], { time: at * 30 + jitter })));
        const times = Array.from({ length: ring.next - ring.first }, (_, i) => ring.times[ring.at(ring.first) + i]);
        for (let i = 1; i < times.length; i++) expect(times[i]).toBeGreaterThan(times[i - 1]);
      }),
      { seed: 2, numRuns: 200 },
    );
  });

  test.each([0.6, 0.8, 1, 1.002, 4, 20])(
    'keeps all frames of a stream at %d times its sampling rate, evenly spaced in wall-clock time',
    (speed) => {
      const ring = new Ring(1, 8000);
      const wall = (frame: number): number => (frame * 10) / speed;
      for (let start = 0; start < 8000; start += 8)
        ring.push(block(start, Array(8).fill(start), { time: wall(start) }));
      expect(ring.next - ring.first).toBe(8000);
      expect(Math.abs(ring.newest - wall(8000))).toBeLessThan(500);
      const steps = Array.from({ length: 4000 }, (_, i) => ring.times[4001 + i] - ring.times[4000 + i]);
      for (const step of steps.slice(0, -1)) {
        expect(step).toBeGreaterThan(0.9 * wall(1));
        expect(step).toBeLessThan(1.1 * wall(1));
      }
    },
  );

  test('fills missing frames with NaN, at a cost bounded by its capacity', () => {
    const ring = new Ring(1, 8);
    ring.push(block(0, [1, 2]));
    ring.push(block(4, [5]));
    expect(contents(ring)).toEqual([1, 2, NaN, NaN, 5]);
    ring.push(block(2 ** 40, [6, 7]));
    expect(contents(ring)).toEqual([6, 7]);
  });

  test('replaces an invalid frame by NaN, unless the frame contains NaN itself', () => {
    const ring = new Ring(2, 8);
    const data = Float32Array.from([1, 2, 3, NaN, 5, 6]);
    ring.push({ data, channels: 2, start: 0, rate, time: 0, valid: Uint8Array.from([0, 0, 1]) });
    expect(Array.from(ring.data.subarray(0, 6))).toEqual([NaN, NaN, 3, NaN, 5, 6]);
  });

  test('is cleared when the frame index or the clock goes back', () => {
    const ring = new Ring(1, 8);
    ring.push(block(10, [1, 2, 3]));
    ring.push(block(0, [4]));
    expect(contents(ring)).toEqual([4]);
    ring.push(block(1, [5], { time: -60_000 }));
    expect(contents(ring)).toEqual([5]);
    expect(ring.newest).toBe(-60_000);
  });

  test('finds the first frame at or after a time', () => {
    const ring = new Ring(1, 8);
    ring.push(block(3, [0, 0, 0, 0]));
    expect(ring.find(-1)).toBe(3);
    expect(ring.find(45)).toBe(5);
    expect(ring.find(1000)).toBe(7);
  });

  test('returns copies that later pushes do not change', () => {
    const ring = new Ring(1, 4);
    ring.push(block(0, [1, 2]));
    const copy = ring.copy();
    ring.push(block(2, [3, 4, 5]));
    expect(contents(copy)).toEqual([1, 2]);
    const larger = ring.copy(10);
    expect(contents(larger)).toEqual([2, 3, 4, 5]);
    larger.push(block(6, [7]));
    expect(contents(larger)).toEqual([2, 3, 4, 5, NaN, 7]);
  });

  test('rejects a block with another number of channels', () => {
    expect(() => new Ring(2, 4).push(block(0, [1, 2]))).toThrow('block.channels must be 2, got 1');
  });
});
