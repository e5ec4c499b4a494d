import fc from 'fast-check';
import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { frameCount } from '../../src/core/blocks/block.ts';
import { readRecording } from '../../src/formats/read-recording.ts';
import { sharedData } from '../shared-data.ts';
import { annotations, encodeEdf, list, type EdfFile } from './encode-edf.ts';
import { channelOf, readInPieces } from './read-in-pieces.ts';

const cuts = fc.array(fc.oneof(fc.integer({ min: 1, max: 50 }), fc.integer({ min: 1, max: 5000 })), { maxLength: 30 });

/** A random EDF or BDF file: signals with one rate, some with inverted scales. */
const files = fc
  .record({ bdf: fc.boolean(), channels: fc.integer({ min: 1, max: 5 }), samples: fc.integer({ min: 1, max: 40 }) })
  .chain(({ bdf, channels, samples }) => {
    const most = bdf ? 2 ** 23 : 2 ** 15;
    const stored = fc.array(fc.integer({ min: -most, max: most - 1 }), { minLength: samples, maxLength: samples });
    const scale = fc.record({
      low: fc.integer({ min: -9999, max: 9999 }),
      range: fc.integer({ min: 1, max: 9999 }),
      turned: fc.boolean(),
    });
    return fc.record({
      bdf: fc.constant(bdf),
      duration: fc.constantFrom(0.25, 1, 2),
      scales: fc.array(scale, { minLength: channels, maxLength: channels }),
      records: fc.array(fc.array(stored, { minLength: channels, maxLength: channels }), {
        minLength: 1,
        maxLength: 60,
      }),
    });
  })
  .map(({ bdf, duration, scales, records }) => ({
    bdf,
    duration,
    signals: scales.map(({ low, range, turned }, channel) => ({
      label: `s${channel}`,
      physical: turned ? [low + range, low] : [low, low + range],
      digital: bdf ? [-8388608, 8388607] : [-32768, 32767],
      records: records.map((record) => record[channel]),
    })),
  }));

/** One signal of zeros. */
const zeros = (samples: number, records: number, label = 'x') => ({
  label,
  records: Array.from({ length: records }, () => new Array<number>(samples).fill(0)),
});
const plain: EdfFile = { signals: [{ label: 'Fp1', records: [[1, 2, 3, 4]] }] };

