import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { applyCommand } from '../../src/cli/apply.ts';
import { detectCommand } from '../../src/cli/detect.ts';
import { random } from '../../src/core/random.ts';
import { runCommand } from './run-command.ts';

const frames = 1500;
const odd = 1200;
let directory: string;
let times: string[];
const at = (name: string) => join(directory, name);
const timesIn = async (name: string) =>
  (await readFile(at(name), 'utf8'))
    .trimEnd()
    .split('\n')
    .slice(1)
    .map((line) => line.split(',')[0].replace('000Z', 'Z'));

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'tapline-'));
  const chance = random(1);
  let now = Date.UTC(2025, 2, 1);
  times = Array.from({ length: frames }, () =>
    new Date((now += [10, 50, 60, 300][Math.floor(4 * chance.uniform())] * 1000)).toISOString(),
  );
  const rows = times.map((time, t) => `${time},${(t === odd ? 40 : chance.normal()).toFixed(3)}\n`);
  await writeFile(at('uneven.csv'), `time,a\n${rows.join('')}`);
  await writeFile(
    at('mean.json'),
    JSON.stringify({ inChannels: 1, layers: [{ type: 'avgPool', kernelSize: 3, stride: 2 }] }),
  );
});
afterAll(() => rm(directory, { recursive: true }));

describe('for a recording with irregular times', () => {
  test('detect prints the times of the file for alarms and scores, and reports the sampling rate that it assumes', async () => {
    const { stdout, stderr } = await runCommand(detectCommand(), [at('uneven.csv'), '-o', at('scores.csv')]);
    expect(stdout).toMatch(new RegExp(`^${times[odd]} `, 'm'));
    expect(stderr).toMatch(
      /uneven\.csv: The time steps in the column 'time' are irregular .* Hz is assumed where a sampling rate is needed\.\n/,
    );
    expect(await timesIn('scores.csv')).toEqual(times);
  });

  test.each([[[]], [['--fft']]])(
    'apply %j writes the times of the frames that its outputs are aligned with',
    async (more) => {
      await runCommand(applyCommand(), [at('mean.json'), at('uneven.csv'), '-o', at('means.csv'), ...more]);
      const written = await timesIn('means.csv');
      expect(written).toEqual(times.filter((_, t) => t >= 2 && t % 2 === 0).slice(0, written.length));
      expect(written.length).toBeGreaterThan(frames / 2 - 2);
    },
  );
});
