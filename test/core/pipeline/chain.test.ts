import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Block } from '../../../src/core/blocks/block.ts';
import { cutBlock } from '../../../src/core/blocks/cut-block.ts';
import { registerLayer } from '../../../src/core/layers/custom-layer.ts';
import { autoStep } from '../../../src/core/learning/optimizers/auto-step.ts';
import { Network } from '../../../src/core/network/network.ts';
import type { NetworkSpec } from '../../../src/core/network/network-spec.ts';
import { hashNetwork } from '../../../src/core/network/weights-hash.ts';
import { Pipeline, type PipelineOptions } from '../../../src/core/pipeline/pipeline.ts';
import type { PipelineOutput } from '../../../src/core/pipeline/pipeline-output.ts';
import { decodeMessage, encodeMessage } from '../../../src/core/pipeline/message-codec.ts';
import type { PipelineMessage, TimedMessage } from '../../../src/core/pipeline/pipeline-message.ts';
import type { PipelineSpec } from '../../../src/core/pipeline/pipeline-spec.ts';
import { noise } from '../network/random-networks.ts';

const rate = 100;
const frames = 1200;
const conv = (inChannels: number, outChannels: number, kernelSize: number, stride = 1): NetworkSpec => ({
  inChannels,
  layers: [{ type: 'conv1d', outChannels, kernelSize, stride }],
});
const deep: NetworkSpec = {
  inChannels: 3,
  layers: [
    { type: 'conv1d', outChannels: 4, kernelSize: 5 },
    { type: 'tanh' },
    { type: 'conv1d', outChannels: 3, kernelSize: 3 },
  ],
};
const shared = Network.create(conv(3, 2, 9, 4), { seed: 3 });
const hash = hashNetwork(shared);
const options: PipelineOptions = { weights: { [hash]: shared } };

/**
 * A pipeline with all kinds of stages: a digest, maps of both signals that share weights, and learners with all kinds
 * of targets.
 */
const spec: PipelineSpec = {
  gaps: { policy: 'linear', max: 20 },
  detect: { digest: 'auto', falseAlarms: 30 },
  standardize: { tau: 0.5 },
  maps: [
    { name: 'slow', network: shared.spec, weights: hash, on: 'raw' },
    { name: 'fast', network: shared.spec, weights: hash },
    { name: 'last two', network: conv(2, 2, 3), channels: [2, 1] },
  ],
  learners: [
    { name: 'forecast', network: deep, horizon: 2, optimizer: { type: 'nlms', learningRate: 0.1 } },
    { name: 'other', network: conv(2, 1, 8), task: 'target', target: 'other', channels: [0, 1], maxDelay: 60 },
    { name: 'own', network: conv(2, 1, 4), task: 'target', channels: [0, 1], targetChannels: [2], updateEvery: 3 },
  ],
};

const x = noise(1, 3 * frames);
x[300] = NaN;
for (let t = 2400; t < 2460; t++) x[t] += 12;
const truth = noise(2, frames);
const ofFrames =
  (data: Float32Array, channels: number) =>
  (from: number, to: number): Block => {
    return { data: data.slice(channels * from, channels * to), channels, start: from, rate, time: 10 * from };
  };
const input = ofFrames(x, 3);
const target = ofFrames(truth, 1);

/** The input without frames 400 to 409 and 700 to 779, cut into blocks of the given lengths. */
function inputBlocks(lengths: readonly number[]): Block[] {
  const whole = [input(0, 400), input(410, 700), input(780, frames)];
  let next = 0;
  return whole.flatMap((block) => {
    const blocks: Block[] = [];
    const end = block.start + block.data.length / 3;
    for (let at = block.start; at < end; at += blocks.at(-1).data.length / 3)
      blocks.push(cutBlock(block, at, lengths[next++ % lengths.length]));
    return blocks;
  });
}

