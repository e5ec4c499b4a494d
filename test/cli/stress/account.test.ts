import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { imbalance, viewImbalance, type Viewed } from '../../../src/cli/stress/account.ts';
import { blockAt, firstWrong } from '../../../src/cli/stress/samples.ts';

const count = fc.integer({ min: 0, max: 1e6 });
const error = fc.integer({ min: -100, max: 100 }).filter((by) => by !== 0);

describe('the account of a stream', () => {
  test('balances exactly if every frame is processed or in a gap', () => {
    fc.assert(
      fc.property(count, count, (received, gaps) => {
        const sent = { stream: 'a', next: received + gaps, omitted: gaps };
        expect(imbalance(sent, { received, gaps, next: received + gaps })).toEqual([]);
      }),
      { seed: 1 },
    );
  });

  test('does not balance if one of its counts is wrong', () => {
    fc.assert(
      fc.property(count, count, error, fc.constantFrom('received', 'gaps', 'next'), (received, gaps, by, field) => {
        const sent = { stream: 'a', next: received + gaps, omitted: gaps };
        const processed = { received, gaps, next: received + gaps };
        processed[field] += by;
        expect(imbalance(sent, processed)).not.toEqual([]);
      }),
      { seed: 2 },
    );
  });

  test('reports frames that were lost and counted as a gap, although the sum is right', () => {
    const sent = { stream: 'a', next: 10, omitted: 0 };
    expect(imbalance(sent, { received: 8, gaps: 2, next: 10 })).toEqual([
      'a: 0 frames omitted, but 2 reported as gaps',
    ]);
    expect(imbalance(sent, undefined)).toEqual(['a: the server does not list the stream']);
  });
});

describe('the account of a viewer', () => {
  const view = { stream: 'a', from: 5, frames: 80, gaps: 10, dropped: 5, droppedGaps: 0, wrong: [] };

  test('balances if every frame is received, in a gap, or reported as dropped', () => {
    expect(viewImbalance(view, 100, 10)).toEqual([]);
  });

  test.each<[string, Partial<Viewed>, number]>([
    ['a frame is missing', { frames: 79 }, 10],
    ['a frame comes twice', { frames: 81 }, 10],
    ['a drop is not reported', { dropped: 0 }, 10],
    ['a frame is wrong', { wrong: ['a: frame 7 has the samples of another frame'] }, 10],
    ['more frames are missing than were in gaps whose messages were dropped', { gaps: 0, droppedGaps: 2 }, 9],
  ])('does not balance if %s', (_, change, gaps) => {
    expect(viewImbalance({ ...view, ...change }, 100, gaps)).not.toEqual([]);
  });

  test('allows for gaps whose messages were dropped', () => {
    expect(viewImbalance({ ...view, gaps: 0, droppedGaps: 2 }, 100, 10)).toEqual([]);
  });
});

test('a frame at another index or with another sample is found', () => {
  fc.assert(
    fc.property(count, fc.integer({ min: 1, max: 50 }), fc.integer({ min: 1, max: 8 }), (start, frames, channels) => {
      const block = blockAt(start, frames, { channels, rate: 1, time: 0 });
      expect(firstWrong(block)).toBeUndefined();
      const data = block.data.slice();
      data[data.length - 1] += 1;
      expect(firstWrong({ ...block, data })).toBe(start + frames - 1);
    }),
    { seed: 3 },
  );
  const block = blockAt(100, 50, { channels: 1, rate: 1, time: 0 });
  expect(firstWrong({ ...block, start: 101 })).toBeLessThan(105);
});
