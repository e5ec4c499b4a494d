import fc from 'fast-check';
import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { readRecording } from '../../src/formats/read-recording.ts';
import { sharedData } from '../shared-data.ts';
import { field } from './encode-edf.ts';
import { encodeGdf, gdfTypes, type GdfFile } from './encode-gdf.ts';
import { channelOf, readInPieces } from './read-in-pieces.ts';

const versions = ['1.25', '1.92', '1.94', '2.20', '2.51'];
/** The range of each type; for 64 bits, the range in which numbers are exact. */
const stored: Record<number, fc.Arbitrary<number>> = {
  1: fc.integer({ min: -128, max: 127 }),
  2: fc.nat(255),
  3: fc.integer({ min: -(2 ** 15), max: 2 ** 15 - 1 }),
  4: fc.nat(2 ** 16 - 1),
  5: fc.integer({ min: -(2 ** 31), max: 2 ** 31 - 1 }),
  6: fc.integer({ min: 0, max: 2 ** 32 - 1 }),
  7: fc.maxSafeInteger(),
  8: fc.maxSafeNat(),
  16: fc.float({ noNaN: false }),
  17: fc.double({ noNaN: false }),
  279: fc.integer({ min: -(2 ** 23), max: 2 ** 23 - 1 }),
  535: fc.nat(2 ** 24 - 1),
};

const signals = fc
  .record({ samples: fc.integer({ min: 1, max: 30 }), records: fc.integer({ min: 1, max: 30 }) })
  .chain(({ samples, records }) =>
    fc.array(
      fc.constantFrom(...Object.keys(gdfTypes).map(Number)).chain((type) =>
        fc.record({
          label: fc.constant(`t${type}`),
          type: fc.constant(type),
          physical: fc.tuple(fc.double({ min: -9, max: -1 }), fc.double({ min: 1, max: 9 })),
          digital: fc.tuple(fc.integer({ min: -9, max: -1 }), fc.integer({ min: 1, max: 9 })),
          records: fc.array(fc.array(stored[type], { minLength: samples, maxLength: samples }), {
            minLength: records,
            maxLength: records,
          }),
        }),
      ),
      { minLength: 1, maxLength: 6 },
    ),
  );

const one = (samples: number, records: number) => [
  { label: 'Oz', type: 3, records: Array.from({ length: records }, () => new Array<number>(samples).fill(7)) },
];

