/**
 * Prints all figures of the detector: `npm run bench:detect [-- <folder>]`. The folder contains nab-half/, skab-half/,
 * and the recordings.
 */
import { cpus } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { nabBlocks, readNab, runNab, type NabSeries } from '../src/cli/score/nab-corpus.ts';
import { nabReport, onsets } from '../src/cli/score/score-nab.ts';
import { skabReport } from '../src/cli/score/score-skab.ts';
import { readSkab, runSkab, skabScore } from '../src/cli/score/skab-benchmark.ts';
import { textTable } from '../src/cli/text-table.ts';
import type { Block } from '../src/core/blocks/block.ts';
import { Detector, type DetectorOptions } from '../src/core/detector/detector.ts';
import { framesBetween } from '../src/core/detector/alarm-budget.ts';
import { random } from '../src/core/random.ts';
import { nabProfiles, NabScorer } from '../src/cli/score/nab-score.ts';
import { recorded, simulated } from './quiet-streams.ts';

const folder = process.argv[2] ?? fileURLToPath(new URL('../../shared/data', import.meta.url));
const rates = ['1/day', '1/week', '1/month'];
const print = (text: string) => void process.stdout.write(text);
const heading = (text: string) => print(`\n## ${text}\n\n`);

print(`${cpus()[0].model}, Node ${process.version}\n`);
const corpus = readNab(join(folder, 'nab-half'));
const runs = corpus.map((series) => runNab(series));

heading('NAB (the files on which the settings were tuned)');
print(nabReport(corpus, runs));

heading(
  'NAB, 40 random half-splits: threshold from one half, score of the other (standard profile, settings from both halves)',
);
{
  const filed = (scores: Float64Array[]) => corpus.map(({ windows }, i) => ({ scores: onsets(scores[i]), windows }));
  const ours = filed(runs.map(({ scores }) => scores));
  const withoutLearner = filed(corpus.map((series) => runNab(series, { learning: false }).scores));
  const [standard] = nabProfiles;
  const unseen = halves(corpus.length).map(([seen, rest]) =>
    [ours, withoutLearner].map((files) => {
      const { threshold } = new NabScorer(seen.map((i) => files[i])).best(standard);
      return new NabScorer(rest.map((i) => files[i])).at(standard, threshold).score;
    }),
  );
  print(
    textTable([
      ['', 'mean', 'sd', 'min', 'max'],
      summary('tapline', unseen.map(([score]) => score)), // prettier-ignore
      summary('tapline without learner', unseen.map(([, score]) => score)), // prettier-ignore
      summary('gain from the learner', unseen.map(([score, without]) => score - without)), // prettier-ignore
    ]),
  );
}

heading('SKAB');
{
  const files = readSkab(join(folder, 'skab-half'));
  print(skabReport(files));
  const results = files.map((series) => runSkab(series));
  const scores = halves(results.length).map(([half]) => skabScore(half.map((i) => results[i])));
  print('\n40 random halves of the files\n');
  print(
    textTable([
      ['', 'mean', 'sd', 'min', 'max'],
      summary('F1', scores.map(({ f1 }) => f1), 3), // prettier-ignore
      summary('FAR %', scores.map(({ falseAlarms }) => falseAlarms)), // prettier-ignore
      summary('MAR %', scores.map(({ missed }) => missed)), // prettier-ignore
    ]),
  );
}

heading('False alarms raised / expected: NAB outside its labeled windows, and windows detected');
{
  const even = corpus.filter((_, i) => i % 2 === 0);
  const odd = corpus.filter((_, i) => i % 2 === 1);
  const rows = rates.map((rate) => [
    rate,
    ratio(outside(even, rate)),
    ratio(outside(odd, rate)),
    `${outside(corpus, rate).found}/57`,
  ]);
  print(textTable([['', 'even files', 'odd files', 'windows detected'], ...rows]));
  print('The settings were tuned on all of these files.\n');
}

heading('False alarms raised / expected: simulation with drift, cycles, and heavy tails (separate seeds)');
{
  const rows = [
    ['40 streams of 2 weeks', 40, 4032],
    ['24 streams of 1 month', 24, 8640],
    ['12 streams of 6 months', 12, 51_840],
  ] as const;
  const table = rows.map(([name, streams, frames]) => [
    name,
    ...rates.map((rate) => {
      const blocks = Array.from({ length: streams }, (_, i) => simulated(1000 + i, frames).block);
      return ratio(counted(blocks, { falseAlarms: rate }));
    }),
  ]);
  print(textTable([['', ...rates], ...table]));
}

heading(
  'False alarms raised / expected: recordings (also used to tune the start and the prior for channels), one false alarm per this many frames',
);
{
  const every = [500, 2000, 5000, 20_000];
  const rows = (await recorded(folder)).map(({ name, block }) => [
    name,
    ...every.map((falseAlarms) => ratio(counted([block], { falseAlarms }))),
  ]);
  print(textTable([['', ...every.map(String)], ...rows]));
}

heading('Slow drift: 3 standard deviations over 100,000 frames, after 20,000 frames without drift; alarms at 1/month');
{
  const rows = [3, 0].flatMap((rise) =>
    [1, 2, 3, 4].map((seed) => {
      const rng = random(seed);
      const data = Float32Array.from(
        { length: 120_000 },
        (_, t) =>
          Math.SQRT2 * 0.9 * Math.sin((2 * Math.PI * t) / 288) +
          0.4 * rng.normal() +
          (rise * Math.max(0, t - 20_000)) / 100_000,
      );
      const block = { data, channels: 1, start: 0, rate: 1 / 300, time: 0 };
      const { alarms } = new Detector(1, 1 / 300, { reference: 10_000 }).push(block);
      const wear = alarms.filter(({ cause }) => cause === 'wear').map(({ index }) => index);
      return [rise > 0 ? 'ramp' : 'no drift', `${seed}`, wear.join(', ') || '-', `${alarms.length - wear.length}`];
    }),
  );
  print(textTable([['', 'seed', 'drift reported at frame', 'other alarms of the adaptive detector'], ...rows]));
}

