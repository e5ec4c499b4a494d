import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { readRecording } from '../../src/formats/read-recording.ts';
import { readRecordingFile } from '../../src/sources/node/file.ts';
import { isWfdbHeader } from '../../src/formats/wfdb/wfdb-header.ts';
import { sharedData } from '../shared-data.ts';
import { encodeWfdb, type WfdbFileSignal } from './encode-wfdb.ts';
import { channelOf, readFilesInPieces } from './read-in-pieces.ts';

/** Bits of the formats; the smallest number stands for a missing sample. */
const bits: Record<number, number> = { 16: 16, 24: 24, 32: 32, 61: 16, 80: 8, 160: 16, 212: 12, 310: 10, 311: 10 };
const storedIn = (format: number) => fc.integer({ min: -(2 ** (bits[format] - 1)), max: 2 ** (bits[format] - 1) - 1 });

/** Several files, each with one format and some signals. */
const records = fc.integer({ min: 1, max: 2500 }).chain((frames) =>
  fc
    .array(
      fc
        .constantFrom(...Object.keys(bits).map(Number))
        .chain((format) =>
          fc
            .array(fc.array(storedIn(format), { minLength: frames, maxLength: frames }), { minLength: 1, maxLength: 3 })
            .map((signals) => ({ format, signals })),
        ),
      { minLength: 1, maxLength: 3 },
    )
    .map((files) =>
      files.flatMap(({ format, signals }, n): WfdbFileSignal[] =>
        signals.map((stored, i) => ({ file: `f${n}.dat`, format, stored, label: `s ${n}.${i}` })),
      ),
    ),
);

const one = (...stored: number[]): WfdbFileSignal => ({ file: 'a.dat', format: 16, stored });
const read = (record: string, signals: readonly WfdbFileSignal[], annotations?: Parameters<typeof encodeWfdb>[2]) =>
  readFilesInPieces(encodeWfdb(record, signals, annotations), []);
const dated = '10:00:00 01/02/2024';