describe('an EDF or BDF file', () => {
  test('is read as the physical samples that were written, however it is split', () => {
    fc.assert(
      fc.property(files, cuts, (file, pieces) => {
        const recording = readInPieces(encodeEdf(file), pieces);
        const [{ records }] = file.signals;
        const rate = records[0].length / file.duration;
        const frames = records.length * records[0].length;
        const format = file.bdf ? 'bdf' : 'edf';
        const time = Date.UTC(2004, 2, 2, 5, 6, 7);
        expect(recording).toMatchObject({ format, rate, time, frames, lost: 0, marks: [], notes: [] });
        expect(recording.channels).toEqual(file.signals.map(({ label }) => ({ label, unit: 'µV' })));
        file.signals.forEach(({ physical: [low, high], digital: [least, most], records }, channel) => {
          const gain = (high - low) / (most - least);
          expect(channelOf(recording, channel)).toEqual(
            records.flat().map((stored) => Math.fround(low + gain * (stored - least))),
          );
        });
        let next = 0;
        for (const block of recording.blocks) {
          expect(block).toMatchObject({ start: next, rate, time: time + (1000 * next) / rate });
          next += frameCount(block);
        }
        expect(next).toBe(frames);
      }),
      { seed: 1, numRuns: 60 },
    );
  });

  test('that is truncated keeps its complete records and reports what is missing', () => {
    fc.assert(
      fc.property(files, fc.double({ min: 0, max: 1, noNaN: true }), (file, share) => {
        const bytes = encodeEdf(file);
        const head = 256 * (1 + file.signals.length);
        const whole = readRecording(bytes);
        const size = (bytes.length - head) / file.signals[0].records.length;
        const cut = head + size + Math.floor(share * (bytes.length - head - size));
        const recording = readRecording(bytes.subarray(0, cut));
        const records = Math.floor((cut - head) / size);
        expect(recording.frames).toBe((records * whole.frames) / file.signals[0].records.length);
        file.signals.forEach((_, channel) => {
          expect(channelOf(recording, channel)).toEqual(channelOf(whole, channel).slice(0, recording.frames));
        });
        const rest = (cut - head) % size;
        const notes = [
          `The header specifies ${file.signals[0].records.length} data records, but the file contains ${records}.`,
          `The file ends within a data record: its ${rest} of ${size} bytes are skipped.`,
        ];
        expect(recording.notes).toEqual(notes.filter((_, i) => (i === 0 ? cut < bytes.length : rest > 0)));
      }),
      { seed: 2, numRuns: 60 },
    );
  });

  test('can have an unknown number of records, or more than its header specifies', () => {
    const signals = [zeros(4, 3)];
    for (const records of [-1, ''])
      expect(readRecording(encodeEdf({ signals, records }))).toMatchObject({
        frames: 12,
        notes: ['The header does not specify the number of data records; the file contains 3.'],
      });
    expect(readRecording(encodeEdf({ signals, records: 2 }))).toMatchObject({
      frames: 12,
      notes: ['The header specifies 2 data records, but the file contains 3.'],
    });
  });

  test.each([
    ['Fp1', 'uV', '', 'eeg'],
    ['EEG Fpz-Cz', 'uV', '', 'eeg'],
    ['x', '', 'EEG cap', 'eeg'],
    ['Cz', 'degC', '', undefined],
    ['ECG', 'mV', 'AgAgCl electrode', undefined],
  ])('with a signal %s in %s and transducer %j has kind %j', (label, unit, transducer, kind) => {
    const bytes = encodeEdf({ signals: [{ label, unit, transducer, records: [[0]] }] });
    expect(readRecording(bytes).kind).toBe(kind);
  });

  test('has units in the common spelling, from UTF-8 or Latin-1', () => {
    const units = ['uV', 'µV', 'μV', 'UV', 'uv', 'ƒÊV', 'ÂµV', 'mV', 'mv', 'v', 'uS', 'us', 'degC', 'unit', 'MV', ''];
    const bytes = encodeEdf({ signals: units.map((unit) => ({ label: '', unit, records: [[0]] })) });
    const micro = ['µV', 'µV', 'µV', 'µV', 'µV', 'µV', 'µV'];
    const expected = [...micro, 'mV', 'mV', 'V', 'µS', 'µs', 'degC', 'unit', 'MV', undefined];
    expect(readRecording(bytes).channels.map(({ unit }) => unit)).toEqual(expected);
    const latin1 = encodeEdf({ signals: [{ label: 'x', unit: '?V', records: [[0]] }] });
    latin1[256 + 96] = 0xb5;
    expect(readRecording(latin1).channels).toEqual([{ label: 'x', unit: 'µV' }]);
  });

  test('can be filled up with zero bytes instead of spaces', () => {
    const signal = { ...plain.signals[0], unit: 'uV' };
    const bytes = encodeEdf({ signals: [signal], recording: 'Startdate 02-MAR-2004' });
    const zeroed = bytes.map((byte, i) => (byte === 0x20 && i < 512 && bytes[i + 1] === 0x20 ? 0 : byte));
    expect(readRecording(zeroed)).toEqual(readRecording(bytes));
  });

  test('can have decimal commas, and zero bytes after a text', () => {
    const signal = { label: 'x\0y', physical: ['-1,5', '1,5'], digital: [-3, 3], records: [[1]] };
    const recording = readRecording(encodeEdf({ signals: [signal], duration: '0,5' }));
    expect(recording).toMatchObject({ rate: 2, channels: [{ label: 'x' }] });
    expect(channelOf(recording, 0)).toEqual([0.5]);
  });

  test('has the rate of the option rate, which is required for records of 0 s', () => {
    expect(readRecording(encodeEdf(plain), { rate: 5 }).rate).toBe(5);
    const timeless = encodeEdf({ ...plain, duration: 0 });
    expect(readRecording(timeless, { rate: 5 }).rate).toBe(5);
    expect(() => readRecording(timeless)).toThrow(
      'the duration of a data record is 0 s. Set the sampling rate with the option rate (Hz).',
    );
  });
});

