import { describe, expect, test } from 'vitest';
import { Learner } from '../../../../src/core/learning/learner.ts';
import { adam, adamW, rmsprop } from '../../../../src/core/learning/optimizers/adam.ts';
import { autoStep } from '../../../../src/core/learning/optimizers/auto-step.ts';
import { optimizerOf } from '../../../../src/core/learning/optimizers/optimizer-spec.ts';
import type { Optimizer } from '../../../../src/core/learning/optimizers/optimizer.ts';
import { nlms, sgd } from '../../../../src/core/learning/optimizers/sgd.ts';
import type { NetworkSpec } from '../../../../src/core/network/network-spec.ts';
import { Network } from '../../../../src/core/network/network.ts';
import { random } from '../../../../src/core/random.ts';
import { numberIn } from '../../../../src/core/state/state.ts';

const factories = { sgd, nlms, rmsprop, adam, adamW, autoStep };
const types = Object.keys(factories) as (keyof typeof factories)[];
const conflict = 'learningRate and rate must not both be given; rate is the deprecated name of learningRate';

describe.each(types)('the learning rate of %s', (type) => {
  test('is learningRate, in the factory and in the spec', () => {
    expect(factories[type]({ learningRate: 0.25 }).learningRate).toBe(0.25);
    expect(optimizerOf({ type, learningRate: 0.25 }).learningRate).toBe(0.25);
  });

  test('may be given as rate, its deprecated alias', () => {
    expect(factories[type]({ rate: 0.25 }).learningRate).toBe(0.25);
    expect(optimizerOf({ type, rate: 0.25 }).learningRate).toBe(0.25);
  });

  test('must not be given under both names', () => {
    const both = { learningRate: 0.25, rate: 0.5 };
    expect(() => factories[type](both as never)).toThrow(new TypeError(conflict));
    expect(() => optimizerOf({ type, ...both } as never)).toThrow(new TypeError(conflict));
  });

  test.skipIf(type === 'autoStep')('must be given', () => {
    const sentence = 'learningRate must be a number > 0, got undefined';
    expect(() => factories[type]({} as never)).toThrow(new TypeError(sentence));
    const advice = new RegExp(
      `^optimizer\\.${sentence}\\. Write "optimizer": \\{ "type": "${type}", "learningRate": 0\\.\\d+ \\}\\.$`,
    );
    expect(() => optimizerOf({ type } as never)).toThrow(advice);
  });
});

test('`rate` of Optimizer and of Learned is a deprecated alias of learningRate', () => {
  const network = Network.create({ inChannels: 1, layers: [{ type: 'conv1d', outChannels: 1, kernelSize: 2 }] });
  const learner = new Learner(network, { optimizer: sgd({ learningRate: 0.25 }) });
  learner.optimizer.rate = 0.5;
  expect(learner.optimizer.learningRate).toBe(0.5);
  expect(learner.optimizer.rate).toBe(0.5);
  expect(learner.push({ data: Float32Array.of(1), channels: 1, start: 0, rate: 100, time: 0 })).toMatchObject({
    learningRate: 0.5,
    rate: 0.5,
  });
});

describe.each(['learningRate', 'rate'] as const)('a user optimizer that has only %s', (name) => {
  /** Gradient descent that saves its learning rate under the same name. */
  const userOptimizer = (learningRate: number): Optimizer => {
    const inner = sgd({ learningRate });
    const optimizer: Optimizer = {
      [name]: learningRate,
      step(trained, stream, part) {
        inner.learningRate = optimizer[name]!;
        inner.step(trained, stream, part);
      },
      save: () => ({ [name]: optimizer[name]! }),
      restore(state) {
        optimizer[name] = numberIn(state, name);
      },
      fresh: () => userOptimizer(learningRate),
    };
    return optimizer;
  };
  const spec: NetworkSpec = { inChannels: 1, layers: [{ type: 'conv1d', outChannels: 1, kernelSize: 8 }] };
  const samples = random(3);
  const x = Float32Array.from({ length: 4000 }, () => samples.normal());
  const blockOf = (from: number, to: number) => ({
    data: x.slice(from, to),
    channels: 1,
    start: from,
    rate: 100,
    time: 0,
  });
  const learnerOf = (optimizer: Optimizer) => new Learner(Network.create(spec), { optimizer });

  test('gives the results of sgd', () => {
    const [learner, expected] = [learnerOf(userOptimizer(0.01)), learnerOf(sgd({ learningRate: 0.01 }))];
    expect(learner.push(blockOf(0, 500)).score).toEqual(expected.push(blockOf(0, 500)).score);
    expect(learner.network.weights()).toEqual(expected.network.weights());
  });

  test('is halved when the loss diverges, and keeps its learning rate in a rollback', () => {
    const optimizer = userOptimizer(4);
    const learner = learnerOf(optimizer);
    const expected = learnerOf(sgd({ learningRate: 4 })).push(blockOf(0, 4000));
    const { rollbacks, learningRate } = learner.push(blockOf(0, 4000));
    expect(rollbacks).toBeGreaterThan(0);
    expect([rollbacks, learningRate]).toEqual([expected.rollbacks, expected.learningRate]);
    expect(optimizer[name]).toBe(learningRate);
    learner.rollback();
    expect(optimizer[name]).toBe(learningRate);
    learner.reset();
    expect(optimizer[name]).toBe(4);
  });

  test('can be set under both names', () => {
    const optimizer = userOptimizer(0.25);
    const learner = learnerOf(optimizer);
    learner.optimizer.learningRate = 0.5;
    expect([optimizer[name], learner.optimizer.rate]).toEqual([0.5, 0.5]);
    learner.optimizer.rate = 0.125;
    expect([optimizer[name], learner.optimizer.learningRate]).toEqual([0.125, 0.125]);
    expect(learner.optimizer.fresh().learningRate).toBe(0.25);
  });

  test('is saved and restored with its learner', () => {
    const learner = learnerOf(userOptimizer(4));
    learner.push(blockOf(0, 2000));
    const restored = new Learner(learner.network.clone(), { optimizer: userOptimizer(4) });
    restored.restore(learner.save());
    expect(restored.optimizer.learningRate).toBe(learner.optimizer.learningRate);
    const [end, expected] = [restored, learner].map((each) => each.push(blockOf(2000, 4000)));
    expect(end.learningRate).toBe(expected.learningRate);
    expect(end.score).toEqual(expected.score);
    expect(restored.network.weights()).toEqual(learner.network.weights());
  });
});

test('an optimizer without a learning rate is rejected', () => {
  const network = Network.create({ inChannels: 1, layers: [{ type: 'conv1d', outChannels: 1, kernelSize: 2 }] });
  const optimizer = { step: () => {}, save: () => ({}), restore: () => {}, fresh: () => optimizer };
  const sentence = 'optimizer.learningRate must be a number > 0, got undefined';
  expect(() => new Learner(network, { optimizer })).toThrow(new TypeError(sentence));
});
