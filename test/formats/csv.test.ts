import fc from 'fast-check';
import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { csvReader, readCsv } from '../../src/formats/csv/csv.ts';
import type { Recording } from '../../src/formats/recording.ts';
import { sharedData } from '../shared-data.ts';

const bytesOf = (text: string) => new TextEncoder().encode(text);
const samples = (recording: Recording) => recording.blocks.flatMap((block) => [...block.data]);
const labels = (recording: Recording) => recording.channels.map((channel) => channel.label);
const starts = (recording: Recording) => recording.blocks.map((block) => block.start);

describe('the dialect of a CSV file', () => {
  test.each([
    [',', 'time,a,b\n0,1,2\n0.5,3,4\n'],
    [';', 'time;a;b\r\n0;1;2\r\n0.5;3;4\r\n'],
    ['\t', 'time\ta\tb\n0\t1\t2\n\n0.5\t3\t4'],
    [',', '\uFEFF"time", "a" ,"b"\n"0",1,2\n0.5, 3 ,"4"\n'],
  ])('has the delimiter %j', (_, text) => {
    const recording = readCsv(text);
    expect(labels(recording)).toEqual(['a', 'b']);
    expect(samples(recording)).toEqual([1, 2, 3, 4]);
    expect(recording).toMatchObject({ format: 'csv', rate: 2, time: 0, frames: 2, lost: 0 });
  });

  test('without a header, columns are numbered from 1', () => {
    expect(labels(readCsv('1,2\n3,4\n', { rate: 10 }))).toEqual(['column 1', 'column 2']);
  });

  test('the first row is a header if it has text above a number, but not if it has text next to numbers', () => {
    expect(readCsv('1,ok\n3,ok\n', { rate: 10 }).frames).toBe(2);
    expect(labels(readCsv('7,name\n3,4\n', { rate: 10 }))).toEqual(['7', 'name']);
  });

  test('a quoted name can contain the delimiter and quotes', () => {
    expect(labels(readCsv('"a,b","say ""x"""\n1,2\n', { rate: 1 }))).toEqual(['a,b', 'say "x"']);
  });
});

