import { describe, expect, test } from 'vitest';
import { block } from '../../../src/index.ts';

describe('block', () => {
  test('takes numbers of any kind, and positions that follow from the rate', () => {
    expect(block([1, 10, 2, 20], { channels: 2, rate: 250 })).toEqual({
      data: Float32Array.of(1, 10, 2, 20),
      channels: 2,
      start: 0,
      rate: 250,
      time: 0,
    });
    expect(block([1], { channels: 1, rate: 250, start: 500 })).toMatchObject({ start: 500, time: 2000 });
    expect(block([1], { channels: 1, rate: 0, start: 500 }).time).toBe(0);
    const valid = Uint8Array.of(0);
    expect(block([1], { channels: 1, rate: 1, time: 1234, valid })).toMatchObject({ time: 1234, valid });
  });

  test('keeps a Float32Array without a copy', () => {
    const data = new Float32Array(8);
    expect(block(data, { channels: 4, rate: 0 }).data).toBe(data);
  });

  test('names what is wrong', () => {
    expect(() => block([1, 2, 3], { channels: 2, rate: 1 })).toThrow(
      'block.data.length must be a multiple of its 2 channels, got 3',
    );
    expect(() => block([1], { channels: 1, rate: -1 })).toThrow('block.rate must be a number >= 0 in Hz, got -1');
    expect(() => block(3 as never, { channels: 1, rate: 1 })).toThrow('samples must be an array of numbers, got 3');
    expect(() => block([1], undefined as never)).toThrow('options must be { channels, rate, start?, time?, valid? }');
    expect(() => block([1], { channels: 1 } as never)).toThrow('block.rate must be a number >= 0 in Hz, got undefined');
  });
});
