import { expect, test } from 'vitest';
import { block } from '../../src/core/blocks/block.ts';
import type { Recording } from '../../src/formats/recording.ts';
import { timeNotes } from '../../src/formats/time-notes.ts';

const now = Date.UTC(2024, 0, 1);

/** Ten frames at 1 Hz from `time` on, then segments of ten frames after pauses in s. */
function recordingFrom(time: number, more: Partial<Recording> = {}, pauses: readonly number[] = []): Recording {
  let [start, at] = [0, time];
  const blocks = [0, ...pauses].map((pause) => {
    at += pause * 1000;
    const made = block(new Float32Array(10), { channels: 1, rate: 1, start, time: at });
    start += 11;
    at += 10_000;
    return made;
  });
  const segments = blocks.slice(1).map((each) => each.start);
  const frames = 10 * blocks.length;
  return { format: 'csv', channels: [{ label: 'a' }], rate: 1, time, blocks, frames, lost: 0, segments, ...more };
}

test.each([
  ['dates before 1971', Date.UTC(1970, 0, 1, 0, 0, 5), {}, [/before 1971 \(1970-01-01T00:00:05\.000Z\).* clock /]],
  ['anonymized dates', Date.UTC(1985, 0), {}, []],
  ['dates more than a year ahead', Date.UTC(2025, 5), {}, [/more than a year ahead .*2025-06-01/]],
  ['dates in a year', Date.UTC(2024, 11, 31), {}, []],
  ['times from an unknown origin', 5, { undated: true } as const, []],
  ['local times of a text', now, { localTime: true } as const, [/no time zone and are read as UTC/]],
  ['local times of a format that has no zones', now, { format: 'edf', localTime: true } as const, []],
  ['more missing frames than present ones', now, { lost: 11 }, [/missing \(11\) than present \(10\)/]],
])('%s are noted as they should be', (_, time, more, expected) => {
  const notes = timeNotes(recordingFrom(time, more), now);
  expect(notes).toEqual(expected.map((pattern) => expect.stringMatching(pattern)));
});

test('the starts of segments are noted, with the pause before them', () => {
  expect(timeNotes(recordingFrom(now, {}, [3600, -100]), now)).toEqual([
    'Segment 2 starts at 2024-01-01T01:00:10.000Z, after a pause of 3600 s.',
    'Segment 3 starts at 2024-01-01T00:58:40.000Z, after the time went back by 100 s.',
  ]);
  expect(timeNotes(recordingFrom(0, { undated: true }, [60]), now)).toEqual([
    'Segment 2 starts 70 s after the first frame, after a pause of 60 s.',
  ]);
  const many = timeNotes(
    recordingFrom(
      now,
      {},
      Array.from({ length: 20 }, () => 60),
    ),
    now,
  );
  expect(many).toHaveLength(6);
  expect(many.at(-1)).toBe('The recording has 15 more segments.');
});
