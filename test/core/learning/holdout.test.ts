import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { LayerSpec } from '../../../src/core/layers/layer-spec.ts';
import type { Learned } from '../../../src/core/learning/learned.ts';
import type { LearnerOptions } from '../../../src/core/learning/learner-options.ts';
import { Learner } from '../../../src/core/learning/learner.ts';
import { HoldoutSchedule } from '../../../src/core/learning/holdout-schedule.ts';
import { nlms, sgd } from '../../../src/core/learning/optimizers/sgd.ts';
import { Network } from '../../../src/core/network/network.ts';
import { noise } from '../network/random-networks.ts';

const rate = 100;

/** A resonance of period 20 in noise, [frames, channels]. */
function resonance(frames: number, channels: number, seed = 1): Float32Array {
  const [drive, hiss] = [noise(seed, frames), noise(seed + 1, frames * channels)];
  const x = new Float32Array(frames * channels);
  for (let t = 0, last = 0, before = 0; t < frames; t++) {
    [last, before] = [1.85 * last - 0.95 * before + drive[t], last];
    for (let c = 0; c < channels; c++) x[t * channels + c] = last * (c + 1) + hiss[t * channels + c];
  }
  return x;
}

interface Run {
  readonly learner: Learner;
  readonly last: Learned;
}

function run(network: Network, options: LearnerOptions, x: Float32Array, d: Float32Array | null, block: number): Run {
  const { inChannels: channels, outChannels } = network;
  const learner = new Learner(network, options);
  const frames = x.length / channels;
  let last: Learned | null = null;
  for (let start = 0; start < frames; start += block) {
    const end = Math.min(frames, start + block);
    if (d) {
      const data = d.subarray(start * outChannels, end * outChannels);
      learner.teach({ data, channels: outChannels, start, rate, time: 0 });
    }
    last = learner.push({ data: x.subarray(start * channels, end * channels), channels, start, rate, time: 0 });
  }
  return { learner, last: last! };
}

const conv = (outChannels: number, kernelSize = 8, more: object = {}): LayerSpec => ({
  type: 'conv1d',
  outChannels,
  kernelSize,
  ...more,
});

interface Case {
  readonly name: string;
  readonly layers: readonly LayerSpec[];
  readonly inChannels?: number;
  readonly options: LearnerOptions;
}

const cases: readonly Case[] = [
  { name: 'a forecast', layers: [conv(2)], options: {} },
  { name: 'a forecast over 12 frames', layers: [conv(2)], options: { horizon: 12 } },
  { name: 'a forecast over 50 frames', layers: [conv(2)], options: { horizon: 50 } },
  { name: 'long kernels', layers: [conv(4, 4), { type: 'tanh' }, conv(2, 100)], options: {} },
  {
    name: 'a deep network',
    layers: [conv(6), { type: 'tanh' }, conv(6, 3, { dilation: 2 }), { type: 'relu' }, conv(2, 3)],
    options: {},
  },
  { name: 'centered windows', layers: [conv(2, 5, { mode: 'same' })], options: { task: 'reconstruct' } },
  { name: 'a stride', layers: [conv(2, 8, { stride: 3 })], options: {} },
  { name: 'a target', layers: [conv(3)], options: { task: 'target' } },
  {
    name: 'a running norm',
    layers: [{ type: 'norm', kind: 'running', tau: 200 }, conv(2)],
    options: { optimizer: nlms({ learningRate: 0.2 }) },
  },
  { name: 'averaged weights', layers: [conv(2)], options: { optimizer: nlms({ learningRate: 0.5 }), average: 100 } },
];

/** Targets of `outChannels` channels: mixtures of past samples and noise. */
function targetsOf(x: Float32Array, channels: number, outChannels: number): Float32Array {
  const frames = x.length / channels;
  const hiss = noise(9, frames * outChannels);
  return hiss.map((sample, i) => {
    const [t, o] = [Math.floor(i / outChannels), i % outChannels];
    return 0.2 * sample + (t > o ? x[(t - o - 1) * channels] : 0);
  });
}