describe('a WFDB record', () => {
  test('of any formats and files is read as it was written, however its files are split', () => {
    const pieces = fc.array(fc.integer({ min: 1, max: 3000 }), { maxLength: 20 });
    fc.assert(
      fc.property(records, pieces, fc.boolean(), (signals, lengths, counted) => {
        const frames = signals[0].stored.length;
        const record = counted ? `a ${signals.length} 250 ${frames} ${dated}` : `a ${signals.length} 250`;
        const recording = readFilesInPieces(encodeWfdb(record, signals), lengths);
        expect(recording).toMatchObject({
          format: 'wfdb',
          channels: signals.map(({ label }) => ({ label, unit: 'mV' })),
          rate: 250,
          time: counted ? Date.UTC(2024, 1, 1, 10) : 0,
          localTime: true,
          frames,
          lost: 0,
          marks: [],
        });
        expect(recording.notes).toHaveLength(counted ? 0 : 1);
        signals.forEach(({ stored, format }, channel) => {
          const missing = -(2 ** (bits[Number(format)] - 1));
          expect(channelOf(recording, channel)).toEqual(
            stored.map((sample) => (sample === missing ? NaN : Math.fround(sample))),
          );
        });
      }),
      { seed: 1, numRuns: 60 },
    );
  });

  test('is scaled by gain and baseline, which can be absent', () => {
    const scaled = (rest: string) => {
      const { channels, blocks, notes = [] } = read(`a 1 250 2 ${dated}`, [{ ...one(100, 300), rest }]);
      return [channels[0].unit, ...blocks[0].data, ...notes];
    };
    expect(scaled('200(100)/uV 16 7')).toEqual(['µV', 0, 1]);
    expect(scaled('-50 16 200')).toEqual(['mV', 2, -2]);
    expect(scaled('2e2/mmHg')).toEqual(['mmHg', 0.5, 1.5]);
    const uncalibrated = 'Signals without a gain are uncalibrated; 200 per mV is assumed: signal 1.';
    expect(scaled('')).toEqual(['mV', 0.5, 1.5, uncalibrated]);
    expect(scaled('0')).toEqual(['mV', 0.5, 1.5, uncalibrated]);
  });

  test('can have several samples per frame, skewed signals, and bytes before its samples', () => {
    const fast: WfdbFileSignal = {
      ...one(1, 2, 3, 4, 5, 6),
      layout: 'x2:1+3',
      samples: 2,
      before: Uint8Array.of(9, 9, 9),
    };
    const slow: WfdbFileSignal = { ...one(7, 8, 9), layout: '+3', label: 'slow' };
    const recording = read(`a 2 125 3 ${dated}`, [fast, slow]);
    expect(recording).toMatchObject({ rate: 250, frames: 6, channels: [{ label: 'x' }] });
    expect(channelOf(recording, 0)).toEqual([3, 4, 5, 6, NaN, NaN]);
    expect(recording.notes).toEqual(['Skipped signals with another sampling rate: slow (125 Hz).']);
    const files = encodeWfdb(`a 2 125 3 ${dated}`, [fast, slow]);
    expect(channelOf(readFilesInPieces(files, [], { columns: ['slow'] }), 0)).toEqual([7, 8, 9]);
  });

  test('can be in a subdirectory by its header', () => {
    const files = encodeWfdb(`beats/a 1 250 1 ${dated}`, [one(1)], [{ at: 0, code: 1 }]);
    expect(readFilesInPieces(files, [])).toMatchObject({ frames: 1, marks: [{ label: 'N' }] });
  });

  test('has a rate that is exact', () => {
    for (const rate of [49, 360, 257, 15.5, 0.1]) expect(read(`a 1 ${rate} 1`, [one(1)]).rate).toBe(rate);
    expect(read('a 1 250/24000(5) 1', [one(1)]).rate).toBe(250);
    expect(read('a 1', [one(1)]).rate).toBe(250);
  });

  test('has a start if the header has a valid date', () => {
    const time = (clock: string) => read(`a 1 250 1 ${clock}`, [one(1)]).time;
    expect(time('9:05:01.5 29/2/2024')).toBe(Date.UTC(2024, 1, 29, 9, 5, 1, 500));
    expect(time('5:01 1/12/1999')).toBe(Date.UTC(1999, 11, 1, 0, 5, 1));
    expect(time('05-May-2020 09:49:17')).toBe(Date.UTC(2020, 4, 5, 9, 49, 17));
    expect(time('09:49:17.25 2020-05-05')).toBe(Date.UTC(2020, 4, 5, 9, 49, 17, 250));
    for (const clock of [
      '',
      '10:00:00',
      '2006',
      '10:00:00 01/02/199',
      '00:00:00 00/00/0000',
      '10:00:00 30/02/2024',
      '10:00:00 01/13/2024',
      '25:00:00 01/02/2024',
    ]) {
      const { time, notes } = read(`a 1 250 1 ${clock}`, [one(1)]);
      expect([time, notes]).toEqual([0, [expect.stringContaining('start of the recording is unknown')]]);
    }
  });

  test('notes a first number and a checksum that differ from the header', () => {
    const { notes, frames } = read(`a 1 250 2 ${dated}`, [{ ...one(1, 2), rest: '1 16 0 5 7 0 Oz' }]);
    expect(frames).toBe(2);
    expect(notes).toEqual([
      'The first stored number of Oz is 1, but the header specifies 5. The file may be damaged.',
      'The checksum of Oz is 3, but the header specifies 7. The file may be damaged.',
    ]);
    expect(read(`a 1 250 2 ${dated}`, [{ ...one(-1, -2), rest: '1 16 0 -1 65533 0 Oz' }]).notes).toEqual([]);
  });

  test('is read as far as it goes if a file ends early, and no further than the header says', () => {
    const files = encodeWfdb(`a 2 250 3 ${dated}`, [one(1, 2, 3), { ...one(4, 5, 6), file: 'b.dat' }]);
    const cut = readFilesInPieces({ ...files, 'b.dat': files['b.dat'].subarray(0, 3) }, []);
    expect([channelOf(cut, 0), channelOf(cut, 1)]).toEqual([
      [1, 2, 3],
      [4, NaN, NaN],
    ]);
    expect(cut.notes).toEqual([
      "'b.dat' must contain 3 frames, as in the header, but contains 1.",
      "'b.dat' ends within a frame: its last 1 bytes are skipped.",
    ]);
    const long = read(`a 1 250 2 ${dated}`, [{ ...one(1, 2, 3), rest: '1' }]);
    expect([long.frames, long.notes]).toEqual([2, [expect.stringContaining('more than the 2 frames of the header')]]);
  });

  test('has its annotations as marks, labeled with their mnemonics and texts', () => {
    const codes = fc.record({
      step: fc.oneof(fc.nat(1023), fc.nat(2 ** 22)),
      code: fc.constantFrom(1, 5, 14, 28),
      text: fc.constantFrom('', '(AFIB', 'odd', 'ä'),
    });
    fc.assert(
      fc.property(fc.array(codes, { maxLength: 30 }), (steps) => {
        let at = 0;
        const annotations = steps.map(({ step, code, text }) => ({ at: (at += step), code, text }));
        const label: Record<number, string> = { 1: 'N', 5: 'V', 14: '~', 28: '+' };
        expect(read('a 1 250', [one(1)], annotations).marks).toMatchObject(
          annotations.map(({ at, code, text }) => ({ at, label: `${label[code]}${text && ` ${text}`}` })),
        );
      }),
      { seed: 2, numRuns: 100 },
    );
  });

  test('can have a time resolution of its annotations, codes without a mnemonic, and a cut end', () => {
    const annotations = [
      { at: 0, code: 22, text: '## time resolution: 1000' },
      { at: 500, code: 42 },
      { at: 1000, code: 1 },
    ];
    const files = encodeWfdb(`a 1 250 1 ${dated}`, [one(1)], annotations);
    const whole = readFilesInPieces(files, []);
    expect(whole.marks).toMatchObject([
      { at: 125, label: '[42]' },
      { at: 250, label: 'N' },
    ]);
    const cut = readFilesInPieces({ ...files, 'a.atr': files['a.atr'].subarray(0, -8) }, []);
    expect(cut.marks).toMatchObject([{ at: 125, label: '[42]' }]);
    expect(cut.notes).toEqual(['The file of annotations ends early. The complete annotations are read.']);
  });

  test.each([
    ['a 1 0', {}, 'the sampling rate in the record line must be a number > 0 in Hz, got 0'],
    ['a 3 250', {}, 'number of signal lines must be 3, as in the record line, got 1'],
    ['a/4 1 250', {}, 'the record has 4 segments: read the header of each segment instead (a.dat.hea)'],
    ['a 1 250', { format: 99 }, 'format of x must be one of 8, 16, 24, 32, 61, 80, 160, 212, 310, 311, got 99'],
    ['a 1 250', { format: 516 }, 'the samples of x are compressed (FLAC, format 516): convert them to format 16 or 24'],
    ['a 1 250', { rest: 'e/mV' }, "gain of signal 1 must be a number, got 'e'"],
    ['a 1 250', { layout: 'x0' }, 'samples per frame of x must be an integer >= 1, got 0'],
  ])('with the record line %j and the signal %j is rejected by name', (record, wrong, sentence) => {
    const { 'a.hea': header } = encodeWfdb(record, [{ ...one(1), ...wrong }]);
    const { 'a.dat': samples } = encodeWfdb('a 1', [one(1)]);
    expect(() => readFilesInPieces({ 'a.hea': header, 'a.dat': samples }, [])).toThrow(sentence);
  });

  test('that only describe the layout of segments are rejected', () => {
    const layout = 'a_layout 2 250 0\n~ 0 200 0 0 0 0 0 II\n~ 0 200 0 0 0 0 0 V\n';
    expect(() => readFilesInPieces({ 'a_layout.hea': new TextEncoder().encode(layout) }, [])).toThrow(
      /layout of a record with several segments: read the header of each segment/,
    );
  });

  test('can store differences', () => {
    const steps = fc.array(fc.integer({ min: -128, max: 127 }), { minLength: 1, maxLength: 5000 });
    fc.assert(
      fc.property(steps, fc.integer({ min: 1, max: 3 }), (all, signals) => {
        const stored = Array.from({ length: signals }, (_, n) => {
          let at = n;
          return all.map((step, i) => (at += i === 0 ? 0 : step));
        });
        const recording = read(
          'a 1 250'.replace('1', String(signals)),
          stored.map((numbers) => ({ ...one(...numbers), format: 8 })),
        );
        stored.forEach((numbers, channel) => expect(channelOf(recording, channel)).toEqual(numbers.map(Math.fround)));
        expect(recording.notes).toHaveLength(1);
      }),
      { seed: 3, numRuns: 30 },
    );
  });

  test('can have signals without samples, which are skipped, or annotations only', () => {
    const empty: WfdbFileSignal = { ...one(), file: '~', format: 0, rest: '1/mV' };
    const { channels, frames, notes } = read(`a 2 250 2 ${dated}`, [empty, one(1, 2)]);
    expect([channels, frames, notes]).toEqual([
      [{ label: 'x', unit: 'mV' }],
      2,
      ['Skipped signals without samples (format 0): 1.'],
    ]);
    const marks = read(`a 0 250 0 ${dated}`, [], [{ at: 375, code: 1 }]);
    expect(marks).toMatchObject({
      format: 'wfdb',
      channels: [],
      blocks: [],
      frames: 0,
      time: Date.UTC(2024, 1, 1, 10),
      marks: [{ at: 375, label: 'N', time: Date.UTC(2024, 1, 1, 10, 0, 1, 500) }],
    });
    expect(() => read('a 0 250', [])).toThrow('the record has neither signals nor annotations (.atr)');
  });

  test('has the exact times of its annotations, whatever the rates of frames and annotations', () => {
    const annotations = [
      { at: 0, code: 22, text: '## time resolution: 1000' },
      { at: 501, code: 1 },
    ];
    const marks = (rate: number | undefined) =>
      readFilesInPieces(encodeWfdb(`a 1 4 1 ${dated}`, [one(1)], annotations), [], { rate }).marks?.map(
        ({ at, time }) => [at, time - Date.UTC(2024, 1, 1, 10)],
      );
    expect(marks(undefined)).toEqual([[2, 501]]);
    expect(marks(2)).toEqual([[2, 1002]]);
  });

  test('can define its own types of annotations', () => {
    const note = (text: string) => ({ at: 0, code: 22, text });
    const annotations = [
      note('## annotation type definitions'),
      note('42 spindle a sleep spindle'),
      note('## end of definitions'),
      { at: 5, code: 42 },
      { ...note('7 a note'), at: 6 },
    ];
    expect(read(`a 1 250 1 ${dated}`, [one(1)], annotations).marks).toMatchObject([
      { at: 5, label: 'spindle' },
      { at: 6, label: '" 7 a note' },
    ]);
  });

  test('needs its samples, and one format in each file', () => {
    const { 'a.hea': header } = encodeWfdb('a 1', [one(1)]);
    expect(() => readFilesInPieces({ 'a.hea': header }, [])).toThrow("complete frames in 'a.dat' must be >= 1, got 0");
    expect(() => readRecording(header)).toThrow("the file is a header: the file 'a.dat' must be read after it");
    expect(() => read('a 2', [one(1), { ...one(2), format: 212 }])).toThrow(
      "format of x must be 16, as of the other signals in 'a.dat', got 212",
    );
  });

  test('is not what numbers separated by spaces are', () => {
    for (const text of ['1 2 3\n4 16 6\n', 'a 1 250\n16 16\n', '# a 1 250\na 1\n', 'time,a\n', '', 'a 1\0\na.dat 16\n'])
      expect([text, isWfdbHeader(text, true)]).toEqual([text, false]);
    expect(isWfdbHeader('# a\na 1 250\na.dat 1', false)).toBe(undefined);
    expect(isWfdbHeader('# a\na 1 250\na.dat 16', true)).toBe(true);
  });

  const mitbih = sharedData('mitbih/100.hea');
  test.skipIf(!mitbih)('of the MIT-BIH database is read with its beats', async () => {
    const recording = await readRecordingFile(mitbih ?? '');
    const { marks = [] } = recording;
    expect(recording).toMatchObject({
      channels: [
        { label: 'MLII', unit: 'mV' },
        { label: 'V5', unit: 'mV' },
      ],
      rate: 360,
      frames: 650_000,
    });
    expect([...recording.blocks[0].data.subarray(0, 2)]).toEqual([-0.145, -0.065].map(Math.fround));
    expect(marks.slice(0, 3).map(({ at, label }) => [at, label])).toEqual([
      [18, '+ (N'],
      [77, 'N'],
      [370, 'N'],
    ]);
    const count = (label: string) => marks.filter((mark) => mark.label === label).length;
    expect([count('N'), count('A'), count('V')]).toEqual([2239, 33, 1]);
    expect(recording.notes).toHaveLength(1);
  });
});
