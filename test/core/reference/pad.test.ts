import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { pad, type PadMode } from '../../../src/core/reference/padding.ts';

interface Case {
  x: number[];
  width: [number, number];
  mode: PadMode;
  constant_values?: number;
  stat_length?: number;
  y: number[];
}
interface ArticleCase {
  x: { data: number[] };
  pad: Record<PadMode, { width: number; stat_length?: number; result: { data: number[] } }>;
}

const read = <T>(name: string): { cases: T[] } =>
  JSON.parse(readFileSync(new URL(`../../vectors/${name}`, import.meta.url), 'utf8')) as { cases: T[] };
const close = (a: ArrayLike<number>, b: ArrayLike<number>): void => {
  expect(a.length).toBe(b.length);
  for (let i = 0; i < a.length; i++) expect(Math.abs(a[i] - b[i])).toBeLessThan(1e-9);
};

describe('numpy.pad', () => {
  test('gives the same on one side, on both sides, and with widths beyond the recording, in every mode', () => {
    for (const c of read<Case>('pad.json').cases)
      close(pad(c.x, c.width, c.mode, { value: c.constant_values, statLength: c.stat_length }), c.y);
  });

  test('gives the same for the paddings of the article', () => {
    for (const { x, pad: paddings } of read<ArticleCase>('article.json').cases) {
      for (const [mode, { width, stat_length: statLength, result }] of Object.entries(paddings))
        close(pad(x.data, width, mode as PadMode, { statLength }), result.data);
    }
  });
});

test('pads with zeros by default', () => {
  expect(Array.from(pad([1, 2], 1))).toEqual([0, 1, 2, 0]);
});

test('rejects an empty recording, a width below 0, an unknown mode, and a statLength of 0', () => {
  expect(() => pad([], 1)).toThrow(new RangeError('x must be an array of at least one number, got []'));
  expect(() => pad([1], [0, -1])).toThrow(new RangeError('width must be an integer >= 0, got -1'));
  expect(() => pad([1], 1, 'mirror' as 'wrap')).toThrow(
    new TypeError("mode must be one of constant, edge, reflect, symmetric, wrap, mean, median, got 'mirror'"),
  );
  expect(() => pad([1], 1, 'mean', { statLength: 0 })).toThrow(
    new RangeError('statLength must be an integer >= 1, got 0'),
  );
});