describe.each(cases)('holdout of $name', ({ layers, options }) => {
  const frames = 6000;
  const x = resonance(frames, 2);
  const create = () => Network.create({ inChannels: 2, layers: [...layers] }, { seed: 1, zeroOutput: true });
  const outChannels = create().outChannels;
  const d = options.task === 'target' ? targetsOf(x, 2, outChannels) : null;
  const targets = d ?? x;

  test('the printed score is that of the served weights on the stated frames, which come after they were set aside', () => {
    const { last } = run(create(), options, x, d, 250);
    const served = last.served!;
    expect(served.ranges.length).toBeGreaterThan(0);
    expect(served.setAside).toBeGreaterThan(0);
    const network = Network.create({ inChannels: 2, layers: [...layers] }, { weights: last.weights() });
    const y = network.stream().push(x);
    const { alignedFrame } = network.pace;
    const lead = options.task === undefined ? (options.horizon ?? 1) : 0;
    const pairs: [prediction: number, target: number][][] = Array.from({ length: outChannels }, () => []);
    const persisted: [prediction: number, target: number][][] = Array.from({ length: outChannels }, () => []);
    for (let n = 0; n < y.length / outChannels; n++) {
      const t = alignedFrame(n) + lead;
      if (!served.ranges.some(([from, to]) => t >= from && t < to)) continue;
      for (let c = 0; c < outChannels; c++) {
        const target = targets[t * outChannels + c];
        pairs[c].push([y[n * outChannels + c], target]);
        persisted[c].push([targets[(t - lead) * outChannels + c], target]);
      }
    }
    expect(served.frames).toBe(pairs[0].length);
    expect(served.nmse).toBeCloseTo(nmse(pairs), 9);
    if (lead > 0) {
      expect(served.persistence).toBeCloseTo(nmse(persisted), 9);
      expect(served.skill).toBeCloseTo(1 - nmse(pairs) / nmse(persisted), 9);
    }
    expect(served.ranges[0][0]).toBeGreaterThan(served.setAside);
    expect(last.score.holdout.frames).toBeGreaterThanOrEqual(served.frames);
    expect(last.score.holdout.frames).toBeLessThanOrEqual(frames / 10);
  });

  test('is the same for any blocks, and after save and restore', () => {
    const whole = run(create(), options, x, d, frames).last;
    const wanted = [whole.score.holdout, whole.served, whole.weights()];
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 700 }), fc.integer({ min: 1, max: frames - 1 }), (block, cut) => {
        const first = run(create(), options, x.subarray(0, 2 * cut), d && d.subarray(0, outChannels * cut), block);
        const copy = Network.create(first.learner.network.spec, { weights: first.learner.network.weights() });
        const learner = new Learner(copy, options);
        learner.restore(first.learner.save());
        if (d) learner.teach({ data: d.subarray(outChannels * cut), channels: outChannels, start: cut, rate, time: 0 });
        const last = learner.push({ data: x.subarray(2 * cut), channels: 2, start: cut, rate, time: 0 });
        expect([last.score.holdout, last.served, last.weights()]).toEqual(wanted);
      }),
      { seed: 5, numRuns: 6 },
    );
  });
});

/** Squared error of [prediction, target] pairs by the variance of the target, averaged over channels. */
function nmse(channels: readonly (readonly [number, number])[][]): number {
  const shares = channels.map((pairs) => {
    const mean = pairs.reduce((sum, [, target]) => sum + target, 0) / pairs.length;
    const variance = pairs.reduce((sum, [, target]) => sum + (target - mean) ** 2, 0);
    return pairs.reduce((sum, [y, target]) => sum + (y - target) ** 2, 0) / variance;
  });
  return shares.reduce((sum, share) => sum + share, 0) / shares.length;
}

const one = { inChannels: 1, layers: [conv(1)] };

test('weights and scores do not depend on when targets arrive', () => {
  const x = resonance(4000, 1);
  const d = targetsOf(x, 1, 1);
  const results = [0, 50, 350].map((late) => {
    const learner = new Learner(Network.create(one, { zeroOutput: true }), { task: 'target', maxDelay: 500 });
    const at = (start: number, data: Float32Array) => ({ data, channels: 1, start, rate, time: 0 });
    for (let t = 0; t < 4000; t += 50) {
      if (late === 0) learner.teach(at(t, d.subarray(t, t + 50)));
      learner.push(at(t, x.subarray(t, t + 50)));
      if (late > 0 && t >= late) learner.teach(at(t - late, d.subarray(t - late, t - late + 50)));
    }
    if (late > 0) learner.teach(at(4000 - late - 50, d.subarray(4000 - late - 50)));
    const last = learner.push(at(4000, new Float32Array(0)));
    return [last.served, last.weights(), last.score.holdout];
  });
  expect(results[1]).toEqual(results[0]);
  expect(results[2]).toEqual(results[0]);
});

