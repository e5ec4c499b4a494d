import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { edfStart } from '../../src/formats/edf/edf-date.ts';

const start = (date: string, recording = '', time = '05.06.07') => edfStart(date, time, recording);
const at = (year: number, month: number, date: number) => Date.UTC(year, month - 1, date, 5, 6, 7);
const pad = (number: number, digits = 2) => String(number).padStart(digits, '0');

describe('the start of an EDF file', () => {
  test('has day, month, year in this order, whatever separates them, and the full year from Startdate', () => {
    const dates = fc.date({ min: new Date('1985-01-01'), max: new Date('2084-12-31'), noInvalidDate: true });
    const separators = fc.constantFrom('.', '/', '-', ':', ' ', '_');
    fc.assert(
      fc.property(dates, separators, separators, (day, one, two) => {
        const [year, month, date] = [day.getUTCFullYear(), day.getUTCMonth() + 1, day.getUTCDate()];
        const short = [pad(date), pad(month), pad(year % 100)].join(one);
        const clock = ['05', '06', '07'].join(two);
        const expected = { time: at(year, month, date), notes: [] };
        expect(start(short, '', clock)).toEqual(expected);
        expect(start(short, 'Startdate X X X X', clock)).toEqual(expected);
        const name = day.toLocaleString('en', { month: 'short', timeZone: 'UTC' }).slice(0, 3);
        for (const full of [`${pad(date)}-${name}-${year}`, `${year}-${pad(month)}-${pad(date)}`])
          expect(start(short, `Startdate ${full} X X X`, clock)).toEqual(expected);
      }),
      { seed: 1, numRuns: 200 },
    );
  });

  test.each([
    ['01.02.85', 1985],
    ['01.02.99', 1999],
    ['01.02.00', 2000],
    ['01.02.84', 2084],
    ['1.2.2024', 2024],
    ['2024-2-1', 2024],
    ['20240201', 2024],
    ['01022024', 2024],
  ])('%s is in %i', (date, year) => {
    expect(start(date)).toEqual({ time: at(year, 2, 1), notes: [] });
  });

  test.each(
    Object.entries({
      1: 'JAN jan. Januar Ene Gen',
      2: 'FEB Févr. fev',
      3: 'MAR MRZ MÄR März Mrt',
      4: 'APR Avr Abr',
      5: 'MAY MAI Mei Maj mag',
      6: 'JUN Juin GIU',
      7: 'JUL Juil. LUG',
      8: 'AUG AGO Août',
      9: 'SEP Set',
      10: 'OCT OKT Out Ott',
      11: 'NOV',
      12: 'DEC DEZ Dic des',
    }),
  )('month %s can be named %s', (month, names) => {
    for (const name of names.split(' '))
      expect([name, start('xx.xx.xx', `Startdate 03-${name}-2010 X X X`).time]).toEqual([
        name,
        at(2010, Number(month), 3),
      ]);
  });

  test('is the date of the header where Startdate is not a date, which is noted', () => {
    expect(start('02.03.10', 'Startdate 02-XYZ-2010 X X X')).toEqual({
      time: at(2010, 3, 2),
      notes: ["'Startdate 02-XYZ-2010' is not a valid date: the date '02.03.10' of the header is used."],
    });
    expect(start('02.03.10', 'Startdate 31-FEB-2010').notes).toHaveLength(1);
    expect(start('02.03.10', 'recorded at night').notes).toEqual([]);
  });

  test('is that of Startdate if both are dates; a difference of more than centuries is noted', () => {
    expect(start('02.03.10', 'Startdate 02-MAR-1910').time).toBe(at(1910, 3, 2));
    expect(start('02.03.10', 'Startdate 02-MAR-1910').notes).toEqual([]);
    expect(start('01.01.85', 'Startdate 02-MAR-2010 X X X')).toEqual({
      time: at(2010, 3, 2),
      notes: ["The header contains two dates: 'Startdate 02-MAR-2010', which is used, and '01.01.85'."],
    });
  });

  test.each([
    ['00.00.00', '05.06.07'],
    ['xx.xx.xx', '05.06.07'],
    ['31.02.04', '05.06.07'],
    ['02.13.04', '05.06.07'],
    ['', '05.06.07'],
    ['02.03.04', '25.06.07'],
    ['02.03.04', '05.61.07'],
    ['02.03.04', '05.06.60'],
    ['02.03.04', ''],
  ])('is unknown with %j and %j, which is noted', (date, time) => {
    expect(start(date, '', time)).toEqual({
      time: undefined,
      notes: [`The start of the recording is unknown: it must be dd.mm.yy hh.mm.ss, got '${date} ${time}'.`],
    });
  });
});
