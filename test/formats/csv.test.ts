import fc from 'fast-check';
import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { csvReader, readCsv } from '../../src/formats/csv.ts';
import type { Recording } from '../../src/formats/recording.ts';
import { sharedData } from '../shared-data.ts';

const bytesOf = (text: string) => new TextEncoder().encode(text);
const samples = (recording: Recording) => recording.blocks.flatMap((block) => [...block.data]);
const labels = (recording: Recording) => recording.channels.map((channel) => channel.label);
const starts = (recording: Recording) => recording.blocks.map((block) => block.start);

describe('the dialect of a CSV is found', () => {
  test.each([
    [',', 'time,a,b\n0,1,2\n0.5,3,4\n'],
    [';', 'time;a;b\r\n0;1;2\r\n0.5;3;4\r\n'],
    ['\t', 'time\ta\tb\n0\t1\t2\n\n0.5\t3\t4'],
    [',', '\uFEFF"time", "a" ,"b"\n"0",1,2\n0.5, 3 ,"4"\n'],
  ])('the delimiter %j', (_, text) => {
    const recording = readCsv(text);
    expect(labels(recording)).toEqual(['a', 'b']);
    expect(samples(recording)).toEqual([1, 2, 3, 4]);
    expect(recording).toMatchObject({ format: 'csv', rate: 2, time: 0, frames: 2, lost: 0 });
  });

  test('without a header the columns are numbered from 1', () => {
    expect(labels(readCsv('1,2\n3,4\n', { rate: 10 }))).toEqual(['column 1', 'column 2']);
  });

  test('a word beside numbers does not make the first row a header, a word over a number does', () => {
    expect(readCsv('1,ok\n3,ok\n', { rate: 10 }).frames).toBe(2);
    expect(labels(readCsv('7,name\n3,4\n', { rate: 10 }))).toEqual(['7', 'name']);
  });

  test('a quoted name may hold the delimiter and quotes', () => {
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

  test('small numbers are seconds unless the header says ms', () => {
    expect(readCsv('time,a\n0,1\n4,1\n8,1\n').rate).toBe(0.25);
    expect(readCsv('time (ms),a\n0,1\n4,1\n8,1\n').rate).toBe(250);
    expect(readCsv('t_ms,a\n0,1\n4,1\n8,1\n').rate).toBe(250);
  });

  test('a word that is no unit does not spoil the stamps', () => {
    expect(readCsv('time (constructor),a\n0,1\n4,1\n8,1\n').rate).toBe(0.25);
  });

  test('T is a temperature, t a time', () => {
    expect(labels(readCsv('t,T\n0,20\n1,21\n'))).toEqual(['T']);
  });

  test('stamps rounded to ms do not bend the rate', () => {
    const text = Array.from({ length: 500 }, (_, n) => `${1.5e12 + Math.round((n * 1000) / 128)},${n}`).join('\n');
    expect(readCsv(text).rate).toBe(128);
  });

  test('a step of n periods is n - 1 lost frames', () => {
    const recording = readCsv('time,a\n0,0\n1,1\n2,2\n5,5\n6,6\n7,7\n8,8\n9,9\n');
    expect(starts(recording)).toEqual([0, 5]);
    expect(recording).toMatchObject({ frames: 8, lost: 2 });
    expect(recording.blocks.map((block) => block.time)).toEqual([0, 5000]);
  });

  test('a stamp that no date can have tells no gap', () => {
    const rows = Array.from({ length: 10 }, (_, t) => `${t === 7 ? '1e300' : t},1\n`);
    expect(readCsv(`time,a\n${rows.join('')}`)).toMatchObject({ frames: 10, lost: 0, rate: 1 });
    expect(readCsv('time,a\n1e300,1\n', { rate: 1 })).toMatchObject({ frames: 1, time: 0 });
  });

  test('stamps that repeat or come in bursts tell no gaps', () => {
    const bursts = Array.from({ length: 48 }, (_, n) => `${Math.floor(n / 12) * 0.046},${n}`).join('\n');
    expect(readCsv(`time,a\n${bursts}`, { rate: 256 })).toMatchObject({ frames: 48, lost: 0, rate: 256 });
  });

  test('without a rate, the sentence names --rate', () => {
    expect(() => readCsv('a,b\n1,2\n')).toThrow('no time column tells the rate: give it with --rate (Hz)');
    expect(() => readCsv('time,b\n1,2\n1,2\n1,3\n')).toThrow(/'time' does not tell the rate .* --rate/);
    expect(() => readCsv('a\n1\n', { rate: 0 })).toThrow('rate must be a number > 0 in Hz, got 0');
  });
});

describe('columns', () => {
  const text = 'a,text,empty,2,d\n1,x,,5,7\n2,y,,6,8\n';
  test('by default all numeric ones but time', () => {
    expect(labels(readCsv(text, { rate: 1 }))).toEqual(['a', '2', 'd']);
  });
  test('by name or by number from 1; a name wins; in the order asked for', () => {
    expect(samples(readCsv(text, { rate: 1, columns: ['d', 1] }))).toEqual([7, 1, 8, 2]);
    expect(labels(readCsv(text, { rate: 1, columns: ['2', '1'] }))).toEqual(['2', 'a']);
  });
  test('a range is all between, and a name wins over it', () => {
    const numbers = '1,1-2,3,4\n5,6,7,8\n';
    expect(labels(readCsv('a,b,c,d\n1,2,3,4\n', { rate: 1, columns: ['2-3', 1, '3-4'] }))).toEqual([
      'b',
      'c',
      'a',
      'd',
    ]);
    expect(labels(readCsv(numbers.replace('1,', 'x,'), { rate: 1, columns: ['1-2'] }))).toEqual(['1-2']);
  });
  test('an unknown one is refused with the names there are', () => {
    expect(() => readCsv(text, { rate: 1, columns: ['z'] })).toThrow(
      "columns must be names or numbers (1-5) of the columns a, text, empty, 2, d, got 'z'",
    );
    expect(() => readCsv(text, { rate: 1, columns: [6] })).toThrow('got 6');
  });
  test('none with numbers is refused', () => {
    expect(() => readCsv('a,b\nx,y\nz,w\n', { rate: 1 })).toThrow('no column holds numbers; the columns are a, b');
  });
});

describe('cells and lines', () => {
  test('empty, NaN and text are missing samples', () => {
    const recording = readCsv('a,b\n1,\nNaN,2\nerr,3\n4,Infinity\n5,6', { rate: 1 });
    expect(samples(recording)).toEqual([1, NaN, NaN, 2, NaN, 3, 4, NaN, 5, 6]);
  });
  test.each([
    ['a,b\n1,2\n\n3\n', 'line 4 must have 2 cells, got 1'],
    ['a,b\n1,2\n1,2,3\n', 'line 3 must have 2 cells, got 3'],
    ['a,b\n1,2\n3', 'line 3 must have 2 cells, got 1'],
    ['a,b\n"1,2\n3",4\n', 'line 2 has a quoted cell that does not end on its line'],
    ['', 'the text is empty'],
    ['\n \n', 'the text is empty'],
    ['a,b\n', 'a header and no row'],
  ])('%j is refused', (text, sentence) => {
    expect(() => readCsv(text, { rate: 1 })).toThrow(sentence);
  });
  test.each([
    ['<!DOCTYPE html>\n<html><body>\n<p>a, b</p>\n', 'is no CSV: it looks like a web page'],
    ['\n  <html>\n', 'is no CSV: it looks like a web page'],
    ['[{"time": 1, "a": 2}]\n', 'is no CSV: it looks like JSON'],
    ['{\n"a": [1, 2]\n}', 'is no CSV: it looks like JSON'],
    [
      '# a comment\n100 2 360 650000\n100.dat 212 200 11 1024 995 -22131 0 MLII\n# Aldomet, Inderal\n',
      'is no CSV: it looks like a WFDB header',
    ],
    ['s1/rec01 12 1000/1000(0) 38400 10:11:12\n', 'is no CSV: it looks like a WFDB header'],
  ])('%j is refused by what it is', (text, sentence) => {
    expect(() => readCsv(text, { rate: 1 })).toThrow(sentence);
  });
  test('a line without end is refused before it fills the memory', () => {
    const reader = csvReader({ rate: 1 });
    expect(() => {
      for (let i = 0; i < 100; i++) reader.push(bytesOf('1'.repeat(100_000)));
    }).toThrow('not a text recording');
  });
});

test('however the text is cut, the recording is the same', () => {
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
test.skipIf(!eyestate)('the eye state recording has 15 numeric columns and needs --rate', () => {
  const text = readFileSync(eyestate!, 'utf8');
  expect(() => readCsv(text)).toThrow('--rate');
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
  expect(labels(recording)).toHaveLength(10);
});
