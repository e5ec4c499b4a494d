import { describe, expect, test } from 'vitest';
import { timeTicks } from '../../src/cli/report/axis.ts';

const at = Date.UTC;
const labels = (from: number, to: number, dated = true) => timeTicks(from, to, dated).map(({ label }) => label);

describe('the times under a plot', () => {
  test.each([
    ['months', at(2014, 6, 1), at(2014, 10, 15), ['Jul 2014', 'Aug 2014', 'Sep 2014', 'Oct 2014', 'Nov 2014']],
    [
      'days',
      at(2014, 6, 1, 12),
      at(2014, 6, 5),
      ['12:00', '2 Jul', '12:00', '3 Jul', '12:00', '4 Jul', '12:00', '5 Jul'],
    ],
    [
      'hours',
      at(2014, 6, 1, 22),
      at(2014, 6, 2, 2),
      ['22:00', '22:30', '23:00', '23:30', '2 Jul', '00:30', '01:00', '01:30', '02:00'],
    ],
    ['parts of a second', 60_000, 60_500, [':00.0', ':00.1', ':00.2', ':00.3', ':00.4', ':00.5']],
  ])('are round %s', (_, from, to, expected) => {
    expect(labels(from, to)).toEqual(expected);
  });

  test('count from the start if the recording has no date', () => {
    expect(labels(0, 90_000, false)).toEqual([
      '00:00',
      '00:10',
      '00:20',
      '00:30',
      '00:40',
      '00:50',
      '01:00',
      '01:10',
      '01:20',
      '01:30',
    ]);
    expect(labels(0, 300 * 86_400_000, false)).toEqual(['0 d', '100 d', '200 d', '300 d']);
  });

  test('are in order between 0 and 1 and few, for any span', () => {
    for (const dated of [true, false])
      for (let span = 5; span < 1e13; span *= 1.7) {
        const ticks = timeTicks(1_400_000_000_123, 1_400_000_000_123 + span, dated);
        const places = ticks.map((tick) => tick.at);
        expect(places.length).toBeLessThanOrEqual(10);
        expect(places).toEqual([...places].filter((place) => place >= 0 && place <= 1).sort((a, b) => a - b));
      }
  });
});
