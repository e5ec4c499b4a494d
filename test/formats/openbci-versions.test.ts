import { describe, expect, test } from 'vitest';
import { readOpenbci } from '../../src/formats/openbci/openbci.ts';
import { readRecording } from '../../src/formats/read-recording.ts';

/** A file of four channels at 200 Hz, with the rows that `row` makes. */
function ganglion(row: (n: number) => string, head = '%Number of channels = 4\n%Sample Rate = 200.0 Hz\n', rows = 8) {
  return `%OpenBCI Raw EEG Data\n${head}${Array.from({ length: rows }, (_, n) => `${row(n)}\n`).join('')}`;
}
const clock = (n: number) => `14:45:42.${400 + 5 * n}`;
const ms = (n: number) => 1541598342400 + 5 * n;
const values = (n: number) => `${n}, ${n}.25, -1.5, 2.25, 3.75, 0.016, 0.474, 0.114`;
const table =
  'Sample Index, EXG Channel 0, EXG Channel 1, Accel Channel 0, Timestamp, Marker Channel, Timestamp (Formatted)';
const cyton = (rows: string[]) =>
  `%OpenBCI Raw EXG Data\n%Number of channels = 2\n%Sample Rate = 250 Hz\n%Board = OpenBCI_GUI$BoardCytonSerial\n${table}\n${rows.join('\n')}\n`;

describe('a file of the OpenBCI GUI', () => {
  const files: [string, string, object][] = [
    [
      'version 2, without the number of channels and with times of day',
      ganglion((n) => `${values(n)}, ${clock(n)}`, '%\n%Sample Rate = 200.0 Hz\n%First Column = SampleIndex\n'),
      { time: 0, undated: true },
    ],
    ['version 4, with both times', ganglion((n) => `${values(n)}, ${clock(n)}, ${ms(n)}`), { time: ms(0) }],
    [
      'version 5, with zeros first',
      ganglion(
        (n) =>
          n === 0 ? '0.0,0.0,0.0,0.0,0.0,0.0,0.0,0.0,0.0,0.0' : `${values(n - 1)}, ${ms(n - 1)}, ${clock(n - 1)}`,
        undefined,
        9,
      ),
      { time: ms(0) },
    ],
    [
      'version 5, with zeros of 1970 first',
      ganglion(
        (n) =>
          n === 0
            ? '0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 1970-01-01 01:00:00.000'
            : `${values(n - 1)}, ${ms(n - 1) / 1000}, 2018-11-07 14:45:42.400`,
        undefined,
        9,
      ),
      { time: ms(0) },
    ],
    [
      'a computer with decimal commas',
      ganglion(
        (n) => `${values(n).replaceAll('.', ',')}, ${clock(n)}, ${ms(n)}`,
        '%Number of channels = 4\n%Sample Rate = 200,0 Hz\n',
      ),
      { time: ms(0) },
    ],
    [
      'a spreadsheet with semicolons',
      ganglion((n) => `${values(n).replaceAll(', ', ';').replaceAll('.', ',')};${ms(n)};${clock(n)}`),
      { time: ms(0) },
    ],
    ['a spreadsheet with tabs', ganglion((n) => `${values(n)}, ${ms(n)}`.replaceAll(', ', '\t')), { time: ms(0) }],
    ['rows that end in a comma', ganglion((n) => `${values(n)}, ${ms(n)}, `), { time: ms(0) }],
    [
      'seconds in scientific notation',
      ganglion((n) => `${values(n)}, 1.${5415983424 + 0}${`${n * 5}`.padStart(2, '0')}E9`),
      { time: ms(0) },
    ],
    [
      'dates without a time zone only',
      ganglion((n) => `${values(n)}, 2018-11-07 ${clock(n)}`),
      { time: Date.UTC(2018, 10, 7, 14, 45, 42, 400), localTime: true },
    ],
    ['dates with a time zone', ganglion((n) => `${values(n)}, 2018-11-07T${clock(n)}+01:00`), { time: ms(0) }],
    [
      'no sampling rate',
      ganglion((n) => `${values(n)}, ${ms(n)}`, '%Number of channels = 4\n'),
      { time: ms(0), rateSource: 'times' },
    ],
    [
      'comments and names inside',
      ganglion((n) => `${values(n)}, ${ms(n)}${n === 4 ? '\n%Stopped\n\n%Number of channels = 9' : ''}`),
      { time: ms(0) },
    ],
  ];
  test.each(files)('%s is read', (_, text, expected) => {
    const recording = readRecording(text);
    expect(recording).toMatchObject({
      format: 'openbci',
      encoding: 'utf-8',
      kind: 'eeg',
      rate: 200,
      frames: 8,
      lost: 0,
      ...expected,
    });
    expect(recording.channels).toEqual([0, 1, 2, 3].map((n) => ({ label: `EXG Channel ${n}`, unit: 'µV' })));
    expect([...recording.blocks[0].data].slice(0, 8)).toEqual([0.25, -1.5, 2.25, 3.75, 1.25, -1.5, 2.25, 3.75]);
  });

  test('has acceleration, and the source of its rate', () => {
    const text = ganglion((n) => `${values(n)}, ${ms(n)}`);
    expect(readOpenbci(text, { columns: ['Accel Channel 2'] }).channels).toEqual([
      { label: 'Accel Channel 2', unit: 'g' },
    ]);
    expect(readOpenbci(text).rateSource).toBe('header');
    expect(readOpenbci(text, { rate: 200 }).rateSource).toBe('options');
  });

  test('has the values of its marker channel as events', () => {
    const rows = [0, 1, 4, 5].map((n) => `${n}, 1, 2, 0.1, ${(ms(0) + 4 * n) / 1000}, ${n === 4 ? '7.0' : '0.0'}, x`);
    expect(readOpenbci(cyton(rows))).toMatchObject({ lost: 2, marks: [{ at: 4, label: '7' }] });
  });

  test('of other sensors has their columns', () => {
    const text = cyton(['0, 1, 2, 0.1, 1541598342.4, 0, x']).replaceAll('EXG Channel', 'PPG');
    expect(readOpenbci(text).channels.map(({ label }) => label)).toEqual(['PPG 0', 'PPG 1', 'Accel Channel 0']);
    expect(readOpenbci(text).kind).toBeUndefined();
  });

  test('that goes on after midnight has no gap', () => {
    const time = (n: number) =>
      n < 4 ? `23:59:59.${980 + 5 * n}` : `00:00:00.00${5 * (n - 4)}`.replace('.0010', '.010').replace('.0015', '.015');
    expect(readRecording(ganglion((n) => `${values(n)}, ${time(n)}`))).toMatchObject({ lost: 0, frames: 8 });
  });
});