describe('the time column', () => {
  const begin = Date.UTC(2020, 2, 1, 15, 44, 6);
  test.each([
    ['2020-03-01 15:44:06', '2020-03-01 15:44:07', begin, 1],
    ['2020-03-01T15:44:06Z', '2020-03-01T15:44:06.004Z', begin, 250],
    ['2020-03-01T17:44:06+02:00', '2020-03-01T17:44:06.5+02:00', begin, 2],
    ['2020-03-01 15:44:06.000000', '2020-03-01 15:44:06.000500', begin, 2000],
    ['2020-03-01 15:44', '2020-03-01 15:49', begin - 6000, 1 / 300],
    ['2020-03-01', '2020-03-02', begin - 56646000, 1 / 86400],
    ['1583077446', '1583077447', begin, 1],
    ['1583077446.25', '1583077446.50', begin + 250, 4],
    ['1583077446000', '1583077446004', begin, 250],
    ['1583077446000000', '1583077446004000', begin, 250],
  ])('reads %s', (first, second, time, rate) => {
    for (const header of ['timestamp,a\n', '']) {
      const recording = readCsv(`${header}${first},1\n${second},2\n`);
      expect(recording.time).toBeCloseTo(time, 3);
      expect(recording.rate).toBeCloseTo(rate, 9);
      expect(samples(recording)).toEqual([1, 2]);
    }
  });

  test.each([
    ['a,b\n1,2\n3', 'The last row (line 3) is incomplete and is skipped.'],
    ['a,b\n1,2\n3,"4', 'The last row (line 3) is incomplete and is skipped.'],
  ])('the last row of %j is cut', (text, note) => {
    expect(readCsv(text, { rate: 1 })).toMatchObject({ frames: 1, notes: [note] });
  });

  test('small numbers are seconds unless the header says ms', () => {
    expect(readCsv('time,a\n0,1\n4,1\n8,1\n').rate).toBe(0.25);
    expect(readCsv('time (ms),a\n0,1\n4,1\n8,1\n').rate).toBe(250);
    expect(readCsv('t_ms,a\n0,1\n4,1\n8,1\n').rate).toBe(250);
  });

  test.each(['time (ticks)', 'time (constructor)', 'time_ticks', 'time [samples]'])(
    'an unknown unit is rejected with the known ones: %s',
    (name) => {
      const text = `${name},a\n0,1\n4,1\n8,1\n`;
      expect(() => readCsv(text)).toThrow(
        /the unit of the time column 'time.*' must be ns, us, ms, s, min, h, or d, or a common spelling of one, got/,
      );
      expect(readCsv(text, { timeUnit: 'ms' }).rate).toBe(250);
      expect(readCsv(text, { rate: 100 })).toMatchObject({ rate: 100, undated: true, frames: 3 });
    },
  );

  test('T is a temperature; t is a time', () => {
    expect(labels(readCsv('t,T\n0,20\n1,21\n'))).toEqual(['T']);
  });

  test('timestamps that are rounded to ms do not bias the rate', () => {
    const text = Array.from({ length: 500 }, (_, n) => `${1.5e12 + Math.round((n * 1000) / 128)},${n}`).join('\n');
    expect(readCsv(text).rate).toBe(128);
  });

  test('a step of n periods means n - 1 lost frames', () => {
    const recording = readCsv('time,a\n0,0\n1,1\n2,2\n5,5\n6,6\n7,7\n8,8\n9,9\n');
    expect(starts(recording)).toEqual([0, 5]);
    expect(recording).toMatchObject({ frames: 8, lost: 2 });
    expect(recording.blocks.map((block) => block.time)).toEqual([0, 5000]);
  });

  test('a timestamp out of the range of dates does not show a gap', () => {
    const rows = Array.from({ length: 10 }, (_, t) => `${t === 7 ? '1e300' : t},1\n`);
    expect(readCsv(`time,a\n${rows.join('')}`)).toMatchObject({ frames: 10, lost: 0, rate: 1 });
    expect(readCsv('time,a\n1e300,1\n', { rate: 1 })).toMatchObject({ frames: 1, time: 0 });
  });

  test('timestamps that repeat or come in bursts do not show gaps', () => {
    const bursts = Array.from({ length: 48 }, (_, n) => `${Math.floor(n / 12) * 0.046},${n}`).join('\n');
    expect(readCsv(`time,a\n${bursts}`, { rate: 256 })).toMatchObject({ frames: 48, lost: 0, rate: 256 });
  });

  test('an unknown rate is an error that explains how to set it', () => {
    expect(() => readCsv('a,b\n1,2\n')).toThrow(
      'the file has no time column. Set the sampling rate with the option rate (Hz).',
    );
    expect(() => readCsv('time,b\n1,2\n1,2\n1,3\n')).toThrow(
      /'time' does not determine the sampling rate.* Set the sampling rate/,
    );
    expect(() => readCsv('a\n1\n', { rate: 0 })).toThrow('rate must be a number > 0 in Hz, got 0');
  });
});

describe('columns', () => {
  const text = 'a,text,empty,2,d\n1,x,,5,7\n2,y,,6,8\n';
  test('are all numeric ones except the time by default', () => {
    expect(labels(readCsv(text, { rate: 1 }))).toEqual(['a', '2', 'd']);
  });
  test('are selected by name or by number from 1, in the given order; a name takes precedence', () => {
    expect(samples(readCsv(text, { rate: 1, columns: ['d', 1] }))).toEqual([7, 1, 8, 2]);
    expect(labels(readCsv(text, { rate: 1, columns: ['2', '1'] }))).toEqual(['2', 'a']);
  });
  test('are selected by ranges; a name takes precedence', () => {
    const numbers = '1,1-2,3,4\n5,6,7,8\n';
    expect(labels(readCsv('a,b,c,d\n1,2,3,4\n', { rate: 1, columns: ['2-3', 1, '3-4'] }))).toEqual([
      'b',
      'c',
      'a',
      'd',
    ]);
    expect(labels(readCsv(numbers.replace('1,', 'x,'), { rate: 1, columns: ['1-2'] }))).toEqual(['1-2']);
  });
  test('that do not exist are rejected with a list of those that do', () => {
    expect(() => readCsv(text, { rate: 1, columns: ['z'] })).toThrow(
      "columns must be column names (a, text, empty, 2, d) or numbers from 1 to 5, got 'z'",
    );
    expect(() => readCsv(text, { rate: 1, columns: [6] })).toThrow('got 6');
  });
  test('without any numbers are rejected', () => {
    expect(() => readCsv('a,b\nx,y\nz,w\n', { rate: 1 })).toThrow('no column contains numbers; the columns are a, b');
  });
});

