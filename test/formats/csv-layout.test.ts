import { describe, expect, test } from 'vitest';
import { readCsv } from '../../src/formats/csv/csv.ts';

const read = (text: string, columns?: string[]) => readCsv(text, { rate: 1, columns });
const samples = (text: string) => read(text).blocks.flatMap(({ data }) => [...data]);

describe('notes of a CSV recording report', () => {
  test('columns without numbers, by name and content', () => {
    const text = 'room,a,state,none,b\nhall,1,on,,2\nhall,3,off,,4\n';
    expect(read(text).notes).toEqual([
      "Skipped columns in which most cells are not numbers: room ('hall'), state ('on').",
      'Skipped empty columns: none.',
    ]);
    expect(read(text, ['a']).notes).toEqual([]);
  });

  test('cells without a number in the whole file', () => {
    const rows = Array.from(
      { length: 3000 },
      (_, n) => `${n % 1000 === 999 ? 'ERR' : n},${n % 10 === 0 ? n : ''},nan\n`,
    );
    const { notes, frames } = read(`a,b,c\n${rows.join('')}`, ['a', 'b']);
    expect(frames).toBe(3000);
    expect(notes).toEqual([
      "Cells that are not numbers are read as missing samples: 3 in a ('ERR').",
      'Most cells are empty and are read as missing samples: 2700 in b.',
    ]);
  });

  test('nothing if everything was read', () => {
    expect(read('a,b\n1,2\n3,\n4,5\n').notes).toEqual([]);
  });
});

test.each([
  ['state', "columns must contain numbers, but 'state' contains 'on'"],
  ['time', "columns must contain numbers, but 'time' contains '2025-03-01'"],
])('a selected column without numbers is rejected: %s', (column, sentence) => {
  const text = 'time,a,state\n2025-03-01,1,on\n2025-03-02,2,off\n';
  expect(() => readCsv(text, { columns: [column] })).toThrow(sentence);
  expect(() => readCsv(text, { roles: { target: [column] } })).toThrow(sentence);
});

describe('decimal commas', () => {
  test.each([';', '\t'])('are read if %j separates cells, and a note reports it', (separator) => {
    const text = ['time;a;b', '0,0;20,5;1', '0,5;-,25;2', '1,0;1,5e1;3'].join('\n').replaceAll(';', separator);
    const { rate, notes } = readCsv(text);
    expect(rate).toBe(2);
    expect(notes).toContain('Decimal commas are read in the columns time, a.');
    expect(samples(text)).toEqual([20.5, 1, -0.25, 2, 15, 3]);
  });

  test('are read in quoted cells if commas separate cells', () => {
    const { notes, blocks } = read('a,b\n"20,00",1\n"20,36",2\n');
    expect(notes).toEqual(['Decimal commas are read in the columns a.']);
    expect([...blocks[0].data]).toEqual([20, 1, Math.fround(20.36), 2]);
  });
});
