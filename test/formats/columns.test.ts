import { describe, expect, test } from 'vitest';
import { readRecording } from '../../src/formats/read-recording.ts';
import type { ReadOptions } from '../../src/formats/recording.ts';
import { encodeEdf } from './encode-edf.ts';
import { encodeGdf } from './encode-gdf.ts';

const records = (samples: number) => [new Array<number>(samples).fill(0)];
const openbci = '%Sample Rate = 250 Hz\nSample Index, EXG Channel 0, Accel 0, EXG Channel 1\n0, 1, 2, 3\n';
const files: [string, string | Uint8Array, string[], string[]][] = [
  ['CSV', 'time,x,word,d\n0,1,a,2\n1,3,b,4\n', ['x', 'd'], ['time', 'x', 'word', 'd']],
  [
    'OpenBCI',
    openbci,
    ['EXG Channel 0', 'EXG Channel 1'],
    ['Sample Index', 'EXG Channel 0', 'Accel 0', 'EXG Channel 1'],
  ],
  ...(['EDF', 'GDF'] as const).map((format): [string, Uint8Array, string[], string[]] => {
    const rates = { slow: 1, x: 4, d: 4 };
    const signals = Object.entries(rates).map(([label, rate]) => ({ label, type: 3, records: records(rate) }));
    return [format, format === 'EDF' ? encodeEdf({ signals }) : encodeGdf({ signals }), ['x', 'd'], ['slow', 'x', 'd']];
  }),
];

describe.each(files)('the columns of %s', (_, file, usual, names) => {
  const read = (options: ReadOptions) => {
    const { channels, roles } = readRecording(file, options);
    return { labels: channels.map(({ label }) => label), roles };
  };
  const [first, last] = usual;
  const number = (name: string) => names.indexOf(name) + 1;

  test('are selected once even if they are named twice', () => {
    expect(read({ columns: [number(last), last, first, number(first)] }).labels).toEqual([last, first]);
  });

  test('with a role are found by their place in the file, whatever else is selected', () => {
    const roles = { target: [number(last)] };
    expect(read({ roles })).toEqual({ labels: usual, roles: { target: [1] } });
    expect(read({ roles, columns: [first] })).toEqual({ labels: usual, roles: { target: [1] } });
    expect(read({ roles, columns: [last, first] })).toEqual({ labels: [last, first], roles: { target: [0] } });
    expect(read({ roles: { target: [last, number(last)] } }).roles).toEqual({ target: [1] });
  });

  test('can be selected by a range of numbers', () => {
    expect(read({ columns: [`${number(first)}-${number(first)}`, last] }).labels).toEqual([first, last]);
    const both = `${number(first)}-${number(last)}`;
    const between = names.slice(number(first) - 1, number(last));
    if (between.length === usual.length) expect(read({ columns: [both] }).labels).toEqual(usual);
    for (const range of ['2-1', `1-${names.length + 1}`, '0-1', '1-'])
      expect(() => read({ columns: [range] })).toThrow(`got '${range}'`);
  });

  test('that do not exist are rejected with the name of their role', () => {
    const wanted = `column names (${names.join(', ')}) or numbers from 1 to ${names.length}`;
    expect(() => read({ roles: { target: ['none'] } })).toThrow(`target must be ${wanted}, got 'none'`);
    expect(() => read({ columns: [names.length + 1] })).toThrow(`columns must be ${wanted}, got ${names.length + 1}`);
  });
});