/** Messages with frames: controls of every kind, feedback, and stages that are added, replaced, and removed. */
const timed: TimedMessage[] = [
  { type: 'control', at: 150, learner: 'forecast', learningRate: 0.03 },
  { type: 'add', at: 205, stage: { kind: 'map', spec: { name: 'late', network: conv(3, 1, 7, 2) } } },
  { type: 'control', at: 250, learner: 'own', act: 'freeze' },
  { type: 'remove', at: 333, stage: 'map slow' },
  { type: 'control', at: 405, learner: 'own', act: 'unfreeze' },
  { type: 'add', at: 500, stage: { kind: 'standardize', spec: { tau: 2 } } },
  { type: 'control', at: 640, learner: 'forecast', act: 'rollback' },
  { type: 'control', at: 655, learner: 'other', learningRate: 0.02 },
  { type: 'control', at: 690, learner: 'other', act: 'freeze' },
  { type: 'control', at: 790, learner: 'other', act: 'unfreeze' },
  { type: 'add', at: 720, stage: { kind: 'learner', spec: { name: 'new', network: conv(3, 3, 2) } } },
  { type: 'feedback', at: 830, verdict: 'normal' },
  { type: 'control', at: 901, learner: 'forecast', act: 'reset' },
  { type: 'feedback', at: 950, verdict: 'anomalous' },
  { type: 'feedback', at: 990, verdict: 'normal' },
  { type: 'restart', at: 1000, stage: 'learner new' },
  { type: 'remove', at: 1100, stage: 'detect' },
];

/** Messages with the targets `ahead` frames before their frames (behind them if negative), in blocks of 10 frames. */
function messages(
  lengths: readonly number[],
  ahead: number,
  changes: readonly TimedMessage[] = timed,
): PipelineMessage[] {
  const all: PipelineMessage[] = [...changes];
  let taught = 0;
  const teachUpTo = (end: number) => {
    for (; taught < Math.min(end, frames); taught += 10)
      all.push({ type: 'targets', from: 'other', block: target(taught, taught + 10) });
  };
  for (const block of inputBlocks(lengths)) {
    teachUpTo(block.start + block.data.length / 3 + ahead);
    all.push({ type: 'block', block });
  }
  teachUpTo(frames);
  return all;
}

/** All numbers that a pipeline returned, by stage, no matter how they were divided into outputs. */
function numbers(outputs: readonly PipelineOutput[]): Record<string, number[]> {
  const all: Record<string, number[]> = {};
  const add = (stage: string, ...parts: (ArrayLike<number> | undefined)[]) => {
    const list = (all[stage] ??= []);
    for (const part of parts) for (let i = 0; i < (part?.length ?? 0); i++) list.push(part![i]);
  };
  for (const { raw, block, detected, maps, learners } of outputs) {
    add('raw', raw.data);
    add('block', block.data);
    add('scores', detected?.score.data);
    add('shares', detected?.shares.data);
    add('alarmed', detected?.alarmed);
    for (const [name, map] of Object.entries(maps)) {
      add(`map ${name}`, map?.data);
      add(`validity of map ${name}`, map?.valid);
    }
    for (const [name, { prediction, error }] of Object.entries(learners)) {
      add(`predictions of ${name}`, prediction.data);
      add(`validity of ${name}`, prediction.valid);
      add(`errors of ${name}`, error.data);
    }
  }
  return all;
}

/** Numbers, weights, and scores of a pipeline after some messages. */
function run(sent: readonly PipelineMessage[], pipeline: Pipeline = Pipeline.create(spec, options)) {
  const outputs = sent.flatMap((message) => pipeline.handle(message));
  const last = outputs.at(-1);
  const result = {
    numbers: numbers(outputs),
    weights: Object.fromEntries(pipeline.learners.map((name) => [name, pipeline.learnerOf(name)!.network.weights()])),
    scores: Object.fromEntries(
      Object.entries(last.learners).map(([name, { score, skipped }]) => [name, { score, skipped }]),
    ),
    failures: pipeline.failures,
    next: pipeline.next,
  };
  return result;
}