test('shows that a fast learner follows a signal that it has not learned', () => {
  // a level that jumps: NLMS follows it, but no fixed weights of a network without a bias predict it
  const frames = 40_000;
  const chance = noise(3, frames);
  const x = chance.map((sample, t) => 0.3 * sample * Math.sin(t / 150) + Math.sign(Math.sin(t / 700)) * Math.sin(t));
  const d = x.map((sample, t) => sample * Math.sin(t / 900));
  const network = Network.create({ inChannels: 1, layers: [conv(1, 4)] }, { zeroOutput: true });
  const { last } = run(network, { task: 'target', optimizer: nlms({ learningRate: 0.5 }) }, x, d, 1000);
  const { live, holdout } = last.score;
  expect(live.overall.nmse).toBeLessThan(0.1);
  expect(holdout.overall.nmse).toBeGreaterThan(0.5);
});

test('keeps good initial weights when learning makes them worse', () => {
  const x = resonance(8000, 1);
  const trained = run(Network.create(one, { zeroOutput: true }), {}, x, null, 500).last.weights();
  const network = Network.create(one, { weights: trained });
  const { last } = run(network, { optimizer: nlms({ learningRate: 1.9 }) }, resonance(8000, 1, 7), null, 500);
  expect(last.served!.setAside).toBe(0);
  expect(last.weights()).toEqual(trained);
  expect(last.served!.nmse).toBeLessThan(0.8 * last.score.live.overall.nmse);
});

test('skips windows with missing frames, and continues after a long gap', () => {
  const learner = new Learner(Network.create(one, { zeroOutput: true }));
  const x = resonance(30_000, 1);
  const part = (from: number, to: number) =>
    learner.push({ data: x.subarray(from, to), channels: 1, start: from, rate, time: 0 });
  part(0, 3000);
  const before = part(3000, 3100).score.holdout.frames;
  const after = part(20_000, 30_000);
  expect(after.score.holdout.frames).toBeGreaterThan(before);
  const { ranges } = after.served!;
  expect(ranges.some(([from]) => from >= 20_000)).toBe(true);
  for (const [from, to] of ranges) expect(to <= 3100 || from >= 20_000).toBe(true);
});

test('a learner that starts late sets its weights aside as soon as one that starts with frame 0', () => {
  const x = resonance(4000, 1);
  const [first, late] = [0, 1_000_000].map((from) => {
    const learner = new Learner(Network.create(one, { zeroOutput: true }));
    if (from > 0) learner.push({ data: new Float32Array(0), channels: 1, start: from, rate, time: 0 });
    return learner.push({ data: x, channels: 1, start: from, rate, time: 0 });
  });
  expect(first.served!.nmse).toBeLessThan(0.5);
  expect(late.served!.setAside - 1_000_000).toBeGreaterThan(0);
  expect(late.served!.setAside - 1_000_000).toBeLessThan(first.served!.setAside + 300);
  expect(late.served!.nmse).toBeLessThan(0.5);
});

test('with gaps of any length, the score is that of the served weights on the frames in its ranges', () => {
  fc.assert(
    fc.property(
      fc.array(fc.record({ from: fc.integer({ min: 0, max: 6000 }), count: fc.integer({ min: 1, max: 300 }) }), {
        minLength: 1,
        maxLength: 30,
      }),
      (gaps) => {
        const frames = 6000;
        const x = resonance(frames, 1);
        const missing = new Uint8Array(frames);
        for (const { from, count } of gaps) missing.fill(1, from, from + count);
        const learner = new Learner(Network.create(one, { zeroOutput: true }), { horizon: 2 });
        let last: Learned | null = null;
        for (let t = 0; t < frames; t++)
          if (missing[t] === 0)
            last = learner.push({ data: x.subarray(t, t + 1), channels: 1, start: t, rate, time: 0 });
        if (!last?.served) return;
        const { served } = last;
        const stream = Network.create(one, { weights: last.weights() }).stream();
        const valid = missing.map((gone) => 1 - gone);
        const y = stream.push(x.map((sample, t) => (missing[t] ? NaN : sample)));
        const pairs: [number, number][] = [];
        for (const [from, to] of served.ranges)
          for (let t = from; t < to; t++)
            if (valid[t] && stream.valid[t - 2] && valid[t - 2]) pairs.push([y[t - 2], x[t]]);
        expect(served.frames).toBe(pairs.length);
        expect(served.nmse).toBeCloseTo(nmse([pairs]), 9);
      },
    ),
    { seed: 3, numRuns: 30 },
  );
});

