import { from, lastValueFrom, map, of, toArray } from 'rxjs';
import { TestScheduler } from 'rxjs/testing';
import { describe, expect, test } from 'vitest';
import type { Block } from '../../src/core/blocks/block.ts';
import { alarms } from '../../src/operators/alarms.ts';
import { verifyOperator } from '../../src/testing/index.ts';
import { inBlocks, noise } from '../core/alarms/quiet-stream.ts';
import { countingBlock } from './make-blocks.ts';

describe('alarms', () => {
  test('satisfies the operator invariants', () => {
    verifyOperator(
      () => alarms({ falseAlarms: 1e4, offDelay: 1000 }),
      () =>
        inBlocks(
          noise(500, 2, (t, _, x) => (t === 400 ? 300 : x)),
          2,
          10,
          37,
        ),
    );
  });

  test('emits the events of an alarm with the blocks that cause them', () => {
    const data = noise(1100, 1, (t, _, x) => (t === 650 ? x + 200 : x));
    const blocks = inBlocks(data, 1, 10, 100);
    const scheduler = new TestScheduler((actual, expected) => expect(actual).toEqual(expected));
    scheduler.run(({ cold, expectObservable }) => {
      const letters = 'abcdefghijk';
      const source = cold(
        'abcdefghijk|',
        Object.fromEntries(blocks.map((block, n) => [letters[n], block])) as Record<string, Block>,
      );
      const steps = source.pipe(
        alarms({ falseAlarms: 1e5 }),
        map(({ step }): string => step),
      );
      expectObservable(steps).toBe('------rc---|', { r: 'raised', c: 'cleared' });
    });
  });

  test('emits the same events at the same times for any block sizes, including timed ones', async () => {
    const data = noise(2500, 1, (t, _, x) => (t >= 1000 && t < 2000 ? x + 40 : x));
    const eventsOf = (length: number) =>
      lastValueFrom(
        from(inBlocks(data, 1, 10, length)).pipe(
          alarms({ falseAlarms: 1e4, escalateAfter: 30_000 }),
          map(({ step, time }) => `${step} ${time}`),
          toArray(),
        ),
      );
    const whole = await eventsOf(2500);
    expect(whole.slice(0, 2)).toEqual(['raised 100000', 'escalated 130000']);
    for (const length of [1, 100, 777]) expect(await eventsOf(length)).toEqual(whole);
  });

  test('uses the given names of the stream and its channels', async () => {
    const data = noise(700, 2, (t, c, x) => (t === 650 && c === 1 ? x + 200 : x));
    const named = alarms({ name: 'mill', labels: ['flow', 'pressure'], falseAlarms: 1e5 });
    const [{ alarm }] = await lastValueFrom(from(inBlocks(data, 2, 10, 70)).pipe(named, toArray()));
    expect(alarm.members[0].stream).toBe('mill');
    expect(alarm.members[0].channels.map(({ label }) => label)).toEqual(['pressure', 'flow']);
  });

  test('rejects invalid options immediately, and a block from the past when it arrives', async () => {
    expect(() => alarms({ falseAlarms: 'often' })).toThrow('falseAlarms must be a count per second');
    expect(() => alarms({ offDelay: 0 })).toThrow('offDelay must be a number > 0 in ms, got 0');
    const back = of(countingBlock(5, 5), countingBlock(4, 5)).pipe(alarms());
    await expect(lastValueFrom(back)).rejects.toThrow('block.start must be >= 10, got 4');
  });
});
