import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { applyCommand } from '../../src/cli/apply.ts';
import { learnCommand } from '../../src/cli/learn/learn.ts';
import { learnSpec, type Settings } from '../../src/cli/learn/learn-options.ts';
import { Learner } from '../../src/core/learning/learner.ts';
import type { LearnerOptions } from '../../src/core/learning/learner-options.ts';
import { adamW } from '../../src/core/learning/optimizers/adam.ts';
import { Network } from '../../src/core/network/network.ts';
import type { NetworkSpec } from '../../src/core/network/network-spec.ts';
import { nlms, sgd } from '../../src/core/learning/optimizers/sgd.ts';
import { decodeSafetensors } from '../../src/core/state/safetensors.ts';
import { Standardizer } from '../../src/core/filters/standardizer.ts';
import { readCsv } from '../../src/formats/index.ts';
import { noise } from '../core/network/random-networks.ts';
import { runCommand } from './run-command.ts';

const [frames, rate] = [2000, 100];
const samples = noise(5, 2 * frames).map((x, i) => Math.fround(3 * x + 0.2 * Math.sin(i)));
const spec = (inChannels: number, outChannels: number, more: object = {}): NetworkSpec => ({
  inChannels,
  layers: [{ type: 'conv1d', outChannels, kernelSize: 2, ...more }],
});

let directory: string;
const at = (name: string) => join(directory, name);
beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'tapline-'));
  const rows = Array.from({ length: frames }, (_, t) => `${t / rate},${samples[2 * t]},${samples[2 * t + 1]}\n`);
  await writeFile(at('two.csv'), `time (s),a,b\n${rows.join('')}`);
  await writeFile(at('two.json'), JSON.stringify(spec(2, 2)));
  await writeFile(at('three.json'), JSON.stringify(spec(3, 3)));
  await writeFile(at('one-two.json'), JSON.stringify(spec(1, 2)));
  await writeFile(at('wrap.json'), JSON.stringify(spec(2, 2, { mode: 'same', padding: 'wrap' })));
});
afterAll(() => rm(directory, { recursive: true }));

const learn = (...args: string[]) =>
  runCommand(learnCommand(), [at('two.csv'), '-o', at('learned.safetensors'), ...args]);
const learned = async (...args: string[]) => {
  await learn(...args, '--network', at('two.json'));
  return Network.load(await readFile(at('learned.safetensors'))).weights();
};

/** The weights of a learner of the same recording and network. */
function expected(options: LearnerOptions, x: Float32Array = Float32Array.from(samples)) {
  const learner = new Learner(Network.create(spec(2, 2)), options);
  const weights = learner.push({ data: x, channels: 2, start: 0, rate, time: 0 }).weights();
  learner.close();
  return weights;
}

