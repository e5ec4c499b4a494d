import { RangeNovelty } from '../../core/detector/range-novelty.ts';
import { counted } from '../amounts.ts';
import { asUsage } from '../failure.ts';
import { progress, share } from '../progress.ts';
import { textTable } from '../text-table.ts';
import { type NabRun, type NabSeries, readNab, runNab } from './nab-corpus.ts';
import { nabProfiles, type NabScore, NabScorer } from './nab-score.ts';
import { Command } from '@commander-js/extra-typings';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** NAB's result files hold scores from 0 to 1: ten decades of mean time between. */
const decades = 10;

type ScoreNabOptions = { out?: string };

/** `tapline score nab DIR [--out RESULTS]`. */
export function scoreNabCommand(): Command<[string], ScoreNabOptions> {
  return new Command('nab')
    .summary('the Numenta Anomaly Benchmark, or a part of it')
    .description(
      "Run the detector over a NAB checkout's data/ and print NAB's scores; write NAB's result files where --out says.",
    )
    .argument('<dir>', 'a checkout of NAB, or a part of one: data/ and labels/combined_windows.json')
    .option('--out <dir>', "where result files go: NAB's own scorer reads it as a folder of results/")
    .addHelpText('after', '\nExample:\n  tapline score nab NAB --out NAB/results/tapline')
    .action((folder, { out }) => {
      const corpus = readNab(folder);
      const line = progress();
      const runs = corpus.map((series, i) => {
        line.show(`scoring ${share(i, corpus.length)}`);
        return runNab(series);
      });
      line.clear();
      process.stdout.write(nabReport(corpus, runs));
      if (out === undefined) return;
      for (const [i, series] of corpus.entries()) asUsage(() => writeResult(out, series, runs[i]));
      process.stderr.write(`${counted(corpus.length, 'result file')} to ${out}\n`);
    });
}

/** `timestamp,value,anomaly_score,label`, as NAB's detectors write it, in `<out>/<category>/tapline_<file>`. */
function writeResult(out: string, { category, file, stamps, samples, windows }: NabSeries, { scores }: NabRun): void {
  const told = onsets(scores);
  const rows = stamps.map((stamp, t) => {
    const label = windows.some(([first, last]) => t >= first && t <= last) ? 1 : 0;
    return `${stamp},${samples[t]},${Math.min(1, told[t] / decades)},${label}\n`;
  });
  mkdirSync(join(out, category), { recursive: true });
  writeFileSync(join(out, category, `tapline_${file}`), `timestamp,value,anomaly_score,label\n${rows.join('')}`);
}

/** NAB's scores: ours, with what they are to be held against, and by category. */
export function nabReport(corpus: readonly NabSeries[], runs: readonly NabRun[]): string {
  const scorerOf = (scores: (series: NabSeries, i: number) => Float64Array, among = corpus) =>
    new NabScorer(among.map((series) => ({ scores: scores(series, corpus.indexOf(series)), windows: series.windows })));
  const told = runs.map(({ scores }) => onsets(scores));
  const ours = scorerOf((_, i) => told[i]);
  const alarmed = (falseAlarms: string) =>
    scorerOf((series) => {
      const { scores, alarms } = runNab(series, { falseAlarms });
      return scores.map((_, t) => (alarms.includes(t) ? 1 : 0));
    });
  const rows = [
    best('tapline', ours),
    fixed('tapline, alarms at 1/month (default)', alarmed('1/month')),
    fixed('tapline, alarms at 1/week', alarmed('1/week')),
    fixed('tapline, alarms at 1/day', alarmed('1/day')),
    best(
      'the same, learner off',
      scorerOf((series) => onsets(runNab(series, { learning: false }).scores)),
    ),
    best(
      'two-number rule',
      scorerOf(({ samples }) => onsets(twoNumberRule(samples))),
    ),
    fixed(
      'metronome, every 600 rows',
      scorerOf(({ samples }) => metronome(samples.length, 600)),
    ),
  ];
  const windows = corpus.reduce((sum, series) => sum + series.windows.length, 0);
  const categories = [...new Set(corpus.map(({ category }) => category))].map((category) => {
    const part = corpus.filter((series) => series.category === category);
    const scorer = scorerOf((_, i) => told[i], part);
    return nabRow(
      category,
      nabProfiles.map((profile) => scorer.at(profile, ours.best(profile).threshold)),
    );
  });
  const names = nabProfiles.map(({ name }) => name);
  return [
    `${counted(corpus.length, 'file')}, ${counted(windows, 'window')}; score (windows found, false rows)\n`,
    textTable([['threshold optimised per profile on these files', ...names], ...rows]),
    '\nby category, at the thresholds of all files\n',
    textTable([['', ...names], ...categories]),
    `\nthresholds: ${nabProfiles.map((profile) => `${profile.name} ${thresholdText(ours.best(profile))}`).join(', ')}`,
    ' (log10 frames); alarms and the metronome have nothing optimised\n',
  ].join('');
}

function thresholdText({ threshold }: NabScore): string {
  return threshold < Infinity ? threshold.toFixed(2) : 'none, for telling nothing is best';
}

function best(name: string, scorer: NabScorer): string[] {
  return nabRow(
    name,
    nabProfiles.map((profile) => scorer.best(profile)),
  );
}

function fixed(name: string, scorer: NabScorer): string[] {
  return nabRow(
    name,
    nabProfiles.map((profile) => scorer.at(profile, 1)),
  );
}

function nabRow(name: string, scores: readonly NabScore[]): string[] {
  const cell = ({ score, found, windows, falsePositives }: NabScore) =>
    `${windows > 0 ? score.toFixed(2) : '-'} (${found}/${windows}, ${falsePositives})`;
  return [name, ...scores.map(cell)];
}

/** Frames that an event is heard for, and how much a score must rise above them to be a new one, in decades. */
const frames = 60;
const rise = 0.1;

/**
 * The scores where something begins: those that lie 0.1 above all of the 60 before them; 0 elsewhere. A benchmark that
 * counts every frame over a threshold would else count one event many times.
 */
export function onsets(scores: ArrayLike<number>): Float64Array {
  const out = new Float64Array(scores.length);
  for (let t = 0; t < scores.length; t++) {
    let before = 0;
    for (let i = Math.max(0, t - frames); i < t; i++) if (scores[i] > before) before = scores[i];
    out[t] = scores[t] > before + rise ? scores[t] : 0;
  }
  return out;
}

/** The rule of two numbers, without any learning: how far a sample lies outside all that came before it. */
export function twoNumberRule(samples: ArrayLike<number>): Float64Array {
  const range = new RangeNovelty('records');
  return Float64Array.from(samples, (x, t) => Math.max(0, range.push(x, t)));
}

/** A metronome, which reads nothing: 1 at every `every`-th frame, 0 elsewhere. */
export function metronome(frames: number, every: number): Float64Array {
  return Float64Array.from({ length: frames }, (_, t) => (t > 0 && t % every === 0 ? 1 : 0));
}