describe('a GDF file', () => {
  test('of any version and sample type is read as it was written, however it is split', () => {
    const pieces = fc.array(fc.integer({ min: 1, max: 3000 }), { maxLength: 20 });
    fc.assert(
      fc.property(fc.constantFrom(...versions), signals, fc.nat(300), pieces, (version, all, more, lengths) => {
        const file: GdfFile = {
          version,
          signals: all,
          duration: [1, 4],
          tags: new Uint8Array(version < '1.9' ? 0 : more),
          events: [],
        };
        const recording = readInPieces(encodeGdf(file), lengths);
        const [{ records }] = all;
        const expected = {
          format: 'gdf',
          rate: 4 * records[0].length,
          frames: records.flat().length,
          lost: 0,
          notes: [],
        };
        expect(recording).toMatchObject(expected);
        expect(recording.channels).toMatchObject(all.map(({ label }) => ({ label, unit: 'µV' })));
        all.forEach(({ physical: [low, high], digital: [least, most], records }, channel) => {
          const gain = (high - low) / (most - least);
          expect(channelOf(recording, channel)).toEqual(
            records.flat().map((sample) => Math.fround(low + gain * (sample - least))),
          );
        });
      }),
      { seed: 1, numRuns: 100 },
    );
  });

  test('has its events as marks, in any mode, at the rate of the event table', () => {
    const event = fc.record({
      position: fc.integer({ min: 1, max: 10_000 }),
      type: fc.integer({ min: 0, max: 0xffff }).filter((type) => type !== 0x7fff),
      duration: fc.nat(500),
    });
    fc.assert(
      fc.property(
        fc.constantFrom(...versions),
        fc.constantFrom(1, 3, 5, 7),
        fc.constantFrom(0, 64, 256, 1000),
        fc.array(event, { maxLength: 20 }),
        (version, mode, eventRate, events) => {
          const bytes = encodeGdf({ version, signals: one(1, 5), duration: [1, 256], mode, eventRate, events });
          const ratio = eventRate === 0 ? 1 : 256 / eventRate;
          const marks = events.map(({ position, type, duration }) => {
            const frames = mode % 4 === 1 ? 0 : Math.round(duration * ratio);
            const label = `0x${type.toString(16).padStart(4, '0')}`;
            return { at: Math.round((position - 1) * ratio), label, ...(frames > 0 && { frames }) };
          });
          const recording = readRecording(bytes);
          expect(recording.marks).toMatchObject(marks.sort((a, b) => a.at - b.at));
          expect(recording.notes).toEqual([]);
        },
      ),
      { seed: 2, numRuns: 100 },
    );
  });

  test('labels events with their codes and reads position 0 as 1', () => {
    const events = [768, 1].map((type, position) => ({ position, type }));
    expect(readRecording(encodeGdf({ signals: one(1, 1), events })).marks).toMatchObject([
      { at: 0, label: '0x0300' },
      { at: 0, label: '0x0001' },
    ]);
  });

  test('can have names for its events', () => {
    const text = (tag: number, content: string) => [
      ...[tag, content.length, 0, 0],
      ...[...content].map((letter) => letter.charCodeAt(0)),
    ];
    const tags = Uint8Array.from([...text(3, 'maker'), ...text(1, '\0T0\0T1\0\0'), ...text(2, 'x')]);
    const events = [1, 2, 3, 0x300, 0].map((type) => ({ position: 1, type }));
    const labels = (file: GdfFile) => readRecording(encodeGdf(file)).marks?.map(({ label }) => label);
    const file = { version: '2.20', signals: one(1, 1), events };
    expect(labels({ ...file, tags })).toEqual(['T0', 'T1', '0x0003', '0x0300', '0x0000']);
    expect(labels({ ...file, tags: tags.subarray(0, 20) })).toEqual(['T0', 'T1', '0x0003', '0x0300', '0x0000']);
    expect(labels({ ...file, tags: Uint8Array.of(9, 0, 0, 200) })).toContain('0x0001');
  });

  test('can contain events only', () => {
    const events = [{ position: 513, type: 5, duration: 128 }];
    const file = { version: '2.20', signals: [], mode: 3, records: 0, events };
    const recording = readRecording(encodeGdf({ ...file, eventRate: 256 }));
    const { time } = recording;
    expect(recording).toMatchObject({
      channels: [],
      blocks: [],
      frames: 0,
      marks: [{ at: 2000, time: time + 2000, label: '0x0005', duration: 500 }],
      notes: [],
    });
    expect(() => readRecording(encodeGdf({ ...file, eventRate: 0 }))).toThrow('no signal of this GDF file');
  });

  test('has exact times of its events, whatever the rate of its frames', () => {
    const events = [{ position: 778, type: 5, duration: 3 }];
    const bytes = encodeGdf({ signals: one(1, 5), duration: [1, 1], mode: 3, eventRate: 1000, events });
    const marks = (rate?: number) =>
      readRecording(bytes, { rate }).marks?.map(({ at, time, duration }) => [
        at,
        time - readRecording(bytes).time,
        duration,
      ]);
    expect(marks()).toEqual([[1, 777, 3]]);
    expect(marks(2)).toEqual([[1, 388.5, 1.5]]);
  });

  test('ignores samples in its event table', () => {
    const events = [
      { position: 1, type: 0x7fff, duration: 4 },
      { position: 3, type: 1 },
    ];
    const recording = readRecording(encodeGdf({ version: '2.20', signals: one(1, 5), mode: 3, events }));
    expect(recording.marks).toMatchObject([{ at: 2, label: '0x0001' }]);
  });

  test('that is truncated keeps its complete records and no events, and notes report both', () => {
    const events = [{ position: 2, type: 5 }];
    const bytes = encodeGdf({ signals: one(4, 3), events });
    const cut = (length: number) => readRecording(bytes.subarray(0, length));
    expect(cut(512 + 20)).toMatchObject({
      frames: 8,
      marks: [],
      notes: [
        'The header specifies 3 data records, but the file contains 2.',
        'The file ends within a data record: its 4 of 8 bytes are skipped.',
      ],
    });
    expect(cut(512 + 16).notes).toEqual(['The header specifies 3 data records, but the file contains 2.']);
    expect(cut(512 + 24)).toMatchObject({ frames: 12, marks: [], notes: [] });
    expect(cut(512 + 29)).toMatchObject({
      frames: 12,
      marks: [],
      notes: ['The event table is skipped: it ends within its header.'],
    });
    expect(cut(512 + 33).notes).toEqual(['The event table is skipped: the file contains 1 of its 6 bytes.']);
    expect(readRecording(encodeGdf({ signals: one(4, 3), mode: 2, events }))).toMatchObject({
      frames: 12,
      notes: ['The event table is skipped: its mode must be 1, 3, 5, or 7, got 2.'],
    });
  });

  test('with an unknown number of records is read to its end', () => {
    expect(readRecording(encodeGdf({ signals: one(4, 3), records: -1 }))).toMatchObject({
      frames: 12,
      notes: ['The header does not specify the number of data records; the file contains 3.'],
    });
  });

  test('skips signals with other rates and signals without samples', () => {
    const slow = { label: 'slow', type: 3, records: [[1], [2], [3]] };
    const sparse = { label: 'sparse', type: 17, records: [[], [], []] };
    const bytes = encodeGdf({ signals: [sparse, slow, ...one(4, 3)] });
    expect(readRecording(bytes)).toMatchObject({
      rate: 4,
      channels: [{ label: 'Oz' }],
      notes: ['Skipped signals with another sampling rate: slow (1 Hz).'],
    });
    expect(channelOf(readRecording(bytes, { columns: ['slow'] }), 0).map((x) => Math.round(x * 1e4))).toEqual([
      46, 76, 107,
    ]);
    expect(() => readRecording(bytes, { columns: ['sparse'] })).toThrow(
      "selected signals must be signals with samples, got 'sparse'",
    );
    expect(() => readRecording(encodeGdf({ signals: [sparse] }))).toThrow(
      'no signal of this GDF file contains samples',
    );
    expect(() => readRecording(encodeGdf({ signals: [] }))).toThrow('no signal of this GDF file contains samples');
  });

  test('has units by text in 1.x, by code in 2.x, and by text for unknown codes', () => {
    const unit = (version: string, unit: string, unitCode?: number) => {
      const [signal] = one(1, 1);
      return readRecording(encodeGdf({ version, signals: [{ ...signal, unit, unitCode }] })).channels[0].unit;
    };
    expect([unit('1.25', 'uV\0'), unit('1.25', 'degC'), unit('1.25', '')]).toEqual(['µV', 'degC', undefined]);
    expect([512, 4256, 4274, 4275, 4276, 0].map((code) => unit('2.20', 'uS', code))).toEqual([
      undefined,
      'V',
      'mV',
      'µV',
      'nV',
      'µS',
    ]);
  });
});

