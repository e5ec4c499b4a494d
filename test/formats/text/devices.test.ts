import { expect, test } from 'vitest';
import { readCsv } from '../../../src/formats/csv/csv.ts';
import type { ReadOptions } from '../../../src/formats/recording.ts';

const at = (...time: Parameters<typeof Date.UTC>) => Date.UTC(...time);

/** Exports of instruments, loggers, and programs, shortened, and what must be read from them. */
test.each<[string, string, ReadOptions, { labels: string[]; first: number[] } & Record<string, unknown>]>([
  [
    'an oscilloscope, with more lines before the table than rows',
    'Model,X\nWaveform Type,ANALOG\nHorizontal Units,s\nSample Interval,4e-09\nRecord Length,3\n\nLabel,,\nTIME,CH1,CH2\n-2.0e-03,0.1,1\n-1.999996e-03,0.2,2\n-1.999992e-03,0.3,3\n',
    {},
    { labels: ['CH1', 'CH2'], first: [0.1, 1], frames: 3, lost: 0 },
  ],
  [
    'an oscilloscope, with the unit of the times in the second row',
    'x-axis,1,2\nsecond,Volt,Volt\n-5.0E-04,0.1,1\n-4.9E-04,0.2,2\n-4.8E-04,0.3,3\n',
    {},
    { labels: ['1', '2'], first: [0.1, 1], rate: 100_000, undated: true },
  ],
  [
    'a logger, with the zone in the name of the time column',
    '"Plot Title: Site 1"\n"#","Date Time, GMT-05:00","Temp","Host"\n1,01/29/24 10:00:00 AM,20.1,\n2,01/29/24 10:15:00 AM,20.2,\n3,01/29/24 10:30:00 AM,20.3,Logged\n',
    {},
    { labels: ['Temp'], first: [20.1], rate: 1 / 900, time: at(2024, 0, 29, 15) },
  ],
  [
    'a sensor with two rows between names and units',
    'sep=\t\nUnit_1_Timestamp_Unix_CAL\tUnit_1_Accel_X_CAL\nCAL\tCAL\nms\tm/(s^2)\n1.700000000000E12\t0.1\t\n1.700000000020E12\t0.2\t\n1.700000000040E12\t0.3\t\n',
    {},
    { labels: ['Unit_1_Accel_X_CAL'], first: [0.1], rate: 50, time: 1.7e12 },
  ],
  [
    'an accelerometer without times, with its rate before the table',
    '------------ Data File Created By X date format M/d/yyyy at 30 Hz -----------\nSerial Number: X\nStart Time 10:00:00\nEpoch Period (hh:mm:ss) 00:00:00\n--------------------------------------------------\nAccelerometer X,Accelerometer Y\n0.1,0.2\n0.1,0.3\n0.1,0.4\n',
    {},
    { labels: ['Accelerometer X', 'Accelerometer Y'], first: [0.1, 0.2], rate: 30, rateSource: 'header' },
  ],
  [
    'cells in single quotes',
    "'Elapsed time','MLII'\n'hh:mm:ss.mmm','mV'\n'0:00.000',-0.145\n'0:00.004',-0.146\n'0:00.008',-0.147\n",
    {},
    { labels: ['MLII'], first: [-0.145], rate: 250, channels: [{ label: 'MLII', unit: 'mV' }] },
  ],
  [
    'the name of a run before the name of a column',
    'Latest: Time (s),Latest: Force (N)\n0,1.5\n0.02,1.2\n0.04,1.3\n',
    {},
    { labels: ['Latest: Force'], first: [1.5], rate: 50 },
  ],
  [
    'columns of year, month, day, and hour',
    'No,year,month,day,hour,pm25\n1,2010,1,31,23,90\n2,2010,2,1,0,100\n3,2010,2,1,1,110\n',
    {},
    { labels: ['pm25'], first: [90], rate: 1 / 3600, time: at(2010, 0, 31, 23), localTime: true },
  ],
  [
    'intervals as times',
    '"MTU (CET/CEST)","Actual [MW]"\n"29.01.2024 00:00 - 29.01.2024 01:00","5000"\n"29.01.2024 01:00 - 29.01.2024 02:00","5001"\n',
    {},
    { labels: ['Actual'], first: [5000], time: at(2024, 0, 29), rate: 1 / 3600 },
  ],
  [
    'a rate in a column of its own',
    'Time (s);Fp1;Sampling Rate\n0.0000;1.5;128\n0.0078125;1.6;\n0.015625;1.7;\n',
    {},
    { labels: ['Fp1'], first: [1.5], rate: 128 },
  ],
  [
    'seconds since 1904',
    'time,v\n3789374400.0,1\n3789374401.0,2\n',
    {},
    { labels: ['v'], first: [1], time: at(2024, 0, 29, 12) },
  ],
  [
    '100 ns since 1601',
    'time,v\n133508448000000000,1\n133508448010000000,2\n',
    {},
    { labels: ['v'], first: [1], rate: 1, time: at(2024, 0, 27, 16) },
  ],
  [
    'GPS time',
    'gps_time,v\n1390550400,1\n1390550401,2\n',
    {},
    { labels: ['v'], first: [1], time: at(2024, 0, 29, 7, 59, 42) },
  ],
  [
    'minutes and seconds, set by an option',
    'Time,v\n59:59,1\n60:00,2\n60:01,3\n',
    { timeFormat: 'mm:ss' },
    { labels: ['v'], first: [1], frames: 3 },
  ],
])('%s', (_, text, options, { labels, first, ...expected }) => {
  const recording = readCsv(text, options);
  expect(recording.channels.map(({ label }) => label)).toEqual(labels);
  expect([...recording.blocks[0].data.subarray(0, first.length)]).toEqual(first.map(Math.fround));
  expect(recording).toMatchObject(expected);
});

test('numbers that count from another year than 1970, and times of day that can be durations, are noted', () => {
  expect(readCsv('time,v\n3789374400.0,1\n3789374401.0,2\n').notes).toEqual([
    "The numbers in the column 'time' are read as seconds since 1904, as LabVIEW counts them.",
  ]);
  expect(readCsv('Time,v\n00:01,1\n00:02,2\n00:03,3\n').notes?.[0]).toMatch(
    /^Times such as '00:01' .* hours and minutes/,
  );
});
