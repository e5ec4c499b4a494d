import { describe, expect, test } from 'vitest';
import { DelayLine } from '../../src/core/delay-line.ts';
import { random } from '../../src/core/random.ts';

describe('a delay line', () => {
  test('keeps its canaries for ten turns: every window reads as if all frames were still there (law 9)', () => {
    const chance = random(9);
    for (let trial = 0; trial < 40; trial++) {
      const channels = 1 + Math.floor(chance.uniform() * 3);
      const capacity = 1 + Math.floor(chance.uniform() * 9);
      const line = new DelayLine(channels, capacity);
      const memory = new Float32Array(line.data.length + 2).fill(1234);
      line.data = memory.subarray(1, -1).fill(0);
      const all: number[] = [];
      for (let frame = 0; frame < 10 * capacity; frame++) {
        const samples = Float32Array.from({ length: channels }, () => chance.normal());
        line.push(samples, 0, frame % 2);
        all.push(...samples);
        const length = 1 + Math.floor(chance.uniform() * Math.min(capacity, frame + 1));
        const slot = line.slot(frame + 1 - length);
        expect([...line.data.subarray(slot * channels, (slot + length) * channels)]).toEqual(
          all.slice(-length * channels),
        );
        expect(line.valid[line.slot(frame)]).toBe(frame % 2);
      }
      expect([memory[0], memory.at(-1)]).toEqual([1234, 1234]);
    }
  });

  test('grows without losing a frame, wherever its head stands', () => {
    for (let pushed = 0; pushed < 12; pushed++) {
      const line = new DelayLine(2, 5, 7);
      for (let frame = 0; frame < pushed; frame++) line.push(Float32Array.of(frame, -frame), 0, 1);
      line.grow(11);
      for (let frame = pushed; frame < pushed + 6; frame++) line.push(Float32Array.of(frame, -frame), 0, 1);
      const slot = line.slot(pushed - 5);
      const expected = Array.from({ length: 11 }, (_, i) => pushed - 5 + i).flatMap((f) => (f < 0 ? [7, 7] : [f, -f]));
      expect([...line.data.subarray(2 * slot, 2 * (slot + 11))].map((x) => x + 0)).toEqual(expected.map((x) => x + 0));
    }
  });

  test('skips any number of frames for the price of its capacity', () => {
    const line = new DelayLine(1, 4);
    for (let frame = 0; frame < 6; frame++) line.push(Float32Array.of(frame), 0, 1);
    line.skip(2);
    expect([...line.data.subarray(line.slot(4), line.slot(4) + 4)]).toEqual([4, 5, 0, 0]);
    line.skip(Number.MAX_SAFE_INTEGER - 100);
    expect(line.next).toBe(Number.MAX_SAFE_INTEGER - 92);
    expect([...line.valid]).toEqual(new Array(8).fill(0));
  });
});
