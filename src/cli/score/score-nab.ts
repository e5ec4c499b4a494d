import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Command } from '@commander-js/extra-typings';
import { RangeNovelty } from '../../core/detector/range-novelty.ts';
import { counted, share } from '../amounts.ts';
import { asUsage } from '../failure.ts';
import { deprecate } from '../options.ts';
import { progress } from '../progress.ts';
import { textTable } from '../text-table.ts';
import { type NabRun, type NabSeries, readNab, runNab } from './nab-corpus.ts';
import { type NabProfile, nabProfiles, type NabScore, NabScorer } from './nab-score.ts';

/** Result files contain scores from 0 to 1. A score of 1 stands for this many decades of mean frames between. */
const resultDecades = 10;

type ScoreNabOptions = { output?: string };

/** `tapline score nab`: scores the detector on the Numenta Anomaly Benchmark. */
export function scoreNabCommand(): Command<[string], ScoreNabOptions> {
  const command = new Command('nab')
    .summary('Numenta Anomaly Benchmark (NAB)')
    .description('Run the detector on the Numenta Anomaly Benchmark (NAB) and print the NAB scores.')
    .argument('<directory>', 'Clone of NAB, or a part of it: data/ and labels/combined_windows.json')
    .option('-o, --output <directory>', 'Write result files that the NAB scorer can read')
    .addHelpText('after', '\nExample:\n  tapline score nab NAB --output NAB/results/tapline')
    .action((directory, { output }) => {
      const corpus = readNab(directory);
      const line = progress();
      const runs = corpus.map((series, i) => {
        line.show(`Scoring ${share(i, corpus.length)}`);
        return runNab(series);
      });
      line.clear();
      process.stdout.write(nabReport(corpus, runs));
      if (output === undefined) return;
      for (const [i, series] of corpus.entries()) asUsage(() => writeResult(output, series, runs[i]));
      process.stderr.write(`Wrote ${counted(corpus.length, 'result file')} to ${output}\n`);
    });
  deprecate(command, '--out <directory>', '--output');
  return command;
}

/** Writes `timestamp,value,anomaly_score,label`, as the detectors of NAB do, to `<output>/<category>/tapline_<file>`. */
function writeResult(
  output: string,
  { category, file, stamps, samples, windows }: NabSeries,
  { scores }: NabRun,
): void {
  const detected = onsets(scores);
  const rows = stamps.map((stamp, t) => {
    const label = windows.some(([first, last]) => t >= first && t <= last) ? 1 : 0;
    return `${stamp},${samples[t]},${Math.min(1, detected[t] / resultDecades)},${label}\n`;
  });
  mkdirSync(join(output, category), { recursive: true });
  writeFileSync(join(output, category, `tapline_${file}`), `timestamp,value,anomaly_score,label\n${rows.join('')}`);
}

/** The NAB scores of the detector and of baselines, then those of the detector by category. */
export function nabReport(corpus: readonly NabSeries[], runs: readonly NabRun[]): string {
  const scorerOf = (scores: (series: NabSeries, i: number) => Float64Array, among = corpus) =>
    new NabScorer(among.map((series) => ({ scores: scores(series, corpus.indexOf(series)), windows: series.windows })));
  const detected = runs.map(({ scores }) => onsets(scores));
  const detector = scorerOf((_, i) => detected[i]);
  const alarms = (falseAlarms: string) =>
    scorerOf((series) => {
      const { scores, alarms } = runNab(series, { falseAlarms });
      return scores.map((_, t) => (alarms.includes(t) ? 1 : 0));
    });
  const rows = [
    tunedRow('tapline', detector),
    fixedRow('tapline, alarms at 1/month (default)', alarms('1/month')),
    fixedRow('tapline, alarms at 1/week', alarms('1/week')),
    fixedRow('tapline, alarms at 1/day', alarms('1/day')),
    tunedRow(
      'tapline without the learner',
      scorerOf((series) => onsets(runNab(series, { learning: false }).scores)),
    ),
    tunedRow(
      'range baseline',
      scorerOf(({ samples }) => onsets(rangeBaseline(samples))),
    ),
    fixedRow(
      'periodic alarms, every 600 rows',
      scorerOf(({ samples }) => periodicAlarms(samples.length, 600)),
    ),
  ];
  const windows = corpus.reduce((sum, series) => sum + series.windows.length, 0);
  const categories = [...new Set(corpus.map(({ category }) => category))].map((category) => {
    const part = corpus.filter((series) => series.category === category);
    const scorer = scorerOf((_, i) => detected[i], part);
    return rowOf(category, (profile) => scorer.at(profile, detector.best(profile).threshold));
  });
  const names = nabProfiles.map(({ name }) => name);
  return [
    `${counted(corpus.length, 'file')}, ${counted(windows, 'window')}; score (windows found, false rows)\n`,
    textTable([['threshold tuned per profile on these files', ...names], ...rows]),
    '\nBy category, with the thresholds of all files:\n',
    textTable([['', ...names], ...categories]),
    `\nThresholds (log10 frames): ${nabProfiles.map((profile) => `${profile.name} ${thresholdText(detector.best(profile))}`).join(', ')}.\n`,
    'Rows with alarms have no tuned threshold.\n',
  ].join('');
}

function thresholdText({ threshold }: NabScore): string {
  return threshold < Infinity ? threshold.toFixed(2) : 'none (no detections score best)';
}

/** Scores with the threshold that is best for these files. */
function tunedRow(name: string, scorer: NabScorer): string[] {
  return rowOf(name, (profile) => scorer.best(profile));
}

/** Scores of alarms: rows of 1. */
function fixedRow(name: string, scorer: NabScorer): string[] {
  return rowOf(name, (profile) => scorer.at(profile, 1));
}

function rowOf(name: string, scoreOf: (profile: NabProfile) => NabScore): string[] {
  const cell = ({ score, found, windows, falsePositives }: NabScore) =>
    `${windows > 0 ? score.toFixed(2) : '-'} (${found}/${windows}, ${falsePositives})`;
  return [name, ...nabProfiles.map((profile) => cell(scoreOf(profile)))];
}

/** Number of previous frames whose scores the score of a new event must exceed. */
const onsetFrames = 60;
/** Minimum difference to these scores. */
const onsetRise = 0.1;

/**
 * Keeps the scores where an event starts, those 0.1 above all of the previous 60; the others become 0. Without this, a
 * benchmark that counts every frame above a threshold would count one event many times.
 */
export function onsets(scores: ArrayLike<number>): Float64Array {
  const out = new Float64Array(scores.length);
  for (let t = 0; t < scores.length; t++) {
    let highest = 0;
    for (let i = Math.max(0, t - onsetFrames); i < t; i++) if (scores[i] > highest) highest = scores[i];
    out[t] = scores[t] > highest + onsetRise ? scores[t] : 0;
  }
  return out;
}

/** Baseline that tracks the minimum and the maximum: how far a sample is outside the range of all previous samples. */
export function rangeBaseline(samples: ArrayLike<number>): Float64Array {
  const range = new RangeNovelty('records');
  return Float64Array.from(samples, (x, t) => Math.max(0, range.push(x, t)));
}

/** A baseline that ignores the samples: 1 at every `every`-th frame, 0 elsewhere. */
export function periodicAlarms(frames: number, every: number): Float64Array {
  return Float64Array.from({ length: frames }, (_, t) => (t > 0 && t % every === 0 ? 1 : 0));
}
