import fc from 'fast-check';
import { expect, test } from 'vitest';
import { readCsv } from '../../src/formats/csv/csv.ts';

const table = (times: readonly (number | string)[], name = 'time (s)') =>
  `${name},v\n${times.map((time, i) => `${time},${i}\n`).join('')}`;
const read = (text: string) => {
  const recording = readCsv(text);
  return { ...recording, samples: recording.blocks.flatMap(({ data }) => [...data]) };
};

test('the rate is measured over rows without a time', () => {
  expect(read(table([0, '', 2, 3, '', 5]))).toMatchObject({
    rate: 1,
    frames: 6,
    lost: 0,
    notes: ["Cells of 'time (s)' without a readable time: 2. These frames are timed by the sampling rate."],
  });
});

test('a clock that stops for a while and then is right again loses nothing', () => {
  const times = Array.from({ length: 60 }, (_, i) => (i > 20 && i < 30 ? 2 : i / 10));
  expect(read(table(times))).toMatchObject({
    rate: 10,
    lost: 0,
    notes: ["Timestamps of 'time (s)' that repeat the previous one: 9. These frames are timed by the sampling rate."],
  });
});

test('counters of devices that wrap continue', () => {
  fc.assert(
    fc.property(
      fc.constantFrom(2 ** 16, 2 ** 30, 2 ** 32),
      fc.constantFrom(['millis', 1e-3], ['time (us)', 1e-6]),
      fc.integer({ min: 1, max: 200 }),
      fc.nat({ max: 30 }),
      (wrap, [name, unit], step, before) => {
        const counter = Array.from({ length: 40 }, (_, i) => (wrap - (before + 1) * step + i * step) % wrap);
        const recording = read(table(counter, String(name)));
        expect(recording.frames).toBe(40);
        expect(recording.lost).toBe(0);
        expect(Math.abs(recording.rate * step * Number(unit) - 1)).toBeLessThan(0.0011);
        const note = `The counter in the column '${name}' restarts at 0 after ${wrap - 1}. The later times continue from there.`;
        expect(recording.notes).toEqual([note]);
      },
    ),
    { seed: 11, numRuns: 100 },
  );
});

test('times that start again are not offered for sorting', () => {
  const read = () => readCsv(table([0, 1, 2, 3, 0, 1, 2, 3]));
  expect(read).toThrow(
    /^line 6: .* goes back from 3 s to 0 s\. The times start again there\. If the file contains two recordings/,
  );
  expect(read).not.toThrow(/sort/);
});

test('rows after the table are skipped with a note', () => {
  expect(read(`${table([0, 1, 2, 3])}Mean,2.5\nMax,4\n`)).toMatchObject({
    frames: 4,
    notes: ["Skipped rows after the table: 2 (line 6, 'Mean')."],
  });
});

test('numbers that are not finite are noted', () => {
  const { samples, notes } = read('time (s),v\n0,1\n1,inf\n2,-Infinity\n3,4\n');
  expect(samples).toEqual([1, NaN, NaN, 4]);
  expect(notes).toEqual(["Cells that are not numbers are read as missing samples: 2 in v ('inf')."]);
});

test.each([-999, -999.9, -9999, -99999])('%d is read as a missing sample where no other sample is near it', (fill) => {
  const { samples, notes } = read(`time (s),a,b\n0,1,${fill}\n1,${fill},-800\n2,-20.5,${fill}\n3,4,2\n`);
  const near = fill > -1600;
  expect(samples).toEqual([1, near ? Math.fround(fill) : NaN, NaN, -800, -20.5, near ? Math.fround(fill) : NaN, 4, 2]);
  expect(notes).toEqual([
    `Fill values are read as missing samples: 1 in a (${fill})${near ? '' : `, 2 in b (${fill})`}.`,
  ]);
});

test('a row of units in brackets, below names without units, is read', () => {
  expect(read('time,force\n[ms],[N]\n0,1\n10,2\n20,3\n')).toMatchObject({
    rate: 100,
    channels: [{ label: 'force', unit: 'N' }],
  });
});

test('a sparse column of texts named for events is read as events', () => {
  const { marks, channels } = read('time (s),a,event\n0,1,\n1,2,start\n2,3,\n3,4,stop\n');
  expect(channels).toEqual([{ label: 'a' }]);
  expect(marks?.map(({ time, label }) => [time, label])).toEqual([
    [1000, 'start'],
    [3000, 'stop'],
  ]);
});
