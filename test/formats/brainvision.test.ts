import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { readRecording } from '../../src/formats/read-recording.ts';
import { MissingRateError } from '../../src/formats/recording.ts';
import { brainvisionTypes, encodeBrainvision, type BrainvisionFile } from './encode-brainvision.ts';
import { channelOf, readFilesInPieces } from './read-in-pieces.ts';

const stored = {
  INT_16: fc.integer({ min: -(2 ** 15), max: 2 ** 15 - 1 }),
  UINT_16: fc.nat(2 ** 16 - 1),
  INT_32: fc.integer({ min: -(2 ** 31), max: 2 ** 31 - 1 }),
  IEEE_FLOAT_32: fc.float(),
};
const formats = Object.keys(brainvisionTypes) as (keyof typeof brainvisionTypes)[];
const recordings = fc
  .record({ format: fc.constantFrom(...formats), frames: fc.integer({ min: 1, max: 1500 }), vectorized: fc.boolean() })
  .chain(({ format, frames, vectorized }) =>
    fc
      .array(
        fc.record({
          resolution: fc.constantFrom(1, 0.1, 0.0488281, 1e-6, -0.5),
          stored: fc.array(stored[format], { minLength: frames, maxLength: frames }),
        }),
        { minLength: 1, maxLength: 4 },
      )
      .map((channels) => ({ format, vectorized, channels })),
  );

const one = (...stored: number[]) => [{ info: 'Oz,,1,µV', stored }];
const read = (file: BrainvisionFile) => readFilesInPieces(encodeBrainvision(file), []);
const start = Date.UTC(2004, 2, 2, 5, 6, 7, 250);

