import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { SampleReader, type SampleReaderOptions } from '../../../src/core/blocks/sample-reader.ts';
import type { Sample } from '../../../src/core/blocks/sample.ts';
import { fromMs, type TimeUnit, timeUnits } from '../../../src/core/blocks/time-unit.ts';
import { random } from '../../../src/core/random.ts';

const range = (count: number) => Array.from({ length: count }, (_, i) => i);
/** The blocks of samples. */
const read = (samples: readonly Sample[], options: SampleReaderOptions) => {
  const reader = new SampleReader(options);
  return [...samples.flatMap((sample) => reader.push(sample)), ...reader.flush()];
};
const startsOf = (samples: readonly Sample[], options: SampleReaderOptions) =>
  read(samples, options).map(({ start }) => start);

/** Numbers of frames in order, some of which are lost: each pair is the frames that follow each other, and the loss after them. */
const framesWith = (runs: readonly (readonly [length: number, lost: number])[]) => {
  const frames: number[] = [];
  let next = 0;
  for (const [length, lost] of runs) {
    for (const i of range(length)) frames.push(next + i);
    next += length + lost;
  }
  return frames;
};
const unit = fc.constantFrom(...timeUnits);
/** Times of the first frame in ms: since 1970, and since the device was started. */
const epoch = fc.integer({ min: Date.UTC(2001, 0), max: Date.UTC(2090, 0) });
const uptime = fc.oneof(fc.integer({ min: 0, max: 4000 }), fc.integer({ min: 0, max: 40 * 86_400_000 }));
const rate = fc.constantFrom(1, 50, 125, 200, 250, 256, 512, 1000);
const runs = (most: number) =>
  fc.array(fc.tuple(fc.integer({ min: 3, max: 400 }), fc.integer({ min: 0, max: most })), {
    minLength: 1,
    maxLength: 8,
  });
/** The resolution of numbers in a unit, in ms: seconds since 1970 have about 0.2 µs. */
const stamped = (frames: readonly number[], hz: number, at: (ms: number) => number, counts?: (n: number) => number) =>
  frames.map((n): Sample => ({ data: [n], timestamp: at((n * 1000) / hz), ...(counts && { count: counts(n) }) }));