const cuts = fc.array(fc.integer({ min: 1, max: 90 }), { minLength: 1, maxLength: 4 });

describe('a pipeline with all kinds of stages', () => {
  const whole = run(messages([frames], 50));

  test('returns outputs of every stage, and its controls have an effect', () => {
    const { numbers: all } = whole;
    const expected = ['slow', 'fast', 'last two', 'late'].map((map) => `map ${map}`);
    expect(Object.keys(all)).toEqual(expect.arrayContaining([...expected, 'raw', 'block', 'scores']));
    expect(all['map slow'].length).toBeLessThan(all['map fast'].length);
    expect(whole.scores.forecast.skipped.alarmed).toBeGreaterThanOrEqual(40);
    expect(whole.scores.own.skipped.frozen).toBeGreaterThan(100);
    expect([whole.failures, whole.next]).toEqual([[], frames]);
  });

  test('returns the same bits for any block sizes, with messages that apply from given frames on', () => {
    fc.assert(
      fc.property(cuts, (lengths) => {
        expect(run(messages(lengths, 50))).toEqual(whole);
      }),
      { seed: 3, numRuns: 12 },
    );
  });

  test('learns weights that do not depend on when and in which order targets arrive within maxDelay frames', () => {
    fc.assert(
      fc.property(cuts, fc.integer({ min: -45, max: 100 }), fc.nat(), (lengths, ahead, seed) => {
        const sent = messages(lengths, ahead);
        // neighbors among the targets change places
        for (let i = 0; i + 1 < sent.length; i++)
          if (sent[i].type === 'targets' && sent[i + 1].type === 'targets' && (seed >> (i % 30)) & 1)
            [sent[i], sent[i + 1]] = [sent[i + 1], sent[i]];
        const { weights, scores } = run(sent);
        expect(weights).toEqual(whole.weights);
        expect(scores.other.skipped.late).toBe(whole.scores.other.skipped.late);
      }),
      { seed: 4, numRuns: 12 },
    );
  });

  test('counts targets that arrive more than maxDelay frames late, and never uses them', () => {
    const sent = messages([10], -160, []);
    const late = run(sent.slice(0, sent.findLastIndex(({ type }) => type === 'block') + 1));
    const never = run(messages([10], 0, []).filter(({ type }) => type !== 'targets'));
    expect(late.weights.other).toEqual(never.weights.other);
    expect(late.scores.other.skipped.late).toBeGreaterThan(900);
  });

  test('returns the same bits when its recorded messages are replayed', () => {
    const recorded: PipelineMessage[] = [];
    const pipeline = Pipeline.create(spec, options);
    const outputs: PipelineOutput[] = [];
    const changes = timed.map(({ at, ...message }) => ({ at: at ?? 0, message: message }));
    for (const message of messages([30], -20, [])) {
      // actions of a person have no frame: they apply from the next frame on
      while (changes.length > 0 && changes[0].at <= pipeline.next) {
        const stamped = pipeline.stamp(changes.shift()!.message);
        recorded.push(stamped);
        pipeline.handle(stamped);
      }
      recorded.push(message);
      outputs.push(...pipeline.handle(message));
    }
    const replayed = Pipeline.create(spec, options);
    expect(numbers(recorded.flatMap((message) => replayed.handle(message)))).toEqual(numbers(outputs));
    expect(Buffer.compare(replayed.save(), pipeline.save())).toBe(0);
  });

  test('returns the same bits for messages that were encoded and decoded', () => {
    const added: TimedMessage = {
      type: 'add',
      at: 600,
      stage: { kind: 'map', spec: { name: 'sent', network: shared.spec, weights: hash } },
      weights: { [hash]: shared },
    };
    const sent = messages([60], -20, [...timed, added]);
    const received = sent.map((message) => decodeMessage(encodeMessage(message)));
    expect(run(received)).toEqual(run(sent));
  });

  test('returns the same bits after save and restore at any point', () => {
    fc.assert(
      fc.property(cuts, fc.nat({ max: 400 }), (lengths, stop) => {
        const sent = messages(lengths, -30);
        const at = stop % sent.length;
        const straight = Pipeline.create(spec, options);
        const before = Pipeline.create(spec, options);
        for (const message of sent.slice(0, at)) {
          straight.handle(message);
          before.handle(message);
        }
        const restored = Pipeline.restore(before.save());
        expect(run(sent.slice(at), restored)).toEqual(run(sent.slice(at), straight));
        expect(Buffer.compare(restored.save(), straight.save())).toBe(0);
      }),
      { seed: 5, numRuns: 10 },
    );
  });

  test('saves shared weights once', () => {
    const network = conv(1, 100, 100);
    const big = Network.create(network, { seed: 1 });
    const maps = Array.from({ length: 8 }, (_, i) => ({ name: `map ${i}`, network, weights: hashNetwork(big) }));
    const pipeline = Pipeline.create({ maps }, { weights: { [hashNetwork(big)]: big } });
    expect(pipeline.save().length).toBeLessThan(2 * 4 * 100 * 101);
    expect(Pipeline.restore(pipeline.save()).save()).toEqual(pipeline.save());
  });

  test('shares a given network with other pipelines, and uses its current weights', () => {
    const network = Network.create(conv(1, 1, 2), { seed: 1 });
    const maps = [{ name: 'a', network: network.spec, weights: hashNetwork(network) }];
    const [one, two] = [0, 1].map(() => Pipeline.create({ maps }, { weights: { [hashNetwork(network)]: network } }));
    network.setWeights({
      'layers.0.weight': { shape: [1, 2, 1], data: [2, 0] },
      'layers.0.bias': { shape: [1], data: [1] },
    });
    const block: Block = { data: Float32Array.of(1, 2), channels: 1, start: 0, rate: 0, time: 0 };
    for (const pipeline of [one, two, Pipeline.restore(one.save())])
      expect([...pipeline.push(block)[0].maps.a!.data]).toEqual([3, 5]);
  });
});