describe('a BrainVision recording', () => {
  test('of any format and orientation is read as it was written, however its files are split', () => {
    const pieces = fc.array(fc.integer({ min: 1, max: 3000 }), { maxLength: 20 });
    fc.assert(
      fc.property(recordings, pieces, ({ format, vectorized, channels }, lengths) => {
        const files = encodeBrainvision({
          format,
          vectorized,
          interval: 2000,
          channels: channels.map(({ resolution, stored }, i) => ({ info: `c${i},,${resolution},mV`, stored })),
        });
        const recording = readFilesInPieces(files, lengths);
        expect(recording).toMatchObject({
          format: 'brainvision',
          channels: channels.map((_, i) => ({ label: `c${i}`, unit: 'mV' })),
          rate: 500,
          time: start,
          localTime: true,
          frames: channels[0].stored.length,
          lost: 0,
          marks: [],
          notes: [],
        });
        channels.forEach(({ resolution, stored }, channel) => {
          expect(channelOf(recording, channel)).toEqual(stored.map((value) => Math.fround(resolution * value)));
        });
      }),
      { seed: 1, numRuns: 60 },
    );
  });

  test('has its markers as marks, at positions from 1 and with sizes > 1 as durations', () => {
    const markers = [
      'New Segment,,1,1,0,20040302050607250000',
      'Stimulus,S  1,3,1,0',
      'Response,R 12,2,3,0',
      'Comment,a\\1b = c,4,0,2',
      'SyncStatus,,9,1,0',
    ];
    expect(read({ channels: one(1, 2, 3), markers }).marks).toMatchObject([
      { at: 1, label: 'R 12', frames: 3 },
      { at: 2, label: 'S  1' },
      { at: 3, label: 'a,b = c' },
      { at: 8, label: 'SyncStatus' },
    ]);
  });

  test('lacks frames where it was paused, by the dates of its segments', () => {
    const markers = [
      'New Segment,,1,1,0,20040302050607250000',
      'New Segment,,3,1,0,20040302050608258000',
      'Stimulus,S  1,4,1,0',
    ];
    const recording = read({ channels: one(1, 2, 3, 4), markers });
    expect(recording).toMatchObject({ frames: 4, lost: 250, time: start });
    expect(recording.blocks.map(({ start, time, data }) => [start, time, [...data]])).toEqual([
      [0, start, [1, 2]],
      [252, start + 1008, [3, 4]],
    ]);
    expect(recording.marks).toMatchObject([
      { at: 252, label: 'New Segment' },
      { at: 253, label: 'S  1' },
    ]);
    expect(recording.notes).toEqual([expect.stringContaining('paused: 250 frames')]);
  });

  test('has segments at their dates, also between frames, and new segments after more than maxGap', () => {
    const markers = [
      'New Segment,,1,1,0,20040302050607250000',
      'New Segment,,3,1,0,20040302050608255500',
      'Stimulus,S  1,4,2,0',
      'New Segment,,5,1,0,20040303050607250000',
      'Stimulus,S  2,5,1,0',
    ];
    const recording = readFilesInPieces(encodeBrainvision({ channels: one(1, 2, 3, 4, 5), markers }), [], {
      maxGap: 60,
    });
    expect(recording).toMatchObject({ frames: 5, lost: 249, segments: [254] });
    const day = 86_400_000;
    expect(recording.blocks.map(({ start, time }) => [start, time - recording.time])).toEqual([
      [0, 0],
      [251, 1005.5],
      [254, day],
    ]);
    expect(recording.marks?.map(({ at, time, duration, label }) => [at, time - start, duration, label])).toEqual([
      [251, 1005.5, undefined, 'New Segment'],
      [252, 1009.5, 8, 'S  1'],
      [254, day, undefined, 'New Segment'],
      [254, day, undefined, 'S  2'],
    ]);
  });

  test('can have commas in its comments, and fractions in its markers and resolutions', () => {
    const markers = [
      'New Segment,,1,1,0,20040302050607250000',
      'Comment,eyes, open, 2,3,1,0',
      'Stimulus,S  1,2.5,1e0,0',
    ];
    const recording = read({ channels: [{ info: 'Oz,,0,5,µV', stored: [1, 2, 3] }], markers });
    expect(recording.blocks).toMatchObject([{ data: Float32Array.of(0.5, 1, 1.5) }]);
    expect(recording.marks?.map(({ time, label }) => [time - start, label])).toEqual([
      [6, 'S  1'],
      [8, 'eyes, open, 2'],
    ]);
  });

  test('ignores the date of a segment that begins before the previous one ends', () => {
    const markers = ['New Segment,,1,1,0,20040302050607250000', 'New Segment,,3,1,0,20040302050607000000'];
    const { lost, notes } = read({ channels: one(1, 2, 3), markers });
    expect([lost, notes]).toEqual([0, [expect.stringContaining('before the previous one ends: 1')]]);
  });

  test('is timed by the first date, even if an earlier marker has none', () => {
    const markers = ['Stimulus,S  1,1,1,0', 'New Segment,,251,1,0,20040302050607250000'];
    expect(read({ channels: one(1), markers }).time).toBe(start - 1000);
    for (const date of ['', ',', ',0', ',00000000000000000000', ',20041302050607250000', ',yesterday']) {
      const { time, notes } = read({ channels: one(1), markers: [`New Segment,,1,1,0${date}`] });
      expect([time, notes]).toEqual([0, [expect.stringContaining('start of the recording is unknown')]]);
    }
  });

  test('can be in UTF-8, with or without a byte order mark, or in Windows-1252', () => {
    const channels = ['Ä\\1ö,,,µV', 'b,REF,2,°C', 'c,,0.5', 'd,,0.5,uV', ','].map((info) => ({ info, stored: [1] }));
    const markers = ['Comment,“größer”,1,1,0'];
    const windows1252 = (text: string) =>
      Uint8Array.from(text, (letter) => ({ '“': 0x93, '”': 0x94 })[letter] ?? letter.charCodeAt(0));
    for (const encode of [undefined, (text: string) => new TextEncoder().encode(`\uFEFF${text}`), windows1252])
      expect(read({ channels, markers, encode })).toMatchObject({
        channels: [
          { label: 'Ä,ö', unit: 'µV' },
          { label: 'b', unit: '°C' },
          { label: 'c', unit: 'µV' },
          { label: 'd', unit: 'µV' },
          { label: 'Ch5', unit: 'µV' },
        ],
        blocks: [{ data: Float32Array.of(1, 2, 0.5, 0.5, 1) }],
        marks: [{ at: 0, label: '“größer”' }],
      });
  });

  test('is read in part by columns and roles, and at another rate', () => {
    const channels = ['a', 'b', 'c'].map((label, i) => ({ info: `${label},,1,`, stored: [i, i + 10] }));
    const options = { columns: ['c'], roles: { target: ['a'] }, rate: 100 };
    const recording = readFilesInPieces(encodeBrainvision({ channels, interval: '' }), [], options);
    expect(recording).toMatchObject({
      rate: 100,
      roles: { target: [1] },
      blocks: [{ data: Float32Array.of(2, 0, 12, 10) }],
    });
    expect(() => read({ channels, interval: '' })).toThrow(MissingRateError);
  });

  test('is read as far as it goes if its samples end early', () => {
    const files = encodeBrainvision({ channels: [...one(1, 2, 3), ...one(4, 5, 6)], common: ['DataPoints=3'] });
    const cut = readFilesInPieces({ ...files, 'a.eeg': files['a.eeg'].subarray(0, 9) }, []);
    expect(cut).toMatchObject({ frames: 2, blocks: [{ data: Float32Array.of(1, 4, 2, 5) }] });
    expect(cut.notes).toEqual(["'a.eeg' must have 12 bytes for 3 frames, but has 9. 2 frames are read."]);
    const vectorized = encodeBrainvision({
      channels: [...one(1, 2, 3), ...one(4, 5, 6)],
      common: ['DataPoints=3'],
      vectorized: true,
    });
    const part = readFilesInPieces({ ...vectorized, 'a.eeg': vectorized['a.eeg'].subarray(0, 9) }, []);
    expect(part).toMatchObject({ frames: 3, blocks: [{ data: Float32Array.of(1, 4, 2, NaN, 3, NaN) }] });
    expect(part.notes).toEqual(["'a.eeg' must have 12 bytes for 3 frames, but has 9. 3 frames are read."]);
  });

  test('can lack its markers, but not its samples', () => {
    const { 'a.vhdr': header, 'a.eeg': samples } = encodeBrainvision({ channels: one(1) });
    const { frames, marks, notes } = readFilesInPieces({ 'a.vhdr': header, 'a.eeg': samples }, []);
    expect([frames, marks]).toEqual([1, []]);
    expect(notes).toContainEqual(expect.stringContaining("marker file 'a.vmrk' is missing"));
    expect(() => readFilesInPieces({ 'a.vhdr': header }, [])).toThrow(
      "number of complete frames in 'a.eeg' must be >= 1",
    );
    expect(() => readRecording(header)).toThrow("the file is a header: the file 'a.eeg' must be read after it");
  });

  test.each([
    [{ format: 'INT_24' }, "BinaryFormat must be one of INT_16, UINT_16, INT_32, IEEE_FLOAT_32, got 'INT_24'"],
    [{ count: 2 }, 'Channel Infos must be 2 channels, as in NumberOfChannels, got 1'],
    [{ count: 'two' }, "NumberOfChannels must be an integer >= 1, got 'two'"],
    [{ interval: 0 }, 'SamplingInterval must be a number > 0 in µs, got 0'],
    [{ common: ['DataFormat=ASCII'] }, "DataFormat must be one of BINARY, got 'ASCII'"],
    [{ common: ['DataOrientation=ROWS'] }, "DataOrientation must be one of MULTIPLEXED, VECTORIZED, got 'ROWS'"],
    [{ common: ['DataFile='] }, "DataFile must be the name of the file with the samples, got ''"],
    [{ common: ['DataPoints=-1'] }, "DataPoints must be an integer >= 1, got '-1'"],
    [{ channels: [{ info: 'Oz,,x,µV', stored: [1] }] }, "the resolution of Ch1 must be a number other than 0, got 'x'"],
    [{ channels: [{ info: 'Oz,,0,µV', stored: [1] }] }, "the resolution of Ch1 must be a number other than 0, got '0'"],
    [{ common: ['DataType=FREQUENCYDOMAIN'] }, "DataType must be one of TIMEDOMAIN, got 'FREQUENCYDOMAIN'"],
  ])('with %j is rejected by the name of the entry', (wrong, sentence) => {
    const files = { ...encodeBrainvision({ channels: one(1) }) };
    const wanted = { channels: one(1), ...wrong } as BrainvisionFile;
    const text = new TextDecoder().decode(encodeBrainvision({ ...wanted, format: 'INT_16' })['a.vhdr']);
    const header = text.replace('BinaryFormat=INT_16', `BinaryFormat=${wanted.format ?? 'INT_16'}`);
    expect(() => readFilesInPieces({ ...files, 'a.vhdr': new TextEncoder().encode(header) }, [])).toThrow(sentence);
  });

  test('notes malformed markers, and rejects a marker file in place of the header', () => {
    const { notes, marks } = read({ channels: one(1), markers: ['Stimulus,S  1,x,1,0', 'Stimulus,S  2,1,y,0'] });
    expect(marks).toMatchObject([{ at: 0, label: 'S  2' }]);
    expect(notes).toContainEqual(expect.stringContaining("Malformed markers are skipped: 1. The first one: 'mk1="));
    const { 'a.vmrk': markers } = encodeBrainvision({ channels: one(1) });
    expect(() => readFilesInPieces({ 'a.vmrk': markers }, [])).toThrow('read the header file (.vhdr) instead');
  });
});
