import type { NetworkSpec } from '../../../src/core/network/network-spec.ts';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Block } from '../../../src/core/blocks/block.ts';
import type { Learned } from '../../../src/core/learning/learned.ts';
import { Detector } from '../../../src/core/detector/detector.ts';
import { Network } from '../../../src/core/network/network.ts';
import type { OptimizerSpec } from '../../../src/core/learning/optimizers/optimizer-spec.ts';
import { Pipeline } from '../../../src/core/pipeline/pipeline.ts';
import type { PipelineOutput } from '../../../src/core/pipeline/pipeline-output.ts';
import type { PipelineSpec } from '../../../src/core/pipeline/pipeline-spec.ts';
import { encodeState } from '../../../src/core/state/state-file.ts';
import type { State } from '../../../src/core/state/state.ts';
import { noise } from '../network/random-networks.ts';

const stack = {
  inChannels: 2,
  layers: [
    { type: 'conv1d' as const, outChannels: 3, kernelSize: 4, dilation: 2 },
    { type: 'tanh' as const },
    { type: 'conv1d' as const, outChannels: 2, kernelSize: 3 },
  ],
};
const spec: PipelineSpec = {
  gaps: { policy: 'hold', max: 10 },
  standardize: { tau: 0.5 },
  network: { inChannels: 2, layers: [{ type: 'conv1d', outChannels: 3, kernelSize: 5, stride: 3, mode: 'same' }] },
  learn: { network: stack, horizon: 2, updateEvery: 3, optimizer: { type: 'nlms', learningRate: 0.1 } },
  detect: { falseAlarms: 50 },
};

/** 400 frames of noise with a NaN, a short gap, and a long one, in blocks of the given lengths. */
function blocks(lengths: number[]): Block[] {
  const x = noise(1, 800);
  x[100] = NaN;
  const frames = Array.from({ length: 400 }, (_, t) => t).filter((t) => !(t >= 90 && t < 95) && !(t >= 200 && t < 260));
  const out: Block[] = [];
  for (let at = 0, i = 0; at < frames.length; i++) {
    let length = Math.min(lengths[i % lengths.length], frames.length - at);
    const start = frames[at];
    while (frames[at + length - 1] !== start + length - 1) length--;
    out.push({ data: x.slice(2 * start, 2 * (start + length)), channels: 2, start, rate: 100, time: 10 * start });
    at += length;
  }
  return out;
}

const plain = (learned: Learned) => ({
  ...learned,
  score: learned.score,
  skipped: learned.skipped,
  weights: learned.weights(),
  currentWeights: learned.currentWeights(),
});
const numbersOf = (outputs: PipelineOutput[]) =>
  outputs.map(({ learned, learners, ...rest }) => ({
    ...rest,
    learned: learned && plain(learned),
    learners: Object.fromEntries(Object.entries(learners).map(([name, each]) => [name, plain(each)])),
  }));