describe('the start of an EDF file', () => {
  test.each([
    ['24.04.89', '', Date.UTC(1989, 3, 24, 5, 6, 7)],
    ['01.01.85', '', Date.UTC(1985, 0, 1, 5, 6, 7)],
    ['31.12.84', '', Date.UTC(2084, 11, 31, 5, 6, 7)],
    ['24.04.yy', 'Startdate 24-APR-2089 X X X', Date.UTC(2089, 3, 24, 5, 6, 7)],
    ['24.04.89', 'Startdate X X X X', Date.UTC(1989, 3, 24, 5, 6, 7)],
  ])('%s with the recording %j', (date, recording, time) => {
    expect(readRecording(encodeEdf({ ...plain, date, recording }))).toMatchObject({ time, notes: [] });
  });

  test.each([
    ['xx.xx.xx', '05.06.07'],
    ['31.02.04', '05.06.07'],
    ['02.03.04', '25.06.07'],
    ['02.03.04', '05.61.07'],
    ['02.03.04', '05.06.60'],
  ])('%s %s is unknown, and a note reports it', (date, time) => {
    expect(readRecording(encodeEdf({ ...plain, date, time }))).toMatchObject({
      time: 0,
      notes: [`The start of the recording is unknown: it must be dd.mm.yy hh.mm.ss, got '${date} ${time}'.`],
    });
  });
});

