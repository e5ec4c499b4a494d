import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Block } from '../../../src/core/blocks/block.ts';
import { Learner } from '../../../src/core/learning/learner.ts';
import type { LearnerOptions } from '../../../src/core/learning/learner-options.ts';
import { Network } from '../../../src/core/network/network.ts';
import type { NetworkSpec } from '../../../src/core/network/network-spec.ts';
import { autoStep } from '../../../src/core/learning/optimizers/auto-step.ts';
import { nlms, sgd } from '../../../src/core/learning/optimizers/sgd.ts';
import { optimizerOf } from '../../../src/core/learning/optimizers/optimizer-spec.ts';
import { readFileSync } from 'node:fs';
import { fromTorch } from '../../../src/core/network/torch.ts';
import { readRecording } from '../../../src/formats/index.ts';
import { expectClose } from '../../expect-close.ts';
import { sharedData } from '../../shared-data.ts';
import { noise } from '../network/random-networks.ts';

const block = (data: ArrayLike<number>, channels: number, start = 0, valid?: Uint8Array): Block => ({
  data: Float32Array.from(data),
  channels,
  start,
  rate: 100,
  time: start * 10,
  valid,
});

const forecaster = (channels: number, kernelSize: number) =>
  Network.create(
    { inChannels: channels, layers: [{ type: 'conv1d', outChannels: channels, kernelSize }] },
    { seed: 3 },
  );

const twoLayers = () =>
  Network.create(
    {
      inChannels: 2,
      layers: [
        { type: 'conv1d', outChannels: 3, kernelSize: 4, dilation: 2 },
        { type: 'tanh' },
        { type: 'conv1d', outChannels: 2, kernelSize: 3 },
      ],
    },
    { seed: 5 },
  );

describe('a forecaster', () => {
  test('learns the same bits for any block sizes, including gaps and NaN (invariant 2)', () => {
    const x = noise(1, 2 * 300);
    x[2 * 77] = NaN;
    const frames = Array.from({ length: 300 }, (_, t) => t).filter((t) => t < 120 || (t >= 124 && t < 200) || t >= 260);
    const run = (lengths: number[], options: LearnerOptions) => {
      const learner = new Learner(twoLayers(), { optimizer: sgd({ learningRate: 0.02 }), ...options });
      const predictions: number[] = [];
      const errors: number[] = [];
      for (let at = 0, i = 0; at < frames.length; i++) {
        let length = Math.min(lengths[i % lengths.length], frames.length - at);
        const start = frames[at];
        while (frames[at + length - 1] !== start + length - 1) length--;
        const learned = learner.push(block(x.subarray(2 * start, 2 * (start + length)), 2, start));
        predictions.push(...learned.prediction.data);
        errors.push(...learned.error.data);
        at += length;
      }
      return { predictions, errors, weights: learner.network.weights() };
    };
    const law = (lengths: number[], updateEvery: number, horizon: number) => {
      expect(run(lengths, { updateEvery, horizon })).toEqual(run([300], { updateEvery, horizon }));
    };
    const every = fc.integer({ min: 1, max: 7 });
    fc.assert(fc.property(fc.array(every, { minLength: 1 }), every, every, law), { seed: 2, numRuns: 30 });
  });

  test('has the same state and score if they were read before the first frame', () => {
    const signal = noise(5, 400);
    const run = (reads: boolean) => {
      const learner = new Learner(forecaster(1, 3));
      if (reads) {
        expect(learner.score.frames).toBe(0);
        learner.save();
        learner.weights();
      }
      learner.push(block(signal, 1));
      return { state: learner.save(), score: learner.score };
    };
    expect(run(true)).toEqual(run(false));
  });

  test('predicts before it learns: the prediction at frame t does not depend on frame t + 1', () => {
    const x = noise(4, 200);
    const other = x.map((value, i) => (i === 150 ? value + 5 : value));
    const predict = (samples: Float32Array) => new Learner(forecaster(1, 8)).push(block(samples, 1)).prediction.data;
    const [a, b] = [predict(x), predict(other)];
    expect(a.subarray(0, 150)).toEqual(b.subarray(0, 150));
    expect(a[150]).not.toBe(b[150]);
  });

  test('finds the two taps that continue a sine, and has a skill near 1', () => {
    const x = Float32Array.from({ length: 3000 }, (_, t) => Math.sin(0.2 * t));
    const learned = new Learner(forecaster(1, 2), { optimizer: nlms({ learningRate: 0.5 }) }).push(block(x, 1));
    const { data } = learned.weights()['layers.0.weight'];
    expect(data[0]).toBeCloseTo(2 * Math.cos(0.2), 2);
    expect(data[1]).toBeCloseTo(-1, 2);
    expect(learned.score.skill).toBeGreaterThan(0.98);
    expect(learned.updates).toBe(3000 - 2);
  });

  test('returns prediction - target as the error of every output', () => {
    const x = noise(6, 2 * 50);
    const learner = new Learner(forecaster(2, 3), { horizon: 4 });
    const { prediction, error } = learner.push(block(x, 2));
    expect(prediction.data.length).toBe(100);
    expect(error.data.length).toBe(2 * 46);
    for (let i = 0; i < error.data.length; i++) {
      const expected = i < 4 ? NaN : Math.fround(prediction.data[i] - x[i + 8]);
      expect(error.data[i]).toBe(expected);
    }
    expect([...(error.valid ?? [])].slice(0, 3)).toEqual([0, 0, 1]);
  });

  test('never learns from start-up, gaps, or NaN: no weight becomes NaN (invariant 12)', () => {
    const learner = new Learner(twoLayers());
    const before = learner.network.weights();
    learner.push(block(new Float32Array(40).fill(NaN), 2));
    learner.push(block(noise(1, 12), 2, 20, new Uint8Array(6)));
    expect(learner.network.weights()).toEqual(before);
    learner.push(block(noise(1, 200), 2, 1_000_000_000_000));
    expect(learner.network.weights()).not.toEqual(before);
    for (const { data } of Object.values(learner.network.weights())) expect(data.every(Number.isFinite)).toBe(true);
  });

  test('keeps its weights while learning is off, and still predicts and scores', () => {
    const learner = new Learner(forecaster(1, 4));
    learner.learning = false;
    const before = learner.network.weights();
    const { prediction, score, updates } = learner.push(block(noise(2, 100), 1));
    expect(learner.network.weights()).toEqual(before);
    expect([prediction.data.length, updates]).toEqual([100, 0]);
    expect(score.nmse).toBeGreaterThan(0);
  });
});

