import { describe, expect, test } from 'vitest';
import { readNab, runNab } from '../../src/cli/score/nab-corpus.ts';
import { readSkab, runSkab, skabScore } from '../../src/cli/score/skab-benchmark.ts';
import { nabProfiles, NabScorer } from '../../src/cli/score/nab-score.ts';
import { onsets } from '../../src/cli/score/score-nab.ts';
import { sharedData } from '../shared-data.ts';

const nab = sharedData('nab-half');
const skab = sharedData('skab-half');

describe('on the available parts of the public benchmarks', () => {
  test.skipIf(!nab)(
    'NAB: better than HTM (70.5, 63.2, 74.4) in each profile, and 9 points better than without the learner',
    () => {
      const corpus = readNab(nab ?? '');
      const scorer = (learning: boolean) =>
        new NabScorer(
          corpus.map((series) => ({ scores: onsets(runNab(series, { learning }).scores), windows: series.windows })),
        );
      const ours = scorer(true);
      const scores = nabProfiles.map((profile) => ours.best(profile).score);
      expect(scores[0]).toBeGreaterThan(70.5);
      expect(scores[1]).toBeGreaterThan(63.2);
      expect(scores[2]).toBeGreaterThan(74.4);
      expect(scores[0] - scorer(false).best(nabProfiles[0]).score).toBeGreaterThan(9);
    },
  );

  test.skipIf(!nab)('NAB: truncating files to 60 % changes no earlier score', () => {
    for (const series of readNab(nab ?? '').filter((_, i) => i % 5 === 0)) {
      const rows = Math.floor(0.6 * series.samples.length);
      const cut = { ...series, times: series.times.subarray(0, rows), samples: series.samples.subarray(0, rows) };
      expect(runNab(cut).scores).toEqual(runNab(series).scores.subarray(0, rows));
    }
  });

  test.skipIf(!skab)('SKAB: F1 above 0.8 with a false-alarm rate below 25 %', () => {
    const { f1, falseAlarms } = skabScore(readSkab(skab ?? '').map((series) => runSkab(series)));
    expect(f1).toBeGreaterThan(0.8);
    expect(falseAlarms).toBeLessThan(25);
  });
});
