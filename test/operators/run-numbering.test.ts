import fc from 'fast-check';
import { expect, test } from 'vitest';
import { runNumbering } from '../../src/operators/run-numbering.ts';

const block = (start: number, frames: number, first = start) => {
  return { data: Float32Array.from({ length: frames }, (_, i) => first + i), channels: 1, start, rate: 1, time: 0 };
};

test('emits repeated frames of a run once, in order, at their own index', () => {
  const script = fc.array(fc.tuple(fc.nat({ max: 20 }), fc.integer({ min: 1, max: 9 })), { maxLength: 40 });
  fc.assert(
    fc.property(script, (steps) => {
      const number = runNumbering();
      let next = 0;
      let expected = 0;
      for (const [back, frames] of steps) {
        const start = Math.max(0, next - back);
        for (const { data, start: placed } of number(block(start, frames), 3)) {
          expect([data[0], placed]).toEqual([expected, expected]);
          expected += data.length;
        }
        next = Math.max(next, start + frames);
        expect(expected).toBe(next);
      }
    }),
    { seed: 4, numRuns: 100 },
  );
});

test('a new run continues after the last frame if it would go back, and a gap in it keeps its length', () => {
  const number = runNumbering();
  const starts = [
    [block(10, 2), 1],
    [block(0, 2), 2],
    [block(5, 2), 2],
    [block(0, 1), 3],
    [block(90, 1), 4],
  ].map(([given, run]) => number(given as ReturnType<typeof block>, run as number)[0].start);
  expect(starts).toEqual([10, 12, 17, 19, 109]);
});