heading(
  'Smallest shift of ten frames that raises an alarm within them, in standard deviations of white noise, median of 5 seeds',
);
{
  const sizes = [3, 4, 6, 8, 10, 15, 20, 30, 50, 100, 200, 500, 1000, 2000, 5000, 10_000];
  for (const [name, rate, known] of [
    ['1 frame per second', 1, { '1 hour': 3600, '1 day': 86_400, '1 week': 604_800 }],
    ['1 frame per 5 minutes', 1 / 300, { '1 week': 604_800, '1 month': 2_592_000 }],
  ] as const) {
    const rows = Object.entries(known).map(([time, seconds]) => [
      time,
      ...rates.map((falseAlarms) => smallestShift(Math.round(seconds * rate), rate, falseAlarms, sizes)),
    ]);
    print(textTable([[`${name}, after`, ...rates], ...rows]));
    print('\n');
  }
}

heading('Speed: frames per second, whole detector, one core');
{
  const rows = [1, 8].map((channels) => {
    const rng = random(1);
    const frames = 800_000 / channels;
    const data = Float32Array.from({ length: frames * channels }, (_, t) => Math.sin(t / 30) + 0.3 * rng.normal());
    const best = [1, 2, 3, 4, 5].reduce((most) => {
      const detector = new Detector(channels, 1 / 60);
      const began = performance.now();
      for (let start = 0; start < frames; start += 1000) {
        const piece = data.subarray(start * channels, (start + 1000) * channels);
        detector.push({ data: piece, channels, start, rate: 1 / 60, time: start * 60_000 });
      }
      return Math.max(most, (1000 * frames) / (performance.now() - began));
    }, 0);
    return [`${channels} channel${channels > 1 ? 's' : ''}`, `${Math.round(best / 1000)} 000`];
  });
  print(textTable([['', 'frames per second'], ...rows]));
}

/** Counts the alarms outside windows, the expected ones, and the windows with an alarm. */
function outside(
  files: readonly NabSeries[],
  falseAlarms: string,
): { raised: number; expected: number; found: number } {
  let [raised, expected, found] = [0, 0, 0];
  for (const series of files) {
    const inWindow = (t: number) => series.windows.findIndex(([first, last]) => t >= first && t <= last);
    const alarms = runNab(series, { falseAlarms }).alarms.map(inWindow);
    raised += alarms.filter((window) => window < 0).length;
    found += new Set(alarms.filter((window) => window >= 0)).size;
    const [{ rate }] = nabBlocks(series);
    const labeled = series.windows.reduce((sum, [first, last]) => sum + last - first + 1, 0);
    expected += (series.samples.length - labeled) / framesBetween(falseAlarms, rate);
  }
  return { raised, expected, found };
}

function counted(blocks: readonly Block[], options: DetectorOptions): { raised: number; expected: number } {
  let [raised, expected] = [0, 0];
  for (const block of blocks) {
    const { alarms } = new Detector(block.channels, block.rate, options).push(block);
    raised += alarms.length;
    expected += block.data.length / block.channels / framesBetween(options.falseAlarms, block.rate);
  }
  return { raised, expected };
}

function ratio({ raised, expected }: { raised: number; expected: number }): string {
  return `${raised} / ${expected.toFixed(1)} = ${(raised / expected).toFixed(2)}`;
}

/** Returns the smallest of `sizes` that raises an alarm (median over seeds), or '-' if none does. */
function smallestShift(frames: number, rate: number, falseAlarms: string, sizes: readonly number[]): string {
  const found = [1, 2, 3, 4, 5].map((seed) => {
    const rng = random(seed);
    const quiet = Float32Array.from({ length: frames }, () => rng.normal());
    const after = Float32Array.from({ length: 10 }, () => rng.normal());
    const known = new Detector(1, rate, { falseAlarms });
    known.push({ data: quiet, channels: 1, start: 0, rate, time: 0 });
    const state = known.save();
    return sizes.findIndex((size) => {
      const detector = new Detector(1, rate, { falseAlarms });
      detector.restore(state);
      const data = after.map((sample) => sample + size);
      return detector.push({ data, channels: 1, start: frames, rate, time: (1000 * frames) / rate }).alarms.length > 0;
    });
  });
  const places = found.map((place) => (place < 0 ? sizes.length : place)).sort((a, b) => a - b);
  return String(sizes[places[2]] ?? '-');
}

/** Returns 40 seeded random splits of `count` files into two halves. */
function halves(count: number): [number[], number[]][] {
  const rng = random(1);
  return Array.from({ length: 40 }, () => {
    const order = Array.from({ length: count }, (_, i) => [rng.uniform(), i] as const).sort(([a], [b]) => a - b);
    const files = order.map(([, i]) => i);
    return [files.slice(0, count >> 1), files.slice(count >> 1)];
  });
}

function summary(name: string, numbers: readonly number[], digits = 1): string[] {
  const mean = numbers.reduce((sum, x) => sum + x, 0) / numbers.length;
  const sd = Math.sqrt(numbers.reduce((sum, x) => sum + (x - mean) ** 2, 0) / numbers.length);
  return [name, ...[mean, sd, Math.min(...numbers), Math.max(...numbers)].map((x) => x.toFixed(digits))];
}
