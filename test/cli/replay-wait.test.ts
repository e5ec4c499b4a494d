import { expect, test } from 'vitest';
import { hoursMinutes } from '../../src/cli/amounts.ts';
import { waitText } from '../../src/cli/replay-wait.ts';
import { readCsv } from '../../src/formats/csv/csv.ts';

const recording = readCsv('time,a\n2024-01-01T10:00:00Z,1\n2024-01-01T10:00:01Z,2\n');
const until = Date.UTC(2024, 0, 1, 10, 12, 5);

test('a wait is shown with its duration and the time at which the recording continues', () => {
  expect(waitText({ ms: 572_000, until }, recording)).toBe('Waiting 9 min 32 s: no data until 10:12:05.');
  expect(waitText({ ms: 5001, until: until + 86_400_000 }, recording)).toBe(
    'Waiting 6 s: no data until 2024-01-02 10:12:05.',
  );
  expect(waitText({ ms: 60_000, until }, { ...recording, undated: true })).toBe(
    'Waiting 1 min 0 s: no data until 12 min 5 s after its start.',
  );
});

test.each([
  [1, '1 s'],
  [59_000, '59 s'],
  [59_001, '1 min 0 s'],
  [3_600_000, '1 h 0 min'],
  [90_061_000, '25 h 1 min'],
])('%d ms are %s', (ms, text) => {
  expect(hoursMinutes(ms)).toBe(text);
});
