import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { applyCommand } from '../../src/cli/apply.ts';
import { learnCommand } from '../../src/cli/learn/learn.ts';
import { learnerSettings, type Settings } from '../../src/cli/learn/learner-settings.ts';
import { Learner } from '../../src/core/learning/learner.ts';
import type { LearnerOptions } from '../../src/core/learning/learner-options.ts';
import { adamW } from '../../src/core/learning/optimizers/adam.ts';
import { Network } from '../../src/core/network/network.ts';
import type { NetworkSpec } from '../../src/core/network/network-spec.ts';
import { nlms } from '../../src/core/learning/optimizers/sgd.ts';
import { decodeSafetensors } from '../../src/core/state/safetensors.ts';
import { sgd } from '../../src/core/learning/optimizers/sgd.ts';
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
  await writeFile(at('two.csv'), `time,a,b\n${rows.join('')}`);
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
    ['--optimizer momentum --step 1e-3', { optimizer: sgd({ learningRate: 1e-3, momentum: 0.9 }) }],
    ['--optimizer momentum:0.5 --step 1e-3', { optimizer: sgd({ learningRate: 1e-3, momentum: 0.5 }) }],
    ['--optimizer nesterov --step 1e-3', { optimizer: sgd({ learningRate: 1e-3, momentum: 0.9, nesterov: true }) }],
    ['--optimizer sgd --step 1e-3 --weight-decay 0.1', { optimizer: sgd({ learningRate: 1e-3, weightDecay: 0.1 }) }],
    ['--optimizer adamW --step 1e-3 --weight-decay 0', { optimizer: adamW({ learningRate: 1e-3, weightDecay: 0 }) }],
    ['--optimizer nlms --step 0.1 --warm-up 50', { optimizer: nlms({ learningRate: 0.1 }), warmUp: 50 }],
    ['--decay 100', { decay: 100 }],
    ['--clip 0.5', { clip: 0.5 }],
    ['--average 500', { average: 500 }],
    ['--loss huber:0.5', { loss: { type: 'huber', delta: 0.5 } }],
    ['--loss quantile:0.9', { loss: { type: 'quantile', quantile: 0.9 } }],
    ['--loss absolute', { loss: 'absolute' }],
  ])('%s learns as a learner with these options does', async (args, options) => {
    const weights = await learned(...args.split(' '));
    expect(weights).toEqual(expected(options));
    expect(weights).not.toEqual(expected({}));
  });

  test('--mains tells the frequency that the rival knows, 60 Hz by default', async () => {
    const hum = Array.from({ length: frames }, (_, t) => `${t / 256},${Math.sin((2 * Math.PI * 50 * t) / 256)}\n`);
    await writeFile(at('hum.csv'), `time,a\n${hum.join('')}`);
    const rival = async (...args: string[]) => {
      const { stdout } = await runCommand(learnCommand(), [at('hum.csv'), '-o', at('hum.safetensors'), ...args]);
      return Number(/^constant and mains +(\S+)/m.exec(stdout)?.[1]);
    };
    const [right, wrong] = [await rival('--mains', '50'), await rival('--mains', '60')];
    expect(right).toBeLessThan(wrong / 2);
    expect(await rival()).toBe(wrong);
  });

  test("--torch writes PyTorch's names and tap order", async () => {
    const weights = await learned('--optimizer', 'nlms', '--step', '0.1');
    const { stdout } = await learn('--optimizer', 'nlms', '--step', '0.1', '--network', at('two.json'), '--torch');
    expect(stdout).toMatch(/^weights to .*learned\.safetensors, in PyTorch's names and order$/m);
    const { tensors, metadata } = decodeSafetensors(await readFile(at('learned.safetensors')));
    expect(metadata).toEqual({ format: 'pt' });
    const turned = Network.load(await readFile(at('learned.safetensors')), spec(2, 2));
    expect(Object.keys(tensors)).toEqual(['0.weight', '0.bias']);
    expect(turned.weights()).toEqual(weights);
  });

  test('--standardize says how to apply what it has learned, and so apply sees the same channels', async () => {
    const { stdout } = await learn('--standardize', '2');
    const file = at('learned.safetensors');
    expect(stdout.trimEnd().split('\n').at(-1)).toBe(
      `they take standardised channels: tapline apply ${file} INPUT --standardize 2`,
    );
    const x = new Standardizer({ channels: 2, frames: 2 * rate }).push(Float32Array.from(samples));
    const weights = await learned('--standardize', '2');
    expect(weights).toEqual(expected({}, x));
    await runCommand(applyCommand(), [file, at('two.csv'), '--standardize', '2', '-o', at('out.csv')]);
    const out = readCsv(await readFile(at('out.csv'), 'utf8')).blocks.flatMap(({ data }) => [...data]);
    expect(out).toEqual([...Network.load(await readFile(file)).apply(x)]);
  });

  test.each([
    ['--network three.json', 'three.json takes 3 channels, and is to see 2: a, b'],
    ['--network two.json --task target --target b', 'two.json takes 2 channels, and is to see 1: a'],
    ['--network two.json --task cancel --reference b', 'two.json takes 2 channels, and is to see 1: b'],
    ['--network one-two.json --task target --target b', 'one-two.json tells 2 channels, and is to tell 1: b'],
    ['--network wrap.json', "wrap.json: layers[0].period must be given where padding is 'wrap'"],
    ['--optimizer adam', '--step must be given for any --optimizer but autoStep'],
    ['--step 1', '--step must come with an --optimizer that is named'],
    ['--weight-decay 1', '--weight-decay must come with --optimizer sgd, momentum, nesterov, rmsprop, adam or adamW'],
    ['--optimizer nlms --step 1 --weight-decay 1', '--weight-decay must come with --optimizer sgd'],
    ['--optimizer momentum:2 --step 1', 'momentum must be a number >= 0 and < 1, got 2'],
  ])('%s is refused with a sentence', async (args, sentence) => {
    const paths = args.split(' ').map((arg) => (arg.endsWith('.json') ? at(arg) : arg));
    const refused = learn(...paths);
    await expect(refused).rejects.toThrow(sentence);
    await expect(refused).rejects.toHaveProperty('name', 'UsageError');
  });

  test.each([
    ['--loss round', 'It must be one of squared, absolute, huber, quantile, softmax, sigmoid.'],
    ['--loss squared:2', 'squared takes no number behind it.'],
    ['--loss huber:', 'loss.delta must be a number > 0, got NaN.'],
    ['--loss quantile:1', 'loss.quantile must be a number > 0 and < 1, got 1.'],
    ['--optimizer lbfgs', 'It must be one of autoStep, sgd, momentum, nesterov, nlms, rmsprop, adam, adamW.'],
    ['--step 0', 'It must be a number > 0.'],
    ['--weight-decay -1', 'It must be a number >= 0.'],
  ])('%s is no value', async (args, sentence) => {
    await expect(learn(...args.split(' '))).rejects.toThrow(sentence);
  });
});

test('weights are written to no file of another name than .safetensors', async () => {
  const refused = runCommand(learnCommand(), [at('two.csv'), '-o', at('learned.csv')]);
  await expect(refused).rejects.toThrow('--output must be a .safetensors file, which weights are written as, got ');
  await expect(refused).rejects.toHaveProperty('name', 'UsageError');
});

test('an optimizer may be left to the learner, which has one for each task', () => {
  const settings: Settings = { task: 'cancel', horizon: 1, loss: 'squared', updateEvery: 1, mains: 50 };
  expect(learnerSettings(settings)).toEqual(settings);
});