describe('a learner with a target', () => {
  const spec = { inChannels: 1, layers: [{ type: 'conv1d' as const, outChannels: 1, kernelSize: 5, bias: false }] };

  test('finds a hidden kernel, whether the target arrives before, with, or after its frame', () => {
    const hidden = Network.create(spec, { seed: 8 });
    const x = noise(3, 4000);
    const d = hidden.apply(x);
    for (const late of [-2, 0, 1, 3]) {
      const learner = new Learner(Network.create(spec, { seed: 1 }), {
        task: 'target',
        optimizer: nlms({ learningRate: 0.5 }),
      });
      for (let cut = 0; cut < 100 + Math.abs(late); cut++) {
        const newest = cut - Math.max(0, late);
        const pushed = cut - Math.max(0, -late);
        if (newest >= 0 && newest < 100)
          learner.teach(block(d.subarray(40 * newest, 40 * newest + 40), 1, 40 * newest));
        if (pushed >= 0 && pushed < 100) learner.push(block(x.subarray(40 * pushed, 40 * pushed + 40), 1, 40 * pushed));
      }
      expectClose(learner.network.weights()['layers.0.weight'].data, hidden.weights()['layers.0.weight'].data, 0.04);
    }
  });

  test('matches targets by absolute index: a missing or repeated target shifts nothing', () => {
    const x = noise(3, 400);
    const d = Network.create(spec, { seed: 8 }).apply(x);
    const learner = new Learner(Network.create(spec), { task: 'target', maxDelay: 0 });
    learner.teach(block(d.subarray(0, 100), 1));
    learner.teach(block(d.subarray(50, 100), 1, 50));
    learner.teach(block(d.subarray(200, 400), 1, 200));
    const { error } = learner.push(block(x, 1));
    const valid = [...(error.valid ?? [])];
    expect(valid.map((v, i) => (v ? i : -1)).filter((i) => i >= 0)).toEqual(
      Array.from({ length: 400 }, (_, i) => i).filter((i) => i >= 4 && (i < 100 || i >= 200)),
    );
  });

  test.each([{ maxDelay: 50 }, { maxPending: 50 }])('skips outputs whose target does not arrive within %j', (limit) => {
    const learner = new Learner(Network.create(spec), { task: 'target', ...limit });
    const { error, skipped } = learner.push(block(noise(1, 200), 1));
    expect(error.data.length).toBe(200 - 51);
    expect(error.valid?.some((v) => v === 1)).toBe(false);
    expect(skipped.late).toBe(200 - 51 - 4);
  });
});

