import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { Learner } from '../../../../src/core/learning/learner.ts';
import type { LearnerOptions } from '../../../../src/core/learning/learner-options.ts';
import type { LayerSpec } from '../../../../src/core/layers/layer-spec.ts';
import { rls } from '../../../../src/core/learning/optimizers/rls.ts';
import { nlms } from '../../../../src/core/learning/optimizers/sgd.ts';
import { Network } from '../../../../src/core/network/network.ts';
import { random } from '../../../../src/core/random.ts';

const block = (data: Float32Array, channels: number, start = 0) => ({
  data,
  channels,
  start,
  rate: 100,
  time: 10 * start,
});

function linear(inputs: number, outputs: number, taps: number): Network {
  const layers: LayerSpec[] = [{ type: 'conv1d', outChannels: outputs, kernelSize: taps }];
  return Network.create({ inChannels: inputs, layers }, { silent: true });
}

/** A hidden kernel of `taps` over `channels` correlated channels, its input, and its output with noise. */
function plant(seed: number, frames: number, channels: number, taps: number, noise = 0.03) {
  const chance = random(seed);
  const kernel = Float64Array.from({ length: channels * taps }, () => chance.normal());
  const state = new Float64Array(channels);
  const x = new Float32Array(frames * channels);
  for (let t = 0; t < frames; t++) {
    const common = chance.normal();
    for (let c = 0; c < channels; c++) {
      state[c] = 0.9 * state[c] + 0.4 * (chance.normal() + common);
      x[t * channels + c] = state[c];
    }
  }
  const d = Float32Array.from({ length: frames }, (_, t) => {
    let sum = noise * chance.normal();
    for (let j = 0; j < Math.min(taps, t + 1); j++)
      for (let c = 0; c < channels; c++) sum += kernel[j * channels + c] * x[(t - j) * channels + c];
    return sum;
  });
  return { kernel, x, d };
}

function learn(x: Float32Array, d: Float32Array, channels: number, taps: number, options: LearnerOptions = {}) {
  const network = linear(channels, 1, taps);
  const learner = new Learner(network, { task: 'target', ...options });
  learner.teach(block(d, 1));
  const { error, rollbacks } = learner.push(block(x, channels));
  return { network, learner, error: error.data, rollbacks };
}

const power = (error: Float32Array, from: number, to: number) =>
  error.subarray(from, to).reduce((sum, e) => sum + e * e, 0) / (to - from);

/** Weighted least squares in double precision, by Gaussian elimination: the weights in lag order, then the bias. */
function reference(x: Float32Array, d: Float32Array, channels: number, taps: number, forgetting: number): Float64Array {
  const size = channels * taps + 1;
  const rows = Array.from({ length: size }, (_, i) => {
    const row = new Float64Array(size + 1);
    row[i] = 1e-9;
    return row;
  });
  for (let t = taps - 1; t < d.length; t++) {
    const u = new Float64Array(size).fill(1);
    for (let j = 0; j < taps; j++) for (let c = 0; c < channels; c++) u[j * channels + c] = x[(t - j) * channels + c];
    const weight = forgetting ** (d.length - 1 - t);
    for (let i = 0; i < size; i++) {
      for (let j = 0; j < size; j++) rows[i][j] += weight * u[i] * u[j];
      rows[i][size] += weight * u[i] * d[t];
    }
  }
  for (let i = 0; i < size; i++)
    for (let r = 0; r < size; r++) {
      if (r === i) continue;
      const factor = rows[r][i] / rows[i][i];
      for (let j = i; j <= size; j++) rows[r][j] -= factor * rows[i][j];
    }
  return Float64Array.from(rows, (row, i) => row[size] / row[i]);
}

