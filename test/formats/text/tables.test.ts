import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { csvReader, readCsv } from '../../../src/formats/csv/csv.ts';
import type { ReadOptions, Recording } from '../../../src/formats/recording.ts';

const samples = ({ blocks }: Recording) => blocks.flatMap(({ data }) => [...data]);
const labels = ({ channels }: Recording) => channels.map(({ label }) => label);

const preambles = [
  '',
  '# made by a logger, site A\n',
  'Report of plant 4\nOperator: X\n\n',
  '%% header\n% 2 channels\n',
];
const encodings = {
  'utf-8': (text: string) => new TextEncoder().encode(text),
  'utf-8 with its mark': (text: string) => new TextEncoder().encode(`\ufeff${text}`),
  'utf-16le': (text: string) => new Uint8Array(Buffer.from(`\ufeff${text}`, 'utf16le')),
  'utf-16be': (text: string) => new Uint8Array(Buffer.from(`\ufeff${text}`, 'utf16le').swap16()),
  'windows-1252': (text: string) => new Uint8Array(Buffer.from(text, 'latin1')),
};

const table = fc.record({
  values: fc.array(fc.tuple(fc.integer({ min: -999_999, max: 999_999 }), fc.integer({ min: -99, max: 99 })), {
    minLength: 4,
    maxLength: 30,
  }),
  digits: fc.constantFrom(0, 1, 2, 4),
  delimiter: fc.constantFrom(',', ';', '\t', '|'),
  comma: fc.boolean(),
  quoted: fc.boolean(),
  lineBreak: fc.constantFrom('\n', '\r\n', '\r'),
  preamble: fc.constantFrom(...preambles),
  encoding: fc.constantFrom(...(Object.keys(encodings) as (keyof typeof encodings)[])),
  ended: fc.boolean(),
});

test('any notation of a table is read as the same numbers', () => {
  fc.assert(
    fc.property(table, ({ values, digits, delimiter, comma, quoted, lineBreak, preamble, encoding, ended }) => {
      const decimal = comma && delimiter !== ',' ? ',' : '.';
      const cell = (text: string) => (quoted ? `"${text}"` : text);
      const number = (value: number) => cell((value / 100).toFixed(digits).replace('.', decimal));
      const rows = values.map(([a, b], t) => [cell(String(t)), number(a), number(b)].join(delimiter));
      const head = ['time (s)', 'température', 'b'].map(cell).join(delimiter);
      const text = `${preamble}${[head, ...rows].join('\n')}${ended ? '\n' : ''}`.replaceAll('\n', lineBreak);
      const reader = csvReader();
      reader.push(encodings[encoding](text));
      const recording = reader.end();
      expect(labels(recording)).toEqual(['température', 'b']);
      expect(recording).toMatchObject({ rate: 1, frames: values.length, lost: 0, undated: true });
      const expected = values.flat().map((value) => Math.fround(Number((value / 100).toFixed(digits))));
      expect(samples(recording)).toEqual(expected.map((value) => (value === 0 ? expect.closeTo(0) : value)));
    }),
    { seed: 1, numRuns: 400 },
  );
});

const seconds = (count: number, more = '') =>
  Array.from({ length: count }, (_, t) => `2026-01-30T00:00:${String(t).padStart(2, '0')}Z${more},${t}`);

test('gaps are found exactly, also if every timestamp is off by up to a fifth of a period', () => {
  const gap = fc.record({ at: fc.integer({ min: 20, max: 180 }), lost: fc.integer({ min: 1, max: 500 }) });
  fc.assert(
    fc.property(
      fc.uniqueArray(gap, { selector: ({ at }) => at, maxLength: 4 }),
      fc.array(fc.integer({ min: -200, max: 200 }), { minLength: 200, maxLength: 200 }),
      (gaps, jitter) => {
        const lostBefore = (row: number) => gaps.reduce((sum, { at, lost }) => sum + (at <= row ? lost : 0), 0);
        const rows = jitter.map((off, row) => `${(row + lostBefore(row)) * 1000 + off + 1000},${row}`);
        const { lost, blocks } = readCsv(`time (ms),a\n${rows.join('\n')}\n`, { rate: 1 });
        const indexes = blocks.flatMap(({ data, start }) => Array.from(data, (_, i) => start + i));
        expect(lost).toBe(lostBefore(200));
        expect(indexes).toEqual(jitter.map((_, row) => row + lostBefore(row)));
      },
    ),
    { seed: 2, numRuns: 100 },
  );
});

