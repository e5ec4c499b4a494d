import { describe, expect, test } from 'vitest';
import { skabScore } from '../../src/cli/score/skab-benchmark.ts';

/** 400 frames of start-up, then the detected and the anomalous frames. */
const file = (detected: number[], anomalous: number[]) => ({
  detected: [...Array<number>(400).fill(1), ...detected],
  anomalous: [...Array<number>(400).fill(0), ...anomalous],
});

describe('skabScore', () => {
  test('adds the counts of all files and skips the first 400 frames', () => {
    const score = skabScore([file([1, 1, 0, 0], [1, 1, 1, 0]), file([1, 0], [0, 0])]);
    expect(score.f1).toBeCloseTo(4 / (4 + 1 + 1), 12);
    expect(score.falseAlarms).toBeCloseTo(100 / 3, 12);
    expect(score.missed).toBeCloseTo(100 / 3, 12);
  });

  test('perfect detection has F1 1, and files without frames score 0', () => {
    expect(skabScore([file([1, 0], [1, 0])])).toEqual({ f1: 1, falseAlarms: 0, missed: 0 });
    expect(skabScore([file([], [])])).toEqual({ f1: 0, falseAlarms: 0, missed: 0 });
  });
});
