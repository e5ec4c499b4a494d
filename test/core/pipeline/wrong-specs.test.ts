import { expect, test } from 'vitest';
import { block } from '../../../src/core/blocks/block.ts';
import type { NetworkSpec } from '../../../src/core/network/network-spec.ts';
import { decodeMessage, encodeMessage } from '../../../src/core/pipeline/message-codec.ts';
import type { PipelineMessage } from '../../../src/core/pipeline/pipeline-message.ts';
import type { PipelineSpec } from '../../../src/core/pipeline/pipeline-spec.ts';
import { Pipeline, type PipelineOptions } from '../../../src/core/pipeline/pipeline.ts';
import type { PipelineOperatorOptions } from '../../../src/operators/pipeline.ts';

const network: NetworkSpec = { inChannels: 1, layers: [{ type: 'conv1d', outChannels: 1, kernelSize: 2 }] };
const flat = { inChannels: 1, layers: [{ type: 'conv1d', outChannels: 1, kernelSize: 0 }] };

test.each<[object, string]>([
  [{ skipAlarmed: 'no' }, "learner next: skipAlarmed must be true or false, got 'no'"],
  [{ task: 'target', target: 5 }, 'learner next: target must be the name of a target stream, got 5'],
  [{ readFilled: 1 }, 'learner next: readFilled must be true or false, got 1'],
  [{ task: 'classify' }, 'learner next: task must be one of'],
  [{ horizon: 0 }, 'learner next: horizon must be an integer >= 1, got 0'],
  [{ maxDelay: 3 }, "learner next: task must be 'target' for maxDelay"],
  [{ optimizer: { type: 'sgd', learningRate: 0 } }, 'learner next: learningRate must be'],
  [{ optimizer: { type: 'lion' } }, 'learner next: optimizer.type must be one of'],
  [{ task: 'cancel', reference: 5 }, 'learner next: reference must be'],
  [{ loss: 'cubic' }, 'learner next: loss.type must be one of'],
  [{ mode: 'batch' }, 'learner next: mode must be one of'],
  [{ channels: [] }, 'learner next: channels must be a list of one or more channel indexes'],
  [{ network: flat }, 'learner next: layers[0].kernelSize must be an integer >= 1, got 0'],
  [{ network: null }, 'learner next: '],
])('a learner with %j is rejected with an error that starts with its name', (wrong, message) => {
  const spec = { name: 'next', network, ...wrong };
  const starts = expect.stringMatching(new RegExp(`^${message.replace(/[.[\]]/g, '\\$&')}`)) as string;
  const rejected = (work: () => unknown) => {
    try {
      work();
    } catch (error) {
      return (error as Error).message;
    }
    return '';
  };
  expect(rejected(() => Pipeline.create({ learners: [spec] }))).toEqual(starts);
  const add = { type: 'add', stage: { kind: 'learner', spec } } as PipelineMessage;
  expect(rejected(() => Pipeline.create({}).handle(add))).toEqual(starts);
});

test.each<[unknown, string]>([
  [[], 'spec must be a PipelineSpec, got []'],
  [{ standardize: { tau: 1, frames: 5 } }, 'standardize.tau and standardize.frames must not both be given'],
  [{ learn: { network, horizon: 0 } }, /^horizon must be an integer >= 1, got 0$/.source],
  [{ maps: [{ name: 'm', network: flat }] }, 'map m: layers[0].kernelSize must be'],
  [{ maps: [null] }, 'spec of a map must be an object of settings, got null'],
])('the spec %j is rejected with an error message', (spec, message) => {
  const expected = message.startsWith('^') ? new RegExp(message) : message;
  expect(() => Pipeline.create(spec as PipelineSpec)).toThrow(expected);
});

test('an added stage without a spec is rejected with an error message', () => {
  const add = { type: 'add', stage: { kind: 'map' } } as PipelineMessage;
  expect(() => Pipeline.create({}).handle(add)).toThrow('spec of a map must be an object of settings, got undefined');
});

test('a learner whose clip and decay are Infinity, the default, is saved and restored', () => {
  const limits = { clip: Infinity, decay: Infinity };
  const pipeline = Pipeline.create({ learners: [{ name: 'a', network, ...limits }] });
  const add: PipelineMessage = {
    type: 'add',
    at: 5,
    stage: { kind: 'learner', spec: { name: 'b', network, ...limits } },
  };
  pipeline.handle(add);
  pipeline.handle(decodeMessage(encodeMessage({ ...add, at: 6 })));
  const restored = Pipeline.restore(pipeline.save());
  const data = Float32Array.from({ length: 20 }, (_, t) => Math.sin(t));
  const results = [pipeline, restored].map((each) => {
    const outputs = each.push(block(data, { channels: 1, rate: 10, start: 0 }));
    return outputs.map(({ learners }) => Object.values(learners).map(({ prediction }) => prediction));
  });
  expect(results[1]).toEqual(results[0]);
  expect(restored.spec.learners?.map(({ clip, decay }) => [clip, decay])).toEqual(
    Array(2).fill([undefined, undefined]),
  );
});

test('the operator has no option for an earlier pipeline, which its subscribers would share', () => {
  const has: 'earlier' extends keyof PipelineOperatorOptions ? true : false = false;
  const pipelineHas: 'earlier' extends keyof PipelineOptions ? true : false = true;
  expect([has, pipelineHas]).toEqual([false, true]);
});