describe('frames with timestamps', () => {
  test('have exact indexes and times, whatever the unit and the origin are', () => {
    fc.assert(
      fc.property(fc.oneof(epoch, uptime), unit, rate, runs(3000), (origin, in_, hz, lengths) => {
        const frames = framesWith(lengths);
        const samples = stamped(frames, hz, (ms) => fromMs(origin + ms, in_));
        const blocks = read(samples, { rate: hz });
        expect(blocks.map(({ start }) => start)).toEqual(frames);
        for (const [i, { time }] of blocks.entries())
          expect(Math.abs(time - origin - (frames[i] * 1000) / hz)).toBeLessThan(0.01);
      }),
      { seed: 1, numRuns: 300 },
    );
  });

  test('have exact indexes if the second frame arrives after a loss, or the first ones in a burst', () => {
    fc.assert(
      fc.property(uptime, unit, fc.integer({ min: 1, max: 2000 }), (origin, in_, lost) => {
        const frames = framesWith([
          [1, lost],
          [50, 0],
        ]);
        expect(
          startsOf(
            stamped(frames, 250, (ms) => fromMs(origin + ms, in_)),
            { rate: 250 },
          ),
        ).toEqual(frames);
        const bursts = stamped(range(200), 250, (ms) =>
          fromMs(origin + Math.floor(ms / 100) * 100 + 100 + (ms % 100) / 4000, in_),
        );
        const blocks = read(bursts, { rate: 250, jitter: 110 });
        expect(blocks.map(({ start }) => start)).toEqual(range(200));
        expect(blocks[199].time - origin).toBeCloseTo(800.024, 2);
      }),
      { seed: 2, numRuns: 200 },
    );
  });

  test('continue when micros() and millis() wrap', () => {
    const counters: readonly (readonly [TimeUnit, number])[] = [
      ['us', 2 ** 32],
      ['ms', 2 ** 32],
      ['ms', 2 ** 30],
    ];
    fc.assert(
      fc.property(
        fc.constantFrom(...counters),
        fc.integer({ min: 1, max: 400 }),
        runs(2000),
        ([in_, wrap], before, lengths) => {
          const frames = framesWith(lengths);
          const at = (ms: number) => (wrap - before * 4 * fromMs(1, in_) + fromMs(ms, in_)) % wrap;
          const blocks = read(stamped(frames, 250, at), { rate: 250 });
          expect(blocks.map(({ start }) => start)).toEqual(frames);
          expect(blocks.at(-1).time - blocks[0].time).toBeCloseTo(frames.at(-1) * 4, 3);
        },
      ),
      { seed: 3, numRuns: 200 },
    );
  });

  test('follow each other when the clock is replaced', () => {
    fc.assert(
      fc.property(uptime, unit, epoch, unit, fc.boolean(), (start, first, date, second, reversed) => {
        // A clock in µs or ns can go on to a number that is a date in a larger unit.
        fc.pre(
          timeUnits.indexOf(first) <= 1 && fromMs(date, second) - fromMs(start, first) > fromMs(86_500_000, first),
        );
        fc.pre((start > 0 || first === 'ms') && start < 9e8);
        const clocks = [
          range(20).map((i) => fromMs(start + i * 4, first)),
          range(20).map((i) => fromMs(date + i * 4, second)),
        ];
        const samples = (reversed ? clocks.reverse() : clocks).flat().map((timestamp) => ({ data: [1], timestamp }));
        expect(startsOf(samples, { rate: 250 })).toEqual(range(40));
      }),
      { seed: 4, numRuns: 200 },
    );
    const set = [0, ...range(5).map((i) => 1.796e12 + i * 4)].map((timestamp) => ({ data: [1], timestamp }));
    expect(read(set, { rate: 250 }).map(({ start, time }) => [start, time])).toEqual([
      [0, 0],
      ...range(5).map((i) => [i + 1, 1.796e12 + i * 4]),
    ]);
  });

  test('can have times since 1970 that change their unit', () => {
    const samples = [1.796e12, 1.796e12 + 4, 1.796e9 + 0.008, 1.796e15 + 12_000].map((timestamp) => ({
      data: [1],
      timestamp,
    }));
    const blocks = read(samples, { rate: 250 });
    expect(blocks.map(({ start, time }) => [start, Math.round(time - 1.796e12)])).toEqual([
      [0, 0],
      [1, 4],
      [2, 8],
      [3, 12],
    ]);
  });

  test('can have a Date or text with a time zone as the timestamp; other text is rejected', () => {
    for (const convert of [(date: Date) => date, (date: Date) => date.toISOString()]) {
      const samples = [0, 4, 20].map((ms) => ({ data: [1], timestamp: convert(new Date(1.796e12 + ms)) }));
      const blocks = read(samples as unknown as Sample[], { rate: 250 });
      expect(blocks.map(({ start, time }) => [start, time - 1.796e12])).toEqual([
        [0, 0],
        [1, 4],
        [5, 20],
      ]);
    }
    for (const timestamp of ['2026-11-30 08:00', '17', {}, true])
      expect(() => read([{ data: [1], timestamp } as unknown as Sample], { rate: 250 })).toThrow(
        /^timestamp must be a number, a Date, or ISO 8601 text with a time zone, got /,
      );
  });

  test('are held until the unit is known, which takes two or three samples, and not at all without a rate', () => {
    const sizes = (stamps: readonly number[], options: SampleReaderOptions) => {
      const reader = new SampleReader(options);
      return stamps.map((timestamp) => reader.push({ data: [1], timestamp }).length);
    };
    expect(sizes([1.7e12, 1.7e12 + 4, 1.7e12 + 8], { rate: 250 })).toEqual([0, 2, 1]);
    expect(sizes([1000, 1004, 1008, 1012], { rate: 250 })).toEqual([0, 0, 3, 1]);
    expect(sizes([1000, 1004, 1008], {})).toEqual([1, 1, 1]);
    expect(sizes([NaN, NaN], { rate: 250 })).toEqual([1, 1]);
  });
});

