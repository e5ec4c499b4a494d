import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { lostFrames } from '../../src/formats/openbci/openbci-gaps.ts';
import { readOpenbci } from '../../src/formats/openbci/openbci.ts';

const range = (first: number, last: number, step = 1) =>
  Array.from({ length: Math.floor((last - first) / step) + 1 }, (_, i) => first + i * step);
const twice = (cycle: number[]) => cycle.flatMap((index) => [index, index]);
const cycles: Record<string, number[]> = {
  Cyton: range(0, 255),
  'Daisy on even indexes': range(0, 254, 2),
  'Daisy on odd indexes': range(1, 255, 2),
  'Ganglion to 199': range(0, 199),
  'Ganglion to 200': range(0, 200),
  'Ganglion from 1': range(1, 200),
  'Ganglion in pairs': [0, ...twice(range(1, 100))],
  'Ganglion in pairs above 100': twice(range(100, 199)),
  'constant index': [0],
};
const names = Object.keys(cycles);

/** A recording at 250 Hz: the frames of the board that were received, their indexes, and their timestamps. */
function received(cycle: readonly number[], frames: readonly number[], stampOf: (ms: number) => number) {
  return {
    indexes: frames.map((frame) => cycle[frame % cycle.length]),
    stamps: frames.map((frame) => 1.6e12 + stampOf(frame * 4)),
  };
}
/** Frames 0, 1, … of `count`, with `lost` frames missing before each of `at`. */
function framesWith(count: number, gaps: ReadonlyMap<number, number>): number[] {
  let frame = -1;
  return Array.from({ length: count }, (_, row) => (frame += 1 + (gaps.get(row) ?? 0)));
}
const lostIn = ({ indexes, stamps }: ReturnType<typeof received>) => {
  const { lost } = lostFrames(indexes, stamps, 4);
  return new Map([...lost.entries()].filter(([, count]) => count > 0));
};

/** Delays of timestamps as they occur: packets, a serial port that is read every 7.5 ms, noise, and pauses of the radio. */
const delays: Record<string, (ms: number, random: () => number) => number> = {
  'packets of 40 ms': (ms) => Math.ceil(ms / 40) * 40,
  'a serial port': (ms, random) => Math.floor(Math.ceil(ms / 7.5) * 7.5 + random()),
  noise: (ms, random) => ms + 12 * random() * random(),
  'a pause': (ms, random) => (ms > 2000 && ms < 3500 ? 3500 + random() : ms + random()),
};
const delayed = fc.constantFrom(...Object.keys(delays));
const anyCycle = fc.constantFrom(...names);
const counting = fc.constantFrom(...names.filter((name) => name !== 'constant index'));

describe('lost frames', () => {
  test('are exact if the timestamps are, whatever the index counts', () => {
    const gap = fc.tuple(
      fc.integer({ min: 2, max: 197 }),
      fc.integer({ min: 1, max: 1500 }).map((pairs) => 2 * pairs),
    );
    fc.assert(
      fc.property(anyCycle, fc.nat(300), gap, (name, first, [at, lost]) => {
        // Pairs are lost together.
        const row = at - (at % 2);
        const frames = framesWith(200, new Map([[row, lost]])).map((frame) => frame + 2 * first);
        const cycle = name === 'Ganglion in pairs' ? cycles.Cyton : cycles[name];
        expect(lostIn(received(cycle, frames, (ms) => ms))).toEqual(new Map([[row, lost]]));
      }),
      { seed: 1, numRuns: 300 },
    );
  });

  test('are not invented where timestamps are late', () => {
    fc.assert(
      fc.property(
        anyCycle,
        delayed,
        fc.integer({ min: 3, max: 3000 }),
        fc.array(fc.double({ min: 0, max: 1, noNaN: true }), { minLength: 97, maxLength: 97 }),
        (name, delay, count, noise) => {
          let used = 0;
          const random = () => noise[used++ % noise.length];
          let last = 0;
          const stampOf = (ms: number) => (last = Math.max(last, delays[delay](ms, random)));
          expect(lostIn(received(cycles[name], framesWith(count, new Map()), stampOf))).toEqual(new Map());
        },
      ),
      { seed: 1, numRuns: 100 },
    );
  });

  test('of whole cycles are exact where timestamps are late', () => {
    fc.assert(
      fc.property(
        counting,
        fc.constantFrom('packets of 40 ms', 'a serial port', 'noise'),
        fc.integer({ min: 700, max: 2000 }),
        fc.integer({ min: 1, max: 9 }),
        (name, delay, row, turns) => {
          const cycle = cycles[name];
          const frames = framesWith(3000, new Map([[row, turns * cycle.length]]));
          let seed = 1;
          const random = () => (seed = (seed * 16807) % 2147483647) / 2147483647;
          expect(lostIn(received(cycle, frames, (ms) => delays[delay](ms, random)))).toEqual(
            new Map([[row, turns * cycle.length]]),
          );
        },
      ),
      { seed: 1, numRuns: 60 },
    );
  });
});

