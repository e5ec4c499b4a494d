import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { block, type Block } from '../../../src/core/blocks/block.ts';
import { inspection } from '../../../src/cli/inspect/inspection.ts';
import { inspectionText } from '../../../src/cli/inspect/inspection-text.ts';
import type { Recording } from '../../../src/formats/recording.ts';

const time = Date.UTC(2024, 0, 1);

/** A recording of two channels at 4 Hz with frames at these indexes; the samples are its index and 100 minus its index. */
function recordingAt(indexes: readonly number[], more: Partial<Recording> = {}, maxFrames = 1024): Recording {
  const blocks: Block[] = [];
  let from = 0;
  indexes.forEach((index, i) => {
    const ends = i + 1 === indexes.length || indexes[i + 1] !== index + 1 || i + 1 - from === maxFrames;
    if (!ends) return;
    const part = indexes.slice(from, i + 1);
    blocks.push(
      block(
        part.flatMap((each) => [each, 100 - each]),
        { channels: 2, rate: 4, start: part[0], time: time + part[0] * 250 },
      ),
    );
    from = i + 1;
  });
  const frames = indexes.length;
  return {
    format: 'csv',
    encoding: 'utf-8',
    channels: [{ label: 'a', unit: 'V' }, { label: 'b' }],
    rate: 4,
    time,
    blocks,
    frames,
    lost: (indexes.at(-1) ?? -1) + 1 - frames - (more.segments?.length ?? 0),
    ...more,
  };
}

const someIndexes = fc.array(fc.integer({ min: 1, max: 3 }), { minLength: 1, maxLength: 40 }).map((steps) =>
  steps
    .map(
      (
        (at) => (step: number) =>
          (at += step) - 1
      )(0),
    )
    .map((index, _, all) => index - all[0]),
);

describe('the inspection of a recording', () => {
  test('does not depend on how its frames are split into blocks', () => {
    fc.assert(
      fc.property(someIndexes, fc.integer({ min: 1, max: 5 }), (indexes, maxFrames) => {
        expect(inspection(recordingAt(indexes, {}, maxFrames))).toEqual(inspection(recordingAt(indexes)));
      }),
      { seed: 1 },
    );
  });

  test('counts every frame and every missing frame', () => {
    fc.assert(
      fc.property(someIndexes, (indexes) => {
        const about = inspection(recordingAt(indexes));
        const missing = new Set(
          about.gaps.flatMap(({ from, count }) => Array.from({ length: count }, (_, i) => from + i)),
        );
        expect(indexes.some((index) => missing.has(index))).toBe(false);
        if (about.gaps.length < 20) expect(missing.size).toBe(about.lost);
        expect(about.times.length).toBe(Math.min(6, indexes.length));
        expect([about.first.length, about.last.length]).toEqual([
          Math.min(3, indexes.length),
          Math.min(3, indexes.length),
        ]);
        expect(about.last.at(-1)).toEqual([indexes.at(-1), 100 - (indexes.at(-1) ?? 0)]);
      }),
      { seed: 2 },
    );
  });

  test('has the fields of the cases', () => {
    const marks = [
      { at: 6, time: time + 1510, label: 'b', frames: 2, duration: 490 },
      { at: 1, time: time + 260, label: 'a' },
    ];
    expect(inspection(recordingAt([0, 1, 4, 5], { marks, localTime: true, notes: ['n'] }))).toEqual({
      format: 'csv',
      encoding: 'utf-8',
      channels: [{ label: 'a', unit: 'V' }, { label: 'b' }],
      labelColumns: [],
      rate: 4,
      rateSource: 'header',
      start: '2024-01-01T00:00:00.000Z',
      localTime: true,
      frames: 4,
      lost: 2,
      gaps: [{ from: 2, count: 2 }],
      segments: [],
      times: [0, 0.25, 1, 1.25],
      first: [
        [0, 100],
        [1, 99],
        [4, 96],
      ],
      last: [
        [1, 99],
        [4, 96],
        [5, 95],
      ],
      marks: [
        { time: 0.26, duration: 0, label: 'a' },
        { time: 1.51, duration: 0.49, label: 'b' },
      ],
      notes: ['n'],
    });
  });

  test('counts from the first frame, and does not count the index before a segment', () => {
    const about = inspection(recordingAt([2, 3, 6, 7, 9, 12], { segments: [7 + 2], lost: 4 }));
    expect(about.gaps).toEqual([
      { from: 2, count: 2 },
      { from: 7, count: 2 },
    ]);
    expect(about.segments).toEqual([1.75]);
    expect(about.times[0]).toBe(0);
  });

  test('has neither a start nor a rate where there is none', () => {
    const about = inspection(recordingAt([0, 1], { undated: true, irregular: true }));
    expect([about.start, about.rate]).toEqual([null, 0]);
  });

  test('prints samples as short as they were written, and missing ones as null', () => {
    const data = block([20.1, NaN, Infinity, 1e-9], { channels: 2, rate: 4, time });
    const about = inspection(recordingAt([0, 1], { blocks: [data] }));
    expect(about.first).toEqual([
      [20.1, null],
      [null, 1e-9],
    ]);
    expect(JSON.parse(JSON.stringify(about))).toEqual(about);
  });

  test('of events alone counts from the start of the header', () => {
    const marks = [{ at: 30, time: time + 30_000, label: 'a' }];
    const about = inspection(recordingAt([], { channels: [], blocks: [], marks, lost: 0, rate: 1 }));
    expect([about.start, about.frames, about.times]).toEqual(['2024-01-01T00:00:00.000Z', 0, []]);
    expect(about.marks).toEqual([{ time: 30, duration: 0, label: 'a' }]);
  });
});

describe('its text', () => {
  const textOf = (recording: Recording) => inspectionText('x.csv', recording, inspection(recording));

  test('shows properties, channels, rows, gaps, events, and notes', () => {
    const marks = [{ at: 1, time: time + 250, label: 'blink' }];
    const text = textOf(recordingAt([0, 1, 2, 3, 6, 7, 8], { marks, notes: ['A note.'] }));
    for (const part of ['CSV, utf-8', '4 Hz (from the header)', '7, and 2 missing', '2 frames (0.5 s) from frame 4'])
      expect(text).toContain(part);
    expect(text).toMatch(/^a +V +0 +\S+ +8 +0 +▁▂▃▄ {2}▇██$/m);
    expect(text).toMatch(/^2024-01-01T00:00:00.250Z +1 +99$/m);
    expect(text).toMatch(/^… +… +…$/m);
    expect(text).toContain('  0.25 s  blink\n');
    expect(text).toContain('Notes\n  A note.\n');
  });

  test('contains no control characters of the file', () => {
    const label = '\u001b[2Jred\nalert';
    const marks = [{ at: 0, time, label }];
    const text = textOf(recordingAt([0], { channels: [{ label }, { label: 'b' }], marks, notes: [label] }));
    expect(text.replaceAll('\n', '')).not.toMatch(/\p{Cc}/u);
    expect(text.match(/red.alert/gu)).toHaveLength(4);
  });

  test('of a recording without samples has no tables', () => {
    const text = textOf(recordingAt([], { channels: [], blocks: [], lost: 0 }));
    expect(text).toContain('Frames         0\n');
    expect(text).not.toContain('Signal');
  });
});
