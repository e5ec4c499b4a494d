import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { readRecording } from '../../src/formats/read-recording.ts';
import { annotations, encodeEdf, list } from './encode-edf.ts';
import { readInPieces } from './read-in-pieces.ts';

const rate = 8;
const samples = (records: number) => ({
  label: 'x',
  records: Array.from({ length: records }, () => new Array<number>(rate).fill(0)),
});

describe('annotations', () => {
  const text = fc
    .string({ unit: 'grapheme', minLength: 1, maxLength: 12 })
    .map((each) => [...each].map((letter) => (letter < ' ' ? '·' : letter)).join(''));
  const annotation = fc.record({
    onset: fc.integer({ min: -3000, max: 20_000 }),
    duration: fc.option(fc.nat(5000), { nil: undefined }),
    texts: fc.array(text, { minLength: 1, maxLength: 3 }),
  });
  const records = fc.array(fc.array(fc.array(annotation, { maxLength: 3 }), { minLength: 2, maxLength: 2 }), {
    minLength: 1,
    maxLength: 6,
  });
  const seconds = (ms: number) => String(ms / 1000);
  const signed = (ms: number) => (ms < 0 ? seconds(ms) : `+${seconds(ms)}`);

  test('become marks at their frames, from any record and any annotation signal, however the file is split', () => {
    fc.assert(
      fc.property(
        records,
        fc.nat(999),
        fc.array(fc.integer({ min: 1, max: 999 }), { maxLength: 9 }),
        (all, first, pieces) => {
          const written = [0, 1].map((signal) =>
            all.map((lists, record) => {
              const own = lists[signal].map(({ onset, duration, texts }) =>
                list(signed(onset), texts, duration === undefined ? undefined : seconds(duration)),
              );
              return (signal === 0 ? list(signed(first + 1000 * record), ['']) : '') + own.join('');
            }),
          );
          const bytes = encodeEdf({
            reserved: 'EDF+C',
            signals: [annotations(written[0], 2048), samples(all.length), annotations(written[1], 2048)],
          });
          const frame = (ms: number) => Math.round((ms / 1000) * rate);
          const marks = all.flat(2).flatMap(({ onset, duration = 0, texts }) =>
            texts.map((label) => ({
              at: 0 + Math.round((onset / 1000 - first / 1000) * rate),
              time: Date.UTC(2004, 2, 2, 5, 6, 7) + onset,
              label,
              ...(frame(duration) > 0 && { frames: frame(duration) }),
              ...(duration > 0 && { duration: (duration / 1000) * 1000 }),
            })),
          );
          const recording = readInPieces(bytes, pieces);
          expect(recording.marks).toMatchObject(marks.sort((a, b) => a.time - b.time));
          expect(recording).toMatchObject({ time: Date.UTC(2004, 2, 2, 5, 6, 7) + first, notes: [] });
          expect(recording.channels).toEqual([{ label: 'x', unit: 'µV' }]);
        },
      ),
      { seed: 1, numRuns: 60 },
    );
  });

  test('of BDF+ are in samples of three bytes', () => {
    const signals = [
      samples(1),
      annotations([list('+0', ['']) + list('+0.5', ['blink'], '0.25')], 30, 'BDF Annotations'),
    ];
    const recording = readRecording(encodeEdf({ bdf: true, reserved: 'BDF+C', signals }));
    expect(recording).toMatchObject({ format: 'bdf', marks: [{ at: 4, label: 'blink', frames: 2 }] });
  });

  test('keep their frames if the option rate is higher than the rate of the file', () => {
    const bytes = encodeEdf({ signals: [samples(1), annotations([list('+0.5', ['blink'])], 30)] });
    expect(readRecording(bytes, { rate: 80 })).toMatchObject({ rate: 80, marks: [{ at: 4, label: 'blink' }] });
  });

  test.each([
    'x\x14blink\x14\0',
    '+1\x15y\x14blink\x14\0',
    '+1\x14blink\0',
    '1 2\x14\x14\0',
    '+9999999999999\x14x\x14\0',
  ])('that are malformed are skipped and counted: %j', (malformed) => {
    const record = list('+0', ['']) + malformed + list('+1', ['good']);
    const recording = readRecording(encodeEdf({ signals: [samples(2), annotations([record, malformed], 40)] }));
    expect(recording.marks).toMatchObject([{ at: 8, label: 'good' }]);
    expect(recording.notes).toEqual([
      `Malformed annotation lists are skipped: 2. The first one: record 1 contains ${JSON.stringify(malformed.slice(0, -1))}.`,
    ]);
  });

  test('next to a checksum in records of 0 s are a recording that starts at the start in the header', () => {
    const checksum = { label: 'Crc16', unit: '', records: [[1], [2]] };
    const records = [list('+0', ['']) + list('+30', ['Hypopnea'], '10'), list('+0', ['']) + list('+95.5', ['Arousal'])];
    const recording = readRecording(
      encodeEdf({ reserved: 'EDF+D', duration: 0, signals: [checksum, annotations(records, 40)] }),
    );
    const time = Date.UTC(2004, 2, 2, 5, 6, 7);
    expect(recording).toMatchObject({
      channels: [],
      frames: 0,
      time,
      marks: [
        { at: 30_000, time: time + 30_000, label: 'Hypopnea', duration: 10_000 },
        { at: 95_500, time: time + 95_500, label: 'Arousal' },
      ],
      notes: ['Skipped signals without a sampling rate: Crc16 (1 samples per record).'],
    });
  });

  test('can have decimal commas and exponents', () => {
    const record = list('+0', ['']) + list('+1,5', ['a'], '2,5e-1') + list('+1e0', ['b'], '');
    const { time, marks } = readRecording(encodeEdf({ signals: [samples(2), annotations([record, ''], 60)] }));
    expect(marks).toMatchObject([
      { label: 'b', time: time + 1000 },
      { label: 'a', time: time + 1500, duration: 250 },
    ]);
  });

  test('of a file without a date are in ms after its first frame', () => {
    const record = list('+0.25', ['']) + list('+0.75', ['a']);
    const recording = readRecording(encodeEdf({ date: '00.00.00', signals: [samples(1), annotations([record], 60)] }));
    expect(recording).toMatchObject({ undated: true, time: 0, marks: [{ at: 4, time: 500 }] });
  });

  test('cannot be selected as a column', () => {
    const bytes = encodeEdf({ signals: [samples(1), annotations([list('+0', [''])], 30)] });
    expect(() => readRecording(bytes, { columns: ['EDF Annotations'] })).toThrow(
      "selected signals must be signals with samples, got 'EDF Annotations'",
    );
  });
});