describe('a malformed EDF header is rejected with field, rule, and value', () => {
  const [signal] = plain.signals;
  test.each<[Partial<EdfFile>, string]>([
    [{ count: 'x' }, "number of signals must be an integer >= 1, got 'x'"],
    [{ count: 0 }, "number of signals must be an integer >= 1, got '0'"],
    [{ headerBytes: 'x' }, "number of header bytes must be an integer >= 0, got 'x'"],
    [{ headerBytes: 768 }, 'number of header bytes must be 256 (1 + 1 signals) = 512, got 768'],
    [{ records: 1.5 }, "number of data records must be an integer >= -1, got '1.5'"],
    [{ duration: 'x' }, "duration of a data record must be a number, got 'x'"],
    [{ duration: -1 }, 'duration of a data record must be a number >= 0 in s, got -1'],
    [{ signals: [{ ...signal, samples: 0 }] }, 'samples per record of Fp1 must be an integer >= 1, got 0'],
    [{ signals: [{ ...signal, samples: -1 }] }, "samples per record of Fp1 must be an integer >= 0, got '-1'"],
    [{ signals: [{ ...signal, physical: ['', 1] }] }, "physical minimum of Fp1 must be a number, got ''"],
    [{ signals: [{ ...signal, physical: [0, 'x'] }] }, "physical maximum of Fp1 must be a number, got 'x'"],
    [{ signals: [{ ...signal, digital: ['x', 1] }] }, "digital minimum of Fp1 must be a number, got 'x'"],
    [{ signals: [{ ...signal, digital: [0, 'x'] }] }, "digital maximum of Fp1 must be a number, got 'x'"],
    [
      { signals: [{ ...signal, physical: [5, 5] }] },
      'physical maximum of Fp1 must be different from its physical minimum, got 5',
    ],
    [
      { signals: [{ ...signal, digital: [5, 5] }] },
      'digital maximum of Fp1 must be different from its digital minimum, got 5',
    ],
  ])('%#: %j', (wrong, sentence) => {
    expect(() => readRecording(encodeEdf({ ...plain, ...wrong }))).toThrow(new RangeError(sentence));
  });

  test.each([
    [4, 'the header must be 256 bytes, got 4'],
    [100, 'the header must be 256 bytes, got 100'],
    [300, 'the header of the signals must be 256 bytes, got 44'],
    [512, 'number of complete data records must be >= 1, got 0'],
    [519, 'number of complete data records must be >= 1, got 0'],
  ])('that has only %i bytes', (length, sentence) => {
    expect(() => readRecording(encodeEdf(plain).subarray(0, length))).toThrow(new RangeError(sentence));
  });

  test('with records larger than the file does not allocate memory', () => {
    const signals = Array.from({ length: 60 }, () => ({ ...signal, samples: 99_999_999 }));
    expect(() => readRecording(encodeEdf({ signals }))).toThrow('number of complete data records must be >= 1, got 0');
  });

  test.each([
    [{ physical: [0, 0] }, 'physical maximum of dead must be different from its physical minimum, got 0'],
    [{ digital: [0, ''] }, "digital maximum of dead must be a number, got ''"],
    [{ records: [[]] }, 'samples per record of dead must be an integer >= 1, got 0'],
  ])('of a signal that is not selected skips the signal, and a note reports it: %j', (wrong, why) => {
    const dead = { ...signal, label: 'dead', ...wrong };
    const bytes = encodeEdf({ signals: [dead, signal, { ...dead, label: 'dead too' }] });
    const recording = readRecording(bytes);
    expect(recording).toMatchObject({ channels: [{ label: 'Fp1' }], frames: 4 });
    expect(channelOf(recording, 0)).toEqual(channelOf(readRecording(encodeEdf(plain)), 0));
    expect(recording.notes).toEqual([`Skipped unreadable signals (${why}): dead, dead too.`]);
    expect(readRecording(bytes, { columns: ['Fp1'] })).toMatchObject({ frames: 4, notes: [] });
    const asked = 'records' in wrong ? "selected signals must be signals with samples, got 'dead'" : why;
    expect(() => readRecording(bytes, { columns: ['dead'] })).toThrow(asked);
    expect(() => readRecording(bytes, { roles: { target: ['dead'] } })).toThrow();
  });

  test('of the only signal next to annotations leaves a recording with marks only', () => {
    const bytes = encodeEdf({ signals: [{ ...signal, physical: [0, 0] }, annotations([list('+0', ['', 'N1'])], 20)] });
    const why = 'physical maximum of Fp1 must be different from its physical minimum, got 0';
    expect(readRecording(bytes)).toMatchObject({ channels: [], marks: [{ at: 0, label: 'N1' }] });
    expect(readRecording(bytes).notes).toEqual([`Skipped unreadable signals (${why}): Fp1.`]);
  });

  test('of signals without any bytes does not read forever', () => {
    const none = { label: 'EDF Annotations', records: [[]] };
    expect(() => readRecording(encodeEdf({ signals: [none] }))).toThrow(
      'samples per record of EDF Annotations must be',
    );
    expect(readRecording(encodeEdf({ signals: [none, signal] }))).toMatchObject({ frames: 4 });
  });
});

