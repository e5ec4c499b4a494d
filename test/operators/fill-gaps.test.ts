import fc from 'fast-check';
import { from, lastValueFrom, toArray } from 'rxjs';
import { describe, expect, test } from 'vitest';
import { type Block, frameCount } from '../../src/core/blocks/block.ts';
import { fillGaps } from '../../src/operators/fill-gaps.ts';
import { verifyOperator } from '../../src/testing/index.ts';
import { countingBlock, noiseBlocks, samplesIn } from './make-blocks.ts';

type Options = Parameters<typeof fillGaps>[0];
const through = (input: Block[], options?: Options) => lastValueFrom(from(input).pipe(fillGaps(options), toArray()));
const withGap = () => noiseBlocks([4, 3, 5, 2, 6]).filter((_, i) => i !== 1 && i !== 3);

describe('fillGaps', () => {
  test('satisfies the operator invariants, with every policy', () => {
    for (const [policy, frames] of [
      ['zero', 20],
      ['hold', 20],
      ['linear', 20],
      ['none', 15],
    ] as const)
      verifyOperator(() => fillGaps({ policy }), withGap, { frames });
  });

  test('for any gaps and overlaps, emits one frame per index, and only received frames are valid', async () => {
    const piece = fc.record({ skip: fc.integer({ min: -3, max: 4 }), frames: fc.integer({ min: 1, max: 6 }) });
    await fc.assert(
      fc.asyncProperty(fc.array(piece, { minLength: 1 }), async (pieces) => {
        const came = new Set<number>();
        let next = 5;
        const input = pieces.map(({ skip, frames }, i) => {
          const block = countingBlock(i === 0 ? 5 : Math.max(5, next + skip), frames);
          const end = block.start + frames;
          for (let index = Math.max(next, block.start); index < end; index++) came.add(index);
          next = Math.max(next, end);
          return block;
        });
        const out = await through(input);
        const indexes = out.flatMap((b) => Array.from({ length: frameCount(b) }, (_, i) => b.start + i));
        expect(indexes).toEqual(indexes.map((_, i) => 5 + i));
        const valid = out.flatMap((b) => [...(b.valid ?? new Uint8Array(frameCount(b)).fill(1))]);
        expect(valid).toEqual(indexes.map((i) => (came.has(i) ? 1 : 0)));
        const sound = samplesIn(out).filter((_, i) => valid[i] === 1);
        expect(sound).toEqual([...came].sort((a, b) => a - b).map((i) => 10 * i));
      }),
      { seed: 1, numRuns: 100 },
    );
  });

  test.each([
    ['zero', [0, 10, 0, 0, 0, 50]],
    ['hold', [0, 10, 10, 10, 10, 50]],
    ['linear', [0, 10, 20, 30, 40, 50]],
    ['none', [0, 10, 50]],
  ] as const)('%s makes the missing frames its own way', async (policy, expected) => {
    expect(samplesIn(await through([countingBlock(0, 2), countingBlock(5, 1)], { policy }))).toEqual(expected);
  });

  test('a filled block has the index and time of its frames', async () => {
    const [, filled] = await through([countingBlock(0, 2), countingBlock(5, 1)]);
    expect({ ...filled, data: [...filled.data], valid: [...(filled.valid ?? [])] }).toEqual({
      data: [10, 10, 10],
      channels: 1,
      start: 2,
      rate: 100,
      time: 20,
      valid: [0, 0, 0],
    });
  });

  test('a gap longer than max stays a jump of start', async () => {
    const gap = [countingBlock(0, 1), countingBlock(4, 1)];
    expect((await through(gap, { max: 3 })).map(({ start }) => start)).toEqual([0, 1, 4]);
    expect((await through(gap, { max: 2 })).map(({ start }) => start)).toEqual([0, 4]);
    const far = await through([countingBlock(0, 1), countingBlock(2 ** 49, 1)]);
    expect(far.map(({ start }) => start)).toEqual([0, 2 ** 49]);
  });

  test('hold and linear start from the last finite sample of each channel', async () => {
    const before = { ...countingBlock(0, 2, { channels: 2 }), data: Float32Array.of(1, 2, NaN, 4) };
    const after = { ...countingBlock(3, 1, { channels: 2 }), data: Float32Array.of(3, NaN) };
    expect([...(await through([before, after], { policy: 'hold' }))[1].data]).toEqual([1, 4]);
    expect([...(await through([before, after], { policy: 'linear' }))[1].data]).toEqual([2, 4]);
  });

  test('a change of channels or rate starts anew', async () => {
    const out = await through([
      countingBlock(10, 2),
      countingBlock(0, 2, { rate: 50 }),
      countingBlock(0, 1, { channels: 2, rate: 50 }),
    ]);
    expect(out.map(({ start, channels }) => [start, channels])).toEqual([
      [10, 1],
      [0, 1],
      [0, 2],
    ]);
  });

  test('rejects an unknown policy', () => {
    expect(() => fillGaps({ policy: 'guess' as 'zero' })).toThrow(
      new TypeError("policy must be one of zero, hold, linear, none, got 'guess'"),
    );
    expect(() => fillGaps({ max: -1 })).toThrow(new RangeError('max must be an integer >= 0, got -1'));
  });
});
