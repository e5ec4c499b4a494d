import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { channelsText, gathered } from '../../src/cli/alarm-text.ts';
import { counted } from '../../src/cli/counted.ts';
import { detectCommand } from '../../src/cli/detect.ts';
import type { Alarm } from '../../src/core/detector/detector.ts';
import { random } from '../../src/core/random.ts';
import { encodeEdf } from '../formats/encode-edf.ts';
import { runCommand } from './run-command.ts';

const frames = 4000;
const labels = Array.from({ length: 12 }, (_, c) => `s${c + 1}`);
let directory: string;
const at = (name: string) => join(directory, name);
beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'tapline-'));
  const chance = random(1);
  const signals = labels.map((label) => ({
    label,
    records: [Array.from({ length: frames }, (_, t) => (t < frames - 900 ? Math.round(1000 * chance.normal()) : 0))],
  }));
  await writeFile(at('dies.edf'), encodeEdf({ duration: frames, signals }));
});
afterAll(() => rm(directory, { recursive: true }));

const detect = (...args: string[]) => runCommand(detectCommand(), [at('dies.edf'), ...args]);

describe('tapline detect', () => {
  test('tells channels that fall silent together in one line, and counts them as one', async () => {
    const { stdout, stderr } = await detect('--report', at('dies.html'));
    const silent = stdout.split('\n').filter((line) => line.includes('flatlined'));
    expect(silent).toEqual([
      expect.stringMatching(/ {2}flatlined {2}12 channels: s1, s2, s3, s4, s5, s6, s7, s8 and 4 more {2}built up/),
    ]);
    const count = stdout.trimEnd().split('\n').length;
    expect(stderr).toContain(`${counted(count, 'alarm')} in ${frames} frames (false alarms: 1/month)\n`);
    expect((await readFile(at('dies.html'), 'utf8')).match(/<tr><td>/g)).toHaveLength(count);
  });

  test('takes the mean frames between two false alarms too', async () => {
    const hourly = await detect('--columns', '1', '--false-alarms', '1/hour');
    const counted = await detect('--columns', '1', '--false-alarms', '3600');
    expect(counted.stdout).toBe(hourly.stdout);
    expect(counted.stderr).toContain('(false alarms: 1 in 3600 frames)');
    await expect(detect('--false-alarms', '0')).rejects.toThrow(
      /falseAlarms must be a number .* frames between false alarms, got 0/,
    );
  });

  test('refuses a reference that the recording ends within', async () => {
    const refused = detect('--reference', String(frames));
    await expect(refused).rejects.toThrow(
      `--reference must be fewer frames than ${at('dies.edf')} has, which are 4000`,
    );
    await expect(refused).rejects.toHaveProperty('name', 'UsageError');
  });

  test('names every format that it reads in its help', () => {
    expect(detectCommand().helpInformation().replace(/\s+/g, ' ')).toContain('EDF, BDF, GDF, OpenBCI text or CSV');
  });
});

test('alarms of other causes or at other frames stay apart, and shares still sum to 1', () => {
  const alarm = (index: number, cause: Alarm['cause'], channel: number, since: number): Alarm => ({
    index,
    time: index,
    score: 0,
    cause,
    since,
    channels: [{ channel, share: 1 }],
  });
  const alarms = gathered([
    alarm(5, 'dead', 0, 3),
    alarm(5, 'wear', 0, 1),
    alarm(5, 'dead', 2, 2),
    alarm(6, 'dead', 1, 4),
  ]);
  expect(alarms.map(({ index, cause, since }) => [index, cause, since])).toEqual([
    [5, 'dead', 2],
    [5, 'wear', 1],
    [6, 'dead', 4],
  ]);
  expect(alarms.map((each) => channelsText(each, labels))).toEqual(['s1, s3', 's1', 's2']);
  for (const { channels } of alarms) expect(channels.reduce((sum, { share }) => sum + share, 0)).toBe(1);
});
