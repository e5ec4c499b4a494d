import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type Columns, decimate } from '../../client/decimate.ts';
import { Ring } from '../../client/ring.ts';

function decimated(samples: readonly number[], width: number, window = samples.length * 10): Columns {
  const ring = new Ring(1, Math.max(2, samples.length));
  ring.push({ data: Float32Array.from(samples), channels: 1, start: 7, rate: 100, time: 1e12 });
  const into: Columns = { x: [], y: [] };
  decimate(ring, { end: ring.newest, window, width }, [0], into);
  return into;
}

const numbers = (columns: Columns): number[] => columns.y[0].filter((y) => y !== null);

describe('decimation', () => {
  test('keeps the minimum and the maximum, and x is strictly increasing', () => {
    const samples = fc.array(fc.integer({ min: -1000, max: 1000 }), { minLength: 1, maxLength: 300 });
    fc.assert(
      fc.property(samples, fc.integer({ min: 1, max: 40 }), (list, width) => {
        const columns = decimated(list, width);
        expect(Math.min(...numbers(columns))).toBe(Math.min(...list));
        expect(Math.max(...numbers(columns))).toBe(Math.max(...list));
        for (let i = 1; i < columns.x.length; i++) expect(columns.x[i]).toBeGreaterThan(columns.x[i - 1]);
        expect(columns.y[0]).toHaveLength(columns.x.length);
        expect(columns.x.length).toBeLessThanOrEqual(2 * width + 4);
      }),
      { seed: 3, numRuns: 200 },
    );
  });

  test('outputs null instead of NaN and infinity', () => {
    const odd = fc.constantFrom(NaN, Infinity, -Infinity, 1, 2, -3);
    fc.assert(
      fc.property(fc.array(odd, { minLength: 1, maxLength: 200 }), fc.integer({ min: 1, max: 60 }), (list, width) => {
        const { y } = decimated(list, width);
        for (const value of y[0]) expect(value === null || Number.isFinite(value)).toBe(true);
      }),
      { seed: 4, numRuns: 200 },
    );
  });

  test('shows a single missing frame as a gap, decimated or not', () => {
    const samples = Array.from({ length: 400 }, (_, i) => (i === 200 ? NaN : i % 10));
    expect(decimated(samples, 1000).y[0]).toContain(null);
    expect(decimated(samples, 50).y[0]).toContain(null);
    expect(
      decimated(
        samples.map(() => 1),
        50,
      ).y[0],
    ).not.toContain(null);
  });

  test('shows a clock jump as a gap, even if no frame index is missing', () => {
    const ring = new Ring(1, 64);
    ring.push({ data: Float32Array.from([1, 2]), channels: 1, start: 0, rate: 100, time: 0 });
    ring.push({ data: Float32Array.from([3, 4]), channels: 1, start: 2, rate: 100, time: 2000 });
    const into: Columns = { x: [], y: [] };
    decimate(ring, { end: ring.newest, window: 5000, width: 500 }, [0], into);
    expect(into.y[0]).toEqual([1, 2, null, 3, 4]);
  });

  test('shows an outage of an irregular stream as a gap, decimated or not', () => {
    const ring = new Ring(1, 400);
    for (let i = 0; i < 400; i++) {
      const time = 100 * i + (i < 150 ? 0 : 60_000);
      ring.push({ data: Float32Array.from([i]), channels: 1, start: i, rate: 0, time });
    }
    for (const width of [1000, 50]) {
      const into: Columns = { x: [], y: [] };
      decimate(ring, { end: ring.newest, window: 120_000, width }, [0], into);
      const at = into.y[0].indexOf(null);
      expect(into.y[0][at - 1]).toBe(149);
      expect(into.y[0][at + 1]).toBe(150);
    }
  });

  test('shows a stream that is slower than its sampling rate without gaps', () => {
    const ring = new Ring(1, 400);
    for (let i = 0; i < 200; i++)
      ring.push({ data: Float32Array.from([i]), channels: 1, start: i, rate: 10, time: 400 * i });
    const into: Columns = { x: [], y: [] };
    decimate(ring, { end: ring.newest, window: 40_000, width: 1000 }, [0], into);
    expect(into.y[0]).not.toContain(null);
  });

  test('reuses its arrays', () => {
    const ring = new Ring(1, 4);
    ring.push({ data: Float32Array.from([1, 2]), channels: 1, start: 0, rate: 100, time: 0 });
    const into: Columns = { x: [], y: [] };
    decimate(ring, { end: 10, window: 100, width: 10 }, [0], into);
    const { x } = into;
    const [y] = into.y;
    decimate(ring, { end: 10, window: 100, width: 10 }, [0], into);
    expect(into.x).toBe(x);
    expect(into.y[0]).toBe(y);
    expect(y).toEqual([1, 2]);
  });
});
