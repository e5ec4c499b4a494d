import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';
import { afterAll, describe, expect, test } from 'vitest';
import { timeOf } from '../../src/core/blocks/block.ts';
import { random } from '../../src/core/random.ts';
import { readRecordingFile } from '../../src/sources/node/file.ts';
import { pythonWith } from '../python-with.ts';

const directory = mkdtempSync(join(tmpdir(), 'tapline-pandas-'));
afterAll(() => rmSync(directory, { recursive: true }));

const noise = random(5);
const begin = Date.UTC(2026, 0, 30);
const rows = Array.from({ length: 300 }, (_, row) => ({
  time: new Date(begin + row * 60_000),
  values: [noise.normal() * 5000, noise.normal() / 10],
}));
const iso = (time: Date) => time.toISOString().replace('.000', '');
const german = (time: Date) =>
  `${iso(time).slice(8, 10)}.${iso(time).slice(5, 7)}.${iso(time).slice(0, 4)} ${iso(time).slice(11, 19)}`;
const grouped = (value: number) =>
  value.toLocaleString('en-US', { minimumFractionDigits: 2, maximumFractionDigits: 2 });

const texts = (head: string, row: (time: Date, values: number[], at: number) => string) =>
  `${head}\n${rows.map(({ time, values }, at) => row(time, values, at)).join('\n')}\n`;
const parsed = { parse_dates: [0] };

/** Tables, and the arguments with which pandas reads them. */
const tables: Record<string, [content: string | Uint8Array, options: object]> = {
  'plain.csv': [texts('time,a,b', (time, [a, b]) => `${iso(time)},${a},${b}`), parsed],
  'exponents.csv': [
    texts('time,a,b', (time, [a, b]) => `${iso(time)},${a.toExponential(4)},${b.toExponential(9)}`),
    parsed,
  ],
  'missing.csv': [
    texts('time,a,b', (time, [a, b], at) => `${iso(time)},${at % 7 === 0 ? 'NA' : a},${at % 5 === 0 ? '' : b}`),
    parsed,
  ],
  'german.csv': [
    texts(
      'time;a;b',
      (time, [a, b]) => `${german(time)};${a.toFixed(3).replace('.', ',')};${b.toFixed(4).replace('.', ',')}`,
    ),
    { ...parsed, sep: ';', decimal: ',', dayfirst: true },
  ],
  'grouped.csv': [
    texts('time,a,b', (time, [a, b]) => `${iso(time)},"${grouped(a)}",${b.toFixed(4)}`),
    { ...parsed, thousands: ',' },
  ],
  'comments.tsv': [
    `# made by X\n# 3 columns\n${texts('time\ta\tb', (time, [a, b]) => `${iso(time)}\t${a}\t${b}`)}`,
    { ...parsed, sep: '\t', comment: '#' },
  ],
  'quoted.csv': [texts('"time","a ""1""","b, c"', (time, [a, b]) => `"${iso(time)}","${a}","${b}"`), parsed],
  'utf16.csv': [
    new Uint8Array(
      Buffer.from(`\ufeff${texts('time,température,b', (time, [a, b]) => `${iso(time)},${a},${b}`)}`, 'utf16le'),
    ),
    { ...parsed, encoding: 'utf-16' },
  ],
  'latin.csv': [
    new Uint8Array(
      Buffer.from(
        texts('time,température,b', (time, [a, b]) => `${iso(time)},${a},${b}`),
        'latin1',
      ),
    ),
    { ...parsed, encoding: 'cp1252' },
  ],
  'compressed.csv.gz': [gzipSync(texts('time,a,b', (time, [a, b]) => `${iso(time)},${a},${b}`)), parsed],
  'epoch.csv': [texts('time (ms),a,b', (time, [a, b]) => `${time.getTime()},${a},${b}`), {}],
};

const python = pythonWith('pandas');
describe.skipIf(!python)('tables are read as by pandas', () => {
  const inputs = Object.entries(tables).map(([name, [content, options]]) => {
    writeFileSync(join(directory, name), content);
    return { path: join(directory, name), options };
  });
  const script = fileURLToPath(new URL('read-with-pandas.py', import.meta.url));
  const read = python
    ? (JSON.parse(execFileSync(python, [script], { input: JSON.stringify(inputs), encoding: 'utf8' })) as {
        times: number[];
        labels: string[];
        values: (number | null)[][];
      }[])
    : [];

  test.each(Object.keys(tables))('%s', async (name) => {
    const expected = read[Object.keys(tables).indexOf(name)];
    const { channels, blocks } = await readRecordingFile(join(directory, name));
    expect(channels.map(({ label }) => label)).toEqual(expected.labels);
    const times = blocks.flatMap((block) =>
      Array.from({ length: block.data.length / block.channels }, (_, i) => timeOf(block, block.start + i)),
    );
    expect(times).toEqual(expected.times);
    const samples = blocks.flatMap(({ data }) => Array.from(data, (sample) => (Number.isNaN(sample) ? null : sample)));
    expect(samples).toEqual(expected.values.flat());
  });
});