describe('the start of a GDF file', () => {
  const at = (version: string, start: Uint8Array) => {
    const { time, undated, localTime } = readRecording(encodeGdf({ version, start, signals: one(1, 1) }));
    expect(localTime).toBe(true);
    return undated ? undefined : time;
  };

  test.each([
    ['2012070619021650', Date.UTC(2012, 6, 6, 19, 2, 16, 500)],
    ['20120706190216  ', Date.UTC(2012, 6, 6, 19, 2, 16)],
    ['', undefined],
    ['some day', undefined],
    ['20121306190216  ', undefined],
    ['20120231190216  ', undefined],
  ])('%j in 1.x', (digits, time) => {
    expect(at('1.25', field(digits, 16))).toBe(time);
  });

  test('in 2.x is a number of days times 2^32', () => {
    fc.assert(
      fc.property(
        fc.date({ min: new Date('0001-01-01'), max: new Date('2999-01-01'), noInvalidDate: true }),
        (date) => {
          const start = new Uint8Array(16);
          const days = (BigInt(date.getTime()) * 2n ** 32n) / 86_400_000n + 719_529n * 2n ** 32n;
          new DataView(start.buffer).setBigUint64(0, days, true);
          expect(at('2.20', start)).toBe(date.getTime());
        },
      ),
      { seed: 3, numRuns: 100 },
    );
    expect(at('2.20', new Uint8Array(16))).toBe(undefined);
    expect(at('2.20', new Uint8Array(16).fill(255))).toBe(undefined);
  });
});

