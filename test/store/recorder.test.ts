import { readdir, readFile, rename, rm, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { cutBlock } from '../../src/core/blocks/cut-block.ts';
import type { RecordedEvent, StoredEvent } from '../../src/store/recorded-event.ts';
import { Recorder } from '../../src/store/recorder.ts';
import type { RecorderOptions } from '../../src/store/recorder-options.ts';
import { eventsOf, exact, randomSteps } from './random-events.ts';
import { inDirectory } from './temporary.ts';

/** Nothing is deleted for lack of space, and no report is expected. */
const options: RecorderOptions = {
  fsync: 'never',
  segmentBytes: 1 << 15,
  retention: { minFree: 0 },
  report: (line) => {
    throw new Error(line);
  },
};

async function readAll(recorder: Recorder, from?: Parameters<Recorder['read']>[1]): Promise<StoredEvent[]> {
  const found: StoredEvent[] = [];
  for await (const event of recorder.read('x', from)) found.push(event);
  return found;
}

const eventsIn = (stored: readonly StoredEvent[]) => exact(stored.map(({ event }) => event));

describe('a recorder', () => {
  test('returns the events that were recorded, bit for bit and in order, across segments and restarts', () =>
    inDirectory(async (directory) => {
      let n = 0;
      await fc.assert(
        fc.asyncProperty(randomSteps(30), fc.nat(), async (steps, restart) => {
          const events = eventsOf(steps);
          const path = join(directory, String(n++));
          let recorder = await Recorder.open(path, options);
          for (const [i, event] of events.entries()) {
            if (i === restart % events.length) {
              await recorder.close();
              recorder = await Recorder.open(path, options);
            }
            expect(recorder.record('x', event)).toBe(true);
          }
          expect(eventsIn(await readAll(recorder))).toEqual(exact(events));
          await recorder.close();
          const reopened = await Recorder.open(path, options);
          expect(eventsIn(await readAll(reopened))).toEqual(exact(events));
          await reopened.close();
        }),
        { seed: 1, numRuns: 40 },
      );
    }));

  test('reads from any frame and from any time on, beginning with the description of the run', () =>
    inDirectory(async (directory) => {
      let n = 0;
      await fc.assert(
        fc.asyncProperty(randomSteps(30), fc.nat(), fc.nat(), async (steps, which, within) => {
          const events = eventsOf(steps);
          const blocks = events.flatMap((event) => (event.type === 'block' ? [event] : []));
          fc.pre(blocks.length > 0);
          const recorder = await Recorder.open(join(directory, String(n++)), options);
          for (const event of events) recorder.record('x', event);
          const chosen = blocks[which % blocks.length];
          const at = events.indexOf(chosen);
          const run = events.slice(0, at).findLast((event) => event.type === 'run')!;
          const { block } = chosen;
          const frames = block.data.length / block.channels;
          const index = block.start + (within % frames);
          // events at the frame that were recorded before it are included
          const before = events
            .slice(events.indexOf(run) + 1, at)
            .filter((event) => 'at' in event && event.at >= index);
          const first: RecordedEvent = { type: 'block', block: cutBlock(block, index) };
          const rest: RecordedEvent[] = [run, ...before, first, ...events.slice(at + 1)];
          const found = await readAll(recorder, { run: run.run, index });
          expect(eventsIn(found)).toEqual(exact(rest));
          if (block.rate > 0) {
            const time = block.time + ((index - block.start) * 1000) / block.rate;
            const [described, second] = (await readAll(recorder, { time })).filter(
              ({ event }) => event.type !== 'mark',
            );
            expect(described.event).toMatchObject({ type: 'run', run: run.run });
            expect(exact([second.event])).toEqual(exact([first]));
          }
          await recorder.close();
        }),
        { seed: 2, numRuns: 60 },
      );
    }));

  test('continues at a position that was saved between two events', () =>
    inDirectory(async (directory) => {
      let n = 0;
      await fc.assert(
        fc.asyncProperty(randomSteps(30), fc.nat(), async (steps, at) => {
          const events = eventsOf(steps);
          const path = join(directory, String(n++));
          const recorder = await Recorder.open(path, options);
          const cut = 1 + (at % events.length);
          for (const event of events.slice(0, cut)) recorder.record('x', event);
          const position = recorder.position('x');
          for (const event of events.slice(cut)) recorder.record('x', event);
          await recorder.close();
          const reopened = await Recorder.open(path, options);
          const found = (await readAll(reopened, position)).map(({ event }) => event);
          const rest = events.slice(cut);
          // the run is described first if it does not begin there
          expect(exact(found.slice(found.length - rest.length))).toEqual(exact(rest));
          expect(found.length - rest.length).toBeLessThanOrEqual(1);
          await reopened.close();
        }),
        { seed: 3, numRuns: 40 },
      );
    }));

  test('is read while it is written: a reader gets every event up to the end, in order', () =>
    inDirectory(async (directory) => {
      const recorder = await Recorder.open(directory, options);
      const [steps] = fc.sample(randomSteps(200), { seed: 4, numRuns: 1 });
      const events = eventsOf(steps);
      const pending = [...events];
      recorder.record('x', pending.shift()!);
      const found: StoredEvent[] = [];
      for await (const event of recorder.read('x')) {
        found.push(event);
        for (const next of pending.splice(0, 2)) recorder.record('x', next);
      }
      expect(eventsIn(found)).toEqual(exact(events));
      await recorder.close();
    }));

  test('returns every kind of event, with arrays in messages bit for bit', () =>
    inDirectory(async (directory) => {
      const recorder = await Recorder.open(directory, options);
      const channels = [{ label: 'é', unit: 'µV' }];
      const block = { data: Float32Array.of(0.1, NaN, -0), channels: 1, start: 0, rate: 250, time: 1.7e12 };
      const events: RecordedEvent[] = [
        { type: 'run', run: 7, next: 0, time: 1.7e12, channels, rate: 250, kind: 'eeg', for: 'y', clock: 'monotonic' },
        { type: 'block', block },
        { type: 'message', at: 3, message: { type: 'targets', from: 'file', block } },
        { type: 'message', at: 3, message: { type: 'control', learner: 'alpha', learningRate: 0.5, at: 9 } },
        { type: 'mark', at: 1, label: 'blink', frames: 2, time: 1.7e12, duration: 8 },
        { type: 'alarm', event: { step: 'raised', time: 1.7e12, alarm: { id: 1 } as never } },
        { type: 'gap', from: 3, count: 2 ** 52 },
        { type: 'block', block: { ...block, data: Float32Array.of(1), start: 2 ** 52 + 3, valid: Uint8Array.of(0) } },
      ];
      for (const event of events) recorder.record('x', event);
      const stored = await readAll(recorder);
      expect(eventsIn(stored)).toEqual(exact(events));
      expect(stored.map(({ index }) => index)).toEqual([0, 0, 3, 3, 1, 3, 3, 2 ** 52 + 3]);
      expect(stored.every(({ run }) => run === 7)).toBe(true);
      await recorder.close();
    }));

  test('skips damaged parts of a segment, reports them, and reads the rest', () =>
    inDirectory(async (directory) => {
      const recorder = await Recorder.open(directory, { ...options, segmentBytes: 1 << 20 });
      const channels = [{ label: 'a', unit: '' }];
      recorder.record('x', { type: 'run', run: 0, next: 0, time: 0, channels, rate: 10 });
      for (let start = 0; start < 100; start += 10) {
        const data = Float32Array.from({ length: 10 }, (_, i) => start + i);
        recorder.record('x', { type: 'block', block: { data, channels: 1, start, rate: 10, time: start * 100 } });
      }
      const blocks = (await readAll(recorder)).filter(({ event }) => event.type === 'block');
      await recorder.close();
      const path = join(directory, 'x', '0000000001.rec');
      const bytes = await readFile(path);
      bytes[blocks[4].position.offset + 20] ^= 4;
      await writeFile(path, bytes);
      const reopened = await Recorder.open(directory, options);
      const found = (await readAll(reopened)).map(({ event }) => event);
      const expected: StoredEvent['event'][] = blocks.map(({ event }) => event);
      const size = blocks[5].position.offset - blocks[4].position.offset;
      expected[4] = { type: 'damaged', file: path, offset: blocks[4].position.offset, bytes: size };
      expect(exact(found.slice(1))).toEqual(exact(expected));
      // the tiers were computed before
      const [run] = (await reopened.overview('x', 0, 1e9, 1)).runs;
      expect([...run.frames]).toEqual([100]);
      await reopened.close();
    }));

  test('reports the end of a closed segment that is missing, as after a power loss without fsync, and reads the rest', () =>
    inDirectory(async (directory) => {
      const recorder = await Recorder.open(directory, options);
      const channels = [{ label: 'a', unit: '' }];
      recorder.record('x', { type: 'run', run: 0, next: 0, time: 0, channels, rate: 10 });
      for (const start of [0, 10, 20]) {
        const data = new Float32Array(10).fill(start);
        recorder.record('x', { type: 'block', block: { data, channels: 1, start, rate: 10, time: start * 100 } });
      }
      const end = (await readAll(recorder))[3].position.offset;
      await recorder.close();
      await truncate(join(directory, 'x', '0000000001.rec'), end);
      const reports: string[] = [];
      const reopened = await Recorder.open(directory, { ...options, report: (line) => reports.push(line) });
      expect(reports).toEqual([expect.stringMatching(/0000000001\.rec: 104 bytes are missing at the end$/)]);
      expect(reopened.accepted('x')).toEqual({ run: 0, next: 20 });
      const [run] = (await reopened.overview('x', 0, 1e9, 1)).runs;
      expect([...run.frames]).toEqual([20]);
      await reopened.close();
    }));

  test('rejects events that do not follow those before them, and records nothing then', () =>
    inDirectory(async (directory) => {
      const recorder = await Recorder.open(directory, options);
      const block = { data: new Float32Array(4), channels: 2, start: 10, rate: 250, time: 0 };
      const channels = [
        { label: 'a', unit: '' },
        { label: 'b', unit: '' },
      ];
      expect(() => recorder.record('x', { type: 'block', block })).toThrow('a run must be recorded before');
      recorder.record('x', { type: 'run', run: 3, next: 10, time: 0, channels, rate: 250 });
      recorder.record('x', { type: 'block', block });
      expect(() => recorder.record('x', { type: 'block', block })).toThrow('block.start must be >= 12');
      expect(() => recorder.record('x', { type: 'block', block: { ...block, start: 12, rate: 1 } })).toThrow(
        'block.rate',
      );
      expect(() => recorder.record('x', { type: 'block', block: { ...block, start: 12, channels: 1 } })).toThrow(
        'block.channels',
      );
      expect(() => recorder.record('x', { type: 'gap', from: 11, count: 1 })).toThrow('from must be >= 12');
      expect(() => recorder.record('x', { type: 'run', run: 2, next: 0, time: 0, channels, rate: 250 })).toThrow(
        'run must be >= 3',
      );
      expect(() => recorder.record('../x', { type: 'block', block })).toThrow('stream must be 1 to 64 characters');
      expect((await readAll(recorder)).map(({ event }) => event.type)).toEqual(['run', 'block']);
      expect(recorder.accepted('x')).toEqual({ run: 3, next: 12 });
      await recorder.close();
    }));

  test('records the streams that the rules select', () =>
    inDirectory(async (directory) => {
      const rules = [
        { streams: 'plant.secret', record: false },
        { streams: 'plant.*', record: true },
        { streams: '*', record: false },
      ];
      const recorder = await Recorder.open(directory, { ...options, rules });
      const run: RecordedEvent = {
        type: 'run',
        run: 0,
        next: 0,
        time: 0,
        channels: [{ label: 'a', unit: '' }],
        rate: 1,
      };
      expect(['plant.a', 'plant.secret', 'headset'].map((stream) => recorder.record(stream, run))).toEqual([
        true,
        false,
        false,
      ]);
      await recorder.close();
      expect(await readdir(directory)).toEqual(['plant.a']);
    }));

  test('reports what is durable only after it is written', () =>
    inDirectory(async (directory) => {
      for (const fsync of ['never', 'always', { every: 1 }] as const) {
        const recorder = await Recorder.open(join(directory, JSON.stringify(fsync).replace(/\W/g, '')), {
          ...options,
          fsync,
        });
        recorder.record('x', { type: 'run', run: 0, next: 0, time: 0, channels: [{ label: 'a', unit: '' }], rate: 1 });
        recorder.record('x', {
          type: 'block',
          block: { data: new Float32Array(5), channels: 1, start: 7, rate: 1, time: 0 },
        });
        expect(recorder.durable('x')).toEqual({ run: -1, next: 0 });
        expect(recorder.accepted('x')).toEqual({ run: 0, next: 12 });
        await recorder.flush();
        expect(recorder.durable('x')).toEqual({ run: 0, next: 12 });
        await recorder.close();
      }
    }));

  test('with a limited number of fsyncs, reports frames as durable only after the fsync that follows them', () =>
    inDirectory(async (directory) => {
      const clock = { now: 1.7e12 };
      const now = () => clock.now;
      const recorder = await Recorder.open(directory, { ...options, fsync: { every: 1000 }, now });
      recorder.record('x', { type: 'run', run: 0, next: 0, time: 0, channels: [{ label: 'a', unit: '' }], rate: 1 });
      const durable: number[] = [];
      for (let start = 0; start < 8; start++) {
        recorder.record('x', {
          type: 'block',
          block: { data: new Float32Array(1), channels: 1, start, rate: 1, time: 0 },
        });
        await recorder.flush();
        durable.push(recorder.durable('x').next);
        clock.now += 400;
      }
      expect(durable).toEqual([1, 1, 1, 4, 4, 4, 7, 7]);
      await recorder.close();
    }));

  test('reports the end of a file that becomes shorter while it is used', () =>
    inDirectory(async (directory) => {
      const recorder = await Recorder.open(directory, options);
      recorder.record('x', { type: 'run', run: 0, next: 0, time: 0, channels: [{ label: 'a', unit: '' }], rate: 1 });
      recorder.record('x', {
        type: 'block',
        block: { data: new Float32Array(9), channels: 1, start: 0, rate: 1, time: 0 },
      });
      const [, { position }] = await readAll(recorder);
      await truncate(join(directory, 'x', '0000000001.rec'), position.offset);
      const found = (await readAll(recorder)).map(({ event }) => event);
      expect(found).toMatchObject([{ type: 'run' }, { type: 'damaged', offset: position.offset, bytes: 104 }]);
      await recorder.close();
    }));

  test('erases a stream, and records it again afterward', () =>
    inDirectory(async (directory) => {
      const recorder = await Recorder.open(directory, options);
      const run: RecordedEvent = {
        type: 'run',
        run: 0,
        next: 0,
        time: 0,
        channels: [{ label: 'a', unit: '' }],
        rate: 1,
      };
      for (const stream of ['x', 'y']) recorder.record(stream, run);
      await recorder.flush();
      await recorder.erase('x');
      expect(await readdir(directory)).toEqual(['y']);
      expect(recorder.streams).toEqual(['y']);
      recorder.record('x', run);
      expect((await readAll(recorder)).map(({ event }) => event)).toEqual([run]);
      await recorder.close();
    }));

  test('erases a stream while it is recorded: everything before, and nothing after', () =>
    inDirectory(async (directory) => {
      const recorder = await Recorder.open(directory, { ...options, segmentBytes: 1 << 12, commitInterval: 1 });
      const channels = [{ label: 'a', unit: '' }];
      let next = 0;
      const record = (frames: number) => {
        if (!recorder.run('x')) recorder.record('x', { type: 'run', run: 0, next, time: 0, channels, rate: 1 });
        const data = Float32Array.from({ length: frames }, (_, i) => next + i);
        recorder.record('x', { type: 'block', block: { data, channels: 1, start: next, rate: 1, time: next } });
        next += frames;
      };
      for (let erasures = 0; erasures < 20; erasures++) {
        for (let i = 0; i < 10; i++) record(100);
        // writes of the old recording are running, pending, and due
        if (erasures % 2 === 0) await recorder.flush();
        const position = recorder.position('x');
        let first = -1;
        const erasing = recorder.erase('x', () => (first = next));
        let isErased = false;
        void erasing.then(() => (isErased = true));
        while (!isErased) {
          record(1);
          await new Promise(setImmediate);
        }
        expect(await erasing).toBe(true);
        record(1);
        await recorder.flush();
        const indexes = (await readAll(recorder)).flatMap(({ event }) =>
          event.type === 'block' ? Array.from(event.block.data) : [],
        );
        expect(indexes).toEqual(Array.from({ length: next - first }, (_, i) => first + i));
        expect(recorder.position('x')!.segment).toBeGreaterThan(position!.segment);
        expect(await readdir(directory)).toEqual(['x']);
      }
      await recorder.close();
    }));

  test('a recording that cannot be erased goes on', () =>
    inDirectory(async (directory) => {
      const recorder = await Recorder.open(directory, { ...options, report: () => {} });
      const channels = [{ label: 'a', unit: '' }];
      const run: RecordedEvent = { type: 'run', run: 0, next: 0, time: 0, channels, rate: 1 };
      const block = (start: number): RecordedEvent => ({
        type: 'block',
        block: { data: new Float32Array(9), channels: 1, start, rate: 1, time: 0 },
      });
      for (const event of [run, block(0)]) recorder.record('x', event);
      await recorder.flush();
      // no directory can be renamed in a file
      await rename(directory, `${directory}-moved`);
      await writeFile(directory, '');
      await expect(recorder.erase('x')).rejects.toThrow('ENOTDIR');
      recorder.record('x', block(9));
      await rm(directory);
      await rename(`${directory}-moved`, directory);
      expect(eventsIn(await readAll(recorder))).toEqual(exact([run, block(0), block(9)]));
      await recorder.close();
    }));
});
