import fc from 'fast-check';
import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { openbciReader, readOpenbci } from '../../src/formats/openbci/openbci.ts';
import { readRecording } from '../../src/formats/read-recording.ts';
import { sharedData } from '../shared-data.ts';

const head = `%OpenBCI Raw EXG Data
%Number of channels = 2
%Sample Rate = 250 Hz
%Board = OpenBCI_GUI$BoardCytonSerial
Sample Index, EXG Channel 0, EXG Channel 1, Accel Channel 0, Not Used, Timestamp, Timestamp (Formatted)
`;
const row = (index: number, sample = index) =>
  `${index}, ${sample}.25, -${sample}.5, 0.04,0, 1557936053329, 12:00:53.329`;
const file = (indexes: number[]) => head + indexes.map((index) => row(index)).join('\n') + '\n';
const starts = (text: string) => readOpenbci(text).blocks.map((block) => block.start);

describe('an OpenBCI file', () => {
  test('has EXG channels in µV, its rate, and the time of its first timestamp', () => {
    const recording = readRecording(file([0, 1, 2]).replaceAll('\n', '\r\n'));
    expect(recording).toMatchObject({
      format: 'openbci',
      kind: 'eeg',
      rate: 250,
      time: 1557936053329,
      frames: 3,
      lost: 0,
    });
    expect(recording.channels).toEqual([
      { label: 'EXG Channel 0', unit: 'µV' },
      { label: 'EXG Channel 1', unit: 'µV' },
    ]);
    expect([...recording.blocks[0].data]).toEqual([0.25, -0.5, 1.25, -1.5, 2.25, -2.5]);
  });

  test('returns other columns if they are selected', () => {
    expect(readOpenbci(file([0]), { columns: ['Accel Channel 0', 2] }).channels).toEqual([
      { label: 'Accel Channel 0', unit: 'g' },
      { label: 'EXG Channel 0', unit: 'µV' },
    ]);
  });

  test('can have timestamps in seconds', () => {
    expect(readOpenbci(file([0]).replaceAll(' 1557936053329,', ' 1557936053.329,')).time).toBeCloseTo(1557936053329, 1);
  });

  test('can have no row of names', () => {
    const text =
      '%OpenBCI Raw EEG Data\n%Number of channels = 2\n%Sample Rate = 250.0 Hz\n7, 1, 2, 0.5, 1557936053329\n';
    const recording = readOpenbci(text);
    expect(recording).toMatchObject({ rate: 250, time: 1557936053329 });
    expect(recording.channels.map((channel) => channel.label)).toEqual(['EXG Channel 0', 'EXG Channel 1']);
  });

  test.each([
    [head, 'the file has no frames'],
    [
      head.replace('%Sample Rate = 250 Hz\n', '') + row(0),
      'the file has no %Sample Rate line. Set the sampling rate with the option rate (Hz).',
    ],
    [head + row(0) + '\n1, 2, 3\n2, 3, 4\n3, 4, 5\n', 'line 7 must have 7 cells, got 3'],
    [head.replace('= 2', '= 9').replace(/^Sample Index.*\n/m, '') + row(0), '%Number of channels must be at most 4'],
    ['%Sample Rate = 250 Hz\n0, 1, 2, 3, 12:00:53.329', 'match no OpenBCI board'],
  ])('%# is rejected with a sentence', (text, sentence) => {
    expect(() => readOpenbci(text)).toThrow(sentence);
  });
});

describe('the sample index', () => {
  test('wraps at 255 without a gap', () => {
    expect(starts(file([253, 254, 255, 0, 1]))).toEqual([0]);
  });

  test('counts lost frames exactly, also across the wrap; whole cycles are not detected', () => {
    fc.assert(
      fc.property(
        fc.nat(255),
        fc.array(fc.record({ frames: fc.integer({ min: 200, max: 300 }), lost: fc.integer({ min: 0, max: 300 }) }), {
          minLength: 1,
          maxLength: 5,
        }),
        (first, runs) => {
          const indexes: number[] = [];
          let index = first;
          let lost = 0;
          for (const run of runs) {
            for (let i = 0; i < run.frames; i++) indexes.push(index++ & 255);
            index += run.lost;
          }
          for (const run of runs.slice(0, -1)) lost += run.lost % 256;
          const recording = readOpenbci(file(indexes));
          expect(recording).toMatchObject({ frames: indexes.length, lost });
          for (const block of recording.blocks) {
            expect(block.time).toBe(recording.time + block.start * 4);
            for (let i = 0; i < block.data.length; i += 2)
              expect(Math.floor(block.data[i])).toBe(indexes[0] + block.start + i / 2 - 256 * turnsOf(first, block, i));
          }
        },
      ),
      { seed: 1, numRuns: 20 },
    );
    function turnsOf(first: number, block: { start: number }, i: number) {
      return Math.floor((first + block.start + i / 2) / 256);
    }
  });

  test.each([
    ['a Daisy on even indexes', [250, 252, 254, 0, 2, 8, 10], [0, 7]],
    ['a Daisy on odd indexes', [251, 253, 255, 1, 3, 5, 9], [0, 7]],
    ['a Ganglion with acceleration', [99, 99, 100, 100, 0, 1, 1, 2, 2, 4, 4], [0, 11]],
    ['a Ganglion without', [199, 199, 200, 200, 0, 101, 101, 103, 103], [0, 9]],
    ['a Ganglion of firmware 3', [98, 98, 99, 99, 0, 0, 1, 1, 4, 4], [0, 12]],
    ['a Ganglion that counts to 199', [197, 198, 199, 0, 1, 3], [0, 6]],
    ['a Ganglion that counts to 200', [198, 199, 200, 0, 1, 3], [0, 6]],
    ['a Ganglion that counts from 1', [197, 198, 199, 200, 1, 2, 4], [0, 7]],
    ['a Daisy of version 4', [126, 127, 0, 1, 3], [0, 5]],
    ['a counter without a cycle', [1000, 1001, 1002, 1005], [0, 5]],
  ])('of %s is detected', (_, indexes, expected) => {
    expect(starts(file(indexes))).toEqual(expected);
  });

  test('that does not count is ignored', () => {
    expect(readOpenbci(file([0, 0, 0, 0]))).toMatchObject({ frames: 4, lost: 0 });
    expect(readOpenbci(file([1000, 1001, 1002]))).toMatchObject({ frames: 3, lost: 0 });
  });
});

