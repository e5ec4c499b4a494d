import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { autoStep } from '../../../../src/core/learning/optimizers/auto-step.ts';
import { Biquad, butterworthHighPass, notch } from '../../../../src/core/filters/biquad.ts';
import type { LearnerOptions } from '../../../../src/core/learning/learner-options.ts';
import { Learner } from '../../../../src/core/learning/learner.ts';
import type { LayerSpec } from '../../../../src/core/layers/layer-spec.ts';
import { Network } from '../../../../src/core/network/network.ts';
import { Standardizer } from '../../../../src/core/filters/standardizer.ts';
import { readRecording } from '../../../../src/formats/index.ts';
import { sharedData } from '../../../shared-data.ts';
import { noise } from '../../network/random-networks.ts';

const line = (data: Float32Array, channels: number, rate: number, start = 0) => ({
  data,
  channels,
  start,
  rate,
  time: (1000 * start) / (rate || 1),
});

const forecaster = (channels: number, taps = 16) =>
  Network.create(
    { inChannels: channels, layers: [{ type: 'conv1d', outChannels: channels, kernelSize: taps }] },
    { zeroOutput: true },
  );

/** NMSE relative to that of persistence, without the first `seconds`. */
function share(x: Float32Array, channels: number, rate: number, seconds: number): number {
  const { error } = new Learner(forecaster(channels)).push(line(x, channels, rate));
  let [missed, lasting] = [0, 0];
  for (let c = 0; c < channels; c++) {
    let [count, sum, square, miss, change] = [0, 0, 0, 0, 0];
    for (let i = Math.max(16, seconds * rate) * channels + c; i < x.length; i += channels) {
      count++;
      sum += x[i];
      square += x[i] ** 2;
      miss += error.data[i - channels] ** 2;
      change += (x[i] - x[i - channels]) ** 2;
    }
    const variance = square - sum ** 2 / count;
    missed += miss / variance;
    lasting += change / variance;
  }
  return missed / lasting;
}

/** The learner with its default, and with autoStep. */
const learners: [string, () => LearnerOptions][] = [
  ['the default', () => ({})],
  ['autoStep', () => ({ optimizer: autoStep() })],
];

const files = [
  ['openbci/OpenBCI_GUI-v6-blinks-jawClench-alpha.txt', 0.0256, 0.4],
  ['ssvep/subject01-2012.07.06-19.02.16.gdf', 0.82, undefined],
  ['edf/eegmmidb_64ch_128Hz_annotations.edf', 0.65, undefined],
] as const;

describe('with the same settings for every file', () => {
  for (const [path, standardized, filtered] of files) {
    const file = sharedData(path);
    test.skipIf(file === undefined)(
      `one pass over ${path} beats persistence by what was promised`,
      () => {
        const { blocks, channels, rate } = readRecording(readFileSync(file!));
        const x = Float32Array.from(blocks.flatMap(({ data }) => Array.from(data)));
        const z = new Standardizer({ channels: channels.length, frames: rate }).push(x);
        expect(share(z, channels.length, rate, 0)).toBeLessThan(standardized);
        expect(share(x, channels.length, rate, 4)).toBeLessThan(standardized);
        if (filtered === undefined) return;
        const sections = [notch(60, { rate, q: 30 }), butterworthHighPass(1, { rate })];
        expect(share(new Biquad(sections).push(x, channels.length), channels.length, rate, 4)).toBeLessThan(filtered);
      },
      60_000,
    );
  }
});

test('finds a hidden kernel, and finds it again after it has changed', () => {
  const spec = { inChannels: 1, layers: [{ type: 'conv1d' as const, outChannels: 1, kernelSize: 9 }] };
  const hidden = [11, 12].map((seed) => Network.create(spec, { seed }));
  const x = noise(5, 8000);
  const learner = new Learner(Network.create(spec, { seed: 1 }), { task: 'target' });
  for (const [half, network] of hidden.entries()) {
    const part = x.subarray(4000 * half, 4000 * half + 4000);
    const other = noise(20 + half, 4000);
    const d = network.apply(part).map((y, t) => y + 0.01 * other[t]);
    learner.teach(line(d, 1, 100, 4000 * half));
    learner.push(line(part, 1, 100, 4000 * half));
    const { data } = learner.network.weights()['layers.0.weight'];
    const truth = network.weights()['layers.0.weight'].data;
    for (const [i, weight] of data.entries()) expect(Math.abs(weight - truth[i])).toBeLessThan(0.01);
  }
});

test.each(learners)(
  'with %s, an offset of 100 standard deviations and a change of unit have almost no effect',
  (_, options) => {
    const x = noise(9, 6000);
    for (let t = 2; t < 6000; t++) x[t] = 1.6 * x[t - 1] - 0.8 * x[t - 2] + 0.3 * x[t];
    const missed = (scale: number, offset: number) => {
      const given = x.map((sample) => scale * sample + offset);
      return new Learner(forecaster(1, 4), options()).push(line(given, 1, 100)).score.nmse;
    };
    for (const [scale, offset] of [
      [1, 100],
      [1e-4, 0],
      [1e4, -1e6],
    ])
      expect(missed(scale, offset)).toBeLessThan(1.1 * missed(1, 0));
  },
);

