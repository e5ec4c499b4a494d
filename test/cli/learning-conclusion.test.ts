import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { learnCommand } from '../../src/cli/learn/learn.ts';
import { noise } from '../core/network/random-networks.ts';
import { runCommand } from './run-command.ts';

let directory: string;
beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'tapline-'));
});
afterAll(() => rm(directory, { recursive: true }));

/** The last paragraph that `tapline learn` prints for signals, each written to a file of its own. */
async function concluded(signals: Record<string, (number[] | Float32Array)[]>, ...args: string[]): Promise<string> {
  for (const [name, channels] of Object.entries(signals)) {
    const rows = Array.from(channels[0], (_, t) => [t / 100, ...channels.map((each) => Math.fround(each[t]))].join());
    await writeFile(join(directory, name), `time (s),${channels.map((_, c) => `c${c}`).join()}\n${rows.join('\n')}\n`);
  }
  const paths = args.map((arg) => (arg.endsWith('.csv') ? join(directory, arg) : arg));
  const { stdout } = await runCommand(learnCommand(), [...paths, '-o', join(directory, 'w.safetensors')]);
  return stdout.trimEnd().split('\n\n').at(-1);
}

const frames = 3000;
const white = (seed: number, count = frames) => noise(seed, count);
const walk = (x: Float32Array) =>
  x.map(
    (
      (level) => (step: number) =>
        (level += step)
    )(0),
  );
const filtered = (x: Float32Array, kernel: readonly number[]) =>
  x.map((_, t) => kernel.reduce((sum, weight, k) => sum + weight * (x[t - k] ?? 0), 0));
const plus = (x: Float32Array, y: Float32Array, share: number) => x.map((sample, t) => sample + share * y[t]);
const target = ['--task', 'target', '--target', 'c1'];

describe('the paragraph that ends the report', () => {
  test('compares the error with the best baseline', async () => {
    const hum = Float32Array.from({ length: frames }, (_, t) => Math.sin(0.3 * t));
    const text = await concluded({ 'a.csv': [plus(hum, white(1), 0.1)] }, 'a.csv');
    const [, nmse, percent, error] =
      /^During training, the mean squared error of the network was (\S+) times the variance of the target, (\d+)% lower than that of the best baseline, persistence \((\S+)\)\.$/m.exec(
        text,
      ) ?? [];
    expect(Number(percent)).toBe(Math.round(100 * (1 - Number(nmse) / Number(error))));
  });

  test('compares a forecast with the mean, and reports if it is worse', async () => {
    const text = await concluded({ 'a.csv': [white(1, 1000)] }, 'a.csv', '--horizon', '8');
    const [, nmse, percent] =
      /^During training, .* was (\S+) times the variance of the target, (\d+)% higher than that of the best baseline, mean \(1\.00\)\. This is worse than predicting the mean of the target\.$/m.exec(
        text,
      ) ?? [];
    expect(Number(percent)).toBe(Math.round(100 * (Number(nmse) - 1)));
    expect(Number(nmse)).toBeGreaterThan(1.02);
  });

  test.each<[string, () => Record<string, (number[] | Float32Array)[]>, string[], RegExp]>([
    [
      'white noise',
      () => ({ 'a.csv': [white(1)] }),
      ['a.csv'],
      /^The target is close to unpredictable from these inputs\. /m,
    ],
    [
      'unrelated channels',
      () => ({ 'a.csv': [white(1), white(2)] }),
      ['a.csv', ...target],
      /^The target is close to unpredictable from these inputs\. /m,
    ],
    [
      'a learning rate that is too high',
      () => ({ 'a.csv': [white(1), filtered(white(1), [0.5, 0.5])] }),
      ['a.csv', ...target, '--optimizer', 'sgd', '--learning-rate', '10'],
      /^The training diverged, and the last good weights were restored \d+ times\. Reduce the learning rate \(--learning-rate\), or omit --optimizer\.$/m,
    ],
    [
      'a random walk',
      () => ({ 'a.csv': [walk(white(2))] }),
      ['a.csv'],
      /^The signal is already explained by the baseline 'persistence'\. Try a longer horizon \(--horizon 10\)\.$/m,
    ],
    [
      'a kernel that is longer than the taps',
      () => ({
        'a.csv': [
          white(3),
          filtered(
            white(3),
            Array.from({ length: 24 }, (_, k) => 1 - k / 40),
          ),
        ],
      }),
      ['a.csv', ...target, '--taps', '8'],
      /^The oldest quarter of the taps contains \d+% of the energy of the kernels.* Try a longer kernel \(--taps 16\)\.$/m,
    ],
    [
      'few frames',
      () => ({ 'a.csv': [white(4, 300), filtered(white(4, 300), [1, 2])] }),
      ['a.csv', ...target, '--taps', '32'],
      /^There are too few scored frames \(\d+\) for 33 weights per output\. Try more data/m,
    ],
    [
      'a system that changes late',
      () => {
        const x = white(5);
        const [before, after] = [filtered(x, [1, 0.5]), filtered(x, [-1, 2])];
        return { 'a.csv': [x, x.map((_, t) => (t < 2600 ? before : after)[t])] };
      },
      ['a.csv', ...target, '--taps', '4', '--optimizer', 'rls:1'],
      /^The error rose toward the end.* Try faster forgetting \(--optimizer rls:0\.999\)\.$/m,
    ],
    [
      'a system without noise',
      () => ({ 'a.csv': [white(6), filtered(white(6), [1, 2])] }),
      ['a.csv', ...target, '--taps', '4'],
      /^The error is below 1% of the variance of the target, so there is little left to improve\. To score the weights .* use --validate <file>\.$/m,
    ],
    [
      'a nonlinear system',
      () => {
        const x = white(7);
        return { 'a.csv': [x, x.map((each, t) => each + (x[t - 1] ?? 0) ** 2)] };
      },
      ['a.csv', ...target, '--taps', '8'],
      /^The remaining error is noise, or it requires a nonlinear network\. Try one \(--network\)/m,
    ],
    [
      'a validation recording of another system',
      () => {
        const [x, z] = [white(8), white(9)];
        return { 'a.csv': [x, plus(filtered(x, [1, 1]), z, 0.3)], 'b.csv': [z, plus(filtered(z, [1, 0]), x, 0.3)] };
      },
      ['a.csv', ...target, '--validate', 'b.csv'],
      /^The saved weights are clearly worse on a recording that they were not trained on.* slower forgetting \(--optimizer rls:0\.9996\d+\)\.$/m,
    ],
    [
      'targets that do not change',
      () => ({ 'a.csv': [white(10), white(10).fill(1)] }),
      ['a.csv', ...target],
      /^The targets did not change, so the result cannot be judged\./m,
    ],
  ])('suggests what to try next: %s', async (_, signals, args, expected) => {
    const text = await concluded(signals(), ...args);
    expect(text).toMatch(expected);
    expect(text).not.toMatch(/NaN|undefined/);
  });

  test('reports how the saved weights do on each recording that they were not trained on', async () => {
    const signals = { 'a.csv': [walk(white(11))], 'b.csv': [walk(white(12))], 'c.csv': [walk(white(13))] };
    const text = await concluded(signals, 'a.csv', '--validate', 'b.csv', '--validate', 'c.csv');
    const lines = text
      .split('\n')
      .map((line) =>
        /^(On \w\.csv|During training), .* squared error|^On (\w\.csv), which was not used for training, the mean squared error of the saved weights was \d/.test(
          line,
        ),
      );
    expect(lines).toEqual([true, true, true, false]);
  });
});
