import { expect, test } from 'vitest';
import { block, type Block } from '../../../src/core/blocks/block.ts';
import type { NetworkSpec } from '../../../src/core/network/network-spec.ts';
import type { AddMessage } from '../../../src/core/pipeline/pipeline-message.ts';
import { Pipeline } from '../../../src/core/pipeline/pipeline.ts';
import { noise } from '../network/random-networks.ts';

const network = (inChannels: number): NetworkSpec => {
  return { inChannels, layers: [{ type: 'conv1d', outChannels: inChannels, kernelSize: 2 }] };
};
const part = (from: number, to: number): Block => {
  return block(noise(1, to).slice(from, to), { channels: 1, rate: 100, start: from });
};
const add = (at: number, inChannels: number): AddMessage => {
  return { type: 'add', at, stage: { kind: 'map', spec: { name: 'x', network: network(inChannels) } } };
};
const failure = { stage: 'map x', message: 'channels of x must be 2, to match its network, got 1' };

test.each([false, true])('a stage that is added later and does not match the stream fails at its frame', (saves) => {
  let pipeline = Pipeline.create({ maps: [{ name: 'y', network: network(1) }] });
  pipeline.handle(add(30, 2));
  const outputs = pipeline.push(part(0, 20));
  if (saves) pipeline = Pipeline.restore(pipeline.save());
  outputs.push(...pipeline.push(part(20, 40)));
  expect(outputs.map(({ failures }) => failures)).toEqual([[], [], [failure]]);
  expect(outputs.at(-1).maps).toMatchObject({ x: null, y: { start: 30 } });
  pipeline.handle({ type: 'restart', stage: 'map x', at: 50 });
  const again = pipeline.push(part(40, 60));
  expect(again.map(({ failures }) => failures)).toEqual([[], [failure]]);
  pipeline.handle(add(60, 1));
  expect(pipeline.push(part(60, 61))[0].maps.x?.start).toBe(60);
  expect(pipeline.failures).toEqual([]);
});

test('a stage that does not match a running stream is rejected when it is added', () => {
  const pipeline = Pipeline.create({});
  pipeline.push(part(0, 20));
  expect(() => pipeline.handle(add(30, 2))).toThrow(failure.message);
  expect(pipeline.push(part(20, 40))).toHaveLength(1);
});

test('a first block that does not match a stage is rejected without a change of state', () => {
  const pipeline = Pipeline.create({ detect: {}, standardize: {}, maps: [{ name: 'x', network: network(2) }] });
  const before = pipeline.save();
  expect(() => pipeline.push(part(0, 20))).toThrow(failure.message);
  expect(Buffer.compare(pipeline.save(), before)).toBe(0);
  expect(pipeline.push({ ...part(0, 20), channels: 2 })).toHaveLength(1);
});

test('the detector of a new run flags no frame before its first complete digest frame', () => {
  const data = noise(3, 4000);
  for (let t = 3900; t < 4000; t++) data[t] += 40;
  const spec = { detect: { digest: 'auto' as const, falseAlarms: 100 } };
  const learners = [{ name: 'a', network: network(1), task: 'reconstruct' as const }];
  const before = Pipeline.create({ ...spec, learners });
  before.push({ ...part(0, 4000), data });
  const shared = before.learnerOf('a')!;
  const pipeline = Pipeline.create({ ...spec, learners }, { earlier: before });
  const [{ learners: results }] = pipeline.push(part(0, 9));
  expect([shared.alarmed, results.a.skipped.alarmed]).toEqual([true, 0]);
});