test.each(learners)('with %s, a constant channel, or one that flatlines, does not degrade the others', (_, options) => {
  const x = noise(3, 3 * 6000);
  for (let t = 2; t < 6000; t++)
    for (let c = 0; c < 2; c++) x[3 * t + c] = 1.6 * x[3 * t - 3 + c] - 0.8 * x[3 * t - 6 + c] + 0.3 * x[3 * t + c];
  for (let t = 0; t < 6000; t++) {
    x[3 * t + 2] = 7;
    if (t >= 3000) x[3 * t + 1] = 0;
  }
  const learner = new Learner(forecaster(3, 4), options());
  const { error, rollbacks } = learner.push(line(x, 3, 100));
  const power = (from: number, c: number) => {
    let sum = 0;
    for (let t = from; t < from + 1000; t++) sum += error.data[3 * t + c] ** 2 / 1000;
    return sum;
  };
  expect(power(4900, 0)).toBeLessThan(1.1 * power(1900, 0));
  expect(power(4900, 1)).toBeLessThan(1e-3 * power(1900, 1));
  expect(rollbacks).toBe(0);
  for (const { data } of Object.values(learner.network.weights())) expect(data.every(Number.isFinite)).toBe(true);
});

/** An AR(2) process with noise of variance 1. */
function process(seed: number, frames: number): Float32Array {
  const x = noise(seed, frames);
  for (let t = 2; t < frames; t++) x[t] += 1.6 * x[t - 1] - 0.8 * x[t - 2];
  return x;
}

/** Mean square error of frames `from` to `to`. */
function missed({ data }: { data: Float32Array }, from: number, to: number): number {
  let sum = 0;
  for (let t = from; t < to; t++) sum += data[t] ** 2 / (to - from);
  return sum;
}

const glitches = [1e4, 1e6, 1e10, 1e17, 1e25, 3e38].flatMap((glitch) =>
  learners.map(([name, options]) => [name, glitch, options] as const),
);
test.each(glitches)('%s recovers from a glitch of %s within 1000 frames', (_, glitch, options) => {
  const x = process(4, 8000);
  x[5000] = glitch;
  x[5001] = -glitch;
  const { error, rollbacks } = new Learner(forecaster(1, 8), options()).push(line(x, 1, 100));
  expect(missed(error, 6000, 7900)).toBeLessThan(1.1 * missed(error, 3000, 4900));
  expect(rollbacks).toBe(0);
});

test.each(learners)(
  'with %s, a learning rate that is set applies, however small, and can be set back',
  (_, options) => {
    const moved = (learner: Learner, from: number) => {
      const before = learner.network.weights()['layers.0.weight'].data;
      learner.push(line(process(6, 4000).subarray(from, from + 500), 1, 100, from));
      const { data } = learner.network.weights()['layers.0.weight'];
      return Math.hypot(...data.map((weight, i) => weight - before[i]));
    };
    const learner = new Learner(forecaster(1, 8), options());
    moved(learner, 0);
    const usual = moved(learner, 500);
    learner.optimizer.learningRate = 1e-6;
    expect(moved(learner, 1000)).toBeLessThan(1e-3 * usual);
    learner.optimizer.learningRate = 0.2;
    expect(moved(learner, 1500)).toBeLessThan(2 * usual);
  },
);

test.each(learners)(
  'with %s, learning-rate warm-up only slows learning down, and does not raise the learning rate afterwards',
  (_, options) => {
    const x = process(2, 12_000);
    const late = (warmUp: number) =>
      missed(new Learner(forecaster(1, 8), { warmUp, ...options() }).push(line(x, 1, 100)).error, 9000, 11_900);
    expect(late(2000)).toBeLessThan(1.05 * late(0));
  },
);

const conv = (outChannels: number, kernelSize: number, dilation = 1) =>
  ({ type: 'conv1d', outChannels, kernelSize, dilation }) as const;
const relu = { type: 'relu' } as const;
const deep: Record<string, LayerSpec[]> = {
  'two layers': [conv(8, 8), relu, conv(1, 1)],
  'four layers': [conv(8, 5), relu, conv(8, 5), relu, conv(8, 5), relu, conv(1, 1)],
  dilated: [conv(8, 3), relu, conv(8, 3, 2), relu, conv(8, 3, 4), relu, conv(1, 1)],
  residual: [conv(4, 3), { type: 'residual', layers: [conv(4, 5, 2), relu, conv(4, 1)] }, conv(1, 3)],
};

const deepLearners = Object.keys(deep).flatMap((name) =>
  learners.map(([how, options]) => [name, how, options] as const),
);
test.each(deepLearners)('%s with %s learn from chance to near the noise, and nothing explodes', (name, _, options) => {
  const x = process(7, 30_000);
  for (const seed of [1, 2, 3]) {
    const learner = new Learner(Network.create({ inChannels: 1, layers: deep[name] }, { seed }), options());
    const { error, rollbacks } = learner.push(line(x, 1, 100));
    // the noise has variance 1, the process 15
    expect(missed(error, 20_000, 29_900)).toBeLessThan(2);
    expect(rollbacks).toBe(0);
  }
});

test('continues bit for bit after a restart in the middle of learning', () => {
  const x = noise(2, 2 * 400);
  const whole = new Learner(forecaster(2, 5), { average: 50, updateEvery: 3 });
  whole.push(line(x, 2, 100));
  const first = new Learner(forecaster(2, 5), { average: 50, updateEvery: 3 });
  first.push(line(x.subarray(0, 400), 2, 100));
  const network = first.network.clone();
  const second = new Learner(network, { average: 50, updateEvery: 3 });
  second.restore(first.save());
  const learned = second.push(line(x.subarray(400), 2, 100, 200));
  expect(second.network.weights()).toEqual(whole.network.weights());
  expect(second.save()).toEqual(whole.save());
  expect(learned.weights()).not.toEqual(second.network.weights());
});

test('requires a learning rate > 0 and <= 1', () => {
  expect(() => autoStep({ learningRate: 0 })).toThrow('learningRate must be a number > 0 and <= 1, got 0');
});
