/**
 * Classifies which of three flickering lights a person looks at (SSVEP), from 2, 3, and 4 s of each trial. The network has
 * kernels at the lights' frequencies and their second harmonics, and learns spatial kernels trial by trial:
 *
 *     high-pass → whitener → spatial kernels (8 → 8, one tap, learned)
 *               → quadrature pairs as long as the window, per channel → square → sum → log
 *               → standardized over the last minute → softmax
 *
 * The recording is processed in one pass. Each trial is classified before it is used for training. The quadrature pairs are
 * Gabor kernels and are not trained.
 * The spatial kernels start as the identity and learn from the trials with a light. Their gradients are streamed back
 * through the other layers. The baselines are CCA, filter-bank CCA, and TRCA; ssvep/baselines.ts names their sources.
 *
 *     npx tsx examples/14-ssvep.ts <file> [--sensitivity]
 *
 * The figures in docs/eeg.md are for this public file (CC0):
 *     github.com/sylvchev/dataset-ssvep-exoskeleton at commit faf331c, subject01, 2012.07.06 19:02:16
 */
import { butterworthHighPass } from 'tapline';
import { classifyBy, filterBank, filterBankCca, taskRelated, type Window } from './ssvep/baselines.ts';
import { classify, settings, type Settings } from './ssvep/network.ts';
import { transferRate } from './ssvep/transfer-rate.ts';
import { cue, lights, preprocess, readSession, rest } from './ssvep/trials.ts';

const [, , file, flag] = process.argv;
if (file === undefined) {
  console.error('Usage: npx tsx examples/14-ssvep.ts <file> [--sensitivity]');
  process.exit(2);
}
const session = await readSession(file);
const { trials, rate } = session;
const isLit = (trial: number) => trials[trial].kind !== rest;
const lit = trials.filter((_, i) => isLit(i)).length;

/** Scores or probabilities of every trial, [trial][kind]. */
type Answers = ArrayLike<number>[];

/** The number of correct trials, among the lights only, or among the lights and rest. */
const countCorrect = (answers: Answers, among: 'lights' | 'all') =>
  answers.filter((answer, i) => {
    const scores = Array.from(answer).slice(0, among === 'all' ? rest + 1 : rest);
    return (among === 'all' || isLit(i)) && scores.indexOf(Math.max(...scores)) === trials[i].kind;
  }).length;
/** Mean surprise at the correct light, given that there is one; chance level: log2 3 = 1.58 bits. */
const surprise = (answers: Answers) => {
  const bits = answers.flatMap((p, i) => (isLit(i) ? [-Math.log2(p[trials[i].kind] / (p[0] + p[1] + p[2]))] : []));
  return (bits.reduce((sum, each) => sum + each, 0) / bits.length).toFixed(2);
};

const windows = [2, 3, 4];
const print = (name: string, ...cells: (string | number)[]) => {
  console.log(name.padEnd(32) + cells.map((cell) => String(cell).padStart(6)).join(''));
};
const printHead = (text: string) => {
  const groups = [`correct of ${lit}`, `of ${trials.length}, with rest`, 'bits', 'bits per minute'];
  console.log(`\n${text.padEnd(32)}${groups.map((each) => each.padStart(18)).join('')}`);
  print('', ...groups.flatMap(() => windows));
};

/** Prints the results of one method in windows that start `delay` seconds after the light. */
function printRow(name: string, delay: number, answer: (window: Window) => Answers, bits = (_: Answers) => '-'): void {
  const answers = windows.map((seconds) => answer({ seconds, delay }));
  const counts = (['lights', 'all'] as const).flatMap((among) => answers.map((each) => countCorrect(each, among)));
  const rates = answers.map((each, i) =>
    transferRate(countCorrect(each, 'lights') / lit, lights.length, cue + delay + windows[i]).toFixed(1),
  );
  print(name, ...counts, ...answers.map(bits), ...rates);
}

function byKernels(name: string, delay: number, change: Partial<Settings>): void {
  printRow(name, delay, (window) => classify(session, window, { ...settings, ...change }), surprise);
}

function byCca(name: string, delay: number, { harmonics, highPass }: Settings): void {
  const bank = [preprocess(session, [butterworthHighPass(highPass, { rate })])];
  printRow(name, delay, (window) => classifyBy(filterBankCca(session, bank, window, harmonics), session, 'earlier'));
}

const banks = { hum: filterBank(session, { hum: true }), 'no hum': filterBank(session, { hum: false }) };

function byFilterBank(name: string, delay: number, { harmonics = 5, bank = banks.hum }): void {
  printRow(name, delay, (window) => classifyBy(filterBankCca(session, bank, window, harmonics), session, 'earlier'));
}

function byTrca(
  name: string,
  delay: number,
  { ensemble = true, align = true, bank = banks['no hum'], use = 'earlier' as 'earlier' | 'others' },
): void {
  printRow(name, delay, (window) => {
    const fallback = filterBankCca(session, banks.hum, window, 5);
    return classifyBy(taskRelated(session, bank, window, { ensemble, align, fallback }), session, use);
  });
}

console.log(
  `${lit} trials with a light, ${trials.length - lit} without; ${session.channels} channels at ${session.rate} Hz`,
);
for (const delay of [0.5, 0.14]) {
  printHead(`window in s, from ${delay} s`);
  byCca('CCA', delay, settings);
  byFilterBank('filter-bank CCA', delay, {});
  byTrca('ensemble TRCA', delay, { align: false });
  byTrca('  + aligned phases', delay, {});
  byTrca('  + all other trials', delay, { use: 'others' });
  byKernels('quadrature pairs', delay, { learningRate: 0, whiten: false });
  byKernels('  + whitening', delay, { learningRate: 0 });
  byKernels('  + learned spatial kernels', delay, {});
}
if (flag === '--sensitivity') {
  const delay = 0.5;
  printHead('window in s, from 0.5 s, with');
  for (const harmonics of [1, 3]) byCca(`CCA, harmonics ${harmonics}`, delay, { ...settings, harmonics });
  for (const highPass of [1, 4]) byCca(`CCA, high-pass ${highPass} Hz`, delay, { ...settings, highPass });
  for (const harmonics of [2, 3]) byFilterBank(`filter bank, harmonics ${harmonics}`, delay, { harmonics });
  byFilterBank('filter bank, notch at 50 Hz', delay, { bank: banks['no hum'] });
  byFilterBank('filter bank, 3 sub-bands', delay, { bank: banks.hum.slice(0, 3) });
  byTrca('TRCA, not an ensemble', delay, { ensemble: false });
  byTrca('TRCA, without notch', delay, { bank: banks.hum });
  byTrca('TRCA, 3 sub-bands', delay, { bank: banks['no hum'].slice(0, 3) });
  for (const harmonics of [1, 3]) byKernels(`harmonics ${harmonics}`, delay, { harmonics });
  for (const highPass of [1, 4]) byKernels(`high-pass ${highPass} Hz`, delay, { highPass });
  for (const width of [1.5, 2]) byKernels(`width ${width}`, delay, { width });
  for (const learningRate of [0.03, 0.3]) byKernels(`learning rate ${learningRate}`, delay, { learningRate });
}
