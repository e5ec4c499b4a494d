import fc from 'fast-check';
import { from, lastValueFrom, of, toArray } from 'rxjs';
import { describe, expect, test } from 'vitest';
import type { Block } from '../../src/core/blocks/block.ts';
import { standardize } from '../../src/operators/standardize.ts';
import { verifyOperator } from '../../src/testing/index.ts';
import { countingBlock, noiseBlocks, samplesIn } from './make-blocks.ts';

const through = (blocks: Block[], options = {}) => lastValueFrom(from(blocks).pipe(standardize(options), toArray()));

describe('standardize', () => {
  test('satisfies the operator invariants', () => {
    verifyOperator(
      () => standardize({ tau: 0.3 }),
      () => noiseBlocks([5, 0, 7, 1, 12]),
      { frames: 25 },
    );
  });

  test('preserves start, rate, time, and validity', async () => {
    const block = { ...countingBlock(7, 3), valid: Uint8Array.of(1, 0, 1) };
    const [out] = await through([block]);
    expect({ ...out, data: undefined }).toEqual({ ...block, data: undefined });
  });

  test('gives the same output for any gain and offset of the sensor, to tolerance', () => {
    fc.assert(
      fc.property(fc.integer({ min: -5, max: 5 }), fc.integer({ min: -3, max: 3 }), (offset, power) => {
        const plain: Block[] = [];
        const scaled: Block[] = [];
        const input = noiseBlocks([60]);
        from(input)
          .pipe(standardize())
          .subscribe((block) => plain.push(block));
        const other = input.map((block) => ({ ...block, data: block.data.map((x) => offset + x * 2 ** power) }));
        from(other)
          .pipe(standardize())
          .subscribe((block) => scaled.push(block));
        const [a, b] = [samplesIn(plain), samplesIn(scaled)];
        for (const [i, value] of a.entries()) expect(b[i]).toBeCloseTo(value, 3);
      }),
      { seed: 1, numRuns: 20 },
    );
  });

  test('a change of channels or rate resets the statistics', async () => {
    const [, again] = await through([countingBlock(0, 5), countingBlock(5, 5, { rate: 200 })]);
    const [alone] = await through([countingBlock(5, 5, { rate: 200 })]);
    expect(again.data).toEqual(alone.data);
  });

  test('rejects an irregular stream with an error message, and accepts it with a time constant in frames', async () => {
    const irregular = countingBlock(0, 4, { rate: 0 });
    await expect(through([irregular])).rejects.toThrow(
      'block.rate must be a number > 0 in Hz for standardize({ tau }) (irregular: use { frames }), got 0',
    );
    const [out] = await through([irregular], { frames: 10 });
    expect(out.data[0]).toBe(0);
    expect(out.data[3]).toBeGreaterThan(1);
  });

  test('rejects an invalid time constant', () => {
    expect(() => standardize({ tau: 0 })).toThrow(new RangeError('tau must be a number > 0 in seconds, got 0'));
    expect(() => standardize({ frames: -1 })).toThrow(new RangeError('frames must be a number > 0, got -1'));
  });

  test('an incomplete block ends the stream with an error message', async () => {
    const broken = { ...countingBlock(0, 2, { channels: 1 }), channels: 3 };
    await expect(lastValueFrom(of(broken).pipe(standardize()))).rejects.toThrow('block.data.length must be');
  });
});
