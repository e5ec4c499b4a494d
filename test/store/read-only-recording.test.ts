import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { eraseRecording, ReadOnlyRecording, recordedStreams } from '../../src/store/read-only-recording.ts';
import type { StoredEvent } from '../../src/store/recorded-event.ts';
import { Recorder } from '../../src/store/recorder.ts';
import { eventsOf, exact, randomSteps } from './random-events.ts';
import { inDirectory } from './temporary.ts';

const options = { fsync: 'never', segmentBytes: 1 << 15, retention: { minFree: 0 } } as const;

async function all(events: AsyncGenerator<StoredEvent, void>): Promise<unknown[]> {
  const found: StoredEvent['event'][] = [];
  for await (const { event } of events) found.push(event);
  return exact(found);
}

/** Names and content of all files. */
async function filesIn(directory: string): Promise<string[]> {
  const names = (await readdir(directory)).sort();
  return Promise.all(
    names.map(async (name) => `${name} ${(await readFile(join(directory, name))).toString('base64')}`),
  );
}

test('a recording is read while it is written, from any time on, and no file changes', () =>
  inDirectory(async (directory) => {
    let n = 0;
    await fc.assert(
      fc.asyncProperty(randomSteps(30), fc.integer({ min: 0, max: 200_000 }), async (steps, later) => {
        const path = join(directory, String(n++));
        const recorder = await Recorder.open(path, options);
        for (const event of eventsOf(steps)) recorder.record('x', event);
        await recorder.flush();
        const from = { time: 1.7e12 + later };
        const expectedEvents = await all(recorder.read('x'));
        const expectedLater = await all(recorder.read('x', from));
        const files = await filesIn(join(path, 'x'));
        const opened = await ReadOnlyRecording.open(join(path, 'x'));
        expect(await all(opened.read())).toEqual(expectedEvents);
        expect(await all(opened.read(from))).toEqual(expectedLater);
        const frames = opened.runs.reduce((sum, run) => sum + run.frames, 0);
        const expected = eventsOf(steps).reduce((sum, event) => {
          return sum + (event.type === 'block' ? event.block.data.length / event.block.channels : 0);
        }, 0);
        expect(frames).toBe(expected);
        expect(await filesIn(join(path, 'x'))).toEqual(files);
        await recorder.close();
      }),
      { seed: 3, numRuns: 40 },
    );
  }));

test('lists recorded streams, and erases one', () =>
  inDirectory(async (directory) => {
    expect(await recordedStreams(join(directory, 'none'))).toEqual([]);
    const recorder = await Recorder.open(directory, options);
    for (const stream of ['b', 'a']) for (const event of eventsOf([{ type: 'mark' }])) recorder.record(stream, event);
    await recorder.close();
    expect(await recordedStreams(directory)).toEqual(['a', 'b']);
    expect(await eraseRecording(directory, 'a')).toBe(true);
    expect(await eraseRecording(directory, 'a')).toBe(false);
    expect(await readdir(directory)).toEqual(['b']);
  }));