const trained = JSON.parse(readFileSync(new URL('../../vectors/train.json', import.meta.url), 'utf8')).cases;
test.each([...trained.keys()] as number[])(
  "train.json %i: one update per frame gives PyTorch's losses and final weights",
  (number) => {
    const v = trained[number];
    const { lr: learningRate, momentum, nesterov, weight_decay: weightDecay } = v.options;
    const type = v.optimizer === 'adamw' ? 'adamW' : v.optimizer;
    const given = Object.entries({ momentum, nesterov, weightDecay }).filter(([, value]) => value !== undefined);
    let optimizer = optimizerOf({ type, learningRate, ...Object.fromEntries(given) });
    const network = Network.create(
      { inChannels: v.in_channels, layers: [{ type: 'conv1d', outChannels: v.out_channels, kernelSize: v.taps }] },
      { weights: fromTorch({ '0.weight': v.weight_torch_before, '0.bias': v.bias_before }) },
    );
    const stream = network.stream({ gradients: true });
    const { in_channels: C, out_channels: O } = v;
    const losses = (v.losses as number[]).map((_, t) => {
      const y = stream.push(v.x.data.slice(t * C, (t + 1) * C));
      const g = y.map((value, o) => value - v.target.data[t * O + o]);
      stream.backward(g);
      optimizer.step(network, stream);
      if (t === 30) {
        // its memory continues in another one, as after a restart
        const other = optimizer.fresh();
        other.restore(optimizer.save());
        optimizer = other;
      }
      return 0.5 * g.reduce((sum, e) => sum + e * e, 0);
    });
    expectClose(losses, v.losses, 1e-5);
    const expected = fromTorch({ '0.weight': v.weight_torch_after, '0.bias': v.bias_after });
    for (const [name, { data }] of Object.entries(network.weights())) expectClose(data, expected[name].data, 1e-5);
  },
);

test.each([
  [
    'a forecast of other channels',
    () => new Learner(Network.create({ inChannels: 2, layers: [{ type: 'conv1d', outChannels: 1, kernelSize: 1 }] })),
    "outChannels must be 2, the number of input channels, for task 'forecast', got 1",
  ],
  [
    'a block from the past',
    () => {
      const l = new Learner(forecaster(1, 2));
      l.push(block([1, 2], 1, 5));
      l.push(block([1], 1, 6));
    },
    'block.start must be >= 7, the next frame, got 6',
  ],
  ['other channels', () => new Learner(forecaster(1, 2)).push(block([1, 2], 2)), 'block.channels must be 1, got 2'],
  ['a horizon of 0', () => new Learner(forecaster(1, 2), { horizon: 0 }), 'horizon must be an integer >= 1, got 0'],
  ['a learning rate of 0', () => sgd({ learningRate: 0 }), 'learningRate must be a number > 0, got 0'],
])('%s is rejected with an error message', (_, act, message) => expect(act).toThrow(message));

test("mode 'window' learns what autograd learns from that window, with earlier frames as constants", () => {
  const frames = 40;
  const every = 8;
  const x = noise(9, 2 * frames);
  const learner = new Learner(twoLayers(), {
    optimizer: sgd({ learningRate: 0.05 }),
    updateEvery: every,
    mode: 'window',
  });
  learner.push(block(x, 2));

  const byHand = twoLayers();
  const optimizer = sgd({ learningRate: 0.05 });
  const stream = byHand.stream({ gradients: true });
  let last: Float32Array | null = null;
  for (let t = 0; t < frames; t++) {
    const now = x.subarray(2 * t, 2 * t + 2);
    if (last) stream.backward(last.map((y, c) => (t >= byHand.pace.receptiveField ? y - now[c] : 0)));
    if ((t + 1) % every === 0 && t >= byHand.pace.receptiveField) {
      stream.flushGradient();
      optimizer.step(byHand, stream);
    }
    last = stream.push(now);
  }
  expect(learner.network.weights()).toEqual(byHand.weights());
});

