import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { random } from '../../src/core/random.ts';
import { recordTimes, type RecordStamps } from '../../src/formats/edf/record-times.ts';

const frames = 100;
/** Records of 1 s. */
const timesOf = (onsets: readonly (number | undefined)[], more: Partial<RecordStamps> = {}) =>
  recordTimes({ onsets, duration: 1, frames, discontinuous: true, ...more });
const contiguous = (count: number) => Array.from({ length: count }, (_, i) => i * frames);

describe('the times of records', () => {
  test('have gaps of the exact number of frames, whatever their order and rounding', () => {
    const gap = fc.oneof(fc.constant(0), fc.nat(5000));
    fc.assert(
      fc.property(fc.array(gap, { minLength: 1, maxLength: 40 }), fc.boolean(), (gaps, discontinuous) => {
        let at = 0;
        const starts = gaps.map((lost, i) => (at += i === 0 ? 0 : lost + frames));
        const times = timesOf(
          starts.map((start) => start / frames),
          { discontinuous },
        );
        // A constant distance of up to 5 % more than the duration is a drift.
        fc.pre(gaps.slice(1).filter((lost) => lost > 0 && lost <= 5).length < 2);
        expect(times.starts).toEqual(starts);
        expect(times.segments).toEqual([]);
        expect(times.notes.length).toBe(discontinuous || starts.at(-1) === (starts.length - 1) * frames ? 0 : 1);
      }),
      { seed: 1, numRuns: 200 },
    );
  });

  test('lose no frames to a clock that drifts, with jitter', () => {
    const noise = random(5);
    for (const step of [0.98, 0.996, 0.9999, 1, 1.0001, 1.004, 1.02])
      for (const jitter of [0, 0.001, 0.01, 0.05]) {
        const onsets = Array.from({ length: 300 }, (_, i) => i * step + jitter * noise.uniform());
        const times = timesOf(onsets);
        expect(times.starts).toEqual(contiguous(300));
        expect(times.onsets).toEqual(onsets);
      }
  });

  test('lose no frames to jitter whose steps are skewed, and keep the gaps', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 60 }),
        fc.integer({ min: 3, max: 120 }),
        fc.constantFrom(0.998, 1, 1.001),
        fc.integer({ min: 0, max: 500 }),
        (slope, period, step, gap) => {
          // More than one of ten steps are on either side.
          fc.pre(slope % period > period / 8 && slope % period < (7 * period) / 8);
          const at = (i: number) => i * step + ((i * slope) % period) / 1000;
          const lost = gap < 100 ? 0 : gap;
          const onsets = Array.from({ length: 240 }, (_, i) => at(i) + (i < 120 ? 0 : lost));
          const times = timesOf(onsets);
          expect(times.starts.slice(0, 120)).toEqual(contiguous(120));
          const after = times.starts[120] - 12_000;
          expect(Math.abs(after - lost * frames)).toBeLessThanOrEqual(13);
          expect(times.starts.slice(120)).toEqual(contiguous(120).map((start) => start + 12_000 + after));
        },
      ),
      { seed: 2, numRuns: 200 },
    );
    expect(timesOf(Array.from({ length: 200 }, (_, i) => i + ((i * 7919) % 61) / 1000)).starts).toEqual(
      contiguous(200),
    );
  });

  test('lose no frames to a drift that changes', () => {
    const onsets = Array.from({ length: 400 }, (_, i) => i + 0.003 * Math.abs(i - 200));
    expect(timesOf(onsets).starts).toEqual(contiguous(400));
  });

  test('have a gap although the clock drifts', () => {
    const onsets = Array.from({ length: 60 }, (_, i) => 1.004 * i + (i < 30 ? 0 : 7));
    expect(timesOf(onsets).starts).toEqual(Array.from({ length: 60 }, (_, i) => i * frames + (i < 30 ? 0 : 700)));
    expect(timesOf(onsets).notes).toEqual([
      'The records are 1.004 s apart, but contain 1 s: the clocks of the recorder differ. This difference is not counted as lost frames.',
    ]);
  });

  test('ignore one onset that the next ones contradict, and absent ones, unless the file is discontinuous', () => {
    const times = timesOf([0, 1, 5000, 3, undefined, 5, 1e300], { discontinuous: false });
    expect(times).toMatchObject({ starts: contiguous(7), onsets: [0, 1, 2, 3, 4, 5, 6] });
    expect(times.notes).toEqual(['An onset is ignored: record 3 starts at 5000 s, but is expected at 2 s.']);
    const zeros = timesOf([0, 0, 0, 0], { discontinuous: false });
    expect(zeros).toMatchObject({ starts: contiguous(4), onsets: [0, 1, 2, 3] });
    expect(zeros.notes).toEqual([expect.stringContaining('the first of 3 ignored onsets')]);
  });

  test('of a discontinuous file must increase', () => {
    expect(() => timesOf([0, 10, 5])).toThrow(
      'the onset of record 3 must be >= 11 s, the end of the previous record, got 5',
    );
    expect(() => timesOf([0, undefined])).toThrow('record 2 must contain its onset');
    expect(() => timesOf([0, 1, 5000, 3])).toThrow('the onset of record 4 must be >= 5001 s');
    expect(timesOf([0, 1.3, 2, 3]).starts).toEqual(contiguous(4));
  });

  test('more than maxGap apart begin a segment, one index after the previous one', () => {
    const times = timesOf([0, 12, 13, 100_000], { maxGap: 60 });
    expect(times).toMatchObject({ starts: [0, 1200, 1300, 1401], segments: [1401] });
    expect(timesOf([0, 86_401]).segments).toEqual([]);
    expect(timesOf([0, 86_402]).segments).toEqual([101]);
  });
});
