import { describe, expect, test } from 'vitest';
import { periodicAlarms, rangeBaseline, onsets } from '../../src/cli/score/score-nab.ts';
import { nabProbation, nabProfiles, nabRowValue, NabScorer } from '../../src/cli/score/nab-score.ts';

const [standard, lowFalse, lowMissed] = nabProfiles;
const sigmoid = (y: number) => 2 / (1 + Math.exp(5 * y)) - 1;
/** 100 rows, of which 15 are probation and 40 … 59 a window; `detected` rows score 1. */
const file = (...detected: number[]) => ({
  scores: Array.from({ length: 100 }, (_, t) => (detected.includes(t) ? 1 : 0)),
  windows: [[40, 59]] as const,
});

describe('the value of a row', () => {
  test('is 1 at the first row of a window and falls towards its end', () => {
    expect(nabRowValue(40, [[40, 59]])).toEqual({ value: 1, window: 0 });
    expect(nabRowValue(50, [[40, 59]]).value).toBeCloseTo(sigmoid(-0.5) / sigmoid(-1), 12);
    expect(nabRowValue(59, [[40, 59]]).value).toBeCloseTo(sigmoid(-1 / 20) / sigmoid(-1), 12);
  });

  test('is -1 before the first window and falls from 0 to -1 after the previous one', () => {
    expect(nabRowValue(39, [[40, 59]])).toEqual({ value: -1, window: -1 });
    expect(nabRowValue(60, [[40, 59]]).value).toBeCloseTo(sigmoid(1 / 19), 12);
    expect(nabRowValue(59 + 3 * 19, [[40, 59]]).value).toBeCloseTo(sigmoid(3), 12);
    expect(nabRowValue(60 + 3 * 19, [[40, 59]]).value).toBe(-1);
    expect(nabRowValue(30, [[0, 9], [20, 24]]).value).toBeCloseTo(sigmoid(6 / 4), 12); // prettier-ignore
  });
});

describe('NabScorer', () => {
  test('in every profile, no detections score 0, and one in the first row of every window scores 100', () => {
    for (const profile of nabProfiles) {
      expect(new NabScorer([file()]).at(profile, 1).score).toBe(0);
      expect(new NabScorer([file(40), file(40)]).at(profile, 1).score).toBe(100);
    }
  });

  test('a false row costs 0.11, or 0.22 in the low-FP profile, on a scale from -1 or -2 per window to 1', () => {
    const scorer = new NabScorer([file(20, 40)]);
    expect(scorer.at(standard, 1)).toMatchObject({ found: 1, windows: 1, falsePositives: 1 });
    expect(scorer.at(standard, 1).score).toBeCloseTo((100 * (2 - 0.11)) / 2, 9);
    expect(scorer.at(lowFalse, 1).score).toBeCloseTo((100 * (2 - 0.22)) / 2, 9);
    expect(scorer.at(lowMissed, 1).score).toBeCloseTo((100 * (3 - 0.11)) / 3, 9);
  });

  test('the best row of a window counts once, and rows in the probation period do not count', () => {
    expect(new NabScorer([file(40, 45, 59)]).at(standard, 1).score).toBe(100);
    expect(new NabScorer([file(0, 14, 40)]).at(standard, 1).score).toBe(100);
    expect(new NabScorer([file(15, 40)]).at(standard, 1).falsePositives).toBe(1);
    const late = new NabScorer([file(50)]).at(standard, 1).score;
    expect(late).toBeCloseTo((100 * (1 + sigmoid(-0.5) / sigmoid(-1))) / 2, 9);
  });

  test('no threshold scores better than the best one, and rows with equal scores are detected together', () => {
    const scores = Array.from({ length: 100 }, (_, t) => ({ 20: 3, 25: 3, 40: 2, 70: 1 })[t] ?? 0);
    const scorer = new NabScorer([{ scores, windows: [[40, 59]] }]);
    const best = scorer.best(standard);
    expect(best).toMatchObject({ threshold: 2, found: 1, falsePositives: 2 });
    for (const threshold of [0, 1, 2, 3, 4])
      expect(scorer.at(standard, threshold).score).toBeLessThanOrEqual(best.score);
    expect(scorer.at(standard, 2).score).toBe(best.score);
    expect(new NabScorer([file(20)]).best(standard)).toMatchObject({ threshold: Infinity, score: 0 });
  });

  test('the probation period is 15 % of the first 5000 rows', () => {
    expect([100, 4032, 22_695].map(nabProbation)).toEqual([15, 604, 750]);
  });

  test('rejects a score that is not a number', () => {
    expect(() => new NabScorer([{ scores: [NaN], windows: [] }])).toThrow('scores[0] must be a number, got NaN');
  });
});

describe('onsets and baselines', () => {
  test('an onset is a tenth of a decade above the previous 60 frames', () => {
    const scores = [1, 1.05, 2, ...Array<number>(60).fill(0.5), 1.9, 2.5];
    expect([...onsets(scores)].flatMap((x, t) => (x > 0 ? [t] : []))).toEqual([0, 2, 63, 64]);
  });

  test('the range baseline detects new extremes only, and periodic alarms ignore the samples', () => {
    const samples = Array.from({ length: 30 }, (_, t) => (t === 25 ? 3 : t % 2));
    expect([...rangeBaseline(samples)].flatMap((x, t) => (x > 0 ? [t] : []))).toEqual([25]);
    expect([...periodicAlarms(7, 3)]).toEqual([0, 0, 0, 1, 0, 0, 1]);
  });
});