describe('a pipeline', () => {
  test('with skipAlarmed, learns nothing while its detector is alarmed, for any block sizes', () => {
    const x = noise(3, 6000);
    for (let t = 4000; t < 4020; t++) x[t] += 30;
    const run = (length: number, skipAlarmed: boolean) => {
      const network = { inChannels: 1, layers: [{ type: 'conv1d' as const, outChannels: 1, kernelSize: 4 }] };
      const pipeline = Pipeline.create({ learn: { network, skipAlarmed }, detect: { falseAlarms: 2000 } });
      let [skipped, alarmed] = [0, 0];
      for (let start = 0; start < 6000; start += length) {
        const data = x.subarray(start, start + length);
        const [output] = pipeline.push({ data, channels: 1, start, rate: 100, time: 10 * start });
        skipped = output.learned!.skipped.alarmed;
        for (const frame of output.detected!.alarmed) alarmed += frame;
      }
      return { skipped, alarmed, weights: pipeline.learner!.network.weights() };
    };
    const { skipped, alarmed, weights } = run(6000, true);
    expect(alarmed).toBeGreaterThanOrEqual(20);
    expect(alarmed).toBeLessThan(200);
    expect(skipped).toBe(alarmed);
    expect(run(7, true)).toEqual({ skipped, alarmed, weights });
    expect(run(6000, false).skipped).toBe(0);
  });

  test('continues with the same bits after save and restore at any point (invariant 11)', () => {
    const law = (
      lengths: number[],
      stop: number,
      task: 'forecast' | 'target',
      mode: 'stream' | 'window',
      optimizer: OptimizerSpec,
    ) => {
      const learn = { ...spec.learn!, task, mode, optimizer };
      const input = blocks(lengths);
      const teach = (pipeline: Pipeline, block: Block) => {
        if (task === 'target') pipeline.teach({ ...block, data: block.data.map((sample) => sample / 2) });
      };
      const whole = Pipeline.create({ ...spec, learn });
      let cut = Pipeline.create({ ...spec, learn });
      for (const [i, block] of input.entries()) {
        if (i === stop % input.length) cut = Pipeline.restore(cut.save());
        const [a, b] = [whole.push(block), cut.push(block)];
        teach(whole, block);
        teach(cut, block);
        expect(numbersOf(b)).toEqual(numbersOf(a));
      }
      cut = Pipeline.restore(cut.save());
      expect(cut.flush()).toEqual(whole.flush());
      expect(Buffer.compare(cut.save(), Pipeline.restore(cut.save()).save())).toBe(0);
    };
    const lengths = fc.array(fc.integer({ min: 1, max: 40 }), { minLength: 1, maxLength: 5 });
    const task = fc.constantFrom('forecast' as const, 'target' as const);
    const mode = fc.constantFrom('stream' as const, 'window' as const);
    const optimizer = fc.constantFrom<OptimizerSpec>(
      { type: 'nlms', learningRate: 0.1 },
      { type: 'sgd', learningRate: 0.01, momentum: 0.9, nesterov: true },
      { type: 'rmsprop', learningRate: 0.003 },
      { type: 'adamW', learningRate: 0.003 },
    );
    fc.assert(fc.property(lengths, fc.nat({ max: 60 }), task, mode, optimizer, law), { seed: 11, numRuns: 40 });
  });

  test('returns what its parts return separately', () => {
    const network = Network.create(spec.network!, { seed: 1 });
    const [output] = Pipeline.create({ network: spec.network }).push(blocks([50])[0]);
    expect(output.features?.data).toEqual(network.stream().push(blocks([50])[0].data));
    expect([output.learned, output.block.data]).toEqual([null, blocks([50])[0].data]);
  });

  test('fills a short gap with a block of its own, and keeps a long one', () => {
    const pipeline = Pipeline.create(spec);
    const starts = blocks([90, 105, 140]).map((block) => pipeline.push(block).map((output) => output.block.start));
    expect(starts).toEqual([[0], [90, 95], [260]]);
  });
});

describe('the detector of a pipeline', () => {
  const detect = { falseAlarms: 50 };
  const heard = (spec: PipelineSpec) => {
    const pipeline = Pipeline.create(spec);
    const outputs = blocks([40]).flatMap((block) => pipeline.push(block).map(({ detected }) => detected!));
    const ofFrame = new Map<number, number>();
    for (const { score } of outputs)
      for (const [t, valid] of score.valid!.entries()) if (valid === 1) ofFrame.set(score.start + t, score.data[t]);
    return { scores: [...ofFrame], alarms: outputs.flatMap(({ alarms }) => alarms) };
  };

  test('returns what a separate detector returns for the signal in its original unit', () => {
    const detector = new Detector(2, 100, detect);
    const pipeline = Pipeline.create({ gaps: { policy: 'none' }, standardize: { tau: 1 }, detect });
    for (const block of blocks([40])) expect(pipeline.push(block)[0].detected).toEqual(detector.push(block));
  });

  test('treats filled frames as missing, for any fill policy', () => {
    const unfilled = heard({ gaps: { policy: 'none' }, detect });
    expect(unfilled.scores).toHaveLength(335);
    expect(unfilled.alarms.length).toBeGreaterThan(0);
    for (const policy of ['zero', 'hold', 'linear'] as const)
      expect(heard({ gaps: { policy }, detect })).toEqual(unfilled);
  });
});

