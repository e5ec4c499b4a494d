import { execFileSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';

const entry = (file: string) => new URL(`../../../dist/src/core/detector/${file}`, import.meta.url).href;
const channels = 4;

/**
 * Prints the heap bytes per sample that a longer block allocates, measured in a process without garbage collection. Arrays
 * of results are not counted, because their memory is not on the heap.
 */
const program = `
import { Detector } from ${JSON.stringify(entry('detector.js'))};
import { DigestedDetector } from ${JSON.stringify(entry('digested-detector.js'))};
const channels = ${channels};
let seed = 1;
const uniform = () => (seed = (seed * 16807) % 2147483647) / 2147483647;
const detectors = {
  forecasts: new Detector(channels, 10),
  'forecasts and a reference period': new Detector(channels, 10, { reference: 2000 }),
  'ranges only': new Detector(channels, 10, { learning: false }),
  'a digest of 25 frames': new DigestedDetector(channels, 250, { digest: 'auto' }),
};
const found = {};
for (const [name, detector] of Object.entries(detectors)) {
  let start = 0;
  const blockOf = (frames) => {
    const data = Float32Array.from({ length: frames * channels }, uniform);
    const block = { data, channels, start, rate: detector.rate, time: start * 100 };
    start += frames;
    return block;
  };
  for (let n = 0; n < 300; n++) detector.push(blockOf(100));
  const bytes = (frames) => {
    // the minimum of several runs, because compiling code also allocates memory
    let least = Infinity;
    for (let go = 0; go < 7; go++) {
      const blocks = Array.from({ length: 10 }, () => blockOf(frames));
      gc({ type: 'minor' });
      const before = process.memoryUsage().heapUsed;
      for (const block of blocks) detector.push(block);
      least = Math.min(least, (process.memoryUsage().heapUsed - before) / blocks.length);
    }
    return least;
  };
  found[name] = (bytes(1100) - bytes(100)) / (1000 * channels);
}
console.log(JSON.stringify(found));
`;

test('for a longer block, the detector allocates only numbers that JavaScript calls box, 16 bytes each', () => {
  const flags = ['--expose-gc', '--single-threaded', '--max-semi-space-size=64', '--min-semi-space-size=64'];
  const args = [...flags, '--input-type=module', '--eval', program];
  const cwd = fileURLToPath(new URL('../../..', import.meta.url));
  const found = JSON.parse(execFileSync(process.execPath, args, { cwd, encoding: 'utf8' })) as Record<string, number>;
  const most: Record<string, number> = {
    forecasts: 15 * 16,
    'forecasts and a reference period': 20 * 16,
    'ranges only': 4 * 16,
    'a digest of 25 frames': 2 * 16,
  };
  expect(Object.keys(found)).toEqual(Object.keys(most));
  expect(Object.entries(found).filter(([name, bytes]) => bytes > most[name])).toEqual([]);
});
