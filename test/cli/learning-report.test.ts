import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { learnCommand } from '../../src/cli/learn/learn.ts';
import { learningAdvice, learningReport } from '../../src/cli/learn/learning-report.ts';
import type { Score } from '../../src/core/learning/forecast-score.ts';
import type { Learned } from '../../src/core/learning/learned.ts';
import { noise } from '../core/network/random-networks.ts';
import { runCommand } from './run-command.ts';

const frames = 3000;
let directory: string;
const at = (name: string) => join(directory, name);
const learn = (name: string, ...args: string[]) =>
  runCommand(learnCommand(), [at(name), '-o', at('weights.safetensors'), ...args]);
const write = (name: string, cells: (t: number) => string, keep: (t: number) => boolean = () => true) => {
  const rows = Array.from({ length: frames }, (_, t) => `${t},${cells(t)}\n`).filter((_, t) => keep(t));
  return writeFile(at(name), `time (s),${name}\n${rows.join('')}`);
};

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'tapline-'));
  const chance = noise(7, frames);
  // Every twelfth frame is missing, and once a hundred in a row.
  await write(
    'holes',
    (t) => Math.sin(0.3 * t).toFixed(4),
    (t) => t % 12 !== 5 && (t < 1000 || t >= 1100),
  );
  await write('far', (t) => (1e6 + 1e5 * chance[t]).toFixed(1));
  await write('still', (t) => (t < 500 ? chance[t] : 1).toFixed(4));
  const rows = Array.from({ length: frames }, (_, t) => `${t},${chance[t]},${t % 7 === 0 ? 1 : 0},5\n`);
  await writeFile(at('labeled'), `time (s),a,anomaly,b\n${rows.join('')}`);
});
afterAll(() => rm(directory, { recursive: true }));

const learnedFrom = (stdout: string) => Number(/(\d+) scored/.exec(stdout)?.[1]);

describe('gaps', () => {
  test('no longer than the receptive field are filled and used as inputs, but not as targets; the report counts them', async () => {
    const { stdout } = await learn('holes');
    const short = Array.from({ length: frames }, (_, t) => t).filter((t) => t % 12 === 5 && (t < 1000 || t >= 1100));
    expect(stdout).toContain(`\n${short.length} missing frames filled in (--gaps hold)\n`);
    const updates = Number(/(\d+) updates/.exec(stdout)?.[1]);
    expect(updates).toBeGreaterThan(frames - 100 - short.length - 40);
    expect(updates).toBeLessThanOrEqual(frames - 100 - short.length);
    // A frame after a filled one is not scored, because the baseline 'persistence' has no value for it.
    expect(learnedFrom(stdout)).toBeGreaterThan(frames - 100 - 2 * short.length - 40);
  });

  test('are kept with --gaps none, and windows that include them are skipped', async () => {
    const { stdout } = await learn('holes', '--gaps', 'none', '--taps', '4');
    expect(stdout).not.toContain('filled in');
    expect(stdout).toMatch(
      /^Outputs not used for training: \d+ whose window includes the start, a gap, or a missing sample/m,
    );
    expect(learnedFrom(stdout)).toBeGreaterThan(0);
  });

  test.each([
    [
      ['holes', '--gaps', 'none'],
      'every window includes the start, a gap, or a missing sample, or has no target. Use fewer taps (--taps), or exclude channels with few samples with --columns.',
    ],
    [
      ['still', '--horizon', '5000'],
      'a prediction and its target span 5016 frames (receptive field and horizon), and the longest recording has 3000. Use fewer taps (--taps) or a shorter horizon (--horizon), or a longer recording.',
    ],
    [
      ['still', '--taps', '4000'],
      'a prediction and its target span 4001 frames (receptive field and horizon), and the longest recording has 3000. Use fewer taps (--taps), or a longer recording.',
    ],
  ])('if no frame can be used for training, no file is overwritten: %s', async ([name, ...args], reason) => {
    await writeFile(at('weights.safetensors'), 'kept');
    await expect(learn(name, ...args)).rejects.toThrow(
      `weights.safetensors was not written, because no frame could be used for training: ${reason}`,
    );
    expect(await readFile(at('weights.safetensors'), 'utf8')).toBe('kept');
  });

  test('can be filled in other ways', async () => {
    const skill = async (how: string) =>
      Number(/^skill +(\S+)/m.exec((await learn('holes', '--gaps', how)).stdout)?.[1]);
    expect(await skill('linear')).toBeGreaterThan(await skill('zero'));
    await expect(learn('holes', '--gaps', 'guess')).rejects.toThrow('Allowed choices are hold, linear, zero, none');
  });
});

test.each([
  [['--network', 'network.json', '--taps', '8'], '--taps and --network must not both be given'],
  [['--task', 'reconstruct', '--horizon', '5'], '--horizon must not be given with --task reconstruct'],
])('options that would have no effect are rejected: %s', async (args, message) => {
  await expect(learn('still', ...args)).rejects.toThrow(message);
});

