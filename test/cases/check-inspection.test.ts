import { describe, expect, test } from 'vitest';
import { checkInspection, type InspectCase } from './check-inspection.ts';

const json = {
  format: 'csv',
  rate: 250,
  start: '2024-01-01T00:00:00.000Z',
  frames: 6,
  channels: [{ label: 'Fz', unit: 'µV' }, { label: 'n' }],
  times: [0, 0.004],
  first: [[1, null]],
  marks: [
    { time: 0.5, duration: 0, label: 'a' },
    { time: 1, duration: 2, label: 'b' },
  ],
  notes: ['The column x is skipped.'],
};
const check = (more: Partial<InspectCase>) => checkInspection({ name: 'x', file: 'x', ...more }, { json });

describe('the comparison with a case', () => {
  test.each<[string, Partial<InspectCase>]>([
    ['numbers to 1e-6 relative', { inspect: { rate: 250.0002, first: [[1.0000009, null]] } }],
    ['times to 1 ms', { inspect: { times: [0.001, 0.0031], start: '2024-01-01T00:00:00.001Z' } }],
    ['ranges', { inspect: { frames: { min: 5, max: 6 }, rate: { max: 250 } } }],
    [
      'alternatives of labels, units, and starts',
      {
        inspect: {
          channels: [{ label: ['Cz', 'Fz'] }, { label: 'n', unit: '' }],
          start: ['2020-01-01T00:00:00Z', json.start],
        },
      },
    ],
    ['marks without fields', { inspect: { marks: [{ label: 'a' }, { time: 1 }] } }],
    ['additional marks', { inspect: { marks: [{ time: 1, label: 'b' }] }, moreMarks: true }],
    ['notes in any case', { inspect: {}, notes: ['COLUMN X', 'skipped'] }],
    ['one of several outcomes', { either: [{ refused: { says: ['x'] } }, { inspect: { frames: 6 } }] }],
  ])('accepts %s', (_, more) => {
    expect(check(more)).toEqual([]);
  });

  test.each<[string, Partial<InspectCase>]>([
    ['another number', { inspect: { rate: 250.001 } }],
    ['another time', { inspect: { times: [0, 0.0051] } }],
    ['a number out of range', { inspect: { frames: { max: 5 } } }],
    ['another start', { inspect: { start: null } }],
    ['another label', { inspect: { channels: [{ label: 'Cz' }, { label: 'n' }] } }],
    ['another unit', { inspect: { channels: [{ label: 'Fz', unit: '' }, { label: 'n' }] } }],
    ['another number of channels', { inspect: { channels: [{ label: 'Fz' }] } }],
    ['a number for null', { inspect: { first: [[1, 2]] } }],
    ['additional marks', { inspect: { marks: [{ time: 1, label: 'b' }] } }],
    ['a missing mark', { inspect: { marks: [{ time: 3 }] }, moreMarks: true }],
    ['a missing field', { inspect: { encoding: null } }],
    ['a missing note', { inspect: {}, notes: ['zone'] }],
    ['no rejection', { refused: { says: ['x'] } }],
    ['none of several outcomes', { either: [{ refused: { says: ['x'] } }, { inspect: { frames: 7 } }] }],
  ])('finds %s', (_, more) => {
    expect(check(more)).not.toEqual([]);
  });

  test('compares the sentence of a rejection', () => {
    const refused = (says: string[]) =>
      checkInspection({ name: 'x', file: 'x', refused: { says } }, { sentence: 'FILE: line 5 has 2 cells' });
    expect(refused(['LINE 5\\b'])).toEqual([]);
    expect(refused(['line 5', '--skip'])).toHaveLength(1);
    expect(checkInspection({ name: 'x', file: 'x', inspect: {} }, { sentence: 'no' })).toHaveLength(1);
  });
});
