import { describe, expect, test } from 'vitest';
import { detectCommand } from '../../src/cli/detect.ts';
import { detectSummary, framesToFirstScore } from '../../src/cli/alarm-text.ts';
import { Detector } from '../../src/core/detector/detector.ts';
import { framesBetween } from '../../src/core/detector/alarm-budget.ts';
import { random } from '../../src/core/random.ts';

test('a detector emits its first score after framesToFirstScore frames', () => {
  const chance = random(1);
  const data = Float32Array.from({ length: 2 * framesToFirstScore }, () => chance.normal());
  const scores = new Detector(1, 1).push({ data, channels: 1, start: 0, rate: 1, time: 0 }).score.data;
  expect(scores.findIndex((score) => score !== 0)).toBe(framesToFirstScore);
});

describe('the summary', () => {
  const lines = (...args: Parameters<typeof detectSummary>) =>
    detectSummary(...args)
      .trimEnd()
      .split('\n');

  test('counts in plain English', () => {
    expect(lines(1, 5000, '1/day', 0.1)).toEqual(['1 alarm in 5000 frames (false-alarm rate: 1/day)']);
    expect(lines(2, 5000, 10_000, 0.1)).toEqual(['2 alarms in 5000 frames (false-alarm rate: 1 in 10000 frames)']);
  });

  test('reports that nothing could be scored', () => {
    expect(lines(0, 100, '1/day', 1)[1]).toBe(
      'The recording is too short: the detector needs 180 frames before its first score.',
    );
    expect(lines(0, 180, '1/minute', 1)).toHaveLength(1);
  });

  test.each([
    [
      1200,
      '1/month',
      1,
      'The recording (20 minutes) is short for a false-alarm rate of 1/month: only large anomalies are reported. Try --false-alarms 6/hour.',
    ],
    [
      1200,
      '1/month',
      0.02,
      'The recording (17 hours) is short for a false-alarm rate of 1/month: only large anomalies are reported. Try --false-alarms 3/day.',
    ],
    [
      1200,
      '1/year',
      0.001,
      'The recording (14 days) is short for a false-alarm rate of 1/year: only large anomalies are reported. Try --false-alarms 1/week.',
    ],
    [
      1000,
      100_000,
      10,
      'The recording (1.7 minutes) is short for a false-alarm rate of 1 in 100000 frames: only large anomalies are reported. Try --false-alarms 500.',
    ],
  ])('of %d frames at %s and %d Hz suggests a suitable rate', (frames, falseAlarms, rate, line) => {
    expect(lines(0, frames, falseAlarms, rate)[1]).toBe(line);
    const better = /--false-alarms (\S+)\.$/.exec(line)![1];
    const between = framesBetween(Number(better) || better, rate);
    expect(frames / between).toBeGreaterThan(1);
    expect(lines(0, frames, Number(better) || better, rate)).toHaveLength(1);
  });
});

test('the help names every unit', () => {
  const help = detectCommand().helpInformation().replace(/\s+/g, ' ');
  expect(help).toContain(
    'per second, minute, hour, day, week, month, or year, such as 6/hour, or the mean number of frames between two false alarms',
  );
});
