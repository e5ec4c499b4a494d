import fc from 'fast-check';
import { expect, test } from 'vitest';
import { compareAlarms } from '../../../src/cli/backtest/compare-alarms.ts';
import type { StreamAlarm } from '../../../src/cli/backtest/stream-alarms.ts';

const alarm = fc
  .record({
    stream: fc.constantFrom('mill', 'pump'),
    kind: fc.constantFrom('unusual' as const, 'dead' as const),
    run: fc.constantFrom(1, 2),
    from: fc.nat(3000),
    length: fc.nat(300),
  })
  .map(({ from, length, ...rest }): StreamAlarm => ({
    ...rest,
    id: 1,
    cause: 'range',
    from,
    to: from + length,
    raised: 1000 * from,
    cleared: 1000 * (from + length),
    score: 4,
    scoreRate: 10,
    channels: [],
    falseAlarm: false,
    rate: 10,
  }));
const alarms = fc.array(alarm, { maxLength: 30 });

test('every alarm is kept, gained, or lost, exactly once', () => {
  fc.assert(
    fc.property(alarms, alarms, (before, after) => {
      const { kept, gained, lost } = compareAlarms(before, after);
      const sorted = (list: readonly StreamAlarm[]) => list.map((each) => JSON.stringify(each)).sort();
      expect(sorted([...kept.map((pair) => pair.before), ...lost])).toEqual(sorted(before));
      expect(sorted([...kept.map((pair) => pair.after), ...gained])).toEqual(sorted(after));
    }),
  );
});

test('kept alarms have the same stream, kind, and run, and are at most 10 s apart', () => {
  fc.assert(
    fc.property(alarms, alarms, (before, after) => {
      for (const { before: one, after: other } of compareAlarms(before, after).kept) {
        expect([other.stream, other.kind, other.run]).toEqual([one.stream, one.kind, one.run]);
        expect(Math.max(one.from - other.to, other.from - one.to)).toBeLessThanOrEqual(100);
      }
    }),
  );
});

test('a list compared with itself keeps everything', () => {
  fc.assert(
    fc.property(alarms, (list) => {
      expect(compareAlarms(list, list)).toMatchObject({ gained: [], lost: [] });
    }),
  );
});