test('a learner can hold as many predictions as one frame produces, regardless of maxPending', () => {
  const spec: NetworkSpec = {
    inChannels: 1,
    layers: [
      { type: 'avgPool', kernelSize: 1, stride: 3 },
      { type: 'convTranspose1d', outChannels: 1, kernelSize: 2, stride: 3 },
      { type: 'conv1d', outChannels: 1, kernelSize: 3, stride: 2, mode: 'same', padding: 'reflect' },
    ],
  };
  const learner = new Learner(Network.create(spec), { maxPending: 1 });
  learner.learning = false;
  const x = noise(1, 60);
  const { prediction } = learner.push({ data: x, channels: 1, start: 0, rate: 100, time: 0 });
  expect(prediction.data).toEqual(Network.create(spec).stream().push(x));
});

describe('a learner under control', () => {
  const learned = () => {
    const learner = new Learner(forecaster(2, 4));
    const first = learner.network.weights();
    learner.push(block(noise(3, 2 * 3000), 2));
    return { learner, first };
  };

  test('resets to its initial weights, and then learns the same again', () => {
    const { learner, first } = learned();
    learner.reset();
    expect(learner.network.weights()).toEqual(first);
    learner.push(block(noise(3, 2 * 3000), 2, 3000));
    expect(learner.network.weights()).not.toEqual(first);
  });

  test('rolls back to the weights of a few hundred updates ago', () => {
    const { learner, first } = learned();
    const now = learner.network.weights();
    learner.rollback();
    expect(learner.network.weights()).not.toEqual(now);
    expect(learner.network.weights()).not.toEqual(first);
  });

  test('counts every output that it did not learn from, by reason', () => {
    const learner = new Learner(forecaster(1, 3));
    const x = noise(2, 100);
    x[50] = NaN;
    learner.push(block(x.subarray(0, 60), 1));
    learner.learning = false;
    learner.push(block(x.subarray(60, 80), 1, 60));
    [learner.learning, learner.alarmed] = [true, true];
    const { skipped, refused, updates } = learner.push(block(x.subarray(80), 1, 80));
    // two start-up outputs and three whose window includes the NaN; the output before the NaN has no target
    expect(skipped).toEqual({ gap: 5, noTruth: 1, late: 0, frozen: 20, alarmed: 20, notFinite: 0, exploded: 0 });
    expect(refused, 'the deprecated alias').toEqual(skipped);
    expect(updates).toBe(99 - 46);
  });
});

describe('a due update', () => {
  test.each(['learning', 'alarmed'] as const)('waits while `%s` prevents learning', (flag) => {
    const learner = new Learner(forecaster(1, 4), { updateEvery: 10 });
    const x = noise(7, 100);
    learner.push(block(x.subarray(0, 15), 1));
    const before = learner.network.weights();
    learner[flag] = flag === 'alarmed';
    learner.push(block(x.subarray(15, 60), 1, 15));
    expect(learner.network.weights()).toEqual(before);
    learner[flag] = flag === 'learning';
    learner.push(block(x.subarray(60), 1, 60));
    expect(learner.network.weights()).not.toEqual(before);
  });

  test.each([nlms({ learningRate: 0.5 }), autoStep()])(
    'is not reduced by outputs that are not learned from',
    (optimizer) => {
      const moved = (alarmed: number) => {
        const network = Network.create(
          { inChannels: 1, layers: [{ type: 'conv1d', outChannels: 1, kernelSize: 1, bias: false }] },
          { silent: true },
        );
        const learner = new Learner(network, { task: 'target', optimizer: optimizer.fresh(), updateEvery: 10 });
        const ones = new Float32Array(10).fill(1);
        for (let t = 0; t < 10; t++) {
          learner.alarmed = t < alarmed;
          learner.teach(block([1], 1, t));
          learner.push(block(ones.subarray(0, 1), 1, t));
        }
        return learner.network.weights()['layers.0.weight'].data[0];
      };
      expect(moved(0)).toBeGreaterThan(0.1);
      expect(moved(5)).toBeCloseTo(moved(0), 3);
      expect(moved(9)).toBeCloseTo(moved(0), 3);
    },
  );
});

