import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { DelayLine } from '../../../src/core/memory/delay-line.ts';
import { plain as engine } from '../../engines.ts';

/** Returns the samples of frame `index` in these tests, which are padding before frame 0. */
const frame = (index: number, channels: number) =>
  Array.from({ length: channels }, (_, c) => (index < 0 ? -1 : Math.fround(index + c / 8)));

function push(line: DelayLine, count: number, keep: number): void {
  for (let left = count; left > 0;) {
    const some = line.makeRoom(left, keep);
    const next = line.next;
    const at = line.append(some);
    for (let i = 0; i < some; i++) engine.arena.f32.set(frame(next + i, line.channels), at + i * line.channels);
    left -= some;
  }
}

const read = (line: DelayLine, index: number, count: number) => [
  ...engine.arena.f32.slice(line.offset(index), line.offset(index + count)),
];
const expected = (index: number, count: number, channels: number) =>
  Array.from({ length: count }, (_, i) => frame(index + i, channels)).flat();

const shapes = fc.record({
  channels: fc.integer({ min: 1, max: 4 }),
  behind: fc.nat({ max: 40 }),
  cuts: fc.array(fc.integer({ min: 1, max: 50 }), { minLength: 1, maxLength: 40 }),
});

describe('a delay line', () => {
  test('keeps its canaries for ten turns of the buffer, and every window reads the right frames (invariant 9)', () => {
    const law = ({ channels, behind, cuts }: { channels: number; behind: number; cuts: number[] }) => {
      const allocation = engine.allocationFor({});
      const [before, line, after] = [
        allocation.allocate(4),
        new DelayLine(allocation, channels, behind, -1),
        allocation.allocate(4),
      ];
      for (const at of [before, after]) engine.arena.f32.fill(7, at, at + 4);
      for (let turn = 0; turn < 10; turn++) {
        for (const count of cuts) {
          push(line, count, line.next - behind);
          expect(read(line, line.next - behind - 1, behind + 1)).toEqual(
            expected(line.next - behind - 1, behind + 1, channels),
          );
        }
      }
      for (const at of [before, after]) expect([...engine.arena.f32.slice(at, at + 4)]).toEqual([7, 7, 7, 7]);
      engine.release(allocation);
    };
    fc.assert(fc.property(shapes, law), { seed: 9, numRuns: 40 });
  });

  test('grows when more frames must be kept than fit, without losing a frame', () => {
    const law = ({ channels, behind, cuts }: { channels: number; behind: number; cuts: number[] }) => {
      const allocation = engine.allocationFor({});
      const line = new DelayLine(allocation, channels, behind, -1);
      for (const count of cuts) push(line, count, -behind);
      expect(read(line, -behind, behind + line.next)).toEqual(expected(-behind, behind + line.next, channels));
      engine.release(allocation);
    };
    fc.assert(fc.property(shapes, law), { seed: 10, numRuns: 40 });
  });

  test('continues from the frames it has saved', () => {
    const allocation = engine.allocationFor({});
    const line = new DelayLine(allocation, 2, 5);
    push(line, 100, 90);
    const restored = new DelayLine(allocation, 2, 5);
    restored.restore(line.save(93));
    push(restored, 3, 95);
    expect(restored.next).toBe(103);
    expect(read(restored, 95, 8)).toEqual(expected(95, 8, 2));
    engine.release(allocation);
  });

  test('advances its indexes without changing its contents', () => {
    const allocation = engine.allocationFor({});
    const line = new DelayLine(allocation, 1, 2);
    push(line, 10, 8);
    line.advanceIndexes(1000);
    expect(read(line, 1008, 2)).toEqual([8, 9]);
    engine.release(allocation);
  });
});