describe('recursive least squares', () => {
  test('finds the weights of weighted least squares in double precision', () => {
    const property = fc.property(
      fc.nat({ max: 1e6 }),
      fc.integer({ min: 1, max: 3 }),
      fc.integer({ min: 1, max: 6 }),
      fc.constantFrom(0.99, 0.998, 1),
      (seed, channels, taps, forgetting) => {
        const { x, d } = plant(seed, 1500, channels, taps);
        const { network } = learn(x, d, channels, taps, { optimizer: rls({ forgetting }) });
        const expected = reference(x, d, channels, taps, forgetting);
        const found = [...network.weights()['layers.0.weight'].data, ...network.weights()['layers.0.bias'].data];
        found.forEach((weight, i) => {
          expect(Math.abs(weight - expected[i])).toBeLessThan(2e-3);
        });
      },
    );
    fc.assert(property, { seed: 12, numRuns: 40 });
  });

  test('is the default of a linear network of up to 256 weights per output, and only there', () => {
    const optimizerOf = (network: Network, options: LearnerOptions = {}) =>
      'recomputes' in new Learner(network, options).optimizer;
    expect(optimizerOf(linear(4, 4, 64))).toBe(true);
    expect(optimizerOf(linear(2, 1, 8), { task: 'cancel', reference: [0, 2] })).toBe(true);
    expect(optimizerOf(linear(1, 1, 4), { loss: { type: 'squared' } as never })).toBe(true);
    expect(optimizerOf(linear(4, 4, 65))).toBe(false);
    expect(optimizerOf(linear(1, 1, 4), { updateEvery: 2 })).toBe(false);
    expect(optimizerOf(linear(1, 1, 4), { loss: 'absolute' })).toBe(false);
    const layers: LayerSpec[] = [{ type: 'conv1d', outChannels: 1, kernelSize: 4 }, { type: 'tanh' }];
    expect(optimizerOf(Network.create({ inChannels: 1, layers }))).toBe(false);
  });

  test('gives the same errors in any unit and with any offset', () => {
    const { x, d } = plant(3, 4000, 3, 8);
    const usual = learn(x, d, 3, 8).error;
    const property = fc.property(
      fc.array(fc.double({ min: -6, max: 6, noNaN: true }), { minLength: 3, maxLength: 3 }),
      fc.array(fc.double({ min: -1e4, max: 1e4, noNaN: true }), { minLength: 3, maxLength: 3 }),
      (exponents, offsets) => {
        const other = x.map((sample, i) => (sample + offsets[i % 3]) * 10 ** exponents[i % 3]);
        const { error } = learn(other, d, 3, 8);
        for (const [from, to] of [
          [500, 1000],
          [3000, 4000],
        ])
          expect(Math.abs(10 * Math.log10(power(error, from, to) / power(usual, from, to)))).toBeLessThan(0.5);
      },
    );
    fc.assert(property, { seed: 4, numRuns: 30 });
  });

  test('starts at the level of the target, whatever its offset', () => {
    const { x } = plant(11, 4000, 2, 4);
    const skill = (offset: number, unit: number) => {
      const learner = new Learner(linear(2, 2, 8));
      return learner.push(
        block(
          x.map((sample) => unit * (sample + offset)),
          2,
        ),
      ).score.overall.skill;
    };
    const usual = skill(0, 1);
    for (const offset of [1e2, 1e3, 1e4, 1e5, -1e5]) expect(Math.abs(skill(offset, 1) - usual)).toBeLessThan(0.01);
    for (const unit of [1e-9, 1e9]) expect(Math.abs(skill(100, unit) - usual)).toBeLessThan(0.01);
  });

  test('keeps the skill of a forecast with an offset of up to 100,000 standard deviations, in any unit', () => {
    const chance = random(13);
    const channels = 2;
    const x = new Float64Array(8000 * channels);
    for (let i = 2 * channels; i < x.length; i++)
      x[i] = 1.88 * x[i - channels] - 0.94 * x[i - 2 * channels] + chance.normal();
    const samples = x.map((sample) => sample / 12 + 0.2 * chance.normal());
    const skill = (offset: number, unit: number) => {
      const learner = new Learner(linear(channels, channels, 16));
      const data = Float32Array.from(samples, (sample) => unit * (sample + offset));
      return learner.push(block(data, channels)).score.overall.skill;
    };
    const usual = skill(0, 1);
    const offsets = fc.tuple(fc.double({ min: 3, max: 5, noNaN: true }), fc.boolean());
    const property = fc.property(offsets, fc.double({ min: -9, max: 9, noNaN: true }), ([exponent, negative], unit) => {
      expect(Math.abs(skill((negative ? -1 : 1) * 10 ** exponent, 10 ** unit) - usual)).toBeLessThan(0.01);
    });
    fc.assert(property, {
      seed: 6,
      numRuns: 30,
      examples: [
        [[5, false], 0],
        [[5, true], -9],
        [[5, false], 9],
      ],
    });
  });

  test('keeps weights that are set between two updates', () => {
    const { x, d } = plant(14, 2000, 2, 4);
    const moved = x.map((sample) => sample + 1e4);
    const network = linear(2, 1, 4);
    const learner = new Learner(network, { task: 'target' });
    learner.teach(block(d, 1));
    learner.push(block(moved.subarray(0, 2000), 2));
    const found = network.weights();
    const other = found['layers.0.bias'].data.map((bias) => bias + 1000);
    network.setWeights({ ...found, 'layers.0.bias': { ...found['layers.0.bias'], data: other } });
    const { error } = learner.push(block(moved.subarray(2000, 2002), 2, 1000));
    // the errors of the new weights, not of those that the optimizer had learned
    expect(Math.abs(error.data[0])).toBeGreaterThan(990);
    learner.push(block(moved.subarray(2002), 2, 1001));
    expect(network.weights()['layers.0.bias'].data[0]).not.toBeCloseTo(found['layers.0.bias'].data[0], 0);
  });

  describe('after an abrupt change', () => {
    /** The targets of two plants, one after the other, and their common input. */
    const changing = (seed: number, channels: number, taps: number, frames: number, noise = 0.03) => {
      const { x, d } = plant(seed, frames, channels, taps, noise);
      const { kernel } = plant(seed + 1, 1, channels, taps);
      const chance = random(seed + 2);
      for (let t = frames / 2; t < frames; t++) {
        d[t] = noise * chance.normal();
        for (let j = 0; j < taps; j++)
          for (let c = 0; c < channels; c++) d[t] += kernel[j * channels + c] * x[(t - j) * channels + c];
      }
      return { x, d };
    };

    test('follows it in a few hundred frames more than the start needs, whatever the size', () => {
      const sizes = fc.tuple(fc.integer({ min: 1, max: 8 }), fc.integer({ min: 4, max: 16 }));
      const property = fc.property(fc.nat(1e6), sizes, (seed, [channels, taps]) => {
        const frames = 16_000;
        const { x, d } = changing(seed, channels, taps, frames);
        const { error } = learn(x, d, channels, taps);
        // the start needs 2 frames per weight; memory is 16 frames per weight
        const from = frames / 2 + 4 * (channels * taps + 1) + 200;
        expect(10 * Math.log10(power(error, from, from + 500) / 0.03 ** 2)).toBeLessThan(3);
        expect(10 * Math.log10(power(error, 14_000, frames) / 0.03 ** 2)).toBeLessThan(1);
      });
      fc.assert(property, { seed: 7, numRuns: 15 });
    });

    test('of the noise alone keeps the weights', () => {
      type Noise = (chance: ReturnType<typeof random>, t: number) => number;
      const louder: Noise = (chance, t) => (t < 8000 ? 0.03 : 0.6) * chance.normal();
      const talker: Noise = (chance, t) => (t < 8000 ? 0.03 : 3) * chance.normal();
      // Student's t distribution with 2 degrees of freedom, whose variance is infinite
      const heavyTailed: Noise = (chance) => (0.03 * chance.normal()) / Math.sqrt(-Math.log(1 - chance.uniform()));
      const property = fc.property(fc.nat(1e6), fc.constantFrom(louder, talker, heavyTailed), (seed, noise) => {
        const { x, d } = plant(seed, 10_000, 2, 16, 0);
        const chance = random(seed + 1);
        const noisy = d.map((sample, t) => sample + noise(chance, t));
        const forgetting = 1 - 1 / (16 * 33);
        const weights = [undefined, rls({ forgetting })].map((optimizer) =>
          learn(x, noisy, 2, 16, optimizer ? { optimizer } : {}).network.weights(),
        );
        expect(weights[0]).toEqual(weights[1]);
      });
      fc.assert(property, { seed: 8, numRuns: 20 });
    });
  });

  test('survives flat channels and long silence, and finds the kernel again', () => {
    const { x, d } = plant(5, 40_000, 2, 8);
    for (let t = 4000; t < 36_000; t++) {
      x[2 * t] = x[2 * 4000];
      x[2 * t + 1] = x[2 * 4000 + 1];
      d[t] = d[4000];
    }
    const { error, rollbacks } = learn(x, d, 2, 8, { optimizer: rls({ forgetting: 0.99 }) });
    expect(rollbacks).toBe(0);
    expect(error.subarray(10).every(Number.isFinite)).toBe(true);
    expect(power(error, 38_000, 40_000)).toBeLessThan(1.3 * power(error, 2000, 4000));
  });

  test.each([1e4, 1e6, 1e10])('recovers from a glitch of %s within 1000 frames', (glitch) => {
    const { x, d } = plant(6, 8000, 1, 8);
    x[5000] = glitch;
    x[5001] = -glitch;
    const { error } = learn(x, d, 1, 8);
    expect(power(error, 6000, 8000)).toBeLessThan(1.2 * power(error, 3000, 4900));
  });

  test('learns from late targets as well as from early ones', () => {
    const { x, d } = plant(7, 3000, 2, 8);
    const early = learn(x, d, 2, 8).error;
    for (const late of [5, 50, 250]) {
      const learner = new Learner(linear(2, 1, 8), { task: 'target' });
      const errors = new Float32Array(3000);
      for (let t = 0; t < 3000 + late; t++) {
        if (t >= late) learner.teach(block(d.subarray(t - late, t - late + 1), 1, t - late));
        if (t >= 3000) continue;
        const { error } = learner.push(block(x.subarray(2 * t, 2 * t + 2), 2, t));
        errors.set(error.data, error.start);
      }
      expect(power(errors, 1000, 2700)).toBeLessThan(1.1 * power(early, 1000, 2700));
    }
  });

  test('forecasts at a long horizon as well as least squares', () => {
    const chance = random(8);
    const x = new Float32Array(8000);
    for (let t = 2; t < x.length; t++) x[t] = 1.88 * x[t - 1] - 0.94 * x[t - 2] + chance.normal();
    for (const horizon of [1, 4, 8]) {
      const target = x.subarray(horizon);
      const [w0, w1, bias] = reference(x.subarray(0, target.length), target, 1, 2, 1);
      let best = 0;
      for (let t = 4000; t < target.length; t++) best += (w0 * x[t] + w1 * x[t - 1] + bias - target[t]) ** 2;
      const learner = new Learner(linear(1, 1, 2), { horizon });
      const { error } = learner.push(block(x, 1));
      const missed = power(error.data, 4000, target.length - 1) * (target.length - 4000);
      expect(10 * Math.log10(missed / best)).toBeLessThan(0.7);
    }
  });

  test('keeps the progress of a network of several layers, in any unit of the target', () => {
    const chance = random(10);
    const x = new Float32Array(12_000);
    for (let t = 2; t < x.length; t++) x[t] = Math.sin(2.4 * x[t - 1]) - 0.3 * x[t - 2] + 0.05 * chance.normal();
    const layers: LayerSpec[] = [
      { type: 'conv1d', outChannels: 12, kernelSize: 3 },
      { type: 'tanh' },
      { type: 'linear', outChannels: 1 },
    ];
    const errors = [1, 1e-4, 1e4].map((unit) => {
      const network = Network.create({ inChannels: 1, layers }, { seed: 3, zeroOutput: true });
      const learner = new Learner(network, { task: 'target' });
      learner.teach(
        block(
          x.subarray(1).map((sample) => unit * sample),
          1,
        ),
      );
      const { error, rollbacks } = learner.push(block(x.subarray(0, x.length - 1), 1));
      expect(rollbacks).toBe(0);
      return error.data.map((each) => each / unit);
    });
    const [usual] = errors;
    // the noise has variance 0.0025
    expect(power(usual, 9000, 11_990)).toBeLessThan(0.0032);
    for (const error of errors)
      expect(Math.abs(10 * Math.log10(power(error, 9000, 11_990) / power(usual, 9000, 11_990)))).toBeLessThan(0.5);
  });

  test('gives the same bits for every cut, and after a restart', () => {
    const { x, d } = plant(9, 600, 2, 5);
    const whole = learn(x, d, 2, 5);
    fc.assert(
      fc.property(
        fc.array(fc.integer({ min: 1, max: 80 }), { minLength: 10, maxLength: 60 }),
        fc.nat(50),
        (sizes, saved) => {
          let learner = new Learner(linear(2, 1, 5), { task: 'target' });
          learner.teach(block(d, 1));
          for (let [at, n] = [0, 0]; at < 600; n++) {
            const end = Math.min(600, at + sizes[n % sizes.length]);
            learner.push(block(x.subarray(2 * at, 2 * end), 2, at));
            at = end;
            if (n !== saved) continue;
            const next = new Learner(learner.network.clone(), { task: 'target' });
            next.restore(learner.save());
            learner = next;
          }
          expect(learner.network.weights()).toEqual(whole.network.weights());
        },
      ),
      { seed: 5, numRuns: 20 },
    );
  });

  test('does not restore the state of another optimizer', () => {
    const { x, d } = plant(12, 200, 1, 4);
    const { learner } = learn(x, d, 1, 4, { optimizer: nlms({ learningRate: 0.2 }) });
    const other = new Learner(linear(1, 1, 4), { task: 'target' });
    expect(() => other.restore(learner.save())).toThrow('state must be a state of optimizer rls');
  });

  test('is rejected where it is not possible', () => {
    expect(() => rls({ forgetting: 0.5 })).toThrow('forgetting must be a number from 0.9 to 1, got 0.5');
    for (const last of [
      { type: 'tanh' },
      { type: 'conv1d', outChannels: 1, kernelSize: 4, dilation: 2 },
    ] as LayerSpec[]) {
      const layers: LayerSpec[] = [{ type: 'conv1d', outChannels: 1, kernelSize: 4 }, last];
      expect(() => new Learner(Network.create({ inChannels: 1, layers }), { optimizer: rls() })).toThrow(
        /^the last layer of network must be linear, or a conv1d with one group and without dilation, for optimizer rls/,
      );
    }
    expect(() => new Learner(linear(1, 1, 4), { optimizer: rls(), loss: 'sigmoid' })).toThrow(
      /^loss must be one of squared, huber, got 'sigmoid'/,
    );
  });
});
