import { Subject, take } from 'rxjs';
import { describe, expect, test } from 'vitest';
import type { Block } from '../../src/core/blocks/block.ts';
import { readCsv } from '../../src/formats/csv/csv.ts';
import type { RecordedMark, Recording } from '../../src/formats/recording.ts';
import { replay, type ReplayOptions, type ReplayWait } from '../../src/sources/replay.ts';
import { ManualClock } from './manual-clock.ts';

/** 30 frames at 100 Hz, then a gap of 20, then 10 more; each sample is its index. */
const recording = readCsv(
  `time,a\n${Array.from({ length: 60 }, (_, n) => n)
    .filter((n) => n < 30 || n >= 50)
    .map((n) => `${1500000000 + n / 100},${n}`)
    .join('\n')}`,
);

function watch(options: ReplayOptions, of: Recording = recording) {
  const clock = new ManualClock();
  const begin = clock.now();
  const seen: { at: number; block: Block }[] = [];
  const state = { done: false, error: undefined as unknown };
  const subscription = replay(of, { clock, ...options }).subscribe({
    next: (block) => seen.push({ at: clock.now() - begin, block }),
    error: (error: unknown) => (state.error = error),
    complete: () => (state.done = true),
  });
  return { clock, begin, seen, state, subscription };
}
/** A recording with a frame at each of these times in s, which is its sample. */
function recordingAt(times: readonly number[], rate: number): Recording {
  const blocks = times.map((s) => ({
    data: Float32Array.of(s),
    channels: 1,
    start: Math.round(s * rate),
    rate,
    time: 1.5e12 + s * 1000,
  }));
  const frames = times.length;
  const lost = blocks[frames - 1].start + 1 - frames;
  return { format: 'csv', channels: [{ label: 'a' }], rate, time: 1.5e12, blocks, frames, lost };
}

const samples = (seen: { block: Block }[]) => seen.flatMap(({ block }) => [...block.data]);
const expected = Array.from({ length: 60 }, (_, n) => n).filter((n) => n < 30 || n >= 50);

