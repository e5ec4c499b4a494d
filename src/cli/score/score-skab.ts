import { Command } from '@commander-js/extra-typings';
import { counted } from '../amounts.ts';
import { UsageError } from '../failure.ts';
import { textTable } from '../text-table.ts';
import { readSkab, runSkab, skabScore, skabStartUp, type SkabScore, type SkabSeries } from './skab-benchmark.ts';

/** `tapline score skab`: scores the detector on the Skoltech Anomaly Benchmark. */
export function scoreSkabCommand(): Command<[string]> {
  return new Command('skab')
    .summary('Skoltech Anomaly Benchmark (SKAB)')
    .description(
      'Run the detector on the Skoltech Anomaly Benchmark (SKAB) and print F1, false-alarm rate, and miss rate over all files.',
    )
    .argument('<directory>', 'Clone of SKAB, or a part of it: valve1/, valve2/, other/')
    .addHelpText('after', '\nExample:\n  tapline score skab SKAB')
    .action((directory) => {
      const corpus = readSkab(directory);
      const scored = corpus.filter(({ anomalous }) => anomalous.length > skabStartUp);
      if (scored.length === 0)
        throw new UsageError(`${directory}: no file is longer than the start-up of ${skabStartUp} frames`);
      process.stdout.write(skabReport(scored));
      if (scored.length < corpus.length)
        process.stderr.write(
          `${counted(corpus.length - scored.length, 'file')} not scored: no longer than the start-up of ${skabStartUp} frames\n`,
        );
    });
}

/** The SKAB scores of the detector and of baselines that ignore the samples. */
export function skabReport(corpus: readonly SkabSeries[]): string {
  const fixed = (from: number, to: number) =>
    skabScore(
      corpus.map(({ anomalous }) => ({
        detected: anomalous.map((_, t) => (t >= skabStartUp + from && t <= skabStartUp + to ? 1 : 0)),
        anomalous,
      })),
    );
  return [
    `${counted(corpus.length, 'file')}; the first ${skabStartUp} frames of each are start-up\n`,
    textTable([
      ['', 'F1', 'FAR %', 'MAR %'],
      row('tapline', skabScore(corpus.map((series) => runSkab(series)))),
      row('every row', fixed(0, Infinity)),
      row('fixed rows: from scored row 150', fixed(150, Infinity)),
      row('fixed rows: scored rows 170 to 580', fixed(170, 580)),
    ]),
    'The baselines ignore the samples. The fixed rows were chosen from the labels.\n',
  ].join('');
}

function row(name: string, { f1, falseAlarms, missed }: SkabScore): string[] {
  return [name, f1.toFixed(3), falseAlarms.toFixed(1), missed.toFixed(1)];
}
