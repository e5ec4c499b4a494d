import { from, lastValueFrom, of, toArray } from 'rxjs';
import { describe, expect, test } from 'vitest';
import { detect } from '../../src/operators/detect.ts';
import { verifyOperator } from '../../src/testing/index.ts';
import { countingBlock, noiseBlocks } from './make-blocks.ts';

describe('detect', () => {
  test('satisfies the operator invariants', () => {
    verifyOperator(
      () => detect({ falseAlarms: 50 }),
      () => noiseBlocks([150, 0, 90, 1, 60]),
    );
  });

  test('scores have the start, rate, and time of their block, and an alarm has the index of its frame', async () => {
    const blocks = noiseBlocks([400, 200]);
    blocks[1].data[2 * 100 + 1] = 1000;
    const [, { score, shares, alarms }] = await lastValueFrom(
      from(blocks).pipe(detect({ falseAlarms: 300 }), toArray()),
    );
    expect([score.start, score.rate, score.time, score.channels]).toEqual([400, 100, 4000, 1]);
    expect([shares.start, shares.channels]).toEqual([400, 2]);
    const alarm = alarms.find(({ index }) => index === 500);
    expect(alarm?.time).toBe(5000);
    expect(alarm?.channels.map(({ channel }) => channel)).toEqual([1, 0]);
  });

  test('a change of channels or rate starts anew', async () => {
    const found = await lastValueFrom(
      of(countingBlock(0, 5), countingBlock(3, 5, { rate: 200 }), countingBlock(0, 5, { channels: 2 })).pipe(
        detect(),
        toArray(),
      ),
    );
    expect(found.map(({ shares }) => shares.channels)).toEqual([1, 1, 2]);
  });

  test('rejects invalid options immediately, and a block from the past when it arrives', async () => {
    expect(() => detect({ falseAlarms: 'often' })).toThrow('falseAlarms must be a count per second');
    const back = of(countingBlock(5, 5), countingBlock(4, 5)).pipe(detect());
    await expect(lastValueFrom(back)).rejects.toThrow('block.start must be >= 10, got 4');
  });

  test.each([1e-19, 1e-310])('rejects a block whose frames, at %d Hz, exceed the time range', async (rate) => {
    const block = countingBlock(0, 2, { rate });
    await expect(lastValueFrom(of({ ...block, time: 0 }).pipe(detect()))).rejects.toThrow(
      /^time of the last frame of block must be a number of ms since 1970 within ±8640000000000000, got/,
    );
  });

  test.each([NaN, Infinity, -8.7e15, '0'])('rejects a block with the invalid time %s', async (time) => {
    const block = { ...countingBlock(0, 5), time: time as number };
    await expect(lastValueFrom(of(block).pipe(detect()))).rejects.toThrow(
      /^block.time must be a number of ms since 1970 within ±8640000000000000, got/,
    );
  });
});
