import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { csvWriter, shortest } from '../../src/formats/csv-writer.ts';
import { readCsv } from '../../src/formats/csv.ts';

const float32 = fc.integer({ min: 0, max: 0xffffffff }).map((bits) => new Float32Array(Uint32Array.of(bits).buffer)[0]);

test('a sample is printed in the shortest form that is read back as the same number', () => {
  expect([0.1, 1.5, -61379.36, 1e-45, 16777216, 3.4028235e38, 0, -0].map((x) => shortest(Math.fround(x)))).toEqual([
    '0.1',
    '1.5',
    '-61379.36',
    '1e-45',
    '16777216',
    '3.4028235e+38',
    '0',
    '-0',
  ]);
  fc.assert(
    fc.property(float32, (sample) => {
      const text = shortest(sample);
      expect(Object.is(Math.fround(Number(text)), sample)).toBe(true);
      const digits = text
        .replace(/e.*$/, '')
        .replace(/[^0-9]/g, '')
        .replace(/^0+|0+$/g, '').length;
      if (Number.isFinite(sample) && digits > 1)
        expect(Math.fround(Number(sample.toPrecision(digits - 1)))).not.toBe(sample);
    }),
    { seed: 1, numRuns: 2000 },
  );
});

describe('the CSV writer', () => {
  const writer = csvWriter([{ label: 'a,"b"' }, 'c']);
  const blockOf = (start: number, data: number[]) => ({
    data: Float32Array.from(data),
    channels: 2,
    start,
    rate: 128,
    time: 1_500_000_000_000 + (start * 1000) / 128,
  });

  test('writes a header and one line per frame with an ISO time', () => {
    expect(writer.header()).toBe('time,"a,""b""",c\n');
    expect(writer.rows(blockOf(0, [1, 0.1, NaN, -2.5]))).toBe(
      '2017-07-14T02:40:00.000000Z,1,0.1\n2017-07-14T02:40:00.007813Z,NaN,-2.5\n',
    );
  });

  test('writes labels, rate, time, and gaps that are read back bit for bit', () => {
    fc.assert(
      fc.property(fc.array(float32, { minLength: 40, maxLength: 40 }), (samples) => {
        const blocks = [blockOf(0, samples.slice(0, 20)), blockOf(13, samples.slice(20))];
        const read = readCsv(writer.header() + blocks.map((block) => writer.rows(block)).join(''), {
          columns: ['a,"b"', 'c'],
        });
        expect(read.channels).toEqual([{ label: 'a,"b"' }, { label: 'c' }]);
        expect(read).toMatchObject({ rate: 128, time: 1_500_000_000_000, frames: 20, lost: 3 });
        expect(read.blocks.map((block) => block.start)).toEqual([0, 13]);
        const finite = samples.map((sample) => (Number.isFinite(sample) ? sample : NaN));
        expect(read.blocks.flatMap((block) => [...block.data])).toEqual(finite);
      }),
      { seed: 1, numRuns: 50 },
    );
  });

  test('rejects blocks with another number of channels', () => {
    expect(() => writer.rows({ ...blockOf(0, [1, 2, 3]), channels: 3 })).toThrow('block.channels must be 2, got 3');
  });
});
