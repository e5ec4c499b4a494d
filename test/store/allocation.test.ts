import { execFileSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { inDirectory } from './temporary.ts';

const entry = new URL('../../dist/src/store/recorder.js', import.meta.url).href;

/** Prints the heap bytes that recording a block allocates, measured in a process without garbage collection. */
const program = `
import { Recorder } from ${JSON.stringify(entry)};
const channels = 8;
const labels = Array.from({ length: channels }, () => ({ label: 'a', unit: '' }));
const options = { fsync: 'never', commitInterval: 1e6, memoryBytes: 1 << 28, retention: { minFree: 0 } };
const recorder = await Recorder.open(process.argv[1], options);
const bytesPerBlock = async (stream, frames) => {
  recorder.record(stream, { type: 'run', run: 0, next: 0, time: 0, channels: labels, rate: 250 });
  const block = { data: new Float32Array(frames * channels).fill(0.5), channels, start: 0, rate: 250, time: 0 };
  const event = { type: 'block', block };
  const act = () => {
    recorder.record(stream, event);
    block.start += frames;
    block.time = block.start * 4;
  };
  for (let n = 0; n < 3000; n++) act();
  await recorder.flush();
  const bytes = [];
  for (let go = 0; go < 20; go++) {
    act();
    gc({ type: 'minor' });
    const before = process.memoryUsage().heapUsed;
    for (let n = 0; n < 200; n++) act();
    bytes.push((process.memoryUsage().heapUsed - before) / 200);
    await recorder.flush();
  }
  return Math.min(...bytes.filter((count) => count >= 0));
};
const found = { 'blocks of 1 frame': await bytesPerBlock('a', 1), 'blocks of 25 frames': await bytesPerBlock('b', 25) };
if (recorder.status().streams.some(({ lost }) => lost.frames > 0)) throw new Error('lost frames');
await recorder.close();
console.log(JSON.stringify(found));
`;

test('recording a block allocates no memory, apart from shared pages and a few boxed numbers', () =>
  inDirectory((directory) => {
    const flags = ['--expose-gc', '--single-threaded', '--max-semi-space-size=64', '--min-semi-space-size=64'];
    const args = [...flags, '--input-type=module', '--eval', program, directory];
    const cwd = fileURLToPath(new URL('../..', import.meta.url));
    const found = JSON.parse(execFileSync(process.execPath, args, { cwd, encoding: 'utf8' })) as Record<string, number>;
    expect(Object.entries(found).filter(([, bytes]) => !(bytes < 64))).toEqual([]);
    expect(Object.keys(found)).toHaveLength(2);
    return Promise.resolve();
  }));