describe('the report', () => {
  test('suggests what to try if learning made it worse', async () => {
    const { stdout } = await learn('far', '--optimizer', 'sgd', '--learning-rate', '1e-30');
    expect(stdout.trimEnd().split('\n').at(-1)).toBe(
      "The network is worse than the baseline 'persistence'. Try --standardize 64.",
    );
  });

  test('prints small numbers with enough digits', () => {
    const standing = {
      nmse: 0.467,
      persistence: 0.0123,
      movingAverage: 0.2,
      powerLine: 2.95e-4,
      mains: 2.95e-4,
      skill: -36.9,
      loss: 4.97e-6,
    };
    const learned = { score: { ...standing, overall: standing }, skipped: {} } as Learned;
    const pass = { learned, curve: [], seconds: 1, filled: 0 };
    const report = learningReport({ frames: 9 }, pass, {
      task: 'forecast',
      gaps: 'hold',
      output: 'w',
      torch: false,
      starts: [],
    });
    const rows = report.split('\n\n')[0].split('\n').slice(1);
    expect(rows.map((row) => row.split(/ {2,}/).slice(1).map(Number))).toEqual(
      [0.467, 0.0123, 1, 0.2, 2.95e-4, -36.9, 4.97e-6].map((share) => [share, share]),
    );
  });

  test('as HTML contains every fact that the terminal shows', async () => {
    const [training, validation] = ['holes', 'far'].map((name) => at(`${name}.csv`));
    for (const [path, seed] of [
      [training, 1],
      [validation, 2],
    ] as const) {
      const chance = noise(seed, frames);
      const rows = Array.from({ length: frames }, (_, t) => `${t},${Math.sin(0.3 * t) + chance[t]}\n`);
      await writeFile(path, `time (s),a<b\n${rows.filter((_, t) => t % 12 !== 5).join('')}`);
    }
    const { stdout } = await runCommand(learnCommand(), [
      ...[training, '-o', at('w.safetensors'), '--report', at('page.html')],
      ...['--validate', validation, '--standardize', '64'],
    ]);
    const page = await readFile(at('page.html'), 'utf8');
    const text = page
      .replace(/<style>.*?<\/style>/s, '')
      .replace(/<[^>]*>/g, ' ')
      .replace(/&#(\d+);/g, (_, code: string) => String.fromCharCode(Number(code)));
    const words = (each: string) => each.split(/\s+/).filter(Boolean).join(' ');
    for (const line of stdout.split('\n')) expect(words(text)).toContain(words(line));
    for (const fact of ['Saved the weights', 'far.csv', 'To write the predictions: tapline apply ', 'filled in'])
      expect(stdout).toContain(fact);
    expect(page).not.toMatch(/a<b|NaN/);
  });

  test('explains why an error is undefined', async () => {
    expect((await learn('still')).stdout).toContain('\n-: the targets did not change recently\n');
  });
});

test.each<[number, number, Parameters<typeof learningAdvice>[1], string]>([
  [5000, 0.1, { task: 'forecast', rate: 1 }, ''],
  [5000, NaN, { task: 'forecast', rate: 1 }, ''],
  [
    5000,
    -1,
    { task: 'target', rate: 250 },
    "The network is worse than the baseline 'running mean'. Try --standardize 1.\n",
  ],
  [
    500,
    -1,
    { task: 'forecast', rate: 1, standardize: 9 },
    "The network is worse than the baseline 'persistence'. 500 frames are too few to learn from. Try fewer taps (--taps).\n",
  ],
  [
    5000,
    -1,
    { task: 'forecast', rate: 1, standardize: 9 },
    "The network is worse than the baseline 'persistence'. Try another number of taps with --taps.\n",
  ],
  [
    5000,
    -1,
    { task: 'forecast', rate: 1, standardize: 9, network: 'n.json' },
    "The network is worse than the baseline 'persistence'. Try another network.\n",
  ],
])('after %d frames with skill %d and the options %j, the advice is %j', (count, skill, made, line) => {
  expect(learningAdvice({ frames: count, overall: { skill } } as Score, made)).toBe(line);
});

describe('a column with at most two different values', () => {
  test('is reported as a possible label, unless its name is that of a label and it is skipped', async () => {
    const lines = [
      'Skipped columns that look like labels: anomaly.',
      'Use --columns to select other columns.',
      'The column b has at most two different values. If it is a label, exclude it with --columns.',
    ];
    expect((await learn('labeled')).stderr).toBe(lines.map((line) => `${at('labeled')}: ${line}\n`).join(''));
  });

  test('is not reported if it was selected or has a role', async () => {
    expect((await learn('labeled', '--columns', 'a,anomaly')).stderr).toBe('');
    const { stderr } = await learn('labeled', '--task', 'target', '--target', 'anomaly');
    expect(stderr).toContain(
      'The column b has at most two different values. If it is a label, exclude it with --columns.\n',
    );
  });
});
