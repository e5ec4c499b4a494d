import { expect, test } from 'vitest';
import { block, type Block } from '../../../src/core/blocks/block.ts';
import type { NetworkSpec } from '../../../src/core/network/network-spec.ts';
import type { AddMessage, PipelineMessage, TimedMessage } from '../../../src/core/pipeline/pipeline-message.ts';
import type { LearnerStageSpec } from '../../../src/core/pipeline/pipeline-spec.ts';
import { Pipeline } from '../../../src/core/pipeline/pipeline.ts';
import { noise } from '../network/random-networks.ts';

const frames = 200;
const network: NetworkSpec = { inChannels: 1, layers: [{ type: 'conv1d', outChannels: 1, kernelSize: 3 }] };
const spec = (name: string, more: Partial<LearnerStageSpec> = {}): LearnerStageSpec => {
  return { name, network, task: 'target', target: 't', maxDelay: 300, ...more };
};
const add = (name: string, more: Partial<AddMessage> = {}): AddMessage => {
  return { type: 'add', stage: { kind: 'learner', spec: spec(name) }, ...more };
};
const [x, y] = [noise(1, frames), noise(2, frames)];
const part = (data: Float32Array, from: number, to: number): Block => {
  return block(data.slice(from, to), { channels: 1, rate: 100, start: from });
};
const frame = (from: number, to: number): PipelineMessage => ({ type: 'block', block: part(x, from, to) });
const targets: PipelineMessage = { type: 'targets', from: 't', block: part(y, 0, frames) };

function weightsAfter(learners: LearnerStageSpec[], sent: readonly PipelineMessage[], name: string, saves = false) {
  let pipeline = Pipeline.create({ learners });
  for (const message of sent) {
    pipeline.handle(message);
    if (saves) pipeline = Pipeline.restore(pipeline.save());
  }
  const { skipped } = pipeline.push(part(x, frames - 1, frames))[0].learners[name];
  return { weights: pipeline.learnerOf(name)!.network.weights(), skipped };
}

const changes: [string, string, LearnerStageSpec[], TimedMessage][] = [
  ['is restarted', 'a', [spec('a')], { type: 'restart', stage: 'learner a', at: 80 }],
  ['replaces a learner', 'a', [spec('a')], add('a', { at: 80 })],
  ['is added to another one of the same target stream', 'b', [spec('a')], add('b', { at: 80 })],
  ['is added at a later frame', 'b', [], add('b', { at: 80 })],
];

test.each(changes)('a learner that %s uses targets that arrived before it started', (_, name, learners, change) => {
  const rest = [frame(0, 50), frame(50, 120), frame(120, frames - 1)];
  const late = weightsAfter(learners, [change, ...rest, targets], name);
  for (const saves of [false, true])
    expect(weightsAfter(learners, [change, targets, ...rest], name, saves)).toEqual(late);
  expect(late.skipped.late).toBe(0);
});

test('a learner that has failed and is restarted uses targets that arrived while it was off', () => {
  const failed = Pipeline.create({ learners: [spec('a')] });
  const fresh = Pipeline.create({ learners: [spec('a')] });
  for (const pipeline of [failed, fresh]) pipeline.handle(frame(0, 50));
  failed.learnerOf('a')!.push = () => {
    throw new Error('off');
  };
  for (const pipeline of [failed, fresh])
    for (const message of [frame(50, 80), targets, { type: 'restart', stage: 'learner a' } as const, frame(80, 150)])
      pipeline.handle(message);
  expect(failed.failures).toEqual([]);
  expect(failed.learnerOf('a')!.network.weights()).toEqual(fresh.learnerOf('a')!.network.weights());
});

test('targets for a learner that waits to be added must have its number of channels', () => {
  const pipeline = Pipeline.create({});
  pipeline.handle(add('b', { at: 80 }));
  const wide = { ...part(y, 0, frames), channels: 2 };
  expect(() => pipeline.teach(wide, 't')).toThrow('channels of a target block must be 1, got 2');
});