describe('the triggers of a BDF file', () => {
  const file = (status: readonly number[], perRecord: number, label = 'Status') => {
    const records = Array.from({ length: status.length / perRecord }, (_, i) =>
      status.slice(i * perRecord, (i + 1) * perRecord),
    );
    return encodeEdf({ bdf: true, signals: [samples(records.length), { label, records }] });
  };

  test('are the stretches of the low 16 bits without the resting value', () => {
    const held = fc.record({
      low: fc.constantFrom(0, 1, 7, 65_280, 65_535),
      high: fc.integer({ min: -128, max: 127 }),
    });
    fc.assert(
      fc.property(
        fc.array(fc.tuple(held, fc.integer({ min: 1, max: 9 })), { minLength: 1, maxLength: 12 }),
        (stretches) => {
          const long = stretches.flatMap(([{ low, high }, frames]) =>
            new Array<number>(frames).fill(high * 65_536 + low),
          );
          const status = long.concat(new Array<number>((rate - (long.length % rate)) % rate).fill(long.at(-1) ?? 0));
          const { marks = [], frames } = readRecording(file(status, rate));
          const low = status.map((each) => each & 0xffff);
          const times = (trigger: number) => low.filter((each) => each === trigger).length;
          const rest = low.includes(0) ? 0 : low.find((each) => !marks.some(({ label }) => label === String(each)))!;
          for (const trigger of low) expect(rest === 0 || times(trigger) <= times(rest)).toBe(true);
          const again = new Array<number>(frames).fill(rest);
          for (const mark of marks) again.fill(Number(mark.label), mark.at, mark.at + (mark.frames ?? 0));
          expect(again).toEqual(low);
          marks.slice(1).forEach(({ at, label }, i) => {
            expect(at > marks[i].at + (marks[i].frames ?? 0) || label !== marks[i].label).toBe(true);
          });
        },
      ),
      { seed: 2, numRuns: 100 },
    );
  });

  test('of a Status signal with another rate are at the frames of the recording', () => {
    expect(readRecording(file([0, 5, 5, 0], 4)).marks).toMatchObject([{ at: 2, label: '5', frames: 4 }]);
    const status = new Array<number>(32).fill(0).fill(5, 3, 7).fill(9, 18, 19);
    expect(readRecording(file(status, 32)).marks).toMatchObject([
      { at: 1, label: '5', frames: 1 },
      { at: 5, label: '9' },
    ]);
  });

  test('end at missing frames', () => {
    const status = {
      label: 'Status',
      records: [0, 1].map(() => [0, 0, 0, 0, 0, 0, 5, 5].map((each, i) => (i < 2 ? 5 : each))),
    };
    const onsets = annotations([list('+0', ['']), list('+2', [''])], 30);
    const signals = [samples(2), status, onsets];
    expect(readRecording(encodeEdf({ bdf: true, reserved: 'BDF+D', signals })).marks).toMatchObject(
      [0, 6, 16, 22].map((at) => ({ at, label: '5', frames: 2 })),
    );
  });

  test('are only in a Status signal of BDF', () => {
    expect(readRecording(file([0, 5, 5, 0, 0, 0, 0, 0], 8, 'Stat'))).toMatchObject({ marks: [] });
    const edf = readRecording(encodeEdf({ signals: [{ label: 'Status', records: [[0, 5, 0]] }] }));
    expect(edf).toMatchObject({ channels: [{ label: 'Status' }], marks: [] });
  });

  test('alone are a recording with marks only', () => {
    const bytes = encodeEdf({ bdf: true, signals: [{ label: 'Status', records: [[0, 3, 3, 0]] }] });
    const expected = { channels: [], frames: 0, rate: 4, marks: [{ at: 1, label: '3', frames: 2 }] };
    expect(readRecording(bytes)).toMatchObject(expected);
  });
});
