import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { timeOf } from '../../src/core/blocks/block.ts';
import { random } from '../../src/core/random.ts';
import { joinBytes } from '../../src/formats/byte-reader.ts';
import { readRecording } from '../../src/formats/read-recording.ts';
import { MissingRateError, type Recording } from '../../src/formats/recording.ts';
import { encodeXdf, xdfChunk, xdfFormats, type XdfFileStream, type XdfSample } from './encode-xdf.ts';
import { channelOf, readInPieces } from './read-in-pieces.ts';

const stored: Record<keyof typeof xdfFormats, fc.Arbitrary<number>> = {
  int8: fc.integer({ min: -128, max: 127 }),
  int16: fc.integer({ min: -(2 ** 15), max: 2 ** 15 - 1 }),
  int32: fc.integer({ min: -(2 ** 31), max: 2 ** 31 - 1 }),
  int64: fc.maxSafeInteger(),
  float32: fc.float(),
  double64: fc.double(),
};
const formats = Object.keys(xdfFormats) as (keyof typeof xdfFormats)[];

/** The times of all frames in ms. */
const timesOf = ({ blocks }: Recording) =>
  blocks.flatMap((block) =>
    Array.from({ length: block.data.length / block.channels }, (_, i) => timeOf(block, block.start + i)),
  );
/** Frames at times in s whose samples are their numbers. */
const frames = (times: readonly (number | undefined)[]): XdfSample[] => times.map((time, i) => [time, i]);
const regular = (count: number, first: number, rate: number) =>
  Array.from({ length: count }, (_, i) => first + i / rate);
const markers = (...samples: XdfSample[]): XdfFileStream => ({
  name: 'Markers',
  type: 'Markers',
  rate: 0,
  format: 'string',
  chunks: [samples],
});
/** Frames of several channels at 100 Hz. */
const framesOf = (channels: number, count: number): XdfSample[] =>
  regular(count, 1, 100).map((time, i) => [time, ...new Array<number>(channels).fill(i)]);
const read = (streams: readonly XdfFileStream[], options = {}) => readRecording(encodeXdf(streams), options);
const unknownStart = 'The start of the recording is unknown: the file header contains no date.';

