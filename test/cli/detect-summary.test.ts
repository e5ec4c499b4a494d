import { describe, expect, test } from 'vitest';
import { detectCommand } from '../../src/cli/detect.ts';
import { detectSummary, framesToFirstScore } from '../../src/cli/detect-summary.ts';
import { Detector } from '../../src/core/detector/detector.ts';
import { framesBetween } from '../../src/core/detector/alarm-budget.ts';
import { random } from '../../src/core/random.ts';

test('a detector scores nothing before so many frames, and then does', () => {
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
    expect(lines(1, 5000, '1/day', 0.1)).toEqual(['1 alarm in 5000 frames (false alarms: 1/day)']);
    expect(lines(2, 5000, 10_000, 0.1)).toEqual(['2 alarms in 5000 frames (false alarms: 1 in 10000 frames)']);
  });

  test('says so where nothing could be scored', () => {
    expect(lines(0, 100, '1/day', 1)[1]).toBe('too short: a detector needs 180 frames before its first score');
    expect(lines(0, 180, '1/minute', 1)).toHaveLength(1);
  });

  test.each([
    [
      1200,
      '1/month',
      1,
      '1200 frames are 20 minutes: at 1/month little can be told so early; --false-alarms 6/hour tells more',
    ],
    [
      1200,
      '1/month',
      0.02,
      '1200 frames are 17 hours: at 1/month little can be told so early; --false-alarms 3/day tells more',
    ],
    [
      1200,
      '1/year',
      0.001,
      '1200 frames are 14 days: at 1/year little can be told so early; --false-alarms 1/week tells more',
    ],
    [
      1000,
      100_000,
      10,
      '1000 frames are 1.7 minutes: at 1 in 100000 frames little can be told so early; --false-alarms 500 tells more',
    ],
  ])('of %d frames at %s and %d Hz names a rate that tells more', (frames, falseAlarms, rate, line) => {
    expect(lines(0, frames, falseAlarms, rate)[1]).toBe(line);
    const better = /--false-alarms (\S+)/.exec(line)![1];
    const between = framesBetween(Number(better) || better, rate);
    expect(frames / between).toBeGreaterThan(1);
    expect(lines(0, frames, Number(better) || better, rate)).toHaveLength(1);
  });
});

test('the help names every unit', () => {
  const help = detectCommand().helpInformation().replace(/\s+/g, ' ');
  expect(help).toContain(
    'second, minute, hour, day, week, month or year; a plain number is the mean frames between two',
  );
});
