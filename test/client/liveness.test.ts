import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Connection } from '../../client/dashboard/connection.ts';
import {
  freshness,
  liveness,
  livenessText,
  newestFrame,
  outageText,
  type ReportedHealth,
} from '../../client/dashboard/liveness.ts';
import { outageReport } from '../../client/dashboard/outage.ts';

const open = { is: 'open' } as Connection;
const lost = { is: 'waiting', reason: 'lost', until: 0 } as Connection;
const minute = 60_000;
const now = new Date(2026, 4, 4, 19, 4, 12).getTime();
const health = (part: Partial<ReportedHealth> = {}): ReportedHealth => ({
  name: 'x',
  rate: 250,
  lag: 12,
  received: 100,
  gaps: 0,
  invalid: 0,
  at: now,
  ...part,
});
const text = (part: Partial<ReportedHealth>, { live = true, connection = open, rate = 250 } = {}): string =>
  livenessText(liveness({ live }, rate, health(part), connection, now), now);

describe('the liveness of a stream', () => {
  const ages = fc.integer({ min: 0, max: 10 * minute });
  const rates = fc.constantFrom(0, 0.1, 1, 10, 250);

  test('is live only if a sensor and the server are connected and the newest frame is fresh', () => {
    const cases = fc.record({
      lag: ages,
      ahead: fc.option(ages, { nil: undefined }),
      idle: fc.option(ages, { nil: undefined }),
      silent: ages,
      rate: rates,
      live: fc.boolean(),
      connection: fc.constantFrom<Connection>(open, lost, { is: 'connecting' }, { is: 'ended', reason: '' }),
    });
    fc.assert(
      fc.property(cases, ({ silent, rate, live, connection, ...part }) => {
        const report = health({ ...part, at: now - silent, lag: part.ahead ? 0 : part.lag });
        const state = liveness({ live }, rate, report, connection, now);
        const limit = freshness(rate);
        const fresh = Math.abs(report.at - newestFrame(report)) <= limit && (part.idle ?? 0) <= limit;
        if (state.is === 'live')
          expect([live, connection.is, fresh, silent <= 6000]).toEqual([true, 'open', true, true]);
        if (live && connection.is === 'open' && fresh && silent <= 1000) expect(state.is).toBe('live');
      }),
      { seed: 11, numRuns: 1000 },
    );
  });

  test('is never live again without a new report', () => {
    fc.assert(
      fc.property(ages, ages, rates, (lag, wait, rate) => {
        const at = (time: number): string => liveness({ live: true }, rate, health({ lag, idle: lag }), open, time).is;
        if (at(now) !== 'live') expect(at(now + wait)).not.toBe('live');
      }),
      { seed: 12, numRuns: 300 },
    );
  });

  test('is the same on every clock: shifting all times changes nothing', () => {
    fc.assert(
      fc.property(ages, ages, fc.integer({ min: -1e9, max: 1e9 }), (lag, silent, shift) => {
        const at = (by: number) =>
          liveness({ live: true }, 10, health({ lag, idle: lag, at: now + by - silent }), open, now + by);
        const { is } = at(0);
        expect(at(shift).is).toBe(is);
      }),
      { seed: 13, numRuns: 300 },
    );
  });

  test('is shown in a few words', () => {
    expect(text({})).toBe('live');
    expect(text({ lag: 26 * minute, idle: 26 * minute })).toBe('stale 26 min');
    expect(text({ lag: 26 * minute })).toBe('stale 26 min');
    expect(text({ lag: 26 * minute + 12_000 }, { live: false })).toBe('ended 18:38');
    expect(text({ lag: 48 * 60 * minute }, { live: false })).toMatch(/^ended 5\/2\/2026 19:04$/);
    expect(text({}, { connection: lost })).toBe('disconnected');
    expect(text({ at: now - 10_000 })).toBe('disconnected');
    expect(text({ lag: 0, ahead: 60 * minute, idle: 0 })).toBe('clock 1 h ahead');
    expect(text({ lag: 90 * minute, idle: 0 })).toBe('clock 1.5 h behind');
    expect(text({ lag: 0, ahead: 60 * minute, idle: 10 * minute })).toBe('stale 10 min');
    expect(text({ lag: 120 * minute, offset: -120 * minute, idle: 0 })).toBe('clock 2 h behind');
    expect(text({ lag: 130 * minute, offset: -120 * minute, idle: 10 * minute })).toBe('stale 10 min');
    expect(text({ lag: 146 * minute + 12_000, offset: -120 * minute }, { live: false })).toBe('ended 18:38');
    expect(text({ lag: null })).toBe('waiting for data');
    expect(text({}, { connection: { is: 'connecting' } })).toBe('connecting');
    expect(text({ lag: 20 * minute, idle: 20 * minute }, { rate: 1 / 1800 })).toBe('live');
  });

  test('names the time of the newest frame over the plots while no data arrives, and only then', () => {
    const over = (part: Partial<ReportedHealth>, connection = open): string =>
      outageText(liveness({ live: true }, 250, health(part), connection, now), now);
    expect(over({})).toBe('');
    expect(over({ lag: 26 * minute })).toBe('No data since 18:38:12');
    expect(over({ lag: 146 * minute, offset: -120 * minute, idle: 26 * minute })).toBe('No data since 18:38:12');
    expect(over({ lag: 12 }, lost)).toBe('No data since 19:04:11');
    expect(over({ lag: 0, ahead: 60 * minute, idle: 0 })).toBe('');
    expect(over({ lag: null }, lost)).toBe('');
  });
});

describe('the report of an outage', () => {
  const outage = { from: now - 110_000, to: now, missed: new Map<string, number>(), alarms: 0 };

  test('lists what was missed', () => {
    expect(outageReport({ ...outage, missed: new Map([['eeg', 0]]) })).toBe(
      'Disconnected from 19:02:22 to 19:04:12 (1.8 min). The plots are complete.',
    );
    const missed = new Map([
      ['eeg', 1200],
      ['host', NaN],
    ]);
    expect(outageReport({ ...outage, missed, alarms: 2 })).toContain(
      'Missed: 1,200 frames of eeg, the end of an earlier run of host, and 2 new alarms.',
    );
  });
});