describe('a saved pipeline that cannot be restored is rejected with an error message', () => {
  const pipeline = Pipeline.create(spec);
  pipeline.push(blocks([50])[0]);
  const saved = pipeline.save();
  const edited = (from: string, to: string) => {
    const text = Buffer.from(saved).toString('latin1').replace(from, to);
    return new Uint8Array(Buffer.from(text, 'latin1'));
  };
  test.each([
    ['truncated', saved.subarray(0, saved.length - 9), 'must lie within the file'],
    ['empty', new Uint8Array(0), 'safetensors: the file must contain a complete header, got 0 bytes'],
    ['of a network', Network.create(stack).save(), "saved state must be the state of a pipeline, got 'network'"],
    ['of a stream', Network.create(stack).stream().save(), "saved state must be the state of a pipeline, got 'stream'"],
    ['newer', edited('"version":"3"', '"version":"7"'), "version of a saved state must be <= 3, got '7'"],
    ['with a part renamed', edited('stages/3/mark', 'stages/3/mork'), 'checksum of a saved state must be'],
    [
      'with a flipped bit',
      saved.with(saved.length - 99, saved[saved.length - 99] ^ 4),
      'checksum of a saved state must be',
    ],
    ['without a version', edited('"version":"3"', '"version":"" '), "version of a saved state must be <= 3, got ''"],
    ['that is not bytes', 'file' as unknown as Uint8Array, "bytes must be a Uint8Array, got 'file'"],
  ])('%s', (_, bytes, message) => expect(() => Pipeline.restore(bytes)).toThrow(message));

  test('and nothing is allocated that its spec claims but the file does not contain', () => {
    const gaps = { expected: -1, channels: 0, rate: 0, last: new Float32Array(0) };
    const claiming = (claim: PipelineSpec, stage: string, state: State, { channels = 0, weights = {} } = {}) =>
      encodeState(
        'pipeline',
        { channels, rate: 1, next: 0, gaps, stages: { '0': state }, weights: { '0': weights } },
        {
          spec: claim,
          seed: 1,
          stages: [{ name: stage, failure: null, weights: 'hash' }],
          weights: ['hash'],
          waiting: [],
        },
      );
    const layer = { type: 'conv1d' as const, outChannels: 1, kernelSize: 2, dilation: 1e9 };
    const long = { inChannels: 1, layers: [layer] };
    const weights = { 'layers.0.weight': new Float32Array(2), 'layers.0.bias': new Float32Array(1) };
    const wide = { inChannels: 1, layers: [{ type: 'conv1d' as const, outChannels: 1000, kernelSize: 1e9 }] };
    const small = { inChannels: 1, layers: [{ ...layer, dilation: 1 }] };
    const claims: [claim: Uint8Array, message: string][] = [
      [claiming({ network: wide }, 'map features', {}, { weights }), 'weight.length must be 1000000000000, got 2'],
      [
        claiming({ network: long }, 'map features', { stream: { gradients: 0 } }, { weights }),
        'memory of a saved pipeline must be <=',
      ],
      [
        claiming({ learn: { network: long } }, 'learner learner', {}, { weights }),
        'memory of a saved pipeline must be <=',
      ],
      [
        claiming({ learn: { network: small, maxPending: 1e9 } }, 'learner learner', {}, { weights }),
        'memory of a saved pipeline must be <=',
      ],
      [
        claiming({ learn: { network: small, horizon: 1e9 } }, 'learner learner', {}, { weights }),
        'memory of a saved pipeline must be <=',
      ],
      [
        claiming({ standardize: {} }, 'standardize', { count: new Float64Array(2) }, { channels: 1e9 }),
        'state.count.length must be 1000000000, got 2',
      ],
      [claiming({ detect: {} }, 'detect', {}, { channels: 1e9 }), 'memory of a saved pipeline must be <='],
      [
        claiming({ detect: {} }, 'learner', {}, {}),
        "saved pipeline must be a file that contains the state of 'detect'",
      ],
    ];
    for (const [bytes, message] of claims) expect(() => Pipeline.restore(bytes)).toThrow(message);
  });

  test('and names in it cannot change other objects', () => {
    const description = { spec: {}, seed: 1, stages: [], weights: [], waiting: [] };
    const bytes = encodeState('pipeline', { ['__proto__']: { tainted: 1 }, channels: { rate: 1 } }, description);
    expect(() => Pipeline.restore(bytes)).toThrow('state.channels must be a number');
    expect(({} as Record<string, unknown>).tainted).toBeUndefined();
  });

  test('but one that was saved before its first frame is restored', () => {
    const network = {
      inChannels: 1,
      layers: [{ type: 'conv1d' as const, outChannels: 1, kernelSize: 2, dilation: 5000 }],
    };
    expect(Pipeline.restore(Pipeline.create({ network }).save()).spec).toEqual({ network });
    const learn = { network, powerLine: 50 };
    expect(Pipeline.restore(Pipeline.create({ learn: { network } }).save()).spec).toEqual({ learn });
  });

  test('and a state of version 1 is restored, unless it has depthwise kernels in their old order', () => {
    const older = (spec: NetworkSpec) => {
      const bytes = Pipeline.create({ network: spec }).save();
      const text = Buffer.from(bytes).toString('latin1').replace('"version":"3"', '"version":"1"');
      return Buffer.from(text, 'latin1');
    };
    const layer = { type: 'conv1d' as const, outChannels: 4, kernelSize: 4 };
    expect(Pipeline.restore(older({ inChannels: 4, layers: [{ ...layer, groups: 1 }] })).network).not.toBeNull();
    expect(() => Pipeline.restore(older({ inChannels: 4, layers: [{ ...layer, groups: 4 }] }))).toThrow(
      "version of a saved state with a grouped convolution must be >= 2, got '1'",
    );
  });

  test('and a running pipeline is not affected', () => {
    const twin = Pipeline.restore(saved);
    expect(() => Pipeline.restore(saved.subarray(0, 100))).toThrow();
    const next = { ...blocks([50])[1], start: 50 };
    expect(numbersOf(pipeline.push(next))).toEqual(numbersOf(twin.push(next)));
  });

  test("a stream's state is rejected by another network", () => {
    const other = { inChannels: 2, layers: [{ type: 'conv1d' as const, outChannels: 2, kernelSize: 3 }] };
    expect(() => Network.create(other).restore(Network.create(stack).stream().save())).toThrow(
      'saved state must be the state of a stream of this network',
    );
  });
});