test('the recording does not depend on how the text is split', () => {
  const text = file(Array.from({ length: 1500 }, (_, n) => (n + (n > 1100 ? 7 : 0)) & 255));
  const bytes = new TextEncoder().encode(text);
  const whole = readOpenbci(text);
  expect(whole.lost).toBe(7);
  fc.assert(
    fc.property(fc.array(fc.integer({ min: 1, max: 40000 }), { maxLength: 8 }), (pieces) => {
      const reader = openbciReader();
      let at = 0;
      for (const piece of pieces) reader.push(bytes.subarray(at, (at += piece)));
      reader.push(bytes.subarray(at));
      expect(reader.end()).toEqual(whole);
    }),
    { seed: 1, numRuns: 10 },
  );
});

const blinks = sharedData('openbci/OpenBCI_GUI-v6-blinks-jawClench-alpha.txt');
test.skipIf(!blinks)('the OpenBCI recording has eight channels, 250 Hz, 22490 frames and no gap', () => {
  const recording = readRecording(readFileSync(blinks!, 'utf8'));
  expect(recording).toMatchObject({ format: 'openbci', rate: 250, time: 1557936053329, frames: 22490, lost: 0 });
  expect(recording.channels).toHaveLength(8);
  expect([...recording.blocks[0].data.slice(0, 2)]).toEqual([61379.36, 49492.89].map(Math.fround));
  const last = recording.blocks.at(-1)!;
  expect(last.data.at(-1)).toBe(Math.fround(-6470.99));
});

test.skipIf(!blinks)(
  'rows removed from the OpenBCI recording are lost frames, also whole cycles of its sample index',
  () => {
    const [head, body] = [
      readFileSync(blinks!, 'utf8').split('\n').slice(0, 5),
      readFileSync(blinks!, 'utf8').split('\n').slice(5),
    ];
    for (const [at, count] of [
      [5000, 1],
      [5000, 300],
      [3, 256],
      [9000, 1024],
      [5000, 5000],
    ]) {
      const recording = readOpenbci([...head, ...body.slice(0, at), ...body.slice(at + count)].join('\n'));
      expect(recording).toMatchObject({ frames: 22490 - count, lost: count });
      expect(recording.blocks.filter(({ start }) => start === at + count)).toHaveLength(1);
    }
  },
);

describe('timestamps in other notations', () => {
  const fileOf = (stamp: (ms: number) => string, lost = 0) =>
    `%Number of channels = 1\n%Sample Rate = 250 Hz\nSample Index, EXG Channel 0, Timestamp (Formatted)\n` +
    Array.from({ length: 300 }, (_, i) => {
      const n = i < 200 ? i : i + lost;
      return `${n % 256}, ${i}.5, ${stamp(Date.UTC(2026, 10, 30, 20) + n * 4)}`;
    }).join('\n') +
    '\n';
  const clockOf = (ms: number) => new Date(ms).toISOString().slice(13, 23);

  test('are read, as in tables', () => {
    const notations = [
      (ms: number) => `11/30/2026 20${clockOf(ms)}`,
      (ms: number) => `11/30/2026 08${clockOf(ms)} PM`,
      (ms: number) => `30.11.2026 20${clockOf(ms)}`,
    ];
    for (const notation of notations) {
      const recording = readOpenbci(fileOf(notation, 256));
      expect(recording).toMatchObject({ frames: 300, lost: 256, time: Date.UTC(2026, 10, 30, 20), localTime: true });
      expect(recording.undated).toBeUndefined();
    }
    const clock = readOpenbci(fileOf((ms) => `08${clockOf(ms)} PM`, 256));
    expect(clock).toMatchObject({ frames: 300, lost: 256, undated: true });
  });

  test('that are not understood are noted', () => {
    const ambiguous = readOpenbci(fileOf((ms) => `11/05/2026 20${clockOf(ms)}`));
    expect(ambiguous).toMatchObject({ frames: 300, undated: true });
    expect(ambiguous.notes).toEqual([
      "Dates such as '11/05/2026 20:00:00.000' are ignored: day and month are ambiguous.",
    ]);
    const unknown = readOpenbci(fileOf((ms) => `week 48 20${clockOf(ms)}`));
    expect(unknown).toMatchObject({ frames: 300, undated: true });
    expect(unknown.notes).toEqual([expect.stringMatching(/^Times such as 'week 48 20:00:00.000' are ignored: /)]);
  });
});