describe('a flag of the detector', () => {
  test('applies to learners from the last input frame of its digest frame on, and not earlier', () => {
    const learners = [{ name: 'a', network: conv(1, 1, 1), task: 'reconstruct' as const }];
    const data = noise(3, 4000);
    for (let t = 3000; t < 3100; t++) data[t] += 40;
    const skippedUpTo = (end: number, length: number) => {
      const pipeline = Pipeline.create({ detect: { digest: 'auto', falseAlarms: 100 }, learners });
      const skipped: number[] = [];
      for (let start = 0; start < end; start += length) {
        const part = data.slice(start, Math.min(end, start + length));
        skipped.push(pipeline.push({ data: part, channels: 1, start, rate, time: 0 })[0].learners.a.skipped.alarmed);
      }
      return skipped;
    };
    const each = skippedUpTo(4000, 1);
    const first = each.findIndex((skipped, t) => t >= 3000 && skipped > each[2999]);
    expect(first % 10).toBe(9);
    expect(first).toBeLessThan(3020);
    for (const end of [3005, 3009, 3010, 3100]) expect(skippedUpTo(end, 37).at(-1)).toBe(each[end - 1]);
  });

  test('is cleared by the feedback that the signal is normal, until the next alarm', () => {
    const learners = [{ name: 'a', network: conv(1, 1, 1), task: 'reconstruct' as const }];
    const data = noise(3, 6000);
    for (let t = 4000; t < 5000; t++) data[t] *= 30;
    const skipped = (sent: readonly TimedMessage[]) => {
      const pipeline = Pipeline.create({ detect: { falseAlarms: 1000 }, learners });
      for (const message of sent) pipeline.handle(message);
      const outputs = pipeline.push({ data, channels: 1, start: 0, rate, time: 0 });
      const alarms = outputs.flatMap(({ detected }) => detected!.alarms).map(({ index }) => index);
      return { alarms, skipped: outputs.at(-1).learners.a.skipped.alarmed };
    };
    const usual = skipped([]);
    const first = usual.alarms.find((index) => index >= 4000)!;
    const lifted = skipped([{ type: 'feedback', at: first + 1, verdict: 'normal' }]);
    expect(lifted.alarms).toEqual(usual.alarms);
    expect(usual.skipped - lifted.skipped).toBeGreaterThan(5);
    expect(lifted.skipped).toBeGreaterThanOrEqual(usual.alarms.length);
    const before = usual.alarms.filter((index) => index < 1000).length;
    expect(skipped([{ type: 'feedback', at: 1000, verdict: 'anomalous' }]).skipped).toBe(5000 + before);
  });
});