describe('tapline learn', () => {
  test.each<[string, LearnerOptions]>([
    ['--optimizer momentum --learning-rate 1e-3', { optimizer: sgd({ rate: 1e-3, momentum: 0.9 }) }],
    ['--optimizer momentum:0.5 --learning-rate 1e-3', { optimizer: sgd({ rate: 1e-3, momentum: 0.5 }) }],
    ['--optimizer nesterov --learning-rate 1e-3', { optimizer: sgd({ rate: 1e-3, momentum: 0.9, nesterov: true }) }],
    ['--optimizer sgd --learning-rate 1e-3 --weight-decay 0.1', { optimizer: sgd({ rate: 1e-3, weightDecay: 0.1 }) }],
    ['--optimizer adamW --learning-rate 1e-3 --weight-decay 0', { optimizer: adamW({ rate: 1e-3, weightDecay: 0 }) }],
    ['--optimizer nlms --learning-rate 0.1 --warm-up 50', { optimizer: nlms({ rate: 0.1 }), warmUp: 50 }],
    ['--decay 100', { decay: 100 }],
    ['--clip 0.5', { clip: 0.5 }],
    ['--average 500', { average: 500 }],
    ['--loss huber:0.5', { loss: { type: 'huber', delta: 0.5 } }],
    ['--loss quantile:0.9', { loss: { type: 'quantile', quantile: 0.9 } }],
    ['--loss absolute', { loss: 'absolute' }],
  ])('%s trains like a learner with these options', async (args, options) => {
    const weights = await learned(...args.split(' '));
    expect(weights).toEqual(expected(options));
    expect(weights).not.toEqual(expected({}));
  });

  test('--power-line sets the frequency of the power-line baseline', async () => {
    const hum = Array.from({ length: frames }, (_, t) => `${t / 256},${Math.sin((2 * Math.PI * 50 * t) / 256)}\n`);
    await writeFile(at('hum.csv'), `time (s),a\n${hum.join('')}`);
    const baseline = async (...args: string[]) => {
      const { stdout } = await runCommand(learnCommand(), [at('hum.csv'), '-o', at('hum.safetensors'), ...args]);
      return Number(/^power-line baseline +(\S+)/m.exec(stdout)?.[1]);
    };
    const [right, wrong] = [await baseline('--power-line', '50'), await baseline('--power-line', '60')];
    expect(right).toBeLessThan(wrong / 2);
    vi.stubEnv('TAPLINE_POWER_LINE', '60');
    expect(await baseline()).toBe(wrong);
    vi.stubEnv('TAPLINE_POWER_LINE', '55');
    await expect(baseline()).rejects.toThrow("TAPLINE_POWER_LINE must be 50 or 60, got '55'");
    vi.unstubAllEnvs();
  });

  test("--torch writes PyTorch's names and tap order", async () => {
    const weights = await learned('--optimizer', 'nlms', '--learning-rate', '0.1');
    const { stdout } = await learn(
      '--optimizer',
      'nlms',
      '--learning-rate',
      '0.1',
      '--network',
      at('two.json'),
      '--torch',
    );
    expect(stdout).toMatch(/^Wrote the weights to .*learned\.safetensors \(PyTorch names and tap order\)$/m);
    const { tensors, metadata } = decodeSafetensors(await readFile(at('learned.safetensors')));
    expect(metadata).toEqual({ format: 'pt' });
    const loaded = Network.load(await readFile(at('learned.safetensors')), spec(2, 2));
    expect(Object.keys(tensors)).toEqual(['0.weight', '0.bias']);
    expect(loaded.weights()).toEqual(weights);
    const applied = runCommand(applyCommand(), [at('learned.safetensors'), at('two.csv')]);
    await expect(applied).rejects.toThrow(
      /learned\.safetensors: the file contains weights for PyTorch but no network spec, .* Use a file that tapline learn wrote without --torch/,
    );
    await expect(applied).rejects.toHaveProperty('name', 'UsageError');
  });

  test('with --standardize, the report prints the matching apply command, and apply scales the channels in the same way', async () => {
    const { stdout } = await learn('--standardize', '2');
    const file = at('learned.safetensors');
    expect(stdout.split('\n')).toContain(
      `The network expects standardized input: tapline apply ${file} <input> --standardize 2`,
    );
    const x = new Standardizer({ channels: 2, frames: 2 * rate }).push(Float32Array.from(samples));
    const weights = await learned('--standardize', '2');
    expect(weights).toEqual(expected({}, x));
    await runCommand(applyCommand(), [file, at('two.csv'), '--standardize', '2', '-o', at('out.csv')]);
    const out = readCsv(await readFile(at('out.csv'), 'utf8')).blocks.flatMap(({ data }) => [...data]);
    expect(out).toEqual([
      NaN,
      NaN,
      ...Network.load(await readFile(file))
        .apply(x)
        .subarray(2),
    ]);
  });

  test.each([
    [
      '--network three.json',
      'three.json has 3 input channels, but the task has 2: a, b. Select channels with --columns.',
    ],
    [
      '--network two.json --task target --target b',
      'two.json has 2 input channels, but the task has 1: a. Select channels with --columns.',
    ],
    [
      '--network two.json --task cancel --noise-reference b',
      'two.json has 2 input channels, but the task has 1: b. Select channels with --columns.',
    ],
    [
      '--network one-two.json --task target --target b',
      'one-two.json has 2 output channels, but the task has 1 target channel: b',
    ],
    ['--network wrap.json', "wrap.json: layers[0].period must be set to run as a stream with padding 'wrap'"],
    ['--optimizer adam', '--optimizer requires --learning-rate, except for rls and autoStep'],
    ['--learning-rate 1', '--learning-rate requires --optimizer'],
    ['--weight-decay 1', '--weight-decay requires --optimizer sgd, momentum, nesterov, rmsprop, adam, or adamW'],
    ['--optimizer nlms --learning-rate 1 --weight-decay 1', '--weight-decay requires --optimizer sgd'],
    ['--optimizer momentum:2 --learning-rate 1', 'the momentum of --optimizer must be a number >= 0 and < 1, got 2'],
  ])('%s is rejected with one sentence', async (args, sentence) => {
    const paths = args.split(' ').map((arg) => (arg.endsWith('.json') ? at(arg) : arg));
    const rejected = learn(...paths);
    await expect(rejected).rejects.toThrow(sentence);
    await expect(rejected).rejects.toHaveProperty('name', 'UsageError');
  });

  test.each([
    ['--loss round', 'It must be one of squared, absolute, huber, quantile, softmax, sigmoid.'],
    ['--loss squared:2', "'squared' has no parameter."],
    ['--loss huber:', 'delta must be a number > 0, got NaN.'],
    ['--loss quantile:1', 'quantile must be a number > 0 and < 1, got 1.'],
    ['--optimizer lbfgs', 'It must be one of rls, autoStep, sgd, momentum, nesterov, nlms, rmsprop, adam, adamW.'],
    ['--learning-rate 0', 'It must be a number > 0.'],
    ['--weight-decay -1', 'It must be a number >= 0.'],
  ])('%s is not a valid value', async (args, sentence) => {
    await expect(learn(...args.split(' '))).rejects.toThrow(sentence);
  });
});

test('the old names of options are accepted with a note', async () => {
  const { stderr } = await learn('--optimizer', 'nlms', '--step', '0.1', '--mains', '50');
  expect(stderr).toBe('--step is deprecated; use --learning-rate\n--mains is deprecated; use --power-line\n');
  const { stderr: note } = await learn('--task', 'cancel', '--reference', 'b');
  expect(note).toBe('--reference is deprecated; use --noise-reference\n');
});

test('weights are written to .safetensors files only', async () => {
  const rejected = runCommand(learnCommand(), [at('two.csv'), '-o', at('learned.csv')]);
  await expect(rejected).rejects.toThrow('--output must be a .safetensors file, got ');
  await expect(rejected).rejects.toHaveProperty('name', 'UsageError');
});

test('without --optimizer, the learner chooses one for the task', () => {
  const settings: Settings = { task: 'cancel', horizon: 1, loss: 'squared', updateEvery: 1, powerLine: 50 };
  expect(learnSpec(settings)).toEqual(settings);
});