describe('a malformed GDF header is rejected with field, rule, and value', () => {
  const [signal] = one(1, 1);
  test.each<[Partial<GdfFile>, string]>([
    [{ version: '3.00' }, "the version must be GDF 1.00 to GDF 2.99, got 'GDF 3.00'"],
    [{ version: 'x' }, "the version must be GDF 1.00 to GDF 2.99, got 'GDF x'"],
    [{ headerBytes: 256 }, 'number of header bytes must be >= 256 (1 + 1 signals) = 512, got 256'],
    [{ headerBytes: 768 }, 'the header of the signals must be 512 bytes, got 258'],
    [{ records: -2 }, 'number of data records must be an integer >= -1, got -2'],
    [{ records: 0 }, 'number of complete data records must be >= 1, got 0'],
    [{ duration: [1, 0] }, 'duration of a data record must be a number >= 0 in s, got Infinity'],
    [{ version: '2.21', duration: [-1, 1] }, 'duration of a data record must be a number >= 0 in s, got -1'],
    [{ duration: [0, 1] }, 'the duration of a data record is 0 s. Set the sampling rate with the option rate (Hz).'],
    [
      { signals: [{ ...signal, physical: [1, 1] }] },
      'physical maximum of Oz must be different from its physical minimum, got 1',
    ],
    [
      { signals: [{ ...signal, digital: [1, 1] }] },
      'digital maximum of Oz must be different from its digital minimum, got 1',
    ],
  ])('%#: %j', (wrong, sentence) => {
    expect(() => readRecording(encodeGdf({ signals: one(1, 1), ...wrong }))).toThrow(sentence);
  });

  test('of a signal that is not selected skips the signal, and a note reports it', () => {
    const flat = { ...signal, label: 'flat', physical: [1, 1] };
    const why = 'physical maximum of flat must be different from its physical minimum, got 1';
    const bytes = encodeGdf({ signals: [flat, ...one(1, 1)] });
    expect(readRecording(bytes)).toMatchObject({
      channels: [{ label: 'Oz' }],
      notes: [`Skipped unreadable signals (${why}): flat.`],
    });
    expect(() => readRecording(bytes, { columns: ['flat'] })).toThrow(why);
    expect(() => readRecording(encodeGdf({ signals: [{ label: 'sparse', type: 17, records: [[]] }, flat] }))).toThrow(
      why,
    );
  });

  test('with an unknown sample type', () => {
    const bytes = encodeGdf({ signals: one(1, 1) });
    bytes[256 + 220] = 18;
    expect(() => readRecording(bytes)).toThrow(
      'sample type of Oz must be one of the codes 1, 2, 3, 4, 5, 6, 7, 8, 16, 17, 279, 535, got 18',
    );
  });

  test.each([
    [2, 'the header must be 256 bytes, got 2'],
    [100, 'the header must be 256 bytes, got 100'],
    [300, 'the header of the signals must be 256 bytes, got 44'],
    [513, 'number of complete data records must be >= 1, got 0'],
  ])('that has only %i bytes', (length, sentence) => {
    expect(() => readRecording(encodeGdf({ signals: one(1, 1) }).subarray(0, length))).toThrow(sentence);
  });
});

const ssvep = sharedData('ssvep/subject01-2012.07.06-19.02.16.gdf');
test.skipIf(!ssvep)('the SSVEP recording has 8 channels at 256 Hz, 222 s and 98 events', () => {
  const recording = readRecording(readFileSync(ssvep!));
  expect(recording).toMatchObject({
    format: 'gdf',
    kind: 'eeg',
    rate: 256,
    time: 0,
    undated: true,
    frames: 57_024,
    lost: 0,
    notes: ['The start of the recording is unknown: the header contains no valid date.'],
  });
  expect(recording.channels.map(({ label }) => label)).toEqual('Oz O1 O2 PO3 POz PO7 PO8 PO4'.split(' '));
  expect(recording.marks).toHaveLength(98);
  expect(recording.marks?.slice(0, 3)).toMatchObject([
    { at: 3324, label: '0x8001' },
    { at: 3836, label: '0x8100' },
    { at: 3964, label: '0x800b' },
  ]);
});