registerLayer('test/fragile', {
  build: () => ({
    outChannels: 1,
    forward: ([sample], out) => {
      if (sample === 13) throw new Error('13 is unlucky');
      out[0] = sample;
    },
    backward: (_, [gradient], gradX) => (gradX[0] += gradient),
  }),
});

describe('a stage that throws an error', () => {
  const fragile: NetworkSpec = { inChannels: 1, layers: [{ type: 'test/fragile' }, ...conv(1, 1, 2).layers] };
  const sound = conv(1, 1, 3);
  const specOf = (network: NetworkSpec): PipelineSpec => ({
    detect: { falseAlarms: 1000 },
    maps: [
      { name: 'fragile', network },
      { name: 'sound', network: sound },
    ],
    learners: [
      { name: 'fragile', network },
      { name: 'sound', network: sound },
    ],
  });
  const data = Float32Array.from({ length: 120 }, (_, t) => (t === 45 ? 13 : Math.sin(t)));
  const block = (from: number, to: number): Block => {
    return { data: data.slice(from, to), channels: 1, start: from, rate: 0, time: 0 };
  };
  const blocks = Array.from({ length: 12 }, (_, i) => block(10 * i, 10 * i + 10));
  const both = ['map fragile', 'learner fragile'].map((stage) => ({ stage, message: '13 is unlucky' }));

  test('is reported once and stays off, and the results of the other stages do not change', () => {
    const pipeline = Pipeline.create(specOf(fragile));
    const outputs = blocks.flatMap((each) => pipeline.push(each));
    expect(outputs.flatMap(({ failures }) => failures)).toEqual(both);
    expect(outputs.findIndex(({ failures }) => failures.length > 0)).toBe(4);
    expect(pipeline.failures).toEqual(both);
    expect(outputs.map(({ maps }) => maps.fragile !== null)).toEqual(blocks.map((_, i) => i < 4));
    const others = Pipeline.create(specOf(sound));
    const expected = numbers(blocks.flatMap((each) => others.push(each)));
    const got = numbers(outputs);
    for (const part of ['map sound', 'predictions of sound', 'errors of sound', 'scores'])
      expect(got[part]).toEqual(expected[part]);
  });

  test('restarts from its spec at the frame of a restart message', () => {
    const pipeline = Pipeline.create(specOf(fragile));
    pipeline.handle({ type: 'restart', at: 83, stage: 'map fragile' });
    const outputs = blocks.flatMap((each) => pipeline.push(each));
    expect(pipeline.failures).toEqual([both[1]]);
    const again = outputs.flatMap(({ maps }) => maps.fragile ?? []).filter(({ start }) => start > 45);
    expect(again[0].start).toBe(83);
    expect([...again[0].valid!.subarray(0, 2)]).toEqual([0, 1]);
  });

  test('stays off in a restored pipeline', () => {
    const pipeline = Pipeline.create(specOf(fragile));
    for (const each of blocks) pipeline.push(each);
    const restored = Pipeline.restore(pipeline.save());
    expect(restored.failures).toEqual(both);
    expect(restored.push(block(0, 0))).toEqual([]);
  });

  test('is not turned off by a block or target with a wrong shape, which is rejected without a change of state', () => {
    const learners = [{ name: 'a', network: sound, task: 'target' as const, target: 'b' }];
    const pipeline = Pipeline.create({ maps: specOf(sound).maps, learners });
    const wide: Block = { data: new Float32Array(4), channels: 2, start: 0, rate: 0, time: 0 };
    expect(() => pipeline.push(wide)).toThrow('channels of fragile must be 1, to match its network, got 2');
    pipeline.push(blocks[0]);
    expect(() => pipeline.push(wide)).toThrow('block.channels must be 1, as before, got 2');
    expect(() => pipeline.handle({ type: 'targets', from: 'b', block: wide })).toThrow(
      'channels of a target block must be 1, got 2',
    );
    expect(() => pipeline.handle({ type: 'targets', block: block(0, 10) })).toThrow(
      "from must be the target stream of a learner, got ''",
    );
    expect(pipeline.failures).toEqual([]);
  });
});