describe('a clock that is set', () => {
  const anyDelay = fc.constantFrom('none', 'packets of 40 ms', 'a serial port');
  const step = fc.oneof(fc.integer({ min: 20, max: 450 }), fc.integer({ min: 600, max: 59_000 }));
  const stampsOf = (ms: number, delay: string, random: () => number) =>
    delay === 'none' ? ms : delays[delay](ms, random);

  test('loses no frames if the sample index goes on, or exactly those that it shows', () => {
    fc.assert(
      fc.property(counting, anyDelay, step, fc.integer({ min: 0, max: 20 }), (name, delay, set, lost) => {
        const cycle = cycles[name];
        const length = cycle.length * 4;
        // A step of about a number of whole cycles is a loss of these.
        fc.pre(set < length / 2 - 100 || (lost === 0 && Math.abs(set - Math.round(set / length) * length) > 250));
        const gaps = new Map(lost > 0 ? [[1500, 2 * lost]] : []);
        const frames = framesWith(3000, gaps);
        let seed = 1;
        const random = () => (seed = (seed * 16807) % 2147483647) / 2147483647;
        const from = frames[1500] * 4;
        const recording = received(cycle, frames, (ms) => stampsOf(ms, delay, random) + (ms < from ? 0 : set));
        expect(lostIn(recording)).toEqual(gaps);
      }),
      { seed: 3, numRuns: 100 },
    );
  });

  test('by an hour is a gap', () => {
    const frames = range(0, 2999);
    const { lost } = lostFrames(
      frames.map((frame) => frame % 256),
      frames.map((frame) => 1.6e12 + frame * 4 + (frame < 1500 ? 0 : 3_600_000)),
      4,
    );
    expect(Math.abs(lost[1500] - 900_000)).toBeLessThanOrEqual(128);
  });
});

/** A file of one channel at 250 Hz. */
function file(indexes: readonly number[], stamps: readonly number[]): string {
  const rows = indexes.map((index, row) => `${index}, ${row}.5, ${stamps[row]}`);
  return `%Number of channels = 1\n%Sample Rate = 250 Hz\n${rows.join('\n')}\n`;
}

describe('where index and timestamps differ', () => {
  const stamps = (count: number, from = 0) => range(0, count - 1).map((n) => 1.6e12 + 4 * (n + from));

  test('a note says so', () => {
    const frames = framesWith(40, new Map([[20, 256]]));
    const recording = readOpenbci(
      file(
        frames.map((frame) => frame % 256),
        frames.map((frame) => 1.6e12 + 4 * frame),
      ),
    );
    expect(recording).toMatchObject({ frames: 40, lost: 256 });
    expect(recording.notes).toEqual([
      expect.stringMatching(/contradict the sample index at 1 row \(line 23\) \(by 1\.024 s\)/),
    ]);
  });

  test('a clock that is set back does not move frames', () => {
    const recording = readOpenbci(
      file(range(0, 39), [...stamps(20), ...stamps(20, 20).map((stamp) => stamp - 3_600_000)]),
    );
    expect(recording).toMatchObject({ frames: 40, lost: 0, time: 1.6e12 });
    expect(recording.notes).toEqual([expect.stringMatching(/set back by 3600 s at line 23/)]);
  });

  test('a clock that is set forward does not move frames, with a note', () => {
    const recording = readOpenbci(file(range(0, 39), [...stamps(20), ...stamps(20, 20).map((stamp) => stamp + 300)]));
    expect(recording).toMatchObject({ frames: 40, lost: 0, time: 1.6e12 });
    expect(recording.notes).toEqual([expect.stringMatching(/set forward by 0.3 s at line 23/)]);
  });

  test('single wrong timestamps are ignored', () => {
    const wrong = stamps(40);
    wrong[0] = 1.2e12;
    wrong[10] = 1.7e12;
    wrong[20] = 1.6e12 - 5000;
    const recording = readOpenbci(file(range(0, 39), wrong));
    expect(recording).toMatchObject({ frames: 40, lost: 0, time: 1.6e12 });
    expect(recording.notes).toEqual([expect.stringMatching(/3 rows \(first: line 3\) are ignored/)]);
  });

  test('an index that does not count is ignored', () => {
    const frames = framesWith(40, new Map([[20, 7]]));
    const recording = readOpenbci(
      file(
        frames.map(() => 0),
        frames.map((frame) => 1.6e12 + 4 * frame),
      ),
    );
    expect(recording).toMatchObject({ frames: 40, lost: 7 });
    expect(recording.notes).toEqual([expect.stringMatching(/does not count frames: lost frames are determined from/)]);
    expect(readOpenbci('%Number of channels = 1\n%Sample Rate = 250 Hz\n5, 1\n5, 2\n5, 3\n').notes).toEqual([
      expect.stringMatching(/lost frames are not detected/),
    ]);
  });

  test('a sampling rate that the timestamps contradict is noted and causes no gaps', () => {
    const recording = readOpenbci(
      file(
        range(0, 39),
        range(0, 39).map((n) => 1.6e12 + 8 * n),
      ),
    );
    expect(recording).toMatchObject({ rate: 250, frames: 40, lost: 0 });
    expect(recording.notes).toEqual([expect.stringMatching(/imply 125 Hz, but the sampling rate is 250 Hz/)]);
  });

  test('a gap longer than maxGap starts a segment', () => {
    const frames = framesWith(40, new Map([[20, 25_000]]));
    const text = file(
      frames.map((frame) => frame % 256),
      frames.map((frame) => 1.6e12 + 4 * frame),
    );
    const recording = readOpenbci(text, { maxGap: 60 });
    expect(recording).toMatchObject({ frames: 40, lost: 0, segments: [21] });
    expect(recording.blocks.map(({ start, time }) => [start, time])).toEqual([
      [0, 1.6e12],
      [21, 1.6e12 + 4 * 25_020],
    ]);
    expect(recording.notes).toContainEqual(expect.stringMatching(/gap of 100 s before line 23 starts a new segment/));
    expect(readOpenbci(text)).toMatchObject({ lost: 25_000 });
  });
});
