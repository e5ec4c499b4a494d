import { expect, test } from 'vitest';
import { StreamStatistics } from '../../src/server/stream-statistics.ts';

test('the health of a stream reports when frames last arrived, and times that are ahead of the server', () => {
  const statistics = new StreamStatistics();
  expect(statistics.health('x', 1000)).toMatchObject({ lag: null, rate: 0 });
  expect(statistics.health('x', 1000)).not.toHaveProperty('idle');
  Object.assign(statistics, { received: 10, newest: 3_601_000 });
  expect(statistics.health('x', 2000)).toMatchObject({ lag: 0, ahead: 3_599_000, idle: 0 });
  expect(statistics.health('x', 9000)).toMatchObject({ lag: 0, ahead: 3_592_000, idle: 7000 });
  Object.assign(statistics, { received: 11, newest: 8000 });
  const late = statistics.health('x', 10_000);
  expect(late).toMatchObject({ lag: 2000, idle: 0 });
  expect(late).not.toHaveProperty('ahead');
});
