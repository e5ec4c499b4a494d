import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { fromMs, type TimeUnit, timeUnits } from '../../src/core/blocks/time-unit.ts';
import { SourceClock } from '../../src/server/source-clock.ts';

const begin = Date.UTC(2026, 0);
const units = fc.constantFrom(...timeUnits);
const rates = fc.constantFrom(0, 1, 10, 250);

/** One message of one frame: when it was taken on the device's clock, and how long it took to arrive, in ms. */
interface Sent {
  readonly taken: number;
  readonly delay: number;
}

/** Messages in the order of their arrival, at most `most` ms late and at least 5 ms. */
function messages(most: number): fc.Arbitrary<Sent[]> {
  return fc.array(fc.double({ min: 5, max: most, noNaN: true }), { minLength: 60, maxLength: 120 }).map((delays) => {
    let arrived = -Infinity;
    return delays.map((delay, n) => {
      const taken = n * 100;
      arrived = Math.max(arrived, taken + delay);
      return { taken, delay: arrived - taken };
    });
  });
}

/** Dates every message, whose times count from `origin` in `unit`; `rate` is that of the stream. */
function dated(
  clock: SourceClock,
  sent: readonly Sent[],
  origin: number,
  unit: TimeUnit,
): { now: number; time: number }[] {
  return sent.map(({ taken, delay }, start) => {
    const now = begin + taken + delay;
    const arrival = { start, frames: 1, old: 0, time: fromMs(origin + taken, unit) };
    const observed = clock.observe(arrival, now);
    return { now, time: clock.date(arrival, observed, now) };
  });
}

describe('times since 1970', () => {
  test('are recognized in every unit from the first one on, and converted', () => {
    fc.assert(
      fc.property(units, rates, messages(500), fc.integer({ min: -1000, max: 1000 }), (unit, rate, sent, hours) => {
        const clock = new SourceClock(rate);
        const origin = begin + hours * 3_600_000;
        dated(clock, sent, origin, unit).forEach(({ time }, n) => {
          expect(Math.abs(time - origin - sent[n].taken)).toBeLessThan(0.01);
        });
        expect(clock.info).toEqual({ kind: 'epoch', unit });
        expect(clock.notes.has('unit')).toBe(unit !== 'ms');
        const off = hours * 3_600_000 - sent[sent.length - 1].delay;
        expect(clock.offset).toBeCloseTo(hours === 0 ? 0 : off, 1);
        expect(clock.notes.has('offset')).toBe(hours !== 0);
      }),
      { seed: 1, numRuns: 60 },
    );
  });

  test('of another unit than before are rejected, and change nothing', () => {
    const clock = new SourceClock(10);
    const at = (time: number, start: number) => ({ start, frames: 1, old: 0, time });
    clock.observe(at(1.7e12, 0), begin);
    const { notes } = clock;
    expect(() => {
      clock.observe(at(1.7e9, 1), begin);
    }).toThrow(
      'time must be in milliseconds (ms) since 1970, as before in this run, got 1700000000, which is in seconds (s)',
    );
    expect(clock.notes).toEqual(notes);
  });

  test('that are missing from a message, or do not count from 1970, are replaced by those of arrival', () => {
    const clock = new SourceClock(0);
    const date = (time: number | undefined, now: number) => {
      const arrival = { start: 0, frames: 1, old: 0, time };
      const observed = clock.observe(arrival, now);
      return clock.date(arrival, observed, now);
    };
    expect(date(begin - 5, begin)).toBe(begin - 5);
    expect(date(undefined, begin + 100)).toBe(begin + 100);
    expect(date(17, begin + 200)).toBe(begin + 200);
    expect([...clock.notes.keys()]).toEqual(['strayed']);
  });

  test('in a copy do not affect the original', () => {
    const clock = new SourceClock(10);
    clock.copy().observe({ start: 0, frames: 1, old: 0, time: 1.7e9 }, begin);
    expect(clock.info).toBeUndefined();
  });
});

