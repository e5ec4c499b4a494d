import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { preambleOf, readPreamble, readTextCell, textCell } from '../../src/formats/csv/csv-preamble.ts';
import { anyText } from './any-text.ts';

const unquoted = (cell: string) => (cell.startsWith('"') ? cell.slice(1, -1).replaceAll('""', '"') : cell);
describe('a text cell', () => {
  test('is read back exactly, and a spreadsheet neither executes nor breaks it', () => {
    fc.assert(
      fc.property(anyText, (text) => {
        const cell = textCell(text);
        expect(readTextCell(unquoted(cell))).toBe(text);
        expect(unquoted(cell)).not.toMatch(/^\s*[=+\-@＝＋－＠\t\r]/);
        expect(cell).not.toMatch(/[\p{Cc}\u2028\u2029\ufeff]/u);
        if (/^\s|\s$|[",;|#]/.test(unquoted(cell))) expect(cell).toMatch(/^".*"$/);
        expect(Buffer.from(cell, 'utf8').toString('utf8')).toBe(cell);
      }),
      { seed: 1, numRuns: 5000 },
    );
  });

  test.each([
    ['Oz', 'Oz'],
    ['eyes closed', 'eyes closed'],
    ['👩‍🔬 µV', '👩‍🔬 µV'],
    ['', ''],
    ['=1+1', "'=1+1"],
    [' @SUM(A1)', "' @SUM(A1)"],
    ['＝1', "'＝1"],
    ['-5', "'-5"],
    ["'quoted'", "''quoted'"],
    ['a, "b"', '"a, ""b"""'],
    ['C:\\n', 'C:\\\\n'],
    ['a\r\n\tb\u0007', 'a\\r\\n\\tb\\u0007'],
    ['\ud800', '\\ud800'],
    ['# 1', '"# 1"'],
    [' a', '" a"'],
  ])('of %j is %s', (text, cell) => {
    expect(textCell(text)).toBe(cell);
  });

  test('that others wrote keeps its backslashes', () => {
    expect(['C:\\temp', 'a\\', '\\x41', '\\uzz'].map(readTextCell)).toEqual([
      'C:\\temp'.replace('\\t', '\t'),
      'a\\',
      '\\x41',
      '\\uzz',
    ]);
  });
});

describe('the first line', () => {
  test('describes kind, rate, labels, and units exactly, and contains no formula', () => {
    const channel = fc.record({ label: anyText, unit: anyText });
    fc.assert(
      fc.property(
        fc.option(anyText, { nil: undefined }),
        fc.option(fc.constantFrom(0, 0.1, 250, 1 / 3), { nil: undefined }),
        fc.array(channel, { maxLength: 4 }),
        (kind, rate, channels) => {
          const line = preambleOf({ kind, rate, channels });
          expect(line).not.toMatch(/[\p{Cc}\u2028\u2029\ufeff]/u);
          expect(line.split(/[,;|]/).every((cell) => /^[#"{]/.test(cell))).toBe(true);
          expect(readPreamble(Buffer.from(line, 'utf8').toString('utf8'))).toEqual({
            ...(kind !== undefined && { kind }),
            ...(rate !== undefined && { rate }),
            channels: channels.map(({ label, unit }) => (unit === '' ? { label } : { label, unit })),
          });
        },
      ),
      { seed: 1, numRuns: 2000 },
    );
  });

  test('is one line of JSON', () => {
    expect(preambleOf({ kind: 'eeg', rate: 250, channels: [{ label: 'Oz', unit: 'µV' }, { label: 'a,"b"' }] })).toBe(
      '# tapline: {"kind":"eeg","rate":250,"channels":[{"label":"Oz","unit":"µV"},{"label":"a\\u002c\\u0022b\\u0022"}]}',
    );
  });

  test('of another file is not one', () => {
    expect(['', 'time,a', '# a comment', '#tapline: {}'].map(readPreamble)).toEqual([
      undefined,
      undefined,
      undefined,
      undefined,
    ]);
  });

  test.each([
    '',
    ' {',
    ' 1',
    ' null',
    ' []',
    ' {}',
    ' {"channels":[1]}',
    ' {"channels":[{"label":1}]}',
    ' {"channels":[{"label":"a","unit":1}]}',
    ' {"channels":[],"rate":-1}',
    ' {"channels":[],"kind":1}',
  ])('that is damaged (%s) is rejected with advice', (json) => {
    expect(() => readPreamble(`# tapline:${json}`)).toThrow(
      /^the line '# tapline:' must contain .* It is damaged: delete it/,
    );
  });
});
