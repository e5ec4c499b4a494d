import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { random } from '../../src/core/random.ts';
import { Recorder } from '../../src/store/recorder.ts';
import { inDirectory } from './temporary.ts';

const child = fileURLToPath(new URL('append-child.js', import.meta.url));
const recorderModule = new URL('../../dist/src/store/recorder.js', import.meta.url).href;
const channels = 4;

/** When a process is killed: after a number of printed lines, or during a write, of which a part is done. */
type Kill = { lines: number } | { write: number; part: number };

/** Records until the process is killed, and returns the last position of each stream that it has printed. */
async function recordAndKill(directory: string, fsync: unknown, kill: Kill): Promise<Map<string, number>> {
  const torn = 'write' in kill ? [String(kill.write), String(kill.part)] : [];
  const args = [child, directory, JSON.stringify(fsync), recorderModule, ...torn];
  const recording = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] });
  let text = '';
  recording.stdout.setEncoding('utf8').on('data', (more: string) => {
    text += more;
    if ('lines' in kill && text.split('\n').length > kill.lines) recording.kill('SIGKILL');
  });
  const [, signal] = (await once(recording, 'close')) as [number | null, string | null];
  expect(signal).toBe('SIGKILL');
  // the last line can be incomplete
  const lines = text.split('\n').slice(0, -1);
  return new Map(lines.map((line) => line.split(' ')).map(([stream, next]) => [stream, Number(next)]));
}

/** Reads all frames of a stream, checks every bit of them, and returns their number. */
async function checkFrames(recorder: Recorder, stream: string): Promise<number> {
  let next = 0;
  let wrong = 0;
  for await (const { event } of recorder.read(stream)) {
    if (event.type === 'run') continue;
    if (event.type !== 'block') throw new Error(`got ${JSON.stringify(event)}`);
    const { data, start } = event.block;
    expect(start).toBe(next);
    const bits = new Uint32Array(data.buffer, data.byteOffset, data.length);
    for (let i = 0; i < bits.length; i++) if (bits[i] !== Math.imul(start * channels + i, 2654435761) >>> 0) wrong++;
    next += data.length / channels;
  }
  expect(wrong).toBe(0);
  return next;
}

test.each(['never', 'always', { every: 5 }] as const)(
  'with fsync %j, a process that is killed 10 times, mid-write included, loses nothing that was durable',
  (fsync) =>
    inDirectory(async (directory) => {
      const rng = random(1);
      let torn = 0;
      for (let n = 0; n < 10; n++) {
        const isMidWrite = n % 2 === 1;
        const kill = isMidWrite
          ? { write: 1 + Math.floor(60 * rng.uniform()), part: rng.uniform() }
          : { lines: 1 + Math.floor(60 * rng.uniform()) };
        const durable = await recordAndKill(directory, fsync, kill);
        const recorder = await Recorder.open(directory, {
          retention: { minFree: 0 },
          report: (line) => {
            expect(line).toMatch(/: cut \d+ damaged bytes at \d+$/);
            torn++;
          },
        });
        for (const stream of recorder.streams) {
          const frames = await checkFrames(recorder, stream);
          expect(frames).toBeGreaterThanOrEqual(durable.get(stream) ?? 0);
          expect(recorder.accepted(stream).next).toBe(frames);
        }
        await recorder.close();
      }
      expect(torn).toBeGreaterThan(0);
    }),
  120_000,
);