describe('a table of several sources', () => {
  const long =
    'time,device,v\n2026-01-30T00:00:00Z,a,1\n2026-01-30T00:00:00Z,b,10\n2026-01-30T00:00:10Z,a,2\n2026-01-30T00:00:10Z,b,20\n';
  test('is rejected with the column that names them; with the option series, they are side by side', () => {
    expect(() => readCsv(long)).toThrow(
      "line 3: time does not advance because the rows belong to several sources, which the column 'device' names ('a', 'b').",
    );
    const recording = readCsv(long, { series: 'device' });
    expect(labels(recording)).toEqual(['a', 'b']);
    expect(samples(recording)).toEqual([1, 10, 2, 20]);
    expect(recording).toMatchObject({ rate: 0.1, frames: 2, lost: 0 });
  });
  test('can have numbers as names', () => {
    expect(() => readCsv(long.replaceAll(',a,', ',1,').replaceAll(',b,', ',2,'))).toThrow("column 'device' names");
  });
});

test.each<[string, string, ReadOptions, object]>([
  ['hours', 'time [h],v\n0,1\n0.5,2\n1,3\n', {}, { rate: 1 / 1800, undated: true }],
  ['µs', 'Time [µsec],v\n0,1\n4000,2\n8000,3\n', {}, { rate: 250 }],
  ['the unit in a row', 'time,v\nms,mV\n0,1\n4,2\n8,3\n', {}, { rate: 250, channels: [{ label: 'v', unit: 'mV' }] }],
  ['an option for the unit', 'time,v\n0,1\n4,2\n8,3\n', { timeUnit: 'ms' }, { rate: 250, notes: [] }],
  ['ns since 1970', 'ts,v\n1700000000000000000,1\n1700000000010000000,2\n', {}, { rate: 100, time: 1.7e12 }],
  ['digits', 'date,v\n202401292200,1\n202401292300,2\n', {}, { time: Date.UTC(2024, 0, 29, 22), localTime: true }],
  ['years', 'year,v\n1990,1\n1991,2\n1992,3\n', {}, { time: Date.UTC(1990, 0, 1) }],
  ['days of a spreadsheet', 'Date,v\n45292,1\n45293,2\n', {}, { time: Date.UTC(2024, 0, 1), rate: 1 / 86_400 }],
  [
    'a zone in the name',
    'Time (GMT+01:00),v\n2024-01-01 01:00,1\n2024-01-01 01:01,2\n',
    {},
    { time: Date.UTC(2024, 0, 1) },
  ],
  ['a stated rate', 'Sampling rate: 100 Hz\n\na;b\n1;2\n3;4\n', {}, { rate: 100, rateSource: 'header' }],
  [
    'the start and the rate in the first two rows',
    '1544027337.0, 1544027337.0\n32.0, 32.0\n-2, 61\n-1, 60\n',
    {},
    { rate: 32, time: 1_544_027_337_000, frames: 2, channels: [{ label: 'column 1' }, { label: 'column 2' }] },
  ],
  [
    'time of day over midnight',
    'Time,v\n23:59:59,1\n00:00:00,2\n00:00:01,3\n',
    {},
    { rate: 1, undated: true, lost: 0 },
  ],
])('times with %s are read', (_, text, options, expected) => {
  expect(readCsv(text, options)).toMatchObject(expected);
});

test.each([
  ['a,b\n01/02/2024,1\n01/02/2024,2\n', /can be read in several ways: '01\/02\/2024' is .*'MM\/DD\/YYYY'/],
  ['time (s),v\n1700000000000,1\n1700000001000,2\n', /too large for their unit.*for example 'ms'/],
  ['date,v\n1234567,1\n1234568,2\n', /are not dates in a known notation/],
])('times that are ambiguous or contradict their unit are rejected: %j', (text, sentence) => {
  expect(() => readCsv(text)).toThrow(sentence);
});

test('texts in rows without samples are events at their own times', () => {
  const { marks, frames } = readCsv(
    `time,a,Elements\n${seconds(4, '').join(',\n')},\n2026-01-30T00:00:02.330Z,,/muse/elements/blink\n2026-01-30T00:00:04Z,4,\n`,
    { sort: true },
  );
  expect(frames).toBe(5);
  expect(marks).toEqual([{ at: 2, time: Date.UTC(2026, 0, 30, 0, 0, 2, 330), label: 'blink' }]);
});
