import { finish } from '../../src/core/slices.ts';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { defaultLimits } from '../../src/protocol/limits.ts';
import { precisionOf, readPostBody } from '../../src/protocol/post-body.ts';
import type { Samples } from '../../src/protocol/samples.ts';

/** Reads the content of a request at once. */
const readBody = (...given: Parameters<typeof readPostBody>) => finish(readPostBody(...given));

const read = (text: string, type: string) => readBody(text, type, defaultLimits);
/** The frames of a request, one by one. */
const frames = (text: string, type: string) =>
  (read(text, type).messages as Samples[]).flatMap(({ labels, data, channels, time }) =>
    Array.from({ length: data.length / channels }, (_, frame) => ({
      labels,
      data: [...data.subarray(frame * channels, (frame + 1) * channels)],
      time,
    })),
  );

describe('CSV rows', () => {
  const csv = (text: string) => frames(text, 'text/csv; charset=utf-8');

  test('are frames; empty cells are missing samples', () => {
    expect(csv('21.5,40\n21.6,\n')).toEqual([
      { labels: undefined, data: [21.5, 40], time: undefined },
      { labels: undefined, data: [Math.fround(21.6), NaN], time: undefined },
    ]);
  });

  test('can have a header with names and times, other separators, line ends, and quotes', () => {
    expect(csv('\ufefftime;"air; outside";soil\r\n1700000000;21;4\r\n1700000001;22;NaN\r\n')).toEqual([
      { labels: ['air; outside', 'soil'], data: [21, 4], time: 1700000000 },
      { labels: ['air; outside', 'soil'], data: [22, NaN], time: 1700000001 },
    ]);
    expect(csv('ts\tt\n2023-11-14T22:13:20Z\t1\n')[0].time).toBe(1.7e12);
    expect(csv('1\t\t3\n\t2\t\n').map(({ data }) => data)).toEqual([
      [1, NaN, 3],
      [NaN, 2, NaN],
    ]);
  });

  test('are the same however the numbers are written', () => {
    fc.assert(
      fc.property(
        fc.array(fc.array(fc.float({ noNaN: true, noDefaultInfinity: true }), { minLength: 3, maxLength: 3 }), {
          minLength: 1,
        }),
        (rows) => {
          const text = rows.map((row) => row.join(',')).join('\n');
          const values = csv(text).map(({ data }) => data.map((x) => x + 0));
          expect(values).toEqual(rows.map((row) => row.map((x) => x + 0)));
        },
      ),
      { seed: 1, numRuns: 100 },
    );
  });

  test.each([
    ['1,2\n3\n', 'line 2: row must have 2 cells, like the first row, got 1'],
    ['1,x\n', "line 1: column 2 must be a number or empty, got 'x'"],
    ['t;h\n21,5;40\n', "line 2: t must be a number or empty, got '21,5'; write decimal points, such as 21.5"],
    [
      '2023-11-14 22:13:20,21\n',
      "line 1: column 1 must be a number or empty, got '2023-11-14 22:13:20'; start with a header row that names the time column, such as time,temperature",
    ],
    ['t\n1e39\n', 'line 2: t must be a number within the range of float32, got 1e39'],
    ['t,h\n', 'body must contain at least one row of numbers, got a header only'],
    ['"t,h\n1,2', 'line 1: cell must end with a double quote if it starts with one'],
  ])('%j is rejected: %s', (text, sentence) => {
    expect(() => csv(text)).toThrow(sentence);
  });
});

describe('line protocol', () => {
  const lines = (text: string) => frames(text, 'text/plain');

  test('has fields as channels, and times whose unit is recognized later', () => {
    expect(lines('weather,location=us temperature=82,humidity=71i,on=T,note="a, b" 1465839830100400200')).toEqual([
      { labels: ['temperature', 'humidity', 'on'], data: [82, 71, 1], time: Number('1465839830100400200') },
    ]);
    expect(read('m a=1 5', 'text/plain').series).toBe('m');
  });

  test('can have escapes, comments, empty lines, and fields of one time on several lines', () => {
    expect(
      lines('# a comment\n\nmy\\ home,room\\ no=1\\,2 the\\ air=1.5e1 10\nmy\\ home,room\\ no=1\\,2 soil=-2u 10\n'),
    ).toEqual([{ labels: ['the air', 'soil'], data: [15, -2], time: 10 }]);
  });

  test('of the same tags in another order is the same series', () => {
    expect(read('m,b=2,a=1 x=1\nm,a=1,b=2 x=2', 'text/plain').messages).toHaveLength(2);
  });

  test('can have a precision', () => {
    const [message] = readBody('m a=1 1700000000', 'text/plain', defaultLimits, 's').messages;
    expect(message).toMatchObject({ time: 1.7e12, timeUnit: 'ms' });
    expect(precisionOf(new URLSearchParams('precision=u'))).toBe('us');
    expect(() => precisionOf(new URLSearchParams('precision=m'))).toThrow(
      "precision must be one of s, ms, us, ns, got 'm'",
    );
  });

  test.each([
    ['m,room=1 a=1\nm,room=2 a=2', "'m,room=1' in all lines of this stream, got 'm,room=2'"],
    [
      'm a=1\nm a=',
      'line 2: line protocol must have a number, a boolean, or text in double quotes at character 5, got the end of the line',
    ],
    ['m', 'line 1: line protocol must have a space and fields, such as temperature=21.5 at character 2'],
    ['m a=1 now', "line 1: time must be an integer, got 'now'"],
    ['m a="x"', 'message must contain a number for each channel'],
    ['21.5,40', 'text/plain must be InfluxDB line protocol or JSON, got CSV; send it as text/csv'],
  ])('%j is rejected: %s', (text, sentence) => {
    expect(() => lines(text)).toThrow(sentence);
  });
});

describe('JSON', () => {
  test('can be one value of several lines, or one value per line', () => {
    expect(frames('{\n "t": 1,\n "h": 2\n}', 'application/json')).toHaveLength(1);
    expect(frames('{"t":1}\n\n[{"t":2},{"t":3}]\r\n', 'application/json')).toHaveLength(3);
    expect(frames('[[1,2],[3,4]]', 'application/json').map(({ data }) => data)).toEqual([
      [1, 2],
      [3, 4],
    ]);
  });

  test('is rejected with the line, or the message of a list', () => {
    expect(() => read('{"t":1}\n{"t":NaN}', 'application/x-ndjson')).toThrow(/^line 2: .* got NaN at character 6/);
    expect(() => read('[{"t":1},{"t":[2]}]', 'application/json')).toThrow(
      'message 2 of 2: t must be a number or null, got an array; send {"t":2}',
    );
  });
});
