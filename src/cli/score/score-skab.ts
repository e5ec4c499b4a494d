import { Command } from '@commander-js/extra-typings';
import { skabScore, skabSettling, type SkabScore } from './skab-benchmark.ts';
import { counted } from '../amounts.ts';
import { readSkab, runSkab, type SkabSeries } from './skab-benchmark.ts';
import { textTable } from '../text-table.ts';
import { UsageError } from '../failure.ts';

/** `tapline score skab DIR`. */
export function scoreSkabCommand(): Command<[string]> {
  return new Command('skab')
    .summary('the Skoltech Anomaly Benchmark, or a part of it')
    .description('Run the detector over a SKAB checkout and print F1, false alarms and misses, pooled over its files.')
    .argument('<dir>', 'a checkout of SKAB, or a part of one: valve1/, valve2/, other/')
    .addHelpText('after', '\nExample:\n  tapline score skab SKAB')
    .action((folder) => {
      const corpus = readSkab(folder);
      const scored = corpus.filter(({ truth }) => truth.length > skabSettling);
      const short = `of no more than the ${skabSettling} frames for settling`;
      if (scored.length === 0) throw new UsageError(`${folder}: nothing is scored: all its files are ${short}`);
      process.stdout.write(skabReport(scored));
      if (scored.length < corpus.length)
        process.stderr.write(`${counted(corpus.length - scored.length, 'file')} not scored, ${short}\n`);
    });
}

/** SKAB's scores: ours, beside alarms that read nothing. */
export function skabReport(corpus: readonly SkabSeries[]): string {
  const clock = (from: number, to: number) =>
    skabScore(
      corpus.map(({ truth }) => ({
        told: truth.map((_, t) => (t >= skabSettling + from && t <= skabSettling + to ? 1 : 0)),
        truth,
      })),
    );
  return [
    `${counted(corpus.length, 'file')}, the first ${skabSettling} frames of each for settling\n`,
    textTable([
      ['', 'F1', 'FAR %', 'MAR %'],
      row('tapline', skabScore(corpus.map((series) => runSkab(series)))),
      row('always', clock(0, Infinity)),
      row('clock: from scored row 150 on', clock(150, Infinity)),
      row('clock: scored rows 170 to 580', clock(170, 580)),
    ]),
    'always and the clocks read nothing; the rows of the clocks were chosen by looking at the labels\n',
  ].join('');
}

function row(name: string, { f1, falseAlarms, missed }: SkabScore): string[] {
  return [name, f1.toFixed(3), falseAlarms.toFixed(1), missed.toFixed(1)];
}
