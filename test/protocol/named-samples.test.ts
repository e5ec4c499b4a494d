import { finish } from '../../src/core/slices.ts';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { parseIngest, parseIngestList } from '../../src/protocol/index.ts';
import { defaultLimits } from '../../src/protocol/limits.ts';
import { readPostBody } from '../../src/protocol/post-body.ts';
import type { Samples } from '../../src/protocol/samples.ts';

/** Reads the content of a request at once. */
const readBody = (...given: Parameters<typeof readPostBody>) => finish(readPostBody(...given));

const read = (message: object) => parseIngest(JSON.stringify(message)) as Samples;
const ms = 1_700_000_000_500;
const names = fc.constantFrom('time', 'ts', 'timestamp', 'Time', 'TS', 'timeStamp', 'datetime', 'date');
/** One instant, as devices write it, and how it is read. */
const instants = fc.constantFrom<[unknown, number]>(
  [ms, ms],
  [ms / 1000, ms / 1000],
  [String(ms), ms],
  [new Date(ms).toISOString(), ms],
  [{ seconds: 1_700_000_000, nanoseconds: 5e8 }, ms],
  [{ _seconds: 1_700_000_000, _nanoseconds: 5e8 }, ms],
  [{ $date: ms }, ms],
  [{ $date: new Date(ms).toISOString() }, ms],
  [{ $date: { $numberLong: String(ms) } }, ms],
);

describe('the time of a message', () => {
  test('has any of its names and notations, in all messages, and is no channel', () => {
    fc.assert(
      fc.property(names, instants, (name, [written, time]) => {
        const field = { [name]: written };
        for (const message of [
          { ...field, t: 1 },
          { t: 1, ...field },
          { sensor: { ...field, t: 1 } },
          { data: { t: 1 }, ...field },
          { ...field, data: [1] },
          { ...field, data: 1 },
          { type: 'samples', ...field, data: [[1]] },
        ])
          expect(read(message)).toMatchObject({ time, channels: 1 });
        expect(parseIngest(JSON.stringify({ type: 'mark', label: 'x', ...field }))).toMatchObject({ time });
      }),
      { seed: 1, numRuns: 100 },
    );
  });

  test('can have several names, if the times agree', () => {
    expect(read({ time: ms, ts: ms / 1000, timestamp: new Date(ms).toISOString(), t: 1 })).toMatchObject({
      time: ms,
      labels: ['t'],
    });
    for (const message of [
      { time: ms, ts: ms + 5000, t: 1 },
      { time: ms, sensor: { time: ms - 5000, t: 1 } },
      { type: 'samples', time: ms, ts: 0, data: [[1]] },
      { time: ms, ts: 5, t: 1 },
      { type: 'mark', label: 'x', time: ms, ts: 0 },
    ])
      expect(() => parseIngest(JSON.stringify(message))).toThrow(
        /^message must have one time, got 'time' 1700000000500/,
      );
  });

  test('in CSV can be named with a unit, and can be an index without a name', () => {
    const [csv] = ['"Time (s)",x\n1.0E0,2\n', 'timestamp [ms],x\n1,2\n', 'datetime,x\n1,2\n', 'DATE,x\n1,2\n'].map(
      (text) => readBody(text, 'text/csv', defaultLimits).messages[0] as Samples,
    );
    expect(csv).toMatchObject({ time: 1, labels: ['x'], data: Float32Array.of(2) });
    const [index] = readBody(',t\n2023-11-14 22:13:20Z,1\n', 'text/csv', defaultLimits).messages;
    expect(index).toMatchObject({ time: 1.7e12, labels: ['t'] });
    const [counter] = readBody(',t,h\n0,21.5,40\n', 'text/csv', defaultLimits).messages;
    expect(counter).toMatchObject({ labels: ['t', 'h'], warnings: ['column 1 has no name and is ignored'] });
  });

  test('under another name is reported', () => {
    for (const value of [ms, 1_700_000_000, new Date(ms).toISOString()])
      expect(read({ t: 1, created_at: value }).warnings?.at(-1)).toBe(
        "values that look like times since 1970 are not used as times: 'created_at'; name the time of the frame time, ts, or timestamp",
      );
    expect(read({ t: 1, pressure: 101_325 }).warnings).toBeUndefined();
  });
});

describe('channels of nested objects', () => {
  test.each<[object, string[]]>([
    [{ data: { temperature: 21.5, humidity: 40 } }, ['temperature', 'humidity']],
    [{ temperature: { value: 21.5 }, humidity: { value: 40 } }, ['temperature', 'humidity']],
    [{ a: { value: 1, max: 2 }, data: { value: 3 } }, ['a', 'max', 'data.value']],
    [{ data: { value: 3 } }, ['value']],
    [{ 'DS-1': { Temperature: 1 }, 'DS-2': { Temperature: 2 } }, ['DS-1.Temperature', 'DS-2.Temperature']],
    [{ t: 1, inner: { t: 2, h: 3 } }, ['t', 'inner.t', 'h']],
    [{ name: 'gyroscope', time: ms, values: { x: 1, y: 2 } }, ['gyroscope.x', 'gyroscope.y']],
  ])('%j has %j', (message, labels) => {
    expect(read(message).labels).toEqual(labels);
  });

  test('in the list of an object are frames, as Sensor Logger sends them', () => {
    const item = (name: string) => ({ name, time: ms, values: { x: 1, y: 2 } });
    const [first, second] = parseIngestList(
      JSON.stringify({ messageId: 0, deviceId: 'y', payload: [item('accelerometer'), item('gyroscope')] }),
    ) as Samples[];
    expect(first).toMatchObject({
      labels: ['accelerometer.x', 'accelerometer.y'],
      time: ms,
      warnings: ["fields beside the list are ignored: 'messageId', 'deviceId'"],
    });
    expect(second.labels).toEqual(['gyroscope.x', 'gyroscope.y']);
  });
});

