import { describe, expect, test } from 'vitest';
import { skabScore } from '../../src/cli/score/skab-benchmark.ts';

/** 400 frames for settling, then what is told and what is true. */
const file = (told: number[], truth: number[]) => ({
  told: [...Array<number>(400).fill(1), ...told],
  truth: [...Array<number>(400).fill(0), ...truth],
});

describe('skabScore', () => {
  test('pools counts of all files and leaves the first 400 frames out', () => {
    const score = skabScore([file([1, 1, 0, 0], [1, 1, 1, 0]), file([1, 0], [0, 0])]);
    expect(score.f1).toBeCloseTo(4 / (4 + 1 + 1), 12);
    expect(score.falseAlarms).toBeCloseTo(100 / 3, 12);
    expect(score.missed).toBeCloseTo(100 / 3, 12);
  });

  test('all told right is F1 1, nothing to tell and nothing told is 0 of each', () => {
    expect(skabScore([file([1, 0], [1, 0])])).toEqual({ f1: 1, falseAlarms: 0, missed: 0 });
    expect(skabScore([file([], [])])).toEqual({ f1: 0, falseAlarms: 0, missed: 0 });
  });
});