describe('times of a monotonic clock', () => {
  const uptime = fc.integer({ min: 1, max: 30 * 86_400_000 });

  test('never go back, whatever their unit and the delays, and increase once their unit is known', () => {
    fc.assert(
      fc.property(units, fc.constantFrom(0, 10), messages(2000), uptime, (unit, rate, sent, origin) => {
        const clock = new SourceClock(rate, 'monotonic');
        const mapped = dated(clock, sent, origin, unit);
        mapped.slice(1).forEach(({ time }, n) => {
          expect(time).toBeGreaterThanOrEqual(mapped[n].time);
          if (rate > 0 && n > 1) expect(time).toBeGreaterThan(mapped[n].time);
        });
        for (const { now, time } of mapped) expect(time).toBeLessThanOrEqual(now + 2000);
      }),
      { seed: 2, numRuns: 60 },
    );
  });

  test('are off by at most the shortest delay so far, once the first delays are caught up', () => {
    fc.assert(
      fc.property(units, messages(400), uptime, (unit, sent, origin) => {
        const clock = new SourceClock(10);
        const declared = new SourceClock(10, 'monotonic');
        const mapped = dated(declared, sent, origin, unit);
        const last = mapped[mapped.length - 1];
        const shortest = Math.min(...sent.map(({ delay }) => delay));
        const error = last.time - begin - sent[sent.length - 1].taken;
        expect(error).toBeGreaterThanOrEqual(Math.min(5, shortest) - 0.01);
        expect(error).toBeLessThanOrEqual(shortest + 0.0005 * 100 * sent.length + 0.01);
        expect(declared.info).toEqual({ kind: 'monotonic', unit });
        expect(clock.info).toBeUndefined();
      }),
      { seed: 3, numRuns: 60 },
    );
  });

  test('are recognized if they are far too small, or too far in the future, for times since 1970', () => {
    const recognized = (first: number, step: number, rate = 10) => {
      const clock = new SourceClock(rate);
      for (let n = 0; n < 3; n++) {
        const arrival = { start: n, frames: 1, old: 0, time: first + n * step };
        const observed = clock.observe(arrival, begin + 100 * n);
        clock.date(arrival, observed, begin + 100 * n);
      }
      return clock.info;
    };
    expect(recognized(12_345.678, 0.1)).toEqual({ kind: 'monotonic', unit: 's' });
    expect(recognized(3_600_000.5, 100)).toEqual({ kind: 'monotonic', unit: 'ms' });
    expect(recognized(4_000_000_000, 100_000)).toEqual({ kind: 'monotonic', unit: 'us' });
    expect(recognized(86_400e9, 1e8)).toEqual({ kind: 'monotonic', unit: 'ns' });
    expect(recognized(0, 0)).toEqual({ kind: 'monotonic', unit: undefined });
    expect(recognized(1_700_000_000, 0.1)).toEqual({ kind: 'epoch', unit: 's' });
  });

  test('of an irregular stream are mapped as soon as a second has passed', () => {
    const clock = new SourceClock(0);
    const times = Array.from({ length: 30 }, (_, n) => {
      const arrival = { start: n, frames: 1, old: 0, time: 500 + n * 0.1 };
      const now = begin + 100 * n + (n % 7 === 0 ? 3 : 40);
      const observed = clock.observe(arrival, now);
      return clock.date(arrival, observed, now);
    });
    expect(clock.info).toEqual({ kind: 'monotonic', unit: 's' });
    times.slice(12).forEach((time, i) => {
      expect(time - begin - 100 * (i + 12)).toBeGreaterThanOrEqual(3 - 0.01);
      expect(time - begin - 100 * (i + 12)).toBeLessThan(45);
    });
    expect(times[29] - begin - 2900).toBeLessThan(10);
  });

  test('of a 32-bit counter go on when it wraps, and when the device restarts', () => {
    const clock = new SourceClock(0, 'monotonic');
    const date = (counter: number, at: number) => {
      const arrival = { start: 0, frames: 1, old: 0, time: counter };
      const observed = clock.observe(arrival, begin + at + 4);
      return clock.date(arrival, observed, begin + at + 4);
    };
    const wrap = 2 ** 32;
    for (let at = 0; at <= 5000; at += 500) {
      const time = date((wrap - 3000 + at) % wrap, at);
      if (at >= 1000) expect(time - begin - at).toBeCloseTo(4, 0);
    }
    for (let at = 9000; at <= 12_000; at += 500) expect(date(at - 8700, at) - begin - at).toBeCloseTo(4, 0);
    const hour = 3_600_000;
    for (let at = 20_000; at <= 80_000; at += 1000) date(at - 8700 - hour / 60, at);
    expect(date(81_000 - 8700 - hour / 60, 81_000) - begin - 81_000).toBeCloseTo(4, 0);
  });

  test('date events', () => {
    const clock = new SourceClock(10, 'monotonic');
    expect(clock.dateEvent(1000, begin)).toBeUndefined();
    dated(
      clock,
      [0, 100, 200].map((taken) => ({ taken, delay: 5 })),
      1000,
      'ms',
    );
    expect(clock.dateEvent(1150, begin + 210)).toBeCloseTo(begin + 155, 1);
  });

  /** Sends [arrival in ms, time...] in turn; returns by how much each frame is dated after its arrival, in ms. */
  const errors = (clock: SourceClock, sent: readonly (readonly number[])[]) =>
    sent.flatMap(([at, ...times]) => {
      const now = begin + at;
      const arrivals = times.map((time) => ({ start: 0, frames: 1, old: 0, time }));
      const observed = arrivals.map((arrival) => clock.observe(arrival, now));
      return arrivals.map((arrival, i) => Math.round(clock.date(arrival, observed[i], now) - now));
    });
  const everySecond = (from: number, step: number, count = 10): number[][] =>
    Array.from({ length: count }, (_, i) => [i * 1000, from + i * step]);

  test.each([
    ['µs after 20 min, which look like s since 1970', 1.2e9, 1e6, 'us'],
    ['ms after 12 days, which look like s since 1970', 1.0368e9, 1000, 'ms'],
    ['µs after 15 days, which look like ms since 1970', 1.3e12, 1e6, 'us'],
    ['ns after 3 days', 2.6e14, 1e9, 'ns'],
  ] as const)('are recognized by their progress: %s', (_, first, step, unit) => {
    const clock = new SourceClock(0);
    expect(errors(clock, everySecond(first, step)).slice(4)).toEqual([0, 0, 0, 0, 0, 0]);
    expect(clock.info).toEqual({ kind: 'monotonic', unit });
    expect(clock.offset).toBe(0);
  });

  test('are not those of recorded data, at any speed', () => {
    for (const speed of [1, 60, 600, 3600]) {
      const clock = new SourceClock(0);
      errors(clock, everySecond(1.2e9, speed, 30));
      expect(clock.info).toEqual({ kind: 'epoch', unit: 's' });
    }
  });

  test.each([
    ['s', 3, 1],
    ['ms', 800, 1000],
  ] as const)('are followed by times since 1970 once the device has set its clock (%s)', (unit, first, step) => {
    for (const interval of [1, 10, 60]) {
      const clock = new SourceClock(0);
      const before = Array.from({ length: 3 }, (_, i) => [i * interval * 1000, first + i * interval * step]);
      const after = [3, 4, 5, 6].map((i) => [i * interval * 1000, ((begin + i * interval * 1000) * step) / 1000]);
      expect(errors(clock, [...before, ...after]).slice(3)).toEqual([0, 0, 0, 0]);
      expect(clock.info).toEqual({ kind: 'epoch', unit });
    }
  });

  test('may wrap, restart, or be sent late within the messages that arrive together', () => {
    const wrap = 2 ** 32;
    const before = (from: number): number[][] => everySecond(from, 1000, 4);
    const wrapped = new SourceClock(0, 'monotonic');
    expect(errors(wrapped, [...before(wrap - 4000), [5000, wrap - 500, 500, 1000], [6000, 2000]]).slice(4)).toEqual([
      -1500, -500, 0, 0,
    ]);
    const restarted = new SourceClock(0, 'monotonic');
    expect(errors(restarted, [...before(5e6), [9000, 5_004_000, 3000, 4000], [10_000, 5000]]).slice(4)).toEqual([
      -4999, -1000, 0, 0,
    ]);
    const late = new SourceClock(0, 'monotonic');
    expect(
      errors(late, [...before(1000), [63_000, 64_000], [63_000, 5000, 6000, 34_000], [64_000, 65_000]]).slice(4),
    ).toEqual([0, -59_000, -58_000, -30_000, 0]);
  });

  test('out of range are dated by arrival, and do not change those that follow', () => {
    const clock = new SourceClock(0, 'monotonic');
    const sent = [...everySecond(10, 1, 4), [4000, 8e21], [5000, 15], [6000, 16]];
    expect(errors(clock, sent).slice(3)).toEqual([0, 0, 0, 0]);
  });

  test('follow the clock of the server when it is set back', () => {
    const clock = new SourceClock(0, 'monotonic');
    const sent = [...everySecond(5000, 1000, 4), [-3_596_000, 9000], [-3_595_000, 10_000]];
    expect(errors(clock, sent).slice(3)).toEqual([0, 0, 0]);
  });

  test('date events around a wrap', () => {
    const clock = new SourceClock(0, 'monotonic');
    const wrap = 2 ** 32;
    errors(clock, everySecond(wrap - 3500, 1000, 4));
    expect(Math.round(clock.dateEvent(500, begin + 4000)! - begin)).toBe(4000);
    errors(clock, [[5000, 1500]]);
    expect(Math.round(clock.dateEvent(wrap - 500, begin + 5000)! - begin)).toBe(3000);
    expect(Math.round(clock.dateEvent(500, begin + 5000)! - begin)).toBe(4000);
  });
});