describe('every output is', () => {
  test.each([1, 7])('learned from, pending, or skipped with a reason (an update every %i frames)', (updateEvery) => {
    const law = (lengths: number[], gaps: number[], spikes: number[], learningRate: number) => {
      const learner = new Learner(forecaster(1, 3), { optimizer: sgd({ learningRate }), updateEvery, horizon: 2 });
      const x = noise(5, 4000);
      for (const t of spikes) x[t % 200] = 1e12;
      let [start, outputs] = [0, 0];
      let skipped = 0;
      for (const [i, length] of lengths.entries()) {
        start += gaps[i % gaps.length];
        const learned = learner.push(block(x.subarray(start, start + length), 1, start));
        start += length;
        outputs = start;
        skipped = Object.values(learned.skipped).reduce((sum, count) => sum + count, 0);
      }
      const { stepper, exam } = learner.save() as unknown as {
        stepper: { updates: number; unused: number };
        exam: { settled: number };
      };
      const waiting = outputs - exam.settled;
      if (updateEvery === 1) expect(stepper.updates + stepper.unused + skipped + waiting).toBe(outputs);
      else expect(stepper.updates * updateEvery + stepper.unused + skipped + waiting).toBeGreaterThanOrEqual(outputs);
    };
    const length = fc.integer({ min: 1, max: 40 });
    const gap = fc.constantFrom(0, 0, 1, 3);
    const lists = [fc.array(length, { minLength: 1, maxLength: 20 }), fc.array(gap, { minLength: 1 })] as const;
    fc.assert(fc.property(...lists, fc.array(fc.nat(), { maxLength: 3 }), fc.constantFrom(0.01, 3), law), {
      seed: 6,
      numRuns: 60,
    });
  });

  test('errors evaluated before a short gap are returned after it', () => {
    const spec: NetworkSpec = { inChannels: 1, layers: [{ type: 'conv1d', outChannels: 1, kernelSize: 2 }] };
    const learner = new Learner(Network.create(spec, { seed: 1 }), { task: 'target' });
    learner.push(block(noise(1, 20), 1));
    learner.teach(block(noise(2, 20), 1));
    const { error } = learner.push(block(noise(3, 10), 1, 22));
    expect(error.start).toBe(0);
    expect([...error.valid!].filter(Boolean).length).toBe(19);
  });

  test('outputs without a target count as late when a long gap begins, except start-up outputs', () => {
    const spec: NetworkSpec = { inChannels: 1, layers: [{ type: 'conv1d', outChannels: 1, kernelSize: 2 }] };
    const learner = new Learner(Network.create(spec, { seed: 1 }), { task: 'target' });
    learner.push(block(noise(1, 100), 1));
    const { skipped } = learner.push(block(noise(2, 10), 1, 5000));
    expect([skipped.late, skipped.gap]).toEqual([99, 1]);
  });
});

test('frames that are valid only as inputs are read by the network, but are not targets', () => {
  const x = noise(3, 200);
  const real = new Uint8Array(200).fill(1).fill(0, 100, 110);
  const all = new Uint8Array(200).fill(1);
  const learner = () => new Learner(forecaster(1, 3), { optimizer: sgd({ learningRate: 0.02 }) });
  const [filled, missing, split] = [learner(), learner(), learner()];
  const { prediction, skipped } = filled.push(block(x, 1, 0, real), undefined, all);
  expect([...prediction.valid!].filter((valid) => valid === 0)).toHaveLength(2);
  expect(skipped).toMatchObject({ gap: 2, noTruth: 10 });
  expect(missing.push(block(x, 1, 0, real)).skipped).toMatchObject({ gap: 2 + 12, noTruth: 1 });
  for (let start = 0; start < 200; start += 7) {
    const end = Math.min(200, start + 7);
    split.push(block(x.subarray(start, end), 1, start, real.slice(start, end)), undefined, all.slice(start, end));
  }
  expect(split.network.weights()).toEqual(filled.network.weights());
});

test('a horizon of thousands of frames is supported', () => {
  const learner = new Learner(forecaster(1, 4), { horizon: 3000, maxPending: 5 });
  const { updates, skipped } = learner.push(block(noise(3, 5000), 1));
  expect([updates, skipped.late]).toEqual([5000 - 3000 - 3, 0]);
});

