import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { readRecording } from '../../src/formats/read-recording.ts';
import { encodeEdf } from './encode-edf.ts';
import { encodeGdf } from './encode-gdf.ts';
import { encodeWfdb } from './encode-wfdb.ts';
import { encodeXdf } from './encode-xdf.ts';
import { encodeBrainvision } from './encode-brainvision.ts';
import { readFilesInPieces, readInPieces } from './read-in-pieces.ts';

const signal = { label: 'x', type: 3, records: [[1, 2]] };
const contents: Record<string, string | Uint8Array> = {
  csv: '1;1\n2;2\n3;3\n',
  openbci: '\uFEFF\n \r\n%OpenBCI\n%Number of channels = 1\n%Sample Rate = 200 Hz\n0, 1.5, 1557936053329\n',
  edf: encodeEdf({ signals: [signal] }),
  bdf: encodeEdf({ bdf: true, signals: [signal] }),
  gdf: encodeGdf({ signals: [signal] }),
  xdf: encodeXdf([
    {
      chunks: [
        [
          [1, 2],
          [1.01, 3],
        ],
      ],
    },
  ]),
};

describe('the format of a recording', () => {
  test.each(Object.keys(contents))('%s is detected from the content, in pieces as short as one byte', (format) => {
    const content = contents[format];
    const bytes = typeof content === 'string' ? new TextEncoder().encode(content) : content;
    const whole = readRecording(content, { rate: 8 });
    expect(whole.format).toBe(format);
    expect(whole.frames).toBeGreaterThan(0);
    expect(readRecording(bytes, { rate: 8 })).toEqual(whole);
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 0, max: 9 }), { maxLength: 100 }), (lengths) => {
        expect(readInPieces(bytes, lengths, { rate: 8 })).toEqual(whole);
      }),
      { seed: 1, numRuns: 30 },
    );
  });

  test('in several files is detected from its header, in pieces as short as one byte', () => {
    const sets = [
      encodeBrainvision({ channels: [{ info: 'x', stored: [1, 2] }] }),
      encodeWfdb('a 1 250', [{ file: 'a.dat', format: 212, stored: [1, 2, 3] }], [{ at: 1, code: 1 }]),
    ];
    for (const files of sets) {
      const whole = readFilesInPieces(files, []);
      fc.assert(
        fc.property(fc.array(fc.integer({ min: 0, max: 9 }), { maxLength: 200 }), (lengths) => {
          expect(readFilesInPieces(files, lengths)).toEqual(whole);
        }),
        { seed: 1, numRuns: 30 },
      );
    }
  });

  test('can be detected from fewer than eight bytes', () => {
    expect(readRecording('1\n2', { rate: 1 })).toMatchObject({ format: 'csv', frames: 2 });
    expect(readRecording('0', { rate: 1 })).toMatchObject({ format: 'csv', frames: 1 });
    expect(readRecording('0\n0', { rate: 1 })).toMatchObject({ format: 'csv', frames: 2 });
  });

  test.each([
    ['', 'the file has no rows'],
    ['  \n', 'the file has no rows'],
    [Uint8Array.of(1, 0, 0, 0, 0, 0, 0, 0, 0), 'the file is binary, but not EDF, BDF, GDF, or XDF'],
  ])('%j is not recognized', (content, sentence) => {
    expect(() => readRecording(content)).toThrow(sentence);
  });

  test('with an invalid rate is rejected immediately', () => {
    for (const content of Object.values(contents))
      expect(() => readRecording(content, { rate: 0 })).toThrow('rate must be a number > 0 in Hz, got 0');
  });
});