describe('an encoded message', () => {
  const bytes = encodeMessage({ type: 'block', block: input(0, 10) });
  test.each<[string, () => unknown, string]>([
    ['that is truncated', () => decodeMessage(bytes.subarray(0, 90)), 'must contain a complete header'],
    ['of another kind of file', () => decodeMessage(shared.save()), "bytes must be an encoded message, got 'network'"],
    [
      'with an optimizer that is not plain JSON',
      () => {
        const stage = { kind: 'learner' as const, spec: { name: 'a', network: deep } };
        return encodeMessage({ type: 'add', stage, optimizer: autoStep() });
      },
      'optimizer of an encoded message must be plain JSON',
    ],
  ])('%s is rejected with an error message', (_, code, sentence) => {
    expect(code).toThrow(sentence);
  });
});

describe('a message', () => {
  const pipeline = Pipeline.create(spec, options);
  test.each<[string, object, string]>([
    ['that is not an object', 7 as never, 'message must be a PipelineMessage, got 7'],
    [
      'of an unknown type',
      { type: 'blok' },
      "type of a message must be one of block, targets, control, add, remove, restart, feedback, got 'blok'",
    ],
    [
      'for a learner that does not exist',
      { type: 'control', learner: 'x' },
      "learner must be one of forecast, other, own, got 'x'",
    ],
    [
      'with a wrong learning rate',
      { type: 'control', learner: 'own', learningRate: 0 },
      'learningRate must be a number > 0, got 0',
    ],
    [
      'for a stage that does not exist',
      { type: 'remove', stage: 'map x' },
      'stage must be one of detect, standardize, map slow',
    ],
    [
      'with a stage of an unknown kind',
      { type: 'add', stage: { kind: 'x', spec: {} } },
      'kind of a stage must be one of',
    ],
    [
      'with weights that were not given',
      { type: 'add', stage: { kind: 'map', spec: { name: 'm', network: conv(3, 1, 1), weights: 'abc' } } },
      "weights of m must be the hash of weights that are given with the spec, got 'abc'",
    ],
    [
      'with a frame that is not an index',
      { type: 'feedback', at: -1, verdict: 'normal' },
      'at must be an integer >= 0, got -1',
    ],
    [
      'with an unknown verdict',
      { type: 'feedback', verdict: 'good' },
      "verdict must be one of normal, anomalous, got 'good'",
    ],
  ])('%s is rejected with an error message', (_, message, sentence) => {
    expect(() => pipeline.handle(message as PipelineMessage)).toThrow(sentence);
    expect(pipeline.spec).toEqual(Pipeline.create(spec, options).spec);
  });
});