describe('targets that arrive before their frames', () => {
  const spec: NetworkSpec = { inChannels: 1, layers: [{ type: 'conv1d', outChannels: 1, kernelSize: 3 }] };
  const x = noise(1, 3000);
  const d = noise(2, 3000);
  const learner = () => new Learner(Network.create(spec, { seed: 1 }), { task: 'target', maxPending: 20 });
  const bits = (trained: Learner) => trained.network.weights();

  test('have the same effect as targets sent frame by frame, however early and in any order', () => {
    const [early, apart, each] = [learner(), learner(), learner()];
    early.teach(block(d, 1));
    early.push(block(x, 1));
    apart.teach(block(d.subarray(2000), 1, 2000));
    apart.teach(block(d.subarray(0, 2000), 1));
    apart.push(block(x, 1));
    for (let t = 0; t < 3000; t++) {
      each.teach(block(d.subarray(t, t + 1), 1, t));
      each.push(block(x.subarray(t, t + 1), 1, t));
    }
    expect(bits(early)).toEqual(bits(each));
    expect(bits(apart)).toEqual(bits(each));
  });

  test('are saved and restored', () => {
    const [whole, first] = [learner(), learner()];
    for (const one of [whole, first]) {
      one.teach(block(d, 1));
      one.push(block(x.subarray(0, 1000), 1));
    }
    const second = new Learner(first.network.clone(), { task: 'target', maxPending: 20 });
    second.restore(first.save());
    for (const one of [whole, second]) one.push(block(x.subarray(1000), 1, 1000));
    expect(bits(second)).toEqual(bits(whole));
  });

  test('with a wrong index do not affect the others', () => {
    const trained = learner();
    trained.teach(block([1], 1, 1e6));
    trained.teach(block(d, 1));
    expect(trained.push(block(x, 1)).updates).toBe(3000 - 2);
  });
});

test.each(['softmax', 'sigmoid'] as const)('%s ignores a target that is not a probability', (loss) => {
  const learner = new Learner(forecaster(2, 1), { loss });
  const x = Float32Array.from({ length: 200 }, (_, i) => (i % 20 === 0 ? 3 : i % 2));
  const { skipped, score } = learner.push(block(x, 2));
  expect(skipped.noTruth).toBe(9);
  expect(score.overall.loss).toBeGreaterThan(0);
});

test('scores continue bit for bit after a restart, even if the rate of the blocks has changed', () => {
  const x = noise(4, 600);
  const at = (start: number, end: number, rate: number) => ({ ...block(x.subarray(start, end), 1, start), rate });
  const [whole, first] = [new Learner(forecaster(1, 3)), new Learner(forecaster(1, 3))];
  for (const one of [whole, first]) {
    one.push(at(0, 200, 100));
    one.push(at(200, 400, 10));
  }
  const second = new Learner(first.network.clone());
  second.restore(first.save());
  expect(second.push(at(400, 600, 10)).score).toEqual(whole.push(at(400, 600, 10)).score);
});

test("gradients in mode 'window' stay in the memory of a residual that upsamples, also after a restart", () => {
  const spec: NetworkSpec = {
    inChannels: 2,
    layers: [
      {
        type: 'residual',
        layers: [
          { type: 'convTranspose1d', outChannels: 4, kernelSize: 1, stride: 2 },
          { type: 'linear', outChannels: 2 },
        ],
      },
      { type: 'conv1d', outChannels: 2, kernelSize: 2 },
    ],
  };
  const options = { task: 'target' as const, mode: 'window' as const };
  const [x, d] = [noise(1, 40), noise(2, 40)];
  const whole = new Learner(Network.create(spec, { seed: 1 }), options);
  const learnFrom = (learner: Learner, start: number, end: number) => {
    learner.teach(block(d.subarray(2 * start, 2 * end), 2, start));
    learner.push(block(x.subarray(2 * start, 2 * end), 2, start));
  };
  learnFrom(whole, 0, 5);
  const restored = new Learner(whole.network.clone(), options);
  restored.restore(whole.save());
  for (const learner of [whole, restored]) learnFrom(learner, 5, 20);
  expect(restored.save()).toEqual(whole.save());
});

