import { describe, expect, test } from 'vitest';
import { Learner } from '../../../../src/core/learning/learner.ts';
import { adam, adamW } from '../../../../src/core/learning/optimizers/adam.ts';
import { autoStep } from '../../../../src/core/learning/optimizers/auto-step.ts';
import { nlms } from '../../../../src/core/learning/optimizers/sgd.ts';
import { optimizerOf } from '../../../../src/core/learning/optimizers/optimizer-spec.ts';
import { rmsprop } from '../../../../src/core/learning/optimizers/adam.ts';
import { sgd } from '../../../../src/core/learning/optimizers/sgd.ts';
import { Network } from '../../../../src/core/network/network.ts';

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
