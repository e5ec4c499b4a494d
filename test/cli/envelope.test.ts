import { describe, expect, test } from 'vitest';
import { envelope, extremes, outline, ridge } from '../../src/cli/report/envelope.ts';

const block = (start: number, samples: number[]) => ({
  data: Float32Array.from(samples),
  channels: 2,
  start,
  rate: 1,
  time: 0,
});
const blocks = [block(0, [1, 9, 5, 9, -2, 9, 3, 9]), block(6, [7, 9, NaN, 9])];

describe('an envelope', () => {
  test('has the minimum and maximum of each column and is empty in gaps', () => {
    const drawn = envelope(blocks, 0, { from: 0, to: 8 }, 4);
    expect([...drawn.low]).toEqual([1, -2, NaN, 7]);
    expect([...drawn.high]).toEqual([5, 3, NaN, 7]);
    expect(extremes(drawn)).toEqual([-2, 7]);
  });

  test('has at most one column per frame of its span', () => {
    const drawn = envelope(blocks, 0, { from: 1, to: 4 }, 100);
    expect([...drawn.low]).toEqual([5, -2, 3]);
    expect(drawn.high).toEqual(drawn.low);
  });

  test('is drawn in pieces between gaps, as an outline or as a line', () => {
    const drawn = envelope(blocks, 0, { from: 0, to: 8 }, 4);
    expect(outline(drawn, -2, 8)).toBe('M150 120l300 80 0 200-300-120z' + 'M1050 40l0 0z');
    expect(ridge(drawn.high, -2, 8)).toBe('M150 120l300 80M1050 40');
  });
});