test('fill values are not samples: windows with fill values are not learned from, and later windows are', () => {
  for (const fill of [9.96921e36, -3.4e38, 1e20]) {
    const x = noise(4, 3000);
    x.fill(fill, 1000, 1500);
    const learner = new Learner(forecaster(1, 4));
    const { skipped, rollbacks } = learner.push(block(x, 1));
    expect(skipped).toEqual({ gap: 3 + 503, noTruth: 1, late: 0, frozen: 0, alarmed: 0, notFinite: 0, exploded: 0 });
    expect(rollbacks).toBe(0);
  }
});

describe('a diverging loss', () => {
  test('no longer halves the learning rate: it is doubled after a long stable period, and restored by a reset', () => {
    const learner = new Learner(forecaster(1, 4), { optimizer: sgd({ learningRate: 0.1 }) });
    const x = noise(9, 40_000);
    for (let t = 1000; t < 1040; t++) x[t] *= 1e4;
    const rateAfter = (from: number, to: number) => learner.push(block(x.subarray(from, to), 1, from)).learningRate;
    expect(rateAfter(0, 1000)).toBe(0.1);
    const halved = rateAfter(1000, 1100);
    expect(halved).toBeLessThan(0.1);
    expect(rateAfter(1100, 40_000)).toBeGreaterThan(halved);
    learner.reset();
    expect(learner.optimizer.learningRate).toBe(0.1);
  });

  test('restores the last good weights, halves the learning rate until learning is stable, and reports it', () => {
    const learner = new Learner(forecaster(1, 4), { optimizer: sgd({ learningRate: 4 }) });
    const { rollbacks, learningRate, skipped } = learner.push(block(noise(3, 4000), 1));
    expect(rollbacks).toBeGreaterThan(0);
    expect(learningRate).toBe(4 / 2 ** rollbacks);
    expect(skipped.exploded + skipped.notFinite).toBe(rollbacks);
    const { error } = learner.push(block(noise(4, 400), 1, 4000));
    expect(error.data.every((e) => Math.abs(e) < 10)).toBe(true);
  });

  test('never makes a weight non-finite, for any input', () => {
    const wild = fc.oneof(fc.double({ noNaN: false }), fc.constantFrom(3e38, -3e38, 1e-45, 0, 1e20));
    const law = (samples: number[], learningRate: number, autonomous: boolean) => {
      const learner = new Learner(twoLayers(), autonomous ? {} : { optimizer: sgd({ learningRate }) });
      learner.push(block(samples.slice(0, 2 * Math.floor(samples.length / 2)), 2));
      for (const { data } of Object.values(learner.network.weights())) expect(data.every(Number.isFinite)).toBe(true);
    };
    const learningRates = fc.double({ min: 1e-3, max: 1e6, noNaN: true });
    fc.assert(fc.property(fc.array(wild, { minLength: 60, maxLength: 200 }), learningRates, fc.boolean(), law), {
      seed: 4,
      numRuns: 100,
    });
  });
});

test("task 'reconstruct' learns to reproduce its input", () => {
  const x = noise(2, 3 * 4000);
  for (let i = 0; i < x.length; i += 3) x[i + 2] = x[i] - x[i + 1];
  const spec: NetworkSpec = {
    inChannels: 3,
    layers: [
      { type: 'conv1d', outChannels: 2, kernelSize: 1 },
      { type: 'conv1d', outChannels: 3, kernelSize: 1 },
    ],
  };
  const learner = new Learner(Network.create(spec, { seed: 2 }), { task: 'reconstruct' });
  const { score, error } = learner.push(block(x, 3));
  expect(error.data.length).toBe(x.length);
  expect(score.nmse).toBeLessThan(0.01);
});

test('a forecast of classes learns the transitions, and its loss approaches their entropy', () => {
  const chance = noise(8, 4000);
  const x = new Float32Array(3 * 4000);
  for (let t = 0, state = 0; t < 4000; t++) {
    x[3 * t + state] = 1;
    // usually to the next state, sometimes to the one after it
    state = (state + (chance[t] > 1.28 ? 2 : 1)) % 3;
  }
  const network = Network.create(
    { inChannels: 3, layers: [{ type: 'conv1d', outChannels: 3, kernelSize: 1 }] },
    { silent: true },
  );
  const { score } = new Learner(network, { loss: 'softmax' }).push(block(x, 3));
  expect(score.overall.loss).toBeLessThan(0.45);
  expect(score.overall.nmse).toBeLessThan(0.5 * score.overall.persistence);
});

