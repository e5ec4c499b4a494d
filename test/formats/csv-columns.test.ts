import { describe, expect, test } from 'vitest';
import { readCsv } from '../../src/formats/csv.ts';

const read = (text: string, columns?: string[]) => readCsv(text, { rate: 1, columns });
const samples = (text: string) => read(text).blocks.flatMap(({ data }) => [...data]);

describe('what of a CSV is not read is told', () => {
  test('columns that hold no numbers, by name and content', () => {
    const text = 'room,a,state,none,b\nhall,1,on,,2\nhall,3,off,,4\n';
    expect(read(text).notes).toEqual([
      "left out, as most of their cells are not numbers: room ('hall'), state ('on')",
      'left out, as their cells are empty: none',
    ]);
    expect(read(text, ['a']).notes).toEqual([]);
  });

  test('cells that hold no number, in all of the file', () => {
    const rows = Array.from(
      { length: 3000 },
      (_, n) => `${n % 1000 === 999 ? 'ERR' : n},${n % 10 === 0 ? n : ''},nan\n`,
    );
    const { notes, frames } = read(`a,b,c\n${rows.join('')}`, ['a', 'b']);
    expect(frames).toBe(3000);
    expect(notes).toEqual([
      "cells that are not numbers count as missing: 3 of a ('ERR')",
      'most cells are empty and count as missing: 2700 of b',
    ]);
  });

  test('nothing, where all is read', () => {
    expect(read('a,b\n1,2\n3,\n4,5\n').notes).toEqual([]);
  });
});

test.each([
  ['state', "columns must hold numbers, and 'state' holds such as 'on'"],
  ['time', "columns must hold numbers, and 'time' holds such as '2025-03-01'"],
])('a column without numbers is refused where it is asked for: %s', (column, sentence) => {
  const text = 'time,a,state\n2025-03-01,1,on\n2025-03-02,2,off\n';
  expect(() => readCsv(text, { columns: [column] })).toThrow(sentence);
  expect(() => readCsv(text, { roles: { target: [column] } })).toThrow(sentence);
});

describe('decimal commas', () => {
  test.each([';', '\t'])('are read where %j separates cells, and that is told', (separator) => {
    const text = ['time;a;b', '0,0;20,5;1', '0,5;-,25;2', '1,0;1,5e1;3'].join('\n').replaceAll(';', separator);
    expect(readCsv(text)).toMatchObject({ rate: 2, notes: ['decimal commas are read in time, a'] });
    expect(samples(text)).toEqual([20.5, 1, -0.25, 2, 15, 3]);
  });

  test('are named where commas separate cells', () => {
    expect(read('a,b\n"20,00",1\n"20,36",2\n').notes).toEqual([
      "left out, as decimal commas are read only where ';' or tabs separate cells: a ('20,00')",
    ]);
  });
});
