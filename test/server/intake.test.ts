import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { frameCount, timeOf } from '../../src/core/blocks/block.ts';
import type { Samples } from '../../src/protocol/samples.ts';
import { finish } from '../../src/core/slices.ts';
import { Intake, type IntakeOutput, type SensorMessage } from '../../src/server/intake.ts';

/** Processes messages at once. */
const accept = (intake: Intake, ...given: Parameters<Intake['accept']>) => finish(intake.accept(...given));

const begin = Date.UTC(2026, 0);
const channels = [
  { label: 'a', unit: '' },
  { label: 'b', unit: '' },
];
const samples = (frames: readonly (readonly number[])[], fields: Partial<Samples> = {}): Samples => {
  const valid = frames.map((frame) => (frame.some(Number.isNaN) ? 0 : 1));
  const data = Float32Array.from(frames.flat());
  return { type: 'samples', data, channels: 2, ...(valid.includes(0) && { valid: Uint8Array.from(valid) }), ...fields };
};
const raw = (outputs: readonly IntakeOutput[]) =>
  outputs.flatMap((output) => (output.type === 'raw' ? [output.block] : []));
const framesOf = (outputs: readonly IntakeOutput[]) =>
  raw(outputs).flatMap((block) =>
    Array.from({ length: frameCount(block) }, (_, i) => ({
      index: block.start + i,
      data: [...block.data.subarray(2 * i, 2 * i + 2)],
      valid: block.valid ? block.valid[i] : 1,
      time: timeOf(block, block.start + i),
    })),
  );

const number = fc.oneof(fc.float({ noNaN: true, noDefaultInfinity: true }), fc.constant(NaN));
const message = fc.array(fc.tuple(number, number), { minLength: 1, maxLength: 5 });

describe('messages that arrive together', () => {
  test('are the same frames as those that arrive one after another, dated up to their arrival', () => {
    fc.assert(
      fc.property(fc.array(message, { minLength: 1, maxLength: 8 }), fc.constantFrom(0, 10), (list, rate) => {
        const together = framesOf(
          accept(
            new Intake({ channels, rate }),
            list.map((each) => samples(each)),
            begin,
          ),
        );
        const one = new Intake({ channels, rate });
        const apart = list.flatMap((each) => framesOf(accept(one, [samples(each)], begin)));
        const bare = (frames: typeof apart) => frames.map(({ index, data, valid }) => ({ index, data, valid }));
        expect(bare(together)).toEqual(bare(apart));
        together.forEach(({ time }, i) => {
          expect(time).toBeCloseTo(rate === 0 ? begin : begin - (together.length - i) * 100, 3);
        });
      }),
      { seed: 1, numRuns: 200 },
    );
  });

  test('are rejected as a whole, and change nothing', () => {
    const bad: SensorMessage[] = [
      samples([[1, 2]], { channels: 1 }),
      samples([[1, 2]], { rate: 20 }),
      samples([[1, 2]], { start: 2 ** 50 }),
      samples([[1, 2]], { time: 1.7e9 }),
      samples([[1, 2]], { named: true, labels: ['a', 'c'] }),
      { type: 'gap', from: 2 ** 50, count: 1 },
    ];
    for (const wrong of bad) {
      const intake = new Intake({ channels, rate: 10 });
      const good = samples([[1, 2]], { time: begin });
      accept(intake, [good], begin);
      expect(() => accept(intake, [{ ...good, time: begin + 100 }, wrong], begin + 100)).toThrow(/ must be .*, got /);
      expect(intake.next).toBe(1);
      expect(framesOf(accept(intake, [{ ...good, time: begin + 200 }], begin + 200))).toMatchObject([
        { index: 1, time: begin + 200 },
      ]);
    }
  });

  test('keep the order of frames, gaps, and events', () => {
    const intake = new Intake({ channels, rate: 10 });
    const outputs = accept(
      intake,
      [
        samples([[1, 2]], { time: begin }),
        { type: 'mark', label: 'next' },
        samples([[3, 4]], { start: 3, time: begin + 300 }),
        { type: 'mark', label: 'timed', time: begin + 120, duration: 250 },
        { type: 'mark', label: 'framed', at: 7, frames: 2 },
      ],
      begin,
    );
    expect(outputs.filter(({ type }) => type !== 'raw')).toEqual([
      { type: 'mark', at: 1, label: 'next' },
      { type: 'gap', from: 1, count: 2 },
      { type: 'mark', at: 1, label: 'timed', frames: 3, time: begin + 120, duration: 250 },
      { type: 'mark', at: 7, label: 'framed', frames: 2 },
    ]);
  });
});

test('a unit that changes among messages that arrive together is reported with the number of the message', () => {
  const intake = new Intake({ channels, rate: 0 });
  const list = [1_796_025_600, 1_796_025_601_000].map((time) => samples([[1, 2]], { time }));
  expect(() => accept(intake, list, begin)).toThrow(/^message 2 of 2: time must be in seconds \(s\) since 1970/);
  expect(intake.next).toBe(0);
});

test('frames that are sent again neither count as new nor change the clock', () => {
  const intake = new Intake({ channels, rate: 10, clock: 'monotonic' });
  const at = (start: number) =>
    samples(
      [
        [start, 0],
        [start + 1, 0],
      ],
      { start, time: 50 + start / 10 },
    );
  for (let start = 0; start < 20; start += 2) accept(intake, [at(start)], begin + 100 * start + 110);
  expect(accept(intake, [at(0), at(10)], begin + 2000)).toEqual([]);
  const [overlap] = framesOf(accept(intake, [at(19)], begin + 2120));
  expect(overlap.index).toBe(20);
  expect(overlap.time).toBeCloseTo(begin + 2010, -1);
});