describe('discontinuous records', () => {
  const apart = (onsets: readonly string[], bdf = false) =>
    encodeEdf({
      bdf,
      reserved: bdf ? 'BDF+D' : 'EDF+D',
      signals: [
        { label: 'x', records: onsets.map((_, i) => [i, i, i, i]) },
        annotations(
          onsets.map((onset) => (onset === '' ? '' : list(onset, ['']))),
          24,
        ),
      ],
    });

  test('have gaps of exact length, in EDF+D and BDF+D', () => {
    fc.assert(
      fc.property(
        fc.boolean(),
        fc.array(fc.nat(40), { minLength: 1, maxLength: 20 }),
        fc.nat(3),
        (bdf, gaps, first) => {
          let quarters = first;
          const onsets = gaps.map((gap, i) => `+${(quarters += i === 0 ? 0 : 4 + gap) / 4}`);
          const recording = readRecording(apart(onsets, bdf));
          const lost = gaps.slice(1).reduce((sum, gap) => sum + gap, 0);
          expect(recording).toMatchObject({ time: Date.UTC(2004, 2, 2, 5, 6, 7) + 250 * first, rate: 4, lost });
          expect(recording.frames).toBe(4 * gaps.length);
          const places = recording.blocks.flatMap((block) =>
            [...block.data.keys()].map((frame) => block.start + frame),
          );
          expect(places).toEqual(
            onsets.flatMap((onset) => [0, 1, 2, 3].map((frame) => 4 * Number(onset) - first + frame)),
          );
          for (const block of recording.blocks) expect(block.time).toBe(recording.time + 250 * block.start);
        },
      ),
      { seed: 3, numRuns: 60 },
    );
  });

  test('can have rounded onsets', () => {
    expect(readRecording(apart(['+0', '+0.95', '+2.04']))).toMatchObject({ frames: 12, lost: 0 });
    const rounded = readRecording(apart(['+0', '+0.6', '+2.25']));
    expect(rounded).toMatchObject({ frames: 12, lost: 1 });
    expect(rounded.blocks.map(({ start, time }) => [start, time - rounded.time])).toEqual([
      [0, 0],
      [4, 600],
      [9, 2250],
    ]);
  });

  test('must contain increasing onsets', () => {
    expect(() => readRecording(apart(['+0', '']))).toThrow(
      'record 2 must contain its onset because the file is discontinuous (EDF+D)',
    );
    expect(() => readRecording(apart(['+1', '+1.4']))).toThrow(
      'the onset of record 2 must be >= 2 s, the end of the previous record, got 1.4',
    );
  });

  test('must have onsets within the range of frame indexes and dates', () => {
    const far = '+99999999999999999999';
    expect(() => readRecording(apart(['+0', far]))).toThrow(
      'the onset of record 2 must be within 8000000000000 s, got 100000000000000000000',
    );
    expect(() => readRecording(apart([far, far]))).toThrow('the onset of record 1 must be within 8000000000000 s');
    const year = 365 * 86_400;
    const whole = readRecording(apart(['+0', `+${year}`]), { maxGap: Infinity });
    expect(whole).toMatchObject({ frames: 8, lost: 4 * year - 4 });
  });

  test('have gaps of the same number of frames with the option rate', () => {
    expect(readRecording(apart(['+0', '+2']), { rate: 400 })).toMatchObject({ rate: 400, frames: 8, lost: 4 });
  });

  test('in a file that is not marked as discontinuous are gaps that a note reports', () => {
    const signals = [zeros(4, 2), annotations([list('+0', ['']), list('+9', [''])], 24)];
    for (const reserved of ['EDF+C', ''])
      expect(readRecording(encodeEdf({ reserved, signals }))).toMatchObject({
        frames: 8,
        lost: 32,
        notes: [
          'The header does not mark the file as discontinuous, but record 2 starts at 9 s, 8 s after the end of the previous one.',
        ],
      });
  });

  test('without onsets are read without gaps, and a note reports it', () => {
    expect(readRecording(encodeEdf({ reserved: 'EDF+D', signals: [zeros(4, 2)] }))).toMatchObject({
      frames: 8,
      lost: 0,
      notes: ['The header marks the file as discontinuous, but its records contain no onsets: gaps are unknown.'],
    });
  });

  test('that drift keep their times, and so do annotations', () => {
    const onsets = Array.from({ length: 40 }, (_, n) => (1.004 * n).toFixed(3));
    const signals = [
      zeros(10, 40),
      annotations(
        onsets.map((onset) => list(`+${onset}`, ['']) + list(`+${onset}1`, ['x'])),
        24,
      ),
    ];
    const recording = readRecording(encodeEdf({ reserved: 'EDF+D', signals }));
    expect(recording).toMatchObject({ frames: 400, lost: 0 });
    expect(recording.blocks.map(({ time }) => Math.round(time - recording.time))).toEqual(
      onsets.map((onset) => Math.round(1000 * Number(onset))),
    );
    expect(recording.marks?.map(({ at }) => at)).toEqual(onsets.map((_, n) => 10 * n));
    recording.marks?.forEach(({ time }, n) => {
      expect(time - recording.time).toBeCloseTo(1000 * Number(`${onsets[n]}1`), 3);
    });
  });

  test('more than maxGap apart are segments', () => {
    const onsets = ['+0', '+11', '+12', '+99'];
    const recording = readRecording(apart(onsets), { maxGap: 20 });
    expect(recording).toMatchObject({ frames: 16, lost: 40, segments: [53], rateSource: 'header' });
    expect(recording.blocks.map(({ start, time }) => [start, time - recording.time])).toEqual([
      [0, 0],
      [44, 11_000],
      [53, 99_000],
    ]);
  });
});