describe('an XDF file', () => {
  test('of any format is read as it was written, with and without timestamps, however it is split', () => {
    const pieces = fc.array(fc.integer({ min: 1, max: 500 }), { maxLength: 20 });
    const chunked = fc.tuple(fc.constantFrom(...formats), fc.integer({ min: 1, max: 4 })).chain(([format, channels]) =>
      fc.tuple(
        fc.constant(format),
        fc.array(
          fc.array(fc.array(stored[format], { minLength: channels, maxLength: channels }), {
            minLength: 1,
            maxLength: 300,
          }),
          { minLength: 1, maxLength: 4 },
        ),
      ),
    );
    fc.assert(
      fc.property(chunked, pieces, ([format, chunks], lengths) => {
        let n = 0;
        const samples = chunks.map((chunk) =>
          chunk.map((values, i): XdfSample => [i === 0 ? 1000 + n++ / 100 : (n++, undefined), ...values]),
        );
        const bytes = encodeXdf([{ format, chunks: samples, labels: ['C3'] }], '2024-02-01T10:00:00+0100');
        const recording = readInPieces(bytes, lengths);
        expect(recording).toMatchObject({
          format: 'xdf',
          rate: 100,
          time: Date.UTC(2024, 1, 1, 9),
          frames: n,
          lost: 0,
          marks: [],
          notes: [],
        });
        expect(recording.channels[0]).toEqual({ label: 'C3', unit: 'µV', type: 'EEG' });
        chunks[0][0].forEach((_, channel) => {
          expect(channelOf(recording, channel)).toEqual(chunks.flat().map((values) => Math.fround(values[channel])));
        });
        timesOf(recording).forEach((time, i) => {
          expect(Math.abs(time - recording.time - i * 10)).toBeLessThan(1e-3);
        });
      }),
      { seed: 1, numRuns: 60 },
    );
  });

  test('has texts and numeric markers of other streams as marks, on the clock of the frames', () => {
    const eeg: XdfFileStream = { chunks: [frames(regular(300, 1000, 100))], offsets: [[1000, 5]] };
    const texts = { ...markers([1005.021, 'links & größer'], [1005.5, ''], [1004.99, 'early']), offsets: [] };
    const numbers: XdfFileStream = {
      name: 't',
      type: 'Trigger',
      rate: 0,
      format: 'int32',
      chunks: [[[7.5, 128]]],
      offsets: [[0, 1000]],
    };
    expect(read([texts, eeg, numbers]).marks).toMatchObject([
      { at: -1, label: 'early' },
      { at: 2, label: 'links & größer' },
      { at: 250, label: '128' },
    ]);
  });

  test('with markers only has no channels, and marks in ms or in frames of the given rate', () => {
    const bytes = encodeXdf([markers([10, 'a'], [11.5, 'b'])], '2024-02-01T10:00:00');
    expect(readRecording(bytes)).toMatchObject({
      channels: [],
      frames: 0,
      time: Date.UTC(2024, 1, 1, 10),
      localTime: true,
      marks: [
        { at: 0, label: 'a' },
        { at: 1500, label: 'b' },
      ],
    });
    expect(readRecording(bytes, { rate: 10 }).marks?.at(1)).toMatchObject({ at: 15, label: 'b' });
  });

  test('is read from its EEG stream, else from the stream with the most samples, and other streams are noted', () => {
    const accelerometer: XdfFileStream = {
      name: 'Acc',
      type: 'Accelerometer',
      rate: 50,
      labels: ['ax'],
      unit: 'g',
      chunks: [frames(regular(200, 5, 50))],
    };
    const eeg: XdfFileStream = { name: 'Amp', labels: ['Oz'], chunks: [frames(regular(100, 5, 100))] };
    expect(read([accelerometer, eeg])).toMatchObject({
      kind: 'eeg',
      channels: [{ label: 'Oz' }],
      notes: [
        "Read the stream 'Amp' (1 channel, 100 Hz). Skipped other streams: 'Acc' (1 channel, 50 Hz).",
        unknownStart,
      ],
    });
    const selected = read([accelerometer, eeg], { columns: ['ax'] });
    expect(selected).toMatchObject({ channels: [{ label: 'ax', unit: 'g' }], rate: 50, frames: 200 });
    expect(read([{ ...eeg, type: 'x' }, accelerometer])).toMatchObject({ frames: 200 });
    expect(() => read([accelerometer, eeg], { columns: ['Cz'] })).toThrow('columns must be column names (Oz)');
  });

  test('has the types of its channels, or else of its stream', () => {
    const stream: XdfFileStream = { labels: ['x', 'y', 'left'], chunks: [framesOf(3, 10)] };
    expect(read([{ ...stream, types: ['EEG', 'ECG', 'EOG'] }]).channels.map(({ type }) => type)).toEqual([
      'EEG',
      'ECG',
      'EOG',
    ]);
    expect(read([stream])).toMatchObject({
      kind: 'eeg',
      channels: [{ type: 'EEG' }, { type: 'EEG' }, { type: 'EEG' }],
    });
    expect(read([{ ...stream, type: 'Misc' }]).kind).toBe(undefined);
  });

  test('has a break of more than maxGap, or a clock that goes back, as a new segment', () => {
    const times = [...regular(600, 100, 100), ...regular(600, 200, 100), ...regular(600, 5, 100)];
    const recording = read([{ chunks: [frames(times)] }], { maxGap: 60 });
    expect(recording).toMatchObject({ frames: 1800, lost: 0, segments: [601, 1202] });
    expect(recording.blocks.filter(({ start }) => recording.segments?.includes(start)).map(({ time }) => time)).toEqual(
      [expect.closeTo(100_000, 3), expect.closeTo(-95_000, 3)],
    );
    expect(read([{ chunks: [frames(times.slice(0, 1200))] }])).toMatchObject({ lost: 9400, frames: 1200 });
  });

  test('loses the samples and the clock offset that a sender leaves when it ends', () => {
    const offsets = [0, 5, 10, 15, 5000].map((time): [number, number] => [100 + time, time > 20 ? 3e5 : 0.1]);
    const stream = { chunks: [[...frames(regular(100, 100, 100)), [1e-9, 7] as const]], offsets };
    const footer = (count: number) => `<info><sample_count>${count}</sample_count></info>`;
    const recording = read([{ ...stream, footer: footer(100) }]);
    expect(recording).toMatchObject({ frames: 100, lost: 0 });
    expect(recording.notes).toContainEqual(
      expect.stringContaining("which the footer does not count, are skipped: 'x'"),
    );
    expect(read([{ ...stream, footer: footer(101) }]).frames).toBe(101);
    expect(read([{ chunks: stream.chunks, offsets: offsets.slice(0, 4), footer: footer(100) }]).frames).toBe(101);
    expect(read([{ ...stream, footer: '<info>' }]).frames).toBe(101);
  });

  test('has triggers that are far rarer than their nominal rate as marks', () => {
    const triggers: XdfFileStream = {
      name: 't',
      type: 'Markers',
      rate: 10_000,
      format: 'int32',
      chunks: [
        [
          [1.2, 5],
          [2.7, 6],
        ],
      ],
    };
    expect(read([{ chunks: [frames(regular(300, 1, 100))] }, triggers]).marks).toMatchObject([
      { at: 20, label: '5' },
      { at: 170, label: '6' },
    ]);
  });

  test('notes clocks that may differ', () => {
    const eeg: XdfFileStream = { chunks: [frames(regular(300, 1000, 100))], offsets: [[1000, 0]], host: 'a' };
    const note = "Streams from different computers without clock offsets: 'Markers'. Events may be shifted.";
    expect(read([eeg, { ...markers([1001, 'x']), host: 'b' }]).notes).toContain(note);
    expect(read([eeg, { ...markers([1001, 'x']), host: 'a' }]).notes).toEqual([unknownStart]);
    expect(read([eeg, markers([5, 'x'])]).notes).toContain(
      'No event is within the frames: the clocks of the streams may differ.',
    );
  });

  test('is freed from clock offsets with drift and outliers', () => {
    const noise = random(3);
    const times = regular(6000, 500, 100);
    const offset = (time: number) => 2.5 + 1e-4 * (time - 500);
    const offsets = Array.from({ length: 13 }, (_, i): [number, number] => {
      const time = 500 + 5 * i;
      return [time, offset(time) + 1e-5 * (noise.uniform() - 0.5) + (i === 6 ? 0.2 : 0)];
    });
    const recording = read([{ chunks: [frames(times)], offsets }, markers([532.5 + 0.003, 'x'])]);
    const expected = times.map((time) => (time + offset(time) - 502.5) * 1000);
    timesOf(recording).forEach((time, i) => {
      expect(Math.abs(time - expected[i])).toBeLessThan(0.5);
    });
    expect(recording).toMatchObject({ rate: 100, marks: [{ at: 3000, label: 'x' }] });
  });

  test('is freed from clock offsets that change when a computer restarts', () => {
    const early = regular(10_000, 900, 100);
    const late = regular(10_000, 20, 100);
    const offsets = [
      ...Array.from({ length: 20 }, (_, i): [number, number] => [900 + 5 * i, 0]),
      ...Array.from({ length: 20 }, (_, i): [number, number] => [20 + 5 * i, 1000]),
    ];
    const recording = read([{ chunks: [frames(early), frames(late)], offsets }]);
    expect(recording).toMatchObject({ frames: 20_000, lost: 2000 });
    timesOf(recording).forEach((time, i) => {
      expect(Math.abs(time - (i < 10_000 ? i * 10 : 20_000 + i * 10))).toBeLessThan(1);
    });
  });

  test('loses the jitter of a regular stream, but keeps its breaks as gaps', () => {
    const noise = random(4);
    const times = [...regular(1000, 100, 250), ...regular(1000, 114, 250)];
    const jittered = times.map((time) => time + 0.003 * (noise.uniform() - 0.5));
    const recording = read([{ rate: 250, chunks: [frames(jittered)] }]);
    expect(recording).toMatchObject({ rate: 250, frames: 2000, lost: 2500 });
    expect(recording.blocks.some(({ start }) => start === 3500)).toBe(true);
    timesOf(recording).forEach((time, i) => {
      expect(Math.abs(time - (times[i] - times[0]) * 1000)).toBeLessThan(0.6);
    });
  });

  test('keeps the times of streams that drop samples, and ignores a wild timestamp', () => {
    const times = regular(50, 0, 100).map((time, i) => (i < 20 ? time : time + 0.5));
    const desc = '<synchronization><can_drop_samples>true</can_drop_samples></synchronization>';
    const dropped = read([{ chunks: [frames(times)], desc }]);
    timesOf(dropped).forEach((time, i) => {
      expect(Math.abs(time - times[i] * 1000)).toBeLessThan(0.3);
    });
    const wild = regular(50, 1000, 100).map((time, i) => (i === 7 ? 1e9 : time));
    const { lost, notes } = read([{ chunks: [frames(wild)] }]);
    expect([lost, notes]).toEqual([
      0,
      [expect.stringContaining('the next ones contradict are ignored: 1'), unknownStart],
    ]);
  });

  test('keeps the time of each frame of an irregular stream', () => {
    const times = [5, 5.1, 5.15, 7, 7.1, 7.25];
    const recording = read([
      { rate: 0, type: 'Temperature', chunks: [frames(times)] },
      markers([6.9, 'x'], [7.2, 'y']),
    ]);
    expect(recording).toMatchObject({ rate: expect.closeTo(10) as number, frames: 6, lost: 0 });
    timesOf(recording).forEach((time, i) => {
      expect(time).toBeCloseTo((times[i] - 5) * 1000, 6);
    });
    expect(recording.marks).toMatchObject([
      { at: 3, label: 'x' },
      { at: 5, label: 'y' },
    ]);
    expect(recording.notes).toContainEqual(expect.stringContaining("The stream 'x' is irregular."));
    expect(() => read([{ rate: 0, type: 'x', chunks: [frames([1])] }])).toThrow(MissingRateError);
    expect(read([{ rate: 0, type: 'x', chunks: [frames([1])] }], { rate: 2 }).rate).toBe(2);
  });

  test('has the rate of its timestamps if it differs from the nominal one by more than 1 %', () => {
    const { rate, notes } = read([{ rate: 256, chunks: [frames(regular(1000, 1, 250))] }]);
    expect([rate, notes]).toEqual([250, [expect.stringContaining('imply 250 Hz'), unknownStart]]);
    expect(read([{ rate: 256, chunks: [frames(regular(1000, 1, 255))] }]).rate).toBe(256);
    expect(read([{ rate: 256, chunks: [frames(regular(1000, 1, 250))] }], { rate: 100 }).rate).toBe(100);
  });

  test('that ends anywhere is read as far as it goes', () => {
    const samples = frames(regular(20, 1, 100));
    const end = xdfChunk(5, new Uint8Array(16), 4);
    const bytes = joinBytes([encodeXdf([{ chunks: [samples.slice(0, 10), samples.slice(10)] }]), end]);
    const whole = readRecording(bytes);
    let most = 0;
    for (let length = 500; length < bytes.length; length++) {
      const { frames: read, notes, blocks } = readRecording(bytes.subarray(0, length));
      expect(read).toBeGreaterThanOrEqual(most);
      most = read;
      expect([...blocks[0].data]).toEqual([...whole.blocks[0].data.subarray(0, read)]);
      expect(notes!.length).toBeLessThanOrEqual(2);
    }
    expect(most).toBe(20);
    const { notes } = readRecording(bytes.subarray(0, -1));
    expect(notes).toContain('The file ends within a chunk. Its complete samples are read.');
  });

  test('with a damaged part is read from the next boundary on', () => {
    const samples = frames(regular(30, 1, 100));
    const bytes = encodeXdf([{ chunks: [samples.slice(0, 10), samples.slice(10, 20), samples.slice(20)] }]);
    const text = Buffer.from(bytes).toString('latin1');
    const boundary = text.indexOf('C\xa5F\xdc') + 16;
    const damaged = joinBytes([bytes.subarray(0, boundary), Uint8Array.of(0xff, 67, 67), bytes.subarray(boundary)]);
    const recording = readRecording(damaged);
    expect(channelOf(recording, 0)).toEqual([...samples.slice(0, 10), ...samples.slice(20)].map(([, value]) => value));
    expect(recording.notes).toContain('Damaged parts of the file are skipped: 1.');
  });

  test('skips chunks that are unknown, belong to no stream, or contain fewer samples than they state', () => {
    const bytes = encodeXdf([{ chunks: [frames(regular(10, 1, 100))] }]);
    const short = xdfChunk(3, Uint8Array.of(0, 0, 0, 0, 1, 2, 0, 0, 0, 0, 0x41, 0, 0));
    const lost = xdfChunk(3, Uint8Array.of(9, 0, 0, 0, 1, 0));
    const recording = readRecording(
      joinBytes([bytes, short, lost, xdfChunk(99, Uint8Array.of(1)), Uint8Array.of(1, 0)]),
    );
    expect(channelOf(recording, 0)).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 8]);
    expect(recording.notes).toEqual([
      unknownStart,
      "Some chunks contain fewer samples than they state: 'x'.",
      'Damaged parts of the file are skipped: 2.',
    ]);
  });

  test.each([
    [{ format: 'float16' }, "channel_format of the stream 'x' must be one of int8"],
    [{ count: 0 }, "channel_count of the stream 'x' must be an integer >= 1, got '0'"],
    [{ rate: 'fast' }, "nominal_srate of the stream 'x' must be a number >= 0 in Hz, got 'fast'"],
    [{ desc: '<open>' }, 'a stream header is invalid: the XML must close <open> before </desc>'],
  ])('with %j is rejected by the name of the field', (wrong, sentence) => {
    const stream: XdfFileStream = { chunks: [], count: 1, ...wrong };
    expect(() => read([stream])).toThrow(sentence);
  });

  test('without streams or samples is rejected', () => {
    expect(() => readRecording('XDF:')).toThrow('the file contains no stream');
    expect(() => read([{ chunks: [], count: 1 }])).toThrow('the streams of the file contain no samples');
  });
});
