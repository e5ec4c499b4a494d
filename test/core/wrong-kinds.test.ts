import { describe, expect, test } from 'vitest';
import { Network } from '../../src/core/network/network.ts';
import { sgd } from '../../src/core/learning/optimizers/sgd.ts';
import { Pipeline } from '../../src/core/pipeline/pipeline.ts';
import { plan } from '../../src/core/network/plan.ts';
import { pad } from '../../src/core/reference/padding.ts';
import { fromTorch, toTorch } from '../../src/core/network/torch.ts';

describe('values of a wrong type are rejected with name, rule, and value', () => {
  const network = Network.create({ inChannels: 2, layers: [{ type: 'linear', outChannels: 2 }] });
  const stream = () => {
    const made = network.stream({ gradients: true });
    made.push([1, 2]);
    return made;
  };
  const weights = (tensor: object) => ({ ...network.weights(), 'layers.0.weight': tensor as never });
  const none = undefined as never;
  test.each<[string, () => unknown, string]>([
    ['push', () => stream().push(none), 'x must be an array of numbers, got undefined'],
    ['apply', () => network.apply('12' as never), "x must be an array of numbers, got '12'"],
    ['pushInto', () => stream().pushInto([1, 2], {} as never), 'out must be a Float32Array, got {}'],
    ['backward', () => stream().backward(null as never), 'gradY must be an array of numbers, got null'],
    ['backwardInto', () => stream().backwardInto([1, 2], none), 'out must be a Float32Array, got undefined'],
    ['setWeights', () => network.setWeights(none), 'weights must be an object of { shape, data }, got undefined'],
    ['a shape', () => network.setWeights(weights({ data: [1] })), 'layers.0.weight.shape must be an array of sizes'],
    [
      'data',
      () => network.setWeights(weights({ shape: [2, 1, 2] })),
      'layers.0.weight.data must be an array of numbers',
    ],
    ['fromTorch', () => fromTorch(none), 'weights must be an object of { shape, data }, got undefined'],
    ['a tensor', () => toTorch({ 'layers.0.weight': none }), 'layers.0.weight must be { shape, data }, got undefined'],
    ['a spec', () => fromTorch({}, {} as never), 'inChannels must be an integer >= 1, got undefined'],
    ['step', () => sgd({ learningRate: 1 }).step(network, none), 'stream must be a stream of network'],
    ['plan', () => plan(network.spec, '5' as never), "rate must be a number >= 0 in Hz, got '5'"],
    ['pad', () => pad([1], none), 'width must be an integer >= 0, or [left, right], got undefined'],
    ['a pipeline', () => Pipeline.create({ gaps: 'hold' as never }), "gaps must be an object of settings, got 'hold'"],
    ['a block', () => Pipeline.create({}).push(none), 'block must be a Block, got undefined'],
  ])('%s', (_, act, sentence) => {
    expect(act).toThrow(TypeError);
    expect(act).toThrow(sentence);
  });
});