describe('an OpenBCI file that was cut', () => {
  const whole = ganglion((n) => `${values(n)}, ${ms(n)}`);
  test.each([
    ['within the timestamp', -5, 8, undefined],
    ['within the acceleration', -18, 8, /line 11\) is incomplete\./],
    ['within the channels', -40, 7, /line 11\) is incomplete and is skipped/],
    ['within the sample index', -51, 7, /line 11\) is incomplete and is skipped/],
  ])('%s keeps the rows before', (_, end, frames, note) => {
    const recording = readRecording(whole.slice(0, end));
    expect(recording).toMatchObject({ frames, lost: 0, time: ms(0) });
    if (note) expect(recording.notes).toContainEqual(expect.stringMatching(note));
    expect([...recording.blocks[0].data].slice(0, 28)).toEqual([...readRecording(whole).blocks[0].data].slice(0, 28));
  });

  test('in the middle loses these frames', () => {
    const lines = whole.split('\n');
    lines[6] = lines[6].slice(0, 12);
    const recording = readRecording(lines.join('\n'));
    expect(recording).toMatchObject({ frames: 7, lost: 1 });
    expect(recording.blocks.map(({ start }) => start)).toEqual([0, 4]);
    expect(recording.notes).toEqual([
      'Skipped 1 row (line 7) with missing or additional cells; their frames are lost.',
    ]);
  });

  test('has missing samples where cells are not numbers', () => {
    const recording = readRecording(whole.replace('3.25', 'x'));
    expect(recording.blocks[0].data[12]).toBeNaN();
    expect(recording.notes).toEqual(['Cells that are not numbers are read as missing samples: 1 in EXG Channel 0.']);
  });
});