test('a quantile loss finds its quantile', () => {
  const x = noise(6, 6000);
  const constant = { inChannels: 1, layers: [{ type: 'conv1d' as const, outChannels: 1, kernelSize: 1 }] };
  const learner = new Learner(Network.create(constant, { silent: true }), {
    loss: { type: 'quantile', quantile: 0.9 },
    optimizer: sgd({ learningRate: 0.02 }),
  });
  const { error } = learner.push(block(x, 1));
  const late = error.data.subarray(2000);
  expect(late.filter((e) => e > 0).length / late.length).toBeCloseTo(0.9, 1);
});

describe('the baselines of a learner', () => {
  test('are scored by their formulas, overall and recently', () => {
    const rate = 250;
    const x = Float32Array.from({ length: 1500 }, (_, t) => 3 + Math.sin((2 * Math.PI * 60 * t) / rate));
    const learner = new Learner(forecaster(1, 4), { powerLine: 60 });
    const { score } = learner.push({ data: x, channels: 1, start: 0, rate, time: 0 });
    const [last, mean] = [4 * Math.sin((Math.PI * 60) / rate) ** 2, (from: number) => x.subarray(from, from + 8)];
    expect(score.persistence).toBeCloseTo(last, 1);
    expect(score.overall.powerLine).toBeLessThan(0.01);
    let square = 0;
    for (let t = 1000; t < 1250; t++) square += (x[t + 8] - mean(t).reduce((sum, v) => sum + v, 0) / 8) ** 2 / 250;
    expect(score.movingAverage).toBeCloseTo(square / 0.5, 1);
    expect(score.overall.loss).toBeGreaterThan(score.loss);
  });
});

test("task 'cancel' removes power-line interference from an EEG and preserves its alpha rhythm", ({ skip }) => {
  const file = sharedData('openbci/OpenBCI_GUI-v6-blinks-jawClench-alpha.txt');
  if (file === undefined) return skip();
  const { blocks, channels, rate } = readRecording(readFileSync(file));
  const count = channels.length;
  const x = Float32Array.from(blocks.flatMap(({ data }) => Array.from(data)));
  const frames = x.length / count;
  const wide = new Float32Array(frames * (count + 2));
  for (let t = 0; t < frames; t++) {
    wide.set(x.subarray(t * count, (t + 1) * count), t * (count + 2));
    wide[t * (count + 2) + count] = Math.sin((2 * Math.PI * 60 * t) / rate);
    wide[t * (count + 2) + count + 1] = Math.cos((2 * Math.PI * 60 * t) / rate);
  }
  const network = Network.create(
    { inChannels: 2, layers: [{ type: 'conv1d', outChannels: count, kernelSize: 1 }] },
    { silent: true },
  );
  const learner = new Learner(network, { task: 'cancel', reference: [count, count + 1] });
  const { error } = learner.push({ data: wide, channels: count + 2, start: 0, rate, time: 0 });
  const decibels = (c: number, low: number, high: number) => {
    const before = bandPower((t) => x[t * count + c], frames, rate, low, high);
    return 10 * Math.log10(before / bandPower((t) => error.data[t * count + c], frames, rate, low, high));
  };
  for (let c = 0; c < count; c++) {
    expect(decibels(c, 59.5, 60.5)).toBeGreaterThan(20);
    expect(Math.abs(decibels(c, 8, 13))).toBeLessThan(0.5);
  }
});

/** Power from `low` to `high` Hz, with Hann windows of 4 s, without the first 4 s. */
function bandPower(at: (t: number) => number, frames: number, rate: number, low: number, high: number): number {
  const length = 4 * rate;
  let power = 0;
  for (let start = length; start + length <= frames; start += length / 2) {
    const window = Float64Array.from({ length }, (_, i) => at(start + i));
    const mean = window.reduce((sum, v) => sum + v, 0) / length;
    for (let k = Math.ceil(4 * low); k <= 4 * high; k++) {
      let [re, im] = [0, 0];
      for (let i = 0; i < length; i++) {
        const weighed = (window[i] - mean) * (0.5 - 0.5 * Math.cos((2 * Math.PI * i) / length));
        re += weighed * Math.cos((2 * Math.PI * k * i) / length);
        im += weighed * Math.sin((2 * Math.PI * k * i) / length);
      }
      power += re * re + im * im;
    }
  }
  return power;
}
