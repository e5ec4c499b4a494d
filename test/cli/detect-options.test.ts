import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { causeLabels } from '../../src/core/alarms/finding.ts';
import { channelsText, grouped } from '../../src/cli/alarm-text.ts';
import { counted } from '../../src/cli/amounts.ts';
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
  test('reports channels that flatline together in one line and counts them as one alarm', async () => {
    const { stdout, stderr } = await detect('--report', at('dies.html'));
    const silent = stdout.split('\n').filter((line) => line.includes(causeLabels.dead));
    expect(silent).toEqual([
      expect.stringMatching(
        new RegExp(` {2}${causeLabels.dead} {2}12 channels: s1, s2, s3, s4, s5, s6, s7, s8, and 4 more {2}built up`),
      ),
    ]);
    const count = stdout.trimEnd().split('\n').length;
    expect(stderr).toContain(`${counted(count, 'alarm')} in ${frames} frames (false-alarm rate: 1/month)\n`);
    expect((await readFile(at('dies.html'), 'utf8')).match(/<tr><td>/g)).toHaveLength(count);
  });

  test('accepts the mean number of frames between two false alarms', async () => {
    const hourly = await detect('--columns', '1', '--false-alarms', '1/hour');
    const counted = await detect('--columns', '1', '--false-alarms', '3600');
    expect(counted.stdout).toBe(hourly.stdout);
    expect(counted.stderr).toContain('(false-alarm rate: 1 in 3600 frames)');
    await expect(detect('--false-alarms', '0')).rejects.toThrow(
      /'0' is invalid\. It must be a count per second, .* or a number of frames >= 1\./,
    );
  });

  test('rejects a reference period that is as long as the recording', async () => {
    const rejected = detect('--reference', String(frames));
    await expect(rejected).rejects.toThrow(
      `--reference must be less than the 4000 frames of ${at('dies.edf')}, got 4000`,
    );
    await expect(rejected).rejects.toHaveProperty('name', 'UsageError');
  });

  test('names every recording format in its help', () => {
    expect(detectCommand().helpInformation().replace(/\s+/g, ' ')).toContain(
      'EDF, BDF, GDF, XDF, BrainVision, WFDB, OpenBCI text, or CSV',
    );
  });
});

test('alarms with different causes or frames are not joined, and shares still sum to 1', () => {
  const alarm = (index: number, cause: Alarm['cause'], channel: number, since: number): Alarm => ({
    index,
    time: index,
    score: 0,
    cause,
    since,
    channels: [{ channel, share: 1 }],
  });
  const alarms = grouped([
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