describe('a replay', () => {
  test('emits each block when its last frame is due, and gaps keep their duration', async () => {
    const { clock, seen, state, begin } = watch({ blockFrames: 10 });
    await clock.turn(1000);
    expect(seen.map(({ at, block }) => [at, block.start])).toEqual([
      [100, 0],
      [200, 10],
      [300, 20],
      [600, 50],
    ]);
    expect(samples(seen)).toEqual(expected);
    expect(seen.map(({ block }) => block.time - begin)).toEqual([0, 100, 200, 500]);
    expect(state.done).toBe(true);
  });

  test('replays at N times the speed, with times of a recording that starts now', async () => {
    const { clock, seen, begin } = watch({ speed: 4, blockFrames: 10 });
    await clock.turn(150);
    expect(seen.map(({ at }) => at)).toEqual([25, 50, 75, 150]);
    expect(seen.map(({ block }) => block.time - begin)).toEqual([0, 100, 200, 500]);
  });

  test("keeps the recorded times with times: 'recorded'", async () => {
    const { clock, seen } = watch({ times: 'recorded', blockFrames: 20 });
    await clock.turn(600);
    expect(seen.map(({ block }) => block.time)).toEqual([0, 200, 500].map((ms) => 1.5e12 + ms));
  });

  test('keeps irregular times, also in a loop', async () => {
    const stamps = [0, 1, 5, 6, 16, 17, 30];
    const uneven = readCsv(`time,a\n${stamps.map((s) => `${1500000000 + s},0`).join('\n')}`, { rate: 1 });
    for (const times of ['live', 'recorded'] as const) {
      const { clock, seen, begin, subscription } = watch({ times, loop: true }, uneven);
      await clock.turn(40_000);
      subscription.unsubscribe();
      const first = times === 'live' ? begin : 1.5e12;
      expect(seen.map(({ block }) => (block.time - first) / 1000)).toEqual([...stamps, 31, 32, 36, 37]);
      expect(seen.map(({ at }) => at / 1000)).toEqual([1, 2, 6, 7, 17, 18, 31, 32, 33, 37, 38]);
      expect(seen.map(({ block }) => block.start)).toEqual(Array.from(seen.keys()));
    }
  });

  test('at speed Infinity emits everything as fast as possible', async () => {
    const { clock, seen, state } = watch({ speed: Infinity, blockFrames: 8 });
    await clock.turn(0);
    expect(samples(seen)).toEqual(expected);
    expect(seen.map(({ block }) => block.start)).toEqual([0, 8, 16, 24, 50, 58]);
    expect(state.done).toBe(true);
  });

  test('continues indexes and times in a loop', async () => {
    const { clock, seen, state, subscription } = watch({ loop: true, times: 'recorded', blockFrames: 30 });
    await clock.turn(1800);
    expect(seen.map(({ at, block }) => [at, block.start, block.time - 1.5e12])).toEqual([
      [300, 0, 0],
      [600, 50, 500],
      [900, 60, 600],
      [1200, 110, 1100],
      [1500, 120, 1200],
      [1800, 170, 1700],
    ]);
    subscription.unsubscribe();
    expect([state.done, clock.waiting]).toEqual([false, 0]);
  });

  describe('with a pause of ten minutes', () => {
    const times = [0, 1, 2, 602, 603];
    const paused = recordingAt(times, 1);

    test('reports it before it waits, in the time that it takes at this speed', async () => {
      for (const speed of [1, 4]) {
        const waits: ReplayWait[] = [];
        const { clock, seen } = watch({ speed, blockFrames: 1, waiting: (wait) => waits.push(wait) }, paused);
        await clock.turn(10_000);
        expect(waits).toEqual([{ ms: 600_000 / speed, until: 1.5e12 + 603_000 }]);
        await clock.turn(600_000);
        expect(samples(seen)).toEqual(times);
        expect(waits.length).toBe(1);
      }
    });

    test('skips the rest of it on request, and continues at the current time', async () => {
      for (const speed of [1, 4]) {
        const skip$ = new Subject<void>();
        const { clock, seen, begin } = watch({ speed, blockFrames: 1, skip$ }, paused);
        await clock.turn(2000);
        expect(skip$.observed).toBe(speed === 4);
        await clock.turn(8000);
        skip$.next();
        await clock.turn(2000);
        expect(seen.map(({ at }) => at)).toEqual(
          [1, 2, 3].map((s) => (s * 1000) / speed).concat(10_000, 10_000 + 1000 / speed),
        );
        const last = seen.map(({ block }) => block.time - begin).slice(-2);
        expect(last[1] - last[0]).toBe(1000);
        if (speed === 1) expect(last).toEqual([9000, 10_000]);
        expect(seen.map(({ block }) => block.start)).toEqual(times);
        expect([skip$.observed, clock.waiting]).toEqual([false, 0]);
      }
    });

    test('ends its subscription to skip$ when it is unsubscribed', async () => {
      const skip$ = new Subject<void>();
      const { clock, subscription } = watch({ blockFrames: 1, skip$ }, paused);
      await clock.turn(10_000);
      expect(skip$.observed).toBe(true);
      subscription.unsubscribe();
      await clock.turn(0);
      expect([skip$.observed, clock.waiting]).toEqual([false, 0]);
    });

    test('does not wait with skipGaps, in each pass of a loop', async () => {
      const waits: ReplayWait[] = [];
      const options = { skipGaps: true, loop: true, blockFrames: 1, waiting: (wait: ReplayWait) => waits.push(wait) };
      const { clock, seen, begin, subscription } = watch(options, paused);
      await clock.turn(10_000);
      subscription.unsubscribe();
      expect(seen.map(({ at }) => at / 1000)).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9, 10]);
      expect(seen.map(({ block }) => (block.time - begin) / 1000)).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
      expect(waits).toEqual([]);
    });

    test('does not wait at speed Infinity', async () => {
      const waits: ReplayWait[] = [];
      const { clock, state, seen } = watch({ speed: Infinity, waiting: (wait) => waits.push(wait) }, paused);
      await clock.turn(0);
      expect([samples(seen), state.done, waits]).toEqual([times, true, []]);
    });
  });

  test('reports the wait for each frame of a slow recording', async () => {
    const slow = recordingAt([0, 900, 1800], 1 / 900);
    const waits: ReplayWait[] = [];
    const { clock, seen } = watch({ waiting: (wait) => waits.push(wait), skipGaps: true }, slow);
    await clock.turn(900_000);
    expect(samples(seen)).toEqual([0]);
    expect(waits.map(({ ms }) => ms)).toEqual([900_000, 900_000]);
  });

  test('awaits ready, then catches up', async () => {
    let open = () => {};
    const gate = new Promise<void>((resolve) => (open = resolve));
    const { clock, seen } = watch({ blockFrames: 10, ready: () => gate });
    await clock.turn(250);
    expect(seen).toEqual([]);
    open();
    await clock.turn(0);
    expect(seen.map(({ block }) => block.start)).toEqual([0, 10]);
    await clock.turn(400);
    expect(samples(seen)).toEqual(expected);
  });

  test('continues from its position after the computer slept', async () => {
    const { clock, seen } = watch({ blockFrames: 10 });
    await clock.turn(100);
    await clock.jump(60_000);
    expect(seen.map(({ block }) => block.start)).toEqual([0, 10]);
    await clock.turn(100);
    expect(seen.map(({ block }) => block.start)).toEqual([0, 10, 20]);
  });

  test('reports each mark after its block, at its frame, in each pass of a loop', async () => {
    const marks = [-5, 0, 9, 10, 35, 59, 60, 99].map((at) => ({
      at,
      time: 1.5e12 + 10 * at + 3,
      label: `at ${at}`,
      frames: 3,
    }));
    const emitted: (number | string)[] = [];
    const clock = new ManualClock();
    const marked = ({ at, label, frames }: RecordedMark) => emitted.push(`${label} is ${at}, ${frames} long`);
    const source = replay({ ...recording, marks }, { clock, loop: true, blockFrames: 10, marked });
    const subscription = source.subscribe((block) => emitted.push(block.start));
    await clock.turn(800);
    const turn = (offset: number) =>
      [[0, 'at 0', 'at 9'], [10, 'at 10'], [20], [50, 'at 35', 'at 59', 'at 60', 'at 99']].flatMap(
        ([start, ...names]) => [
          Number(start) + offset,
          ...names.map((name) => `${name} is ${Number(String(name).slice(3)) + offset}, 3 long`),
        ],
      );
    expect(emitted).toEqual([...turn(0), ...turn(60).slice(0, 5)]);
    subscription.unsubscribe();
  });

  test('keeps the times of marks in relation to those of the blocks, live or as recorded, also in a loop', async () => {
    const marks = [{ at: 10, time: 1.5e12 + 103.25, label: 'x' }];
    for (const times of ['live', 'recorded'] as const) {
      const clock = new ManualClock();
      const first = times === 'live' ? clock.now() : 1.5e12;
      const emitted: RecordedMark[] = [];
      const marked = (mark: RecordedMark) => emitted.push(mark);
      const subscription = replay({ ...recording, marks }, { clock, loop: true, times, marked }).subscribe();
      await clock.turn(1000);
      subscription.unsubscribe();
      expect(emitted.map(({ at, time }) => [at, time - first])).toEqual([
        [10, 103.25],
        [70, 703.25],
      ]);
    }
  });

  test('reports no mark after unsubscription', async () => {
    const marks = [{ at: 0, time: 0, label: 'x' }];
    const emitted: RecordedMark[] = [];
    const clock = new ManualClock();
    replay({ ...recording, marks }, { clock, marked: (mark) => emitted.push(mark) })
      .pipe(take(1))
      .subscribe();
    await clock.turn(1000);
    expect(emitted).toEqual([]);
  });

  test('errors if ready rejects', async () => {
    const { clock, state, seen } = watch({ ready: () => Promise.reject(new Error('gone')) });
    await clock.turn(100);
    expect(state.error).toEqual(new Error('gone'));
    expect(seen).toEqual([]);
  });

  test('emits separate blocks to every subscriber', async () => {
    const clock = new ManualClock();
    const source = replay(recording, { clock, speed: Infinity });
    const seen: Block[] = [];
    source.subscribe((block) => seen.push({ ...block, data: block.data.slice() }) && block.data.fill(0));
    await clock.turn(0);
    const again: Block[] = [];
    source.subscribe((block) => again.push(block));
    await clock.turn(0);
    expect(again.map(({ data }) => data)).toEqual(seen.map(({ data }) => data));
  });

  test('stops on early unsubscription, also at speed Infinity in a loop', async () => {
    const clock = new ManualClock();
    const seen: number[] = [];
    replay(recording, { clock, speed: Infinity, loop: true, blockFrames: 30 })
      .pipe(take(5))
      .subscribe((block) => seen.push(block.start));
    await clock.turn(0);
    expect(seen).toEqual([0, 50, 60, 110, 120]);
    expect(clock.waiting).toBe(0);
  });

  test('of an empty recording completes at once, looped or not', async () => {
    const { clock, state } = watch({ loop: true }, { ...recording, blocks: [], frames: 0 });
    await clock.turn(0);
    expect(state.done).toBe(true);
  });

  test.each([0, -1, NaN])('rejects speed %d', (speed) => {
    expect(() => replay(recording, { speed })).toThrow(`speed must be a number > 0, got ${speed}`);
  });
});