describe('a message that names no channels correctly', () => {
  test.each<[object, string]>([
    [
      { time: 5, uplink: { decoded: { temperature: 21.5 } } },
      'uplink.decoded must be a number or null, got an object; nest values at most one level deep: send {"time":5,"temperature":21.5}',
    ],
    [
      { acc_time: [0.1, 0.2], accX: [1, 2], accY: [3, 4] },
      'send a list of frames: [{"time":0.1,"accX":1,"accY":3},{"time":0.2,"accX":2,"accY":4}]',
    ],
    [
      { updates: [{ field1: 1 }, { field1: 2 }] },
      'got an array of objects; send a list of frames: [{"field1":1}, {"field1":2}]',
    ],
    [{ time: 5, t: 21, acc: [1, 2] }, 'send one number per channel: {"time":5,"t":21,"acc1":1,"acc2":2}'],
    [
      { data: null },
      'data must be an array with one sample per channel, got null; send {"type": "samples", "data": [[1,2,3]]}',
    ],
    [{ ts: 5, t: '1' }, `t must be a number or null, got text '1'; send numbers without quotes: {"ts":5,"t":1}`],
    [{ time: 5, data: ['1'] }, 'send numbers without quotes: {"data": [1], "time": 5}'],
    [{ type: 'samples', ts: 5, data: [['1']] }, 'quotes: {"type": "samples", "time": 5, "data": [[1]]}'],
    [{ type: 'samples', ts: 5, data: [1, 2] }, 'send {"type": "samples", "time": 5, "data": [[1],[2]]}'],
    [{ temperature: { value: '21.5' } }, 'send numbers without quotes: {"temperature":21.5}'],
    [
      { ts: 5, data: [{ t: 1 }] },
      'data must be a number or null, got an array of objects; send a list of frames: [{"t":1}]',
    ],
    [{ type: 'annotation', description: 'x', onset: 2 }, 'for an event, send {"type":"mark","label":"x"}'],
    [{ data: null, ts: 5, t: 1 }, 'got null; send {"ts":5,"t":1}'],
    [{ type: 'weather', time: 5, t: 1 }, 'for samples, send {"time":5,"t":1}'],
    [
      { type: 'sample', time: 5, data: [[1], [2]] },
      'for samples, send {"type": "samples", "time": 5, "data": [[1],[2]]}',
    ],
    [{ type: 'mark', text: 'x', time: 5 }, 'got no label; send {"type":"mark","time":5,"label":"x"}'],
    [{ type: 'event', label: 'x', ts: 5 }, `got 'event'; for an event, send {"type":"mark","time":5,"label":"x"}`],
    [{ label: 'door', time: 5 }, 'for an event, send {"type":"mark","time":5,"label":"door"}'],
  ])('%j is rejected with a corrected message', (message, advice) => {
    expect(() => read(message)).toThrow(advice);
  });

  test('but has a number in the text of an identifier is accepted, and a number in other text is not', () => {
    for (const key of ['id', 'deviceId', 'device_id', 'serial', 'MAC'])
      expect(read({ [key]: '12345', t: 1 })).toMatchObject({ labels: ['t'], warnings: [`text is ignored: '${key}'`] });
    expect(() => read({ humid: '12', t: 1 })).toThrow('send numbers without quotes: {"humid":12,"t":1}');
  });
});

describe('a form', () => {
  const form = (text: string) => readBody(text, 'application/x-www-form-urlencoded', defaultLimits).messages;

  test('has fields as channels', () => {
    expect(form('temperature=21.5&humidity=&ts=5&api_key=XY')).toMatchObject([
      {
        labels: ['temperature', 'humidity'],
        data: Float32Array.of(21.5, NaN),
        time: 5,
        warnings: ["text is ignored: 'api_key'"],
      },
    ]);
  });

  test.each(['21.5,40', 'room t=1', 'a=1\nb=2'])('cannot be %j', (text) => {
    expect(() => form(text)).toThrow('set the Content-Type of other formats: text/csv for CSV');
  });
});

test('rows can be separated by spaces, unless one of them is a name with a space', () => {
  const csv = (text: string) => readBody(text, 'text/csv', defaultLimits).messages as Samples[];
  expect(csv('t h\n21.5 40\n21.6  41\n')).toMatchObject([{ labels: ['t', 'h'], channels: 2 }]);
  expect(csv('room temperature\n21.5\n')).toMatchObject([{ labels: ['room temperature'] }]);
});
