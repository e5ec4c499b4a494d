import { expect, test } from 'vitest';
import { block, type Block } from '../../../src/core/blocks/block.ts';
import type { NetworkSpec } from '../../../src/core/network/network-spec.ts';
import { Network } from '../../../src/core/network/network.ts';
import { hashNetwork } from '../../../src/core/network/weights-hash.ts';
import type { AddMessage, PipelineMessage } from '../../../src/core/pipeline/pipeline-message.ts';
import type { LearnerStageSpec } from '../../../src/core/pipeline/pipeline-spec.ts';
import { Pipeline } from '../../../src/core/pipeline/pipeline.ts';
import { encodeState } from '../../../src/core/state/state-file.ts';
import { noise } from '../network/random-networks.ts';

const spec: NetworkSpec = { inChannels: 1, layers: [{ type: 'conv1d', outChannels: 1, kernelSize: 3 }] };
const x = noise(1, 300);
const part = (from: number, to: number): Block => block(x.slice(from, to), { channels: 1, rate: 100, start: from });
const trained = Network.create(spec, { seed: 7 });
const hash = hashNetwork(trained);
const addX = (more: Partial<AddMessage> = {}, weights?: string): AddMessage => {
  return { type: 'add', stage: { kind: 'learner', spec: { name: 'x', network: spec, weights } }, ...more };
};
const earlier = () => {
  const pipeline = Pipeline.create({ learn: { network: spec } });
  pipeline.push(part(0, 100));
  return pipeline;
};

test.each<[string, () => Pipeline]>([
  ['the option learner', () => Pipeline.create({ learn: { network: spec } }, { learner: trained })],
  ['an earlier run', () => Pipeline.create({ learn: { network: spec } }, { earlier: earlier() })],
  [
    'its spec',
    () => Pipeline.create({ learn: { network: spec, weights: hash } }, { weights: { [hash]: trained.weights() } }),
  ],
  ['the seed', () => Pipeline.create({ learn: { network: spec } }, { seed: 4 })],
])('a restored learner restarts from the weights of %s', (_, create) => {
  const pipeline = create();
  const initial = pipeline.learner!.network.weights();
  pipeline.push(part(0, 100));
  const restored = Pipeline.restore(Pipeline.restore(pipeline.save()).save());
  for (const each of [pipeline, restored]) {
    expect(each.learner!.network.weights()).not.toEqual(initial);
    each.handle({ type: 'restart', stage: 'learner learner' });
    expect(each.learner!.network.weights()).toEqual(initial);
  }
  expect(Buffer.compare(restored.save(), pipeline.save())).toBe(0);
});

test('the weights of an earlier run apply only to learners that are added before the first frame', () => {
  const before = Pipeline.create({ learners: [{ name: 'x', network: spec }] });
  before.push(part(0, 100));
  const learned = before.learnerOf('x')!.network.weights();
  const pipeline = Pipeline.create({}, { earlier: before, weights: { [hash]: trained } });
  pipeline.handle(addX());
  expect(pipeline.learnerOf('x')!.network.weights()).toEqual(learned);
  pipeline.push(part(0, 10));
  pipeline.handle(addX({}, hash));
  expect(pipeline.learnerOf('x')!.network.weights()).toEqual(trained.weights());
});

test('weights must have the hash under which they are given', () => {
  const other = Network.create(spec, { seed: 8 });
  const weights = { [hash]: other.weights() };
  const message = `weights of x must have the hash ${hash}, got ${hashNetwork(other)}`;
  expect(() => Pipeline.create({ maps: [{ name: 'x', network: spec, weights: hash }] }, { weights })).toThrow(message);
  expect(() => Pipeline.create({}).handle(addX({ weights }, hash))).toThrow(message);
});

test('a given network that has changed is saved with its present weights, also for stages that wait to be added', () => {
  const network = Network.create(spec, { seed: 7 });
  const stage: Omit<LearnerStageSpec, 'name'> = { network: spec, weights: hash };
  const pipeline = Pipeline.create({ maps: [{ name: 'a', ...stage }] }, { weights: { [hash]: network } });
  pipeline.handle({ type: 'add', at: 50, stage: { kind: 'map', spec: { name: 'b', ...stage } } });
  pipeline.handle(addX({ at: 60 }, hash));
  network.setWeights(Network.create(spec, { seed: 8 }).weights());
  const restored = Pipeline.restore(Pipeline.restore(pipeline.save()).save());
  const results = [pipeline, restored].map((each) =>
    each.push(part(0, 100)).map(({ maps, learners }) => [maps, learners.x?.prediction]),
  );
  expect(results[1]).toEqual(results[0]);
});

test('a saved file with a waiting message that is not valid, or that describes more than the file, is rejected', () => {
  const gaps = { expected: -1, channels: 0, rate: 0, last: new Float32Array(0) };
  const saved = (waiting: unknown) =>
    encodeState(
      'pipeline',
      { channels: 1, rate: 1, next: 0, gaps, stages: {}, weights: {} },
      { spec: {}, seed: 1, stages: [], weights: [], waiting },
    );
  const layer = { type: 'conv1d' as const, outChannels: 1, kernelSize: 2, dilation: 1e7 };
  const long: NetworkSpec = { inChannels: 1, layers: [layer] };
  const wide: NetworkSpec = { inChannels: 1, layers: [{ ...layer, kernelSize: 1e9, dilation: 1 }] };
  const added = (kind: 'map' | 'learner', network: NetworkSpec): PipelineMessage[] => [
    { type: 'add', at: 5, stage: { kind, spec: { name: 'x', network } } },
  ];
  const cases: [unknown, string][] = [
    [added('learner', long), 'memory of a saved pipeline must be <='],
    [added('map', wide), 'memory of a saved pipeline must be <='],
    [7, 'waiting must be a list of messages, got 7'],
    [[{ type: 'remove', stage: 'x' }], 'at must be an integer >= 0, got undefined'],
    [[{ type: 'remove', at: 5, stage: 6 }], 'stage must be the name of a stage, got 6'],
    [[{ type: 'block', at: 5 }], 'type of a waiting message must be one of control, add, remove, restart, feedback'],
  ];
  for (const [waiting, message] of cases) expect(() => Pipeline.restore(saved(waiting))).toThrow(message);
});

test('a stage that waits to be added is saved with its memory, however large it is', () => {
  const layer = { type: 'conv1d' as const, outChannels: 1, kernelSize: 2, dilation: 50000 };
  const network: NetworkSpec = { inChannels: 1, layers: [layer] };
  const pipeline = Pipeline.create({});
  pipeline.handle({ type: 'add', at: 5, stage: { kind: 'learner', spec: { name: 'x', network, horizon: 20000 } } });
  const restored = Pipeline.restore(pipeline.save());
  expect(restored.push(part(0, 10)).map(({ learners }) => Object.keys(learners))).toEqual([[], ['x']]);
});