describe('cells and lines', () => {
  test('that are empty, NaN, or text are missing samples', () => {
    const recording = readCsv('a,b\n1,\nNaN,2\nerr,3\n4,Infinity\n5,6', { rate: 1 });
    expect(samples(recording)).toEqual([1, NaN, NaN, 2, NaN, 3, 4, NaN, 5, 6]);
  });
  test.each([
    ['a,b\n1,2\n3\n4\n5,6\n7,8\n', 'line 3 must have 2 cells, got 1'],
    ['a,b\n1,2\n1,2,3\n', 'line 3 must have 2 cells, got 3'],
    ['a,b\n1,2\n3,"4\n5,6\n7,8\n', 'line 3 contains a quoted cell that is not closed'],
    ['', 'the file has no rows'],
    ['\n \n', 'the file has no rows'],
    ['a,b\n', 'the file has a header but no rows'],
  ])('%j is rejected', (text, sentence) => {
    expect(() => readCsv(text, { rate: 1 })).toThrow(sentence);
  });
  test.each([
    ['<!DOCTYPE html>\n<html><body>\n<p>a, b</p>\n', 'this looks like a web page, not CSV'],
    ['\n  <html>\n', 'this looks like a web page, not CSV'],
    ['[{"time": 1, "a": 2}]\n', 'this looks like JSON, not CSV'],
    ['{\n"a": [1, 2]\n}', 'this looks like JSON, not CSV'],
  ])('%j is rejected with the name of its format', (text, sentence) => {
    expect(() => readCsv(text, { rate: 1 })).toThrow(sentence);
  });
  test('an endless line is rejected', () => {
    const reader = csvReader({ rate: 1 });
    for (let i = 0; i < 100; i++) reader.push(bytesOf('1'.repeat(100_000)));
    expect(() => reader.end()).toThrow('not a text recording');
  });
});

test('the recording does not depend on how the text is split', () => {
  const text = `\uFEFFtime;"α;b";µ\r\n${Array.from({ length: 1300 }, (_, n) => `${n > 700 ? n + 3 : n};${n};"${-n}"`).join('\r\n')}`;
  const whole = readCsv(text);
  expect(whole).toMatchObject({ frames: 1300, lost: 3, channels: [{ label: 'α;b' }, { label: 'µ' }] });
  const bytes = bytesOf(text);
  fc.assert(
    fc.property(
      fc.array(fc.oneof(fc.integer({ min: 1, max: 20 }), fc.integer({ min: 1, max: 6000 })), { maxLength: 20 }),
      (pieces) => {
        const reader = csvReader();
        let at = 0;
        for (const piece of pieces) reader.push(bytes.subarray(at, (at += piece)));
        reader.push(bytes.subarray(at));
        expect(reader.end()).toEqual(whole);
      },
    ),
    { seed: 1, numRuns: 20 },
  );
});

const eyestate = sharedData('eyestate/EEG_Eye_State.csv');
test.skipIf(!eyestate)('the eye state recording has 15 numeric columns and requires a rate', () => {
  const text = readFileSync(eyestate!, 'utf8');
  expect(() => readCsv(text)).toThrow('Set the sampling rate');
  const recording = readCsv(text, { rate: 128 });
  expect(recording).toMatchObject({ frames: 14980, lost: 0 });
  expect(labels(recording)[0]).toBe('AF3');
  expect(recording.blocks[0].data[0]).toBe(Math.fround(4329.23));
  expect(labels(readCsv(text, { rate: 128, columns: ['O1', 8] }))).toEqual(['O1', 'O2']);
});

const skab = sharedData('skab-half/other/1.csv');
test.skipIf(!skab)('a SKAB recording is 1 Hz and its missing seconds are gaps', () => {
  const recording = readCsv(readFileSync(skab!, 'utf8'));
  expect(recording).toMatchObject({ rate: 1, time: Date.UTC(2020, 2, 1, 15, 44, 6), frames: 745, lost: 36 });
  expect(labels(recording)).toHaveLength(8);
  expect(recording.labelColumns).toEqual(['anomaly', 'changepoint']);
});