describe('frames with a counter', () => {
  const wrap = fc.constantFrom(200, 201, 256, 65536);
  const first = fc.integer({ min: 0, max: 70_000 });

  test('have exact indexes if timestamps are exact, whatever was lost', () => {
    fc.assert(
      fc.property(wrap, first, runs(70_000), fc.oneof(epoch, uptime), unit, (size, from, lengths, origin, in_) => {
        // All counts were received once.
        const frames = framesWith([[Math.min(size, 300) + 10, 0], ...lengths]);
        const samples = stamped(
          frames,
          250,
          (ms) => fromMs(origin + ms, in_),
          (n) => (n + from) % size,
        );
        expect(startsOf(samples, { rate: 250 })).toEqual(frames);
      }),
      { seed: 5, numRuns: 300 },
    );
  });

  test('have exact indexes at a drift of up to 0.5 %, with jitter, and in bursts', () => {
    fc.assert(
      fc.property(
        wrap,
        first,
        fc.double({ min: 0.995, max: 1.005, noNaN: true }),
        fc.constantFrom('none', 'jitter', 'bursts'),
        fc.integer({ min: 1, max: 6 }),
        fc.integer({ min: 0, max: 40 }),
        fc.nat(1000),
        (size, from, speed, delay, cycles, more, seed) => {
          const noise = random(seed);
          const lost = (size > 1000 ? 0 : cycles * size) + more;
          const frames = framesWith([
            [900, lost],
            [900, 0],
          ]);
          const delayOf = {
            none: (ms: number) => ms,
            jitter: (ms: number) => ms + 30 * noise.uniform(),
            bursts: (ms: number) => Math.ceil(ms / 100) * 100,
          }[delay];
          const samples = stamped(
            frames,
            250,
            (ms) => 1.7e12 + delayOf(ms * speed),
            (n) => (n + from) % size,
          );
          const starts = startsOf(samples, { rate: 250, wrap: size });
          expect(starts).toEqual(frames);
        },
      ),
      { seed: 6, numRuns: 200 },
    );
  });

  test('lose no frames in a pause after which all of them arrive', () => {
    fc.assert(
      fc.property(wrap, fc.integer({ min: 100, max: 8000 }), fc.integer({ min: 500, max: 900 }), (size, pause, at) => {
        const frames = range(4000);
        const stampOf = (ms: number) => {
          const arrival = Math.ceil(ms / 40) * 40;
          return ms > at * 4 && ms < at * 4 + pause ? at * 4 + pause + ms / 1000 : arrival;
        };
        const samples = stamped(
          frames,
          250,
          (ms) => 1.7e12 + stampOf(ms),
          (n) => n % size,
        );
        expect(startsOf(samples, { rate: 250, wrap: size })).toEqual(frames);
      }),
      { seed: 7, numRuns: 100 },
    );
  });

  test('have the gap of the timestamps if the device was restarted', () => {
    fc.assert(
      fc.property(
        wrap,
        fc.integer({ min: 0, max: 199 }),
        fc.integer({ min: 0, max: 100 }),
        fc.integer({ min: 500, max: 20_000 }),
        (size, last, count, lost) => {
          fc.pre(count !== last && count !== (last + 1) % size);
          const frames = framesWith([
            [300, lost],
            [50, 0],
          ]);
          const countOf = (n: number) => (n < 300 ? n - 299 + last + 10 * size : count + n - frames[300]) % size;
          const starts = startsOf(
            stamped(frames, 250, (ms) => 1.7e12 + ms, countOf),
            { rate: 250, wrap: size },
          );
          // Where a number of whole cycles agrees with the timestamps, it counts.
          expect(Math.abs(starts[300] - frames[300])).toBeLessThanOrEqual(4);
          expect(starts.slice(300)).toEqual(range(50).map((i) => starts[300] + i));
        },
      ),
      { seed: 8, numRuns: 300 },
    );
  });

  test('lose none where the clock is set and the counter goes on', () => {
    const steps = fc.constantFrom(-3600, -2, -0.3, 0.05, 0.1, 0.3, 0.5, 2, 1800.3);
    fc.assert(
      fc.property(fc.constantFrom(200, 201, 256), steps, (size, step) => {
        const samples = stamped(
          range(1500),
          250,
          (ms) => 1.7e12 + ms + (ms >= 2000 ? step * 1000 : 0),
          (n) => n % size,
        );
        const starts = startsOf(samples, { rate: 250, wrap: size });
        // By chance, a step can be a number of whole cycles.
        const isCycle = step > 0 && Math.abs(step * 250 - Math.round((step * 250) / size) * size) < 0.75 + step * 0.05;
        expect(isCycle ? range(1500) : starts).toEqual(range(1500));
      }),
      { seed: 9, numRuns: 100 },
    );
  });
});