test('without it, the weights to serve are the current ones', () => {
  const network = Network.create(one, { zeroOutput: true });
  const { last } = run(network, { holdout: false }, resonance(4000, 1), null, 500);
  expect(last.served).toBe(null);
  expect(last.score.holdout).toMatchObject({ frames: 0, nmse: NaN, skill: NaN });
  expect(last.weights()).toEqual(network.weights());
});

test('a reset forgets the weights that were set aside', () => {
  const network = Network.create(one, { zeroOutput: true });
  const { learner, last } = run(network, {}, resonance(4000, 1), null, 500);
  expect(last.served).not.toBe(null);
  learner.reset();
  const next = learner.push({ data: new Float32Array(0), channels: 1, start: 4000, rate, time: 0 });
  expect(next.served).toBe(null);
  expect(next.weights()).toEqual(network.weights());
});

test('diverged weights are not chosen', () => {
  const x = resonance(6000, 1);
  const { last } = run(
    Network.create(one, { seed: 1, gain: 0.1 }),
    { optimizer: sgd({ learningRate: 1 }) },
    x,
    null,
    500,
  );
  expect(last.rollbacks).toBeGreaterThan(0);
  expect(last.score.holdout.overall.nmse).toBeLessThan(2);
});

test('windows of a period are in order, do not overlap, and cover at most a tenth of it', () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 3000 }),
      fc.integer({ min: 0, max: 500 }),
      fc.integer({ min: 0, max: 1_000_000 }),
      (reach, lag, index) => {
        const schedule = new HoldoutSchedule(reach, lag);
        let period = schedule.at(0);
        while (period.end <= index) {
          const { end } = period;
          period = schedule.at(end, period);
          expect(period.start).toBe(end);
        }
        const { start, step, middle, end, report, choice } = period;
        expect([index >= start, index < end, end]).toEqual([true, true, start + 8 * step]);
        const times = [start, report.opens, report.from, report.to, middle, choice.opens, choice.from, choice.to, end];
        expect(times).toEqual([...times].sort((a, b) => a - b));
        expect([report.to + lag, choice.to + lag]).toEqual([middle, end]);
        expect(report.from - report.opens).toBe(reach);
        expect(report.to - report.from + choice.to - choice.from).toBeLessThanOrEqual((end - start) / 10);
        expect(report.to).toBeGreaterThan(report.from);
        expect(schedule.at(index)).toEqual(period);
      },
    ),
    { seed: 1, numRuns: 100 },
  );
});

test('the baseline of targets that are not known beforehand contains no target of the frames that are scored with it', () => {
  const frames = 40_000;
  const [x, d] = [noise(5, frames), noise(6, frames)];
  const learn = (targets: Float32Array) => {
    const network = Network.create({ inChannels: 1, layers: [conv(1, 1)] }, { seed: 1 });
    const optimizer = sgd({ learningRate: 1e-3 });
    return run(network, { task: 'target', optimizer }, x, targets, 100).learner;
  };
  const sum = ({ score: { holdout } }: Learner) => {
    const { persistence, nmse, rms } = holdout.overall;
    return (persistence / nmse) * rms ** 2 * holdout.frames;
  };
  const usual = learn(d);
  const [from, to] = usual.served!.ranges.at(-1)!;
  expect(to - from).toBeGreaterThan(200);
  // from the first frame of the last window on, the targets are offset by 10 standard deviations
  const offset = learn(d.map((target, t) => (t < from ? target : target + 10)));
  // groups of 32 frames, of which the first 8 precede the window, each with the mean before it: the exponential mean of 5 s
  let [mean, held, expected] = [0, 0, 0];
  for (let t = from - 8; t < to; t++) {
    if ((t - from + 8) % 32 === 0) held = mean;
    const target = t < from ? d[t] : d[t] + 10;
    if (t >= from) expected += (target - held) ** 2 - d[t] ** 2;
    mean += (target - mean) / (5 * rate);
  }
  expect((sum(offset) - sum(usual)) / expected).toBeGreaterThan(0.97);
  expect((sum(offset) - sum(usual)) / expected).toBeLessThan(1.03);
});
