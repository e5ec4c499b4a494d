import { setImmediate } from 'node:timers/promises';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { expect, test } from 'vitest';
import { type Block, block } from '../../../src/core/blocks/block.ts';
import type { Optimizer } from '../../../src/core/learning/optimizers/optimizer.ts';
import { nlms } from '../../../src/core/learning/optimizers/sgd.ts';
import type { NetworkSpec } from '../../../src/core/network/network-spec.ts';
import type { AddMessage } from '../../../src/core/pipeline/pipeline-message.ts';
import type { LearnerStageSpec } from '../../../src/core/pipeline/pipeline-spec.ts';
import { Pipeline } from '../../../src/core/pipeline/pipeline.ts';

const network: NetworkSpec = { inChannels: 1, layers: [{ type: 'conv1d', outChannels: 1, kernelSize: 3 }] };
const shape = { channels: 1, rate: 10 };

function sine(start: number, frames: number): Block {
  return block(
    Float32Array.from({ length: frames }, (_, i) => Math.sin(start + i)),
    { ...shape, start },
  );
}

function addX(spec: Partial<LearnerStageSpec>, more: Partial<AddMessage> = {}): AddMessage {
  return { type: 'add', stage: { kind: 'learner', spec: { name: 'x', network, ...spec } }, ...more };
}

function pipelineWithX(optimizer?: Optimizer, spec: Partial<LearnerStageSpec> = {}): Pipeline {
  const learners = [{ name: 'x', network, ...spec }];
  return Pipeline.create({ learners }, { shape, ...(optimizer && { optimizers: { x: optimizer } }) });
}

/** An optimizer that throws at its `at`-th update. */
function failing(at: number): Optimizer {
  const optimizer = nlms({ learningRate: 0.1 });
  const step = optimizer.step.bind(optimizer);
  let count = 0;
  return Object.assign(optimizer, {
    fresh: () => failing(at),
    step: (...values: Parameters<Optimizer['step']>) => {
      if (++count === at) throw new Error('no update');
      step(...values);
    },
  });
}

test('a pipeline with a waiting message for a stage that was removed is restored', () => {
  const pipeline = pipelineWithX();
  pipeline.push(sine(0, 10));
  pipeline.handle({ type: 'control', learner: 'x', at: 100, act: 'freeze' });
  pipeline.handle({ type: 'remove', stage: 'learner x' });
  const restored = Pipeline.restore(pipeline.save());
  expect(restored.push(sine(10, 200))).toEqual(pipeline.push(sine(10, 200)));
});

test('a pipeline with a message that waits for less long than the stage it is for is restored', () => {
  const pipeline = Pipeline.create({}, { shape });
  pipeline.push(sine(0, 10));
  pipeline.handle(addX({}, { at: 50 }));
  pipeline.handle({ type: 'control', learner: 'x', at: 40, act: 'freeze' });
  const restored = Pipeline.restore(pipeline.save());
  const predictions = [pipeline, restored].map((each) =>
    each.push(sine(10, 90)).map(({ learners }) => learners.x?.prediction.data),
  );
  expect(predictions[1]).toEqual(predictions[0]);
});

test('a pipeline whose learner failed in the middle of a frame is restored, with the failure', () => {
  const pipeline = pipelineWithX(failing(20), { task: 'target', maxDelay: 50 });
  for (const start of [0, 20]) {
    pipeline.push(sine(start, 20));
    pipeline.teach(sine(start, 20));
  }
  const restored = Pipeline.restore(pipeline.save(), { optimizers: { x: failing(20) } });
  expect(pipeline.failures).toEqual([{ stage: 'learner x', message: 'no update' }]);
  expect(restored.failures).toEqual(pipeline.failures);
  restored.handle({ type: 'restart', stage: 'learner x' });
  expect(restored.push(sine(40, 5))[0].learners.x.prediction.data).toHaveLength(5);
});

test('a learner that replaces one has the optimizer of its own spec', () => {
  const pipeline = pipelineWithX(nlms({ learningRate: 0.5 }));
  pipeline.handle(addX({ optimizer: { type: 'nlms', learningRate: 0.125 } }));
  expect(pipeline.learnerOf('x')?.optimizer.learningRate).toBe(0.125);
});

test('a rejected stage leaves no optimizer behind', () => {
  const pipeline = pipelineWithX();
  const rejected = addX({ channels: [0, 0] }, { optimizer: nlms({ learningRate: 0.5 }) });
  expect(() => pipeline.handle(rejected)).toThrow(RangeError);
  pipeline.handle(addX({ optimizer: { type: 'nlms', learningRate: 0.125 } }));
  expect(pipeline.learnerOf('x')?.optimizer.learningRate).toBe(0.125);
});

test('a pipeline does not keep the pipelines of the runs before the last one', async () => {
  setFlagsFromString('--expose_gc');
  const gc = runInNewContext('gc') as () => void;
  const first = (() => new WeakRef(Pipeline.create({ learn: { network }, detect: {} }, { shape })))();
  let pipeline = (() => Pipeline.create({ learn: { network }, detect: {} }, { shape, earlier: first.deref()! }))();
  pipeline = Pipeline.create({ learn: { network }, detect: {} }, { shape, earlier: pipeline });
  // a weak reference that was read keeps its target until the end of the current task
  await setImmediate();
  gc();
  expect(first.deref()).toBeUndefined();
  expect(pipeline.next).toBe(0);
});

test('the detector keeps what it learned in the earlier run, although the earlier pipeline is closed before the first frame', () => {
  const detect = { falseAlarms: 100 };
  const noisy = (start: number) =>
    block(
      Float32Array.from({ length: 400 }, (_, i) => Math.sin(7 * (start + i) ** 2)),
      { ...shape, start },
    );
  const scores = (close: boolean) => {
    const earlier = Pipeline.create({ detect });
    earlier.push(noisy(0));
    const pipeline = Pipeline.create({ detect }, { earlier });
    if (close) earlier.close();
    return [...pipeline.push(noisy(0))[0].detected!.score.data];
  };
  const cold = [...Pipeline.create({ detect }).push(noisy(0))[0].detected!.score.data];
  expect(scores(true)).toEqual(scores(false));
  expect(scores(true)).not.toEqual(cold);
});