test.each([
  [
    'a part that does not exist',
    { filter: 1 },
    "field of a pipeline must be one of gaps, standardize, network, learn, detect, maps, learners, got 'filter'",
  ],
  [
    'a network that cannot run',
    { network: { inChannels: 0, layers: [] } },
    'inChannels must be an integer >= 1, got 0',
  ],
  [
    'an unknown optimizer',
    { learn: { network: stack, optimizer: { type: 'lion' } } },
    "optimizer.type must be one of sgd, nlms, rmsprop, adam, adamW, autoStep, rls, got 'lion'",
  ],
  [
    'an option that a learner does not have',
    { learn: { network: stack, updateEvry: 2 } },
    "field of learn must be one of network, optimizer, skipAlarmed, task, horizon, reference, loss, updateEvery, clip, mode, maxDelay, maxPending, powerLine, mains, warmUp, decay, average, holdout, weights, target, targetChannels, readFilled, got 'updateEvry'",
  ],
  [
    'skipAlarmed without a detector',
    { learn: { network: stack, skipAlarmed: true } },
    'detect must be given if learn.skipAlarmed is true, got undefined',
  ],
  [
    'an unknown option of an optimizer',
    { learn: { network: stack, optimizer: { type: 'sgd', learningRate: 0.1, momentm: 0.9 } } },
    "field of optimizer 'sgd' must be one of type, learningRate, momentum, nesterov, weightDecay, got 'momentm'",
  ],
  [
    'nesterov without momentum',
    { learn: { network: stack, optimizer: { type: 'sgd', learningRate: 0.1, nesterov: true } } },
    'momentum must be a number > 0 with nesterov, got 0',
  ],
  [
    'an unknown option of a loss',
    { learn: { network: stack, loss: { type: 'huber', detla: 1 } } },
    "field of loss 'huber' must be one of delta, got 'detla'",
  ],
  [
    'a quantile as a string',
    { learn: { network: stack, loss: { type: 'quantile', quantile: '0.5' } } },
    "loss.quantile must be a number > 0 and < 1, got '0.5'",
  ],
  [
    'a reference that is not a list',
    { learn: { network: stack, task: 'cancel', reference: 5 } },
    'reference must be a list of channels, got 5',
  ],
  [
    'an unknown option of a detector',
    { detect: { falseAlarm: 1 } },
    "field of detect must be one of falseAlarms, reference, learning, digest, channels, got 'falseAlarm'",
  ],
  [
    'a reference period that is too short',
    { detect: { reference: 10 } },
    'reference must be an integer >= 2000, got 10',
  ],
  ['a time constant of 0', { standardize: { tau: 0 } }, 'standardize.tau must be a number > 0 in seconds, got 0'],
])('%s is rejected with an error message', (_, wrong, message) => {
  expect(() => Pipeline.create(wrong as PipelineSpec)).toThrow(message);
});
