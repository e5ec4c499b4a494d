import fc from 'fast-check';
import { from, lastValueFrom, toArray } from 'rxjs';
import { describe, expect, test } from 'vitest';
import { type Block, frameCount } from '../../src/core/blocks/block.ts';
import { blocks, frames } from '../../src/operators/blocks.ts';
import { verifyOperator } from '../../src/testing/index.ts';
import { countingBlock, noiseBlocks, samplesIn } from './make-blocks.ts';

const through = (input: Block[], n: number) => lastValueFrom(from(input).pipe(blocks(n), toArray()));
const spans = (out: Block[]) => out.map((block) => [block.start, frameCount(block)]);

describe('blocks', () => {
  test('satisfies the operator invariants, also if one block becomes many', () => {
    for (const n of [1, 2, 3, 10, 26])
      verifyOperator(
        () => blocks(n),
        () => noiseBlocks([5, 0, 7, 1, 12]),
        { frames: 25 },
      );
  });

  test('emits every frame once, in full blocks and one rest, at its own index and time', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(fc.nat(9), { minLength: 1 }), fc.integer({ min: 1, max: 12 }), async (lengths, n) => {
        const input = noiseBlocks(lengths);
        const out = await through(input, n);
        const total = lengths.reduce((sum, length) => sum + length, 0);
        expect(samplesIn(out)).toEqual(samplesIn(input));
        expect(spans(out)).toEqual(
          Array.from({ length: Math.ceil(total / n) }, (_, i) => [i * n, Math.min(n, total - i * n)]),
        );
        for (const block of out) expect(block.time).toBeCloseTo(block.start * 10, 9);
      }),
      { seed: 1, numRuns: 50 },
    );
  });

  test('a gap, a change of channels, or a change of rate ends a block early', async () => {
    expect(spans(await through([countingBlock(0, 5), countingBlock(8, 5)], 4))).toEqual([
      [0, 4],
      [4, 1],
      [8, 4],
      [12, 1],
    ]);
    const changes = [
      countingBlock(0, 2),
      countingBlock(2, 2, { channels: 2 }),
      countingBlock(4, 2, { channels: 2, rate: 9 }),
    ];
    expect(spans(await through(changes, 10))).toEqual([
      [0, 2],
      [2, 2],
      [4, 2],
    ]);
  });

  test('preserves validity, and omits it if all frames are valid', async () => {
    const [one, two] = await through([{ ...countingBlock(0, 6), valid: Uint8Array.of(1, 1, 1, 1, 0, 1) }], 3);
    expect(one.valid).toBeUndefined();
    expect([...(two.valid ?? [])]).toEqual([1, 0, 1]);
  });

  test('rejects an invalid length', () => {
    expect(() => blocks(0)).toThrow(new RangeError('n must be an integer >= 1, got 0'));
    expect(() => blocks(1.5)).toThrow(new RangeError('n must be an integer >= 1, got 1.5'));
  });
});

describe('frames', () => {
  test('satisfies the operator invariants', () => {
    verifyOperator(
      () => frames(),
      () => noiseBlocks([3, 0, 4]),
      { frames: 7 },
    );
  });

  test('emits one block per frame', async () => {
    const out = await lastValueFrom(from([countingBlock(3, 3, { channels: 2 })]).pipe(frames(), toArray()));
    expect(out.map(({ data, start }) => [start, ...data])).toEqual([
      [3, 30, 31],
      [4, 40, 41],
      [5, 50, 51],
    ]);
  });
});
