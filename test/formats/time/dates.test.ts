import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { dateMs, readDateText } from '../../../src/formats/time/date-text.ts';
import { parseTimeFormat } from '../../../src/formats/time/time-format.ts';

const two = (value: number) => String(value).padStart(2, '0');
const months = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'];
const anyTime = fc
  .integer({ min: Date.UTC(1970, 0, 2) / 1000, max: Date.UTC(2068, 0, 1) / 1000 })
  .map((seconds) => new Date(seconds * 1000));

/** A time in the notation of `format`. */
function written(time: Date, format: string): string {
  const hour = time.getUTCHours();
  const parts: Record<string, string> = {
    YYYY: String(time.getUTCFullYear()),
    YY: two(time.getUTCFullYear() % 100),
    MMM: months[time.getUTCMonth()],
    MM: two(time.getUTCMonth() + 1),
    DD: two(time.getUTCDate()),
    HH: two(hour),
    hh: two(hour % 12 || 12),
    mm: two(time.getUTCMinutes()),
    ss: two(time.getUTCSeconds()),
    A: hour < 12 ? 'AM' : 'PM',
    Z: '+0000',
  };
  return format.replace(/YYYY|YY|MMM|MM|DD|HH|hh|mm|ss|A|Z/g, (part) => parts[part]);
}

const formats = [
  'YYYY-MM-DDTHH:mm:ssZ',
  'YYYY/MM/DD HH:mm:ss',
  'YYYYMMDDTHHmmss',
  'YYYY-MM-DD_HH-mm-ss',
  'DD.MM.YYYY HH:mm:ss',
  'DD.MM.YY HH.mm.ss',
  'DD/MM/YYYY hh:mm:ss A',
  'MM/DD/YYYY HH:mm:ss',
  'MM-DD-YY hh:mm:ss A',
  'DD-MMM-YYYY HH:mm:ss',
  'MMM DD, YYYY hh:mm:ss A',
  'HH:mm:ss DD/MM/YYYY',
];

describe.each(formats)('a time written as %s', (format) => {
  test('is read with this format', () => {
    const compiled = parseTimeFormat(format);
    fc.assert(
      fc.property(anyTime, (time) => {
        expect(compiled.read(written(time, format))).toBe(time.getTime());
      }),
      { seed: 1, numRuns: 100 },
    );
  });

  test('is recognized; in one of its orders, it is the same time', () => {
    fc.assert(
      fc.property(anyTime, (time) => {
        const text = readDateText(written(time, format));
        expect(text?.orders.map((order) => dateMs(text, order))).toContain(time.getTime());
      }),
      { seed: 2, numRuns: 100 },
    );
  });
});

test('zones are subtracted', () => {
  const utc = Date.UTC(2024, 0, 29, 21);
  for (const text of [
    '2024-01-29T22:00:00+01:00',
    '2024-01-29 22:00:00 +0100',
    '2024-01-29 22:00:00 CET',
    'Mon Jan 29 2024 22:00:00 GMT+0100 (Central European Standard Time)',
    '2024-01-29T22:00:00+01:00[Europe/Berlin]',
    '29/01/2024 21:00:00 UTC',
  ]) {
    const read = readDateText(text);
    expect(read && dateMs(read, read.orders[0])).toBe(utc);
  }
  expect(readDateText('2024-01-29 22:00:00 CST')).toMatchObject({ unknownZone: 'CST' });
});

test.each([
  '',
  '12',
  '1.5',
  'on',
  '-1',
  '1e5',
  '12-5',
  '01',
  'v1.2.3',
  '192.168.1.1',
  '10.000,5',
  'hall 2',
  'a 2024-01-01',
])('%j is not a time', (text) => {
  expect(readDateText(text)).toBeUndefined();
});

test.each([
  ['DD/MM', 'a date requires YYYY or YY'],
  ['hh:mm', 'hh requires A, AM or PM'],
  ['YYYY YYYY', 'YYYY only once'],
  ['%Y-%m-%d', 'it must contain YYYY, HH, or mm'],
  ['YYYY-DD', 'DD requires MM'],
])('the format %j is rejected', (format, reason) => {
  expect(() => parseTimeFormat(format)).toThrow(
    `timeFormat must be a format such as 'DD/MM/YYYY HH:mm:ss' (${reason}), got '${format}'`,
  );
});