describe('the real EDF and BDF files', () => {
  const eeg = sharedData('edf/eegmmidb_64ch_128Hz_annotations.edf');
  test.skipIf(!eeg)('EDF+ with 64 channels at 128 Hz has 124 s and 38 annotations', () => {
    const recording = readRecording(readFileSync(eeg!));
    expect(recording).toMatchObject({ format: 'edf', kind: 'eeg', rate: 128, frames: 15872, lost: 0, notes: [] });
    expect(recording.time).toBe(Date.UTC(2009, 7, 12, 16, 15));
    expect(recording.channels).toHaveLength(64);
    expect(recording.channels[0]).toEqual({ label: 'Fc5.', unit: 'µV', type: 'EEG' });
    expect([...recording.blocks[0].data.slice(0, 3)]).toEqual([21, 9, 20]);
    expect(recording.marks).toHaveLength(38);
    expect(recording.marks?.slice(0, 2)).toMatchObject([
      { at: 0, label: 'T0', frames: 176 },
      { at: 176, label: 'T1', frames: 656 },
    ]);
  });

  const utf8 = sharedData('edf/test_utf8_annotations.edf');
  test.skipIf(!utf8)('annotations may be in UTF-8', () => {
    expect(readRecording(readFileSync(utf8!)).marks).toMatchObject([
      { at: 0, label: 'RECORD START' },
      { at: 400, label: '仰卧', frames: 100 },
    ]);
  });

  const hypnogram = sharedData('edf/SC4001EC-Hypnogram.edf');
  test.skipIf(!hypnogram)(
    'a file of annotations only is a recording of marks, in ms or at the rate that is given',
    () => {
      const bytes = readFileSync(hypnogram!);
      const recording = readRecording(bytes);
      expect(recording).toMatchObject({ channels: [], blocks: [], frames: 0, lost: 0, rate: 1000, notes: [] });
      expect(recording.time).toBe(Date.UTC(1989, 3, 24, 16, 13));
      expect(recording.marks).toHaveLength(154);
      expect(recording.marks?.[1]).toMatchObject({ at: 30_630_000, label: 'Sleep stage 1', frames: 120_000 });
      const paced = readRecording(bytes, { rate: 100 });
      expect(paced.marks?.[1]).toMatchObject({ at: 3_063_000, label: 'Sleep stage 1', frames: 12_000 });
    },
  );

  const biosemi = sharedData('edf/biosemi_73ch_2048Hz_1s.bdf');
  test.skipIf(!biosemi)('BDF with 72 channels has one trigger in its Status signal', () => {
    const bytes = readFileSync(biosemi!);
    const recording = readRecording(bytes);
    expect(recording).toMatchObject({ format: 'bdf', kind: 'eeg', rate: 2048, frames: 2048, lost: 0, notes: [] });
    expect(recording.time).toBe(Date.UTC(2013, 7, 1, 13, 21, 46));
    expect(recording.channels).toHaveLength(72);
    expect(recording.marks).toMatchObject([{ at: 589, label: '128', frames: 21 }]);
    const status = readRecording(bytes, { columns: ['Status'] });
    expect(status.channels).toEqual([{ label: 'Status', unit: 'Boolean', type: 'TRIG' }]);
    expect(status.marks).toEqual(recording.marks);
    expect(channelOf(status, 0)[589] & 0xffff).toBe(128);
  });
});
